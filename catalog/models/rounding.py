from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.pricing import Rounding


class RoundingMode(models.TextChoices):
    HALF = "half", _("to the nearest")
    UP = "up", _("up")
    DOWN = "down", _("down")


class Rounded(models.Model):
    """A row whose prices land on a grid: in steps of 0.10, ending in .90, up or down."""

    step_minor = models.PositiveBigIntegerField(
        _("in steps of"),
        default=1,
        validators=[MinValueValidator(1)],
        help_text=_("0.10 rounds to ten cents, 1.00 to whole units."),
    )
    ending_minor = models.PositiveBigIntegerField(
        _("ending in"), default=0, help_text=_("0.90 with steps of 1.00 makes prices end in .90.")
    )
    rounding = models.CharField(
        _("rounding"), max_length=4, choices=RoundingMode, default=RoundingMode.HALF
    )

    class Meta:
        abstract = True

    @property
    def grid(self) -> Rounding:
        """The rule as a plain value."""
        return Rounding(self.step_minor, self.ending_minor, self.rounding)  # type: ignore[arg-type]


def on_a_grid(name: str) -> models.CheckConstraint:
    """A grid has a step, and its ending lies within the step."""
    return models.CheckConstraint(
        condition=Q(step_minor__gte=1, ending_minor__lt=F("step_minor")), name=name
    )
