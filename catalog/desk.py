"""What the catalogue puts on the front page of the back office."""

from django.utils.translation import gettext_lazy as _

from core.desk import TASKS, Task

_STUCK = """
select count(*) from catalog_pricefollow where outcome in ('cost_jump', 'out_of_rails')
"""


def register() -> None:
    """Called once when the app is ready."""
    TASKS.register(
        "catalog.guard_rails",
        Task(
            _("Prices that hit a guard rail"), _STUCK, "catalog.view_pricefollow",
            "catalog_pricefollow_changelist?queue=trouble", grave=True,
        ),
    )  # fmt: skip
