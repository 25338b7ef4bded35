"""Purchases in the back office: what to buy, the orders, what came, and money in stock."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action, display

from accounts.roles import may
from catalog.admin.base import require
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from fulfillment.admin import purchase_pages as pages
from fulfillment.admin.purchase_forms import (
    DraftForm,
    OrderForm,
    ReasonForm,
    ReceiveForm,
    chosen_wishes,
)
from fulfillment.admin.purchase_words import refusal
from fulfillment.admin.words import problem
from fulfillment.codefiles.store import FileRefused
from fulfillment.models import Purchase, PurchaseLine
from fulfillment.services.imports.import_codes import ImportRefused
from fulfillment.services.purchasing.order_purchase import cancel_purchase, order_purchase
from fulfillment.services.purchasing.plan_purchase import NotPlannable, change_draft, plan_purchase
from fulfillment.services.purchasing.receive_purchase import (
    close_purchase,
    end_receipt,
    receive_purchase,
)
from fulfillment.states import PurchaseState
from risk.admin.confirm import Nothing, confirm

ACT = "fulfillment.purchase"
# Act on a purchase → states in which it makes sense, its name, what will happen, its form.
ACTS: dict[str, tuple[tuple[str, ...], Any, Any, type[forms.Form]]] = {
    "order": (
        (PurchaseState.DRAFT,), gettext_lazy("Order"),
        gettext_lazy(
            "From here on quantities and costs stand. Send the supplier your order; the codes are"
            " imported when they come."
        ),
        OrderForm,
    ),
    "complete": (
        (PurchaseState.ORDERED,), gettext_lazy("Nothing more will come"),
        gettext_lazy("The purchase ends with what was received. A difference from what was ordered needs a reason."),
        ReasonForm,
    ),
    "close": (
        (PurchaseState.RECEIVED,), gettext_lazy("Put away"),
        gettext_lazy("Checked and paid: nothing can come for it any more."),
        Nothing,
    ),
    "cancel": (
        (PurchaseState.DRAFT, PurchaseState.ORDERED), gettext_lazy("Cancel"),
        gettext_lazy("The purchase is dropped. Nothing has come for it."),
        ReasonForm,
    ),
}  # fmt: skip
Run = Callable[..., bool]
SERVICES: dict[str, Run] = {
    "order": order_purchase,
    "complete": end_receipt,
    "close": close_purchase,
    "cancel": cancel_purchase,
}


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    """What was ordered from whom, and what of it came."""

    list_display = ["public_id", "supplier", "state_badge", "goods", "total", "expected_on",
                    "created_at", "made_by"]  # fmt: skip
    list_filter = ["state", "supplier"]
    list_select_related = ["supplier"]
    search_fields = ["=public_id", "=their_no", "lines__sku__code"]
    ordering = ["-id"]
    list_per_page = 50
    actions_list = ["to_restock", "to_stock"]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("lines__sku")

    @display(
        description=gettext_lazy("State"),
        label={"draft": "default", "ordered": "info", "received": "success", "closed": "default",
               "canceled": "default"},
    )  # fmt: skip
    def state_badge(self, purchase: Purchase) -> tuple[str, str]:
        return purchase.state, purchase.get_state_display()

    @display(description=gettext_lazy("Goods"))
    def goods(self, purchase: Purchase) -> str:
        lines = list(purchase.lines.all())
        names = ", ".join(f"{line.sku.code} × {line.units:,}" for line in lines[:3])
        return f"{names} …" if len(lines) > 3 else names  # noqa: PLR2004  three tell enough

    @display(description=gettext_lazy("Total"))
    def total(self, purchase: Purchase) -> str:
        minor = sum(line.total_minor for line in purchase.lines.all())
        return format_minor(minor, purchase.currency)

    @display(description=gettext_lazy("by"))
    def made_by(self, purchase: Purchase) -> str:
        return who(purchase.created_by)

    @action(description=gettext_lazy("What to buy"), url_path="to-restock")
    def to_restock(self, request: HttpRequest) -> HttpResponse:
        self._see(request)
        return HttpResponseRedirect(reverse("admin:fulfillment_restock"))

    @action(description=gettext_lazy("Money in stock"), url_path="to-stock")
    def to_stock(self, request: HttpRequest) -> HttpResponse:
        self._see(request)
        return HttpResponseRedirect(reverse("admin:fulfillment_stock_money"))

    def get_urls(self) -> list[Any]:
        wrap = self.admin_site.admin_view
        return [
            path("restock/", wrap(self.restock), name="fulfillment_restock"),
            path("stock/", wrap(self.stock), name="fulfillment_stock_money"),
            path("<int:pk>/<slug:name>/act/", wrap(self.act), name="fulfillment_purchase_act"),
            path("<int:pk>/draft/", wrap(self.draft), name="fulfillment_purchase_draft"),
            path("line/<int:pk>/receive/", wrap(self.receive), name="fulfillment_purchase_receive"),
            *super().get_urls(),
        ]

    def restock(self, request: HttpRequest) -> HttpResponse:
        """Proposals; on POST the chosen ones become drafts."""
        self._see(request)
        if request.method == "POST":
            require(request, ACT)
            try:
                wishes = chosen_wishes(request.POST, now=clock.now())
                made = plan_purchase(wishes=wishes, by=actor(request), now=clock.now())
            except NotPlannable as error:
                messages.error(request, refusal(str(error)))
                return HttpResponseRedirect(request.path)
            messages.success(request, _("Drafted. Check the quantities, then order."))
            if len(made) == 1:
                return HttpResponseRedirect(_page(made[0]))
            return HttpResponseRedirect(reverse("admin:fulfillment_purchase_changelist"))
        context = {
            **admin.site.each_context(request),
            "title": _("What to buy"),
            "may_buy": may(request.user, ACT),  # type: ignore[arg-type]
            **pages.restock_context(now=clock.now()),
        }
        return TemplateResponse(request, "admin/fulfillment/restock.html", context)

    def stock(self, request: HttpRequest) -> HttpResponse:
        """Turnover, ageing and cash tied up, by SKU."""
        self._see(request)
        context = {
            **admin.site.each_context(request),
            "title": _("Money in stock"),
            **pages.stock_context(now=clock.now()),
        }
        return TemplateResponse(request, "admin/fulfillment/stock_money.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """One purchase: lines with what came, files, acts, history."""
        purchase = self.get_object(request, object_id)
        if purchase is None or not self.has_view_permission(request, purchase):
            raise Http404
        acts = [
            (name, title)
            for name, (states, title, _text, _form) in ACTS.items()
            if purchase.state in states and may(request.user, ACT)  # type: ignore[arg-type]
        ]
        context = {
            **admin.site.each_context(request),
            "title": f"{purchase.public_id} · {purchase.supplier}",
            "acts": acts,
            "may_receive": purchase.state == PurchaseState.ORDERED
            and may(request.user, "codes.import"),  # type: ignore[arg-type]
            "draft_form": DraftForm(purchase) if acts and acts[0][0] == "order" else None,
            **pages.purchase_context(purchase),
        }
        return TemplateResponse(request, "admin/fulfillment/purchase.html", context)

    def draft(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Quantities and costs of a draft."""
        require(request, ACT)
        purchase = get_object_or_404(Purchase, pk=pk)
        form = DraftForm(purchase, request.POST or None)
        if request.method == "POST" and form.is_valid():
            done = change_draft(
                purchase_id=purchase.public_id, lines=form.lines(), by=actor(request),
                now=clock.now(),
            )  # fmt: skip
            if not done:
                messages.error(request, refusal("moved_on"))
        elif request.method == "POST":
            messages.error(request, refusal("bad_units"))
        return HttpResponseRedirect(_page(purchase))

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        purchase = get_object_or_404(Purchase, pk=pk)
        if name not in ACTS or purchase.state not in ACTS[name][0]:
            raise Http404
        require(request, ACT)
        _states, title, text, form = ACTS[name]

        def run(data: dict[str, Any]) -> str:
            with _told_in_words():
                done = SERVICES[name](
                    purchase_id=purchase.public_id, by=actor(request), now=clock.now(), **data
                )
            if not done:
                raise ValidationError(refusal("moved_on"))
            return _("Done.")

        return confirm(
            request, title=f"{title}: {purchase.public_id} · {purchase.supplier}", text=str(text),
            button=str(title), back=_page(purchase), form=form, run=run,
        )  # fmt: skip

    def receive(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The file of codes that came for a line; it is imported like any other."""
        require(request, "codes.import")
        line = get_object_or_404(PurchaseLine.objects.select_related("purchase", "sku"), pk=pk)
        form = ReceiveForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            data = form.cleaned_data
            try:
                batch = receive_purchase(
                    line_id=line.pk, file_name=data["file"].name, chunks=data["file"].chunks(),
                    expires_on=data["expires_on"], layout=data["layout"],
                    dry_run=data["check_only"], by=actor(request), now=clock.now(),
                )  # fmt: skip
            except (FileRefused, ImportRefused) as error:
                form.add_error("file", problem(str(error)))
            else:
                return HttpResponseRedirect(
                    reverse("admin:fulfillment_codebatch_change", args=[batch.pk])
                )
        title = _("Receive %(sku)s for %(purchase)s") % {
            "sku": line.sku.code, "purchase": line.purchase.public_id,
        }  # fmt: skip
        context = {**admin.site.each_context(request), "title": title, "form": form}
        return TemplateResponse(request, "admin/fulfillment/upload.html", context)

    def _see(self, request: HttpRequest) -> None:
        if not self.has_view_permission(request):
            raise Http404


@contextmanager
def _told_in_words() -> Iterator[None]:
    """A refusal of the services becomes a sentence on the form."""
    try:
        yield
    except NotPlannable as error:
        raise ValidationError(refusal(str(error))) from error


def _page(purchase: Purchase) -> str:
    return reverse("admin:fulfillment_purchase_change", args=[purchase.pk])
