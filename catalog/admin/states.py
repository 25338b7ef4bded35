"""Acts on a product's state, each with a page that says what will happen."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminTextInputWidget

from catalog.admin.base import require
from catalog.models import Product
from catalog.services.change_state import StateRefused, change_state
from catalog.states import ProductState
from core import clock
from core.admin.base import actor
from core.tx import step
from risk.admin.confirm import confirm

ACT = "catalog.change_state"
MOST_AT_ONCE = 200


class ReasonForm(forms.Form):
    why = forms.CharField(
        label=gettext_lazy("Why"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )


def ask(request: HttpRequest, products: list[Product], to: ProductState, back: str) -> HttpResponse:
    """Confirm and carry out a change of state for one product or several: all of them or none."""
    require(request, ACT)
    names = ", ".join(product.name for product in products[:8]) + ("…" if len(products) > 8 else "")  # noqa: PLR2004

    def run(data: dict[str, Any]) -> str:
        now = clock.now()
        try:
            with step():
                for product in products[:MOST_AT_ONCE]:
                    change_state(
                        product_id=product.pk,
                        to=to.value,
                        now=now,
                        acting=actor(request),
                        why=data["why"],
                    )
        except StateRefused as refused:
            raise ValidationError(str(refused)) from refused
        return _("Done: %(n)s.") % {"n": len(products)}

    return confirm(
        request,
        title=f"{_TITLES[to]}: {names}",
        text=str(_TEXTS[to]),
        button=str(_TITLES[to]),
        back=back,
        form=ReasonForm,
        run=run,
    )


_TITLES = {
    ProductState.ON_SALE: gettext_lazy("Put on sale"),
    ProductState.SCHEDULED: gettext_lazy("Schedule"),
    ProductState.PAUSED: gettext_lazy("Pause"),
    ProductState.RETIRED: gettext_lazy("Retire"),
    ProductState.DRAFT: gettext_lazy("Back to draft"),
}
_TEXTS = {
    ProductState.ON_SALE: gettext_lazy(
        "It can be bought at once, in every channel that has a price for it."
    ),
    ProductState.SCHEDULED: gettext_lazy(
        "It goes on sale by itself at the date set on the product."
    ),
    ProductState.PAUSED: gettext_lazy(
        "Its page stays, but nobody can buy. Orders that are placed already are delivered."
    ),
    ProductState.RETIRED: gettext_lazy(
        "It leaves the shop for good and cannot be put back. Orders that name it are not touched."
    ),
    ProductState.DRAFT: gettext_lazy("It is no longer scheduled, and no longer shown."),
}
