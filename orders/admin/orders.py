from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.admin.utils import flatten_fieldsets
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminTextInputWidget

from core import audit, clock, tx
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import person, who
from core.money import format_minor
from fulfillment.admin.timeline import postings, table
from fulfillment.models import Delivery
from orders.margins import LineMargin, line_margins
from orders.models import BalancePayment, Order, OrderLine
from orders.queries.timeline import timeline
from orders.services.close_order import cancel_order
from orders.services.fill_waits import fill_wait
from orders.services.query_payment import query_payment
from orders.services.request_refund import NothingToRefund, request_refund
from orders.services.tell_buyer import resend_link
from orders.services.two_persons import NothingDelivered, request_delivered_refund
from orders.states import OPEN_PAYMENT, OrderState
from orders.views.showing import reason_label, reason_why
from risk.admin.confirm import confirm
from risk.values import NotAValue, normal, value_index

ORDER_LABELS = {
    "pending_payment": "info", "paid": "info", "review": "warning", "waiting_stock": "warning",
    "fulfilling": "info", "delivered": "success", "partially_delivered": "warning",
    "failed": "danger", "closed": "", "late_paid": "warning", "refunded": "danger",
}  # fmt: skip


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class QueueFilter(admin.SimpleListFilter):
    """The desks of the people who look after orders."""

    title = _("queue")
    parameter_name = "queue"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [
            ("waiting", _("Waiting for stock")),
            ("moving", _("Paid, not delivered yet")),
            ("trouble", _("Failed or in part")),
            ("late", _("Paid after closing")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Order]) -> QuerySet[Order]:
        states = {
            "waiting": [OrderState.WAITING_STOCK],
            "moving": [OrderState.PAID, OrderState.FULFILLING, OrderState.REVIEW],
            "trouble": [OrderState.FAILED, OrderState.PARTIALLY_DELIVERED],
            "late": [OrderState.LATE_PAID],
        }.get(self.value() or "")
        return queryset if states is None else queryset.filter(state__in=states).order_by("id")


class LineInline(TabularInline):
    model = OrderLine
    hide_title = True
    fields = ["sku_code", "product_title", "sku_title", "pack", "quantity", "target_masked", "unit", "paid",
              "cost", "fee", "commission", "margin", "delivered", "gone", "failed"]  # fmt: skip
    readonly_fields = fields
    extra = 0
    can_delete = False
    show_change_link = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset(request).select_related("bundle")
        return rows

    @display(description=_("bundle"))
    def pack(self, row: OrderLine) -> str:
        return row.bundle.product_title if row.bundle else ""

    @display(description=_("Unit price"))
    def unit(self, row: OrderLine) -> str:
        return format_minor(row.unit_minor, row.currency)

    @display(description=_("Paid"))
    def paid(self, row: OrderLine) -> str:
        return format_minor(row.paid_minor, row.currency)

    @display(description=_("Cost"))
    def cost(self, row: OrderLine) -> str:
        found = self._margin(row)
        return format_minor(found.margin.cost_minor or 0, row.currency) if found else "–"

    @display(description=_("Fee"))
    def fee(self, row: OrderLine) -> str:
        found = self._margin(row)
        return format_minor(found.margin.fee_minor, row.currency) if found else "–"

    @display(description=_("Commission"))
    def commission(self, row: OrderLine) -> str:
        found = self._margin(row)
        return format_minor(found.margin.commission_minor, row.currency) if found else "–"

    @display(description=_("Margin"))
    def margin(self, row: OrderLine) -> str:
        found = self._margin(row)
        left = found.margin.left_minor if found else None
        if found is None or left is None:
            return "–"
        shown = format_minor(left, row.currency)
        share = found.margin.share_bp
        if share is not None:
            shown += f" ({share / 100:.1f} %)"
        if found.open_units:
            waiting = gettext("%(n)s not delivered yet") % {"n": found.open_units}
            shown += f" · {waiting}"
        return shown

    def _margin(self, row: OrderLine) -> LineMargin | None:
        """All lines of an order are asked about together, once for each page."""
        held: dict[int, dict[str, LineMargin]] = self.__dict__.setdefault("_margins", {})
        if row.order_id not in held:
            held[row.order_id] = line_margins(row.order)
        return held[row.order_id].get(row.public_id)


@admin.register(Order)
class OrderAdmin(ReadOnlyAdmin):
    """Orders: what was promised, how far it has come, and what may be done about it."""

    list_display = ["created_at", "public_id", "state_badge", "total", "units", "contact_masked",
                    "channel_code", "paid_at"]  # fmt: skip
    list_filter = [QueueFilter, "state", "channel_code", "created_at"]
    search_fields = ["=public_id"]
    search_help_text = _("Order, payment or provider's number, phone or mail address")
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    inlines = [LineInline]
    fieldsets: list[Any] = [
        (None, {"fields": [("public_id", "state_badge", "total", "returned"), "close_reason"]}),
        (_("Goods"), {"fields": ["deliveries_shown"]}),
        (_("Payments"), {"fields": ["payments_shown"]}),
        (_("Timeline"), {"fields": ["timeline_shown"]}),
        (_("Ledger"), {"fields": ["money"]}),
        (
            _("Who"),
            {"fields": [("contact_masked", "owner"), ("language", "channel_code", "attribution")]},
        ),
        (
            _("Times"),
            {"fields": [("created_at", "expires_at", "paid_at"), ("completed_at", "link_sent_at")]},
        ),
        (_("Promise"), {"fields": [("terms_version", "consent_at"), "why_this_price"]}),
    ]
    actions_detail = [
        "refund",
        "cancel",
        {"title": _("More"), "items": ["refund_delivered", "query_now", "resend", "fill"]},
        "trace",
    ]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return flatten_fieldsets(self.fieldsets)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Order], search_term: str
    ) -> tuple[QuerySet[Order], bool]:
        """By what people have in hand; a phone or a mail address is found by its index only."""
        text = search_term.strip()
        if not text:
            return queryset, False
        kind = "mail" if "@" in text else "phone"
        try:
            return queryset.filter(contact_index=value_index(kind, normal(kind, text))), False
        except NotAValue:
            found = queryset.filter(public_id=text) | queryset.filter(payments__number=text)
            return (found | queryset.filter(payments__provider_txn=text)).distinct(), False

    @display(description=_("State"), label=ORDER_LABELS)
    def state_badge(self, row: Order) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Total"))
    def total(self, row: Order) -> str:
        return format_minor(row.total_minor, row.currency)

    @display(description=_("Sent back"))
    def returned(self, row: Order) -> str:
        done = row.refunds.filter(state="succeeded")
        return format_minor(sum(refund.total_minor for refund in done), row.currency)

    @display(description=_("why this price"))
    def why_this_price(self, row: Order) -> SafeString | str:
        return table(
            (format_minor(one["amount_minor"], row.currency), reason_label(one),
             reason_why(one, row.currency))
            for one in row.explanation
        )  # fmt: skip

    @display(description="")
    def payments_shown(self, row: Order) -> SafeString | str:
        paid = [
            (p.public_id, p.provider, p.number, format_minor(p.amount_minor, p.currency),
             p.get_state_display(), gettext("pays the order") if p.applied else "", p.provider_txn)
            for p in row.payments.order_by("id")
        ]  # fmt: skip
        paid += [
            (b.public_id, gettext("Balance"), "", format_minor(b.amount_minor, b.currency),
             str(b.get_state_display()), "", person(b.owner))
            for b in BalancePayment.objects.filter(order=row)
        ]  # fmt: skip
        return table(paid)

    @display(description="")
    def deliveries_shown(self, row: Order) -> SafeString | str:
        units = Delivery.objects.filter(reference=row.public_id).order_by("id")
        return table(
            (d.public_id, f"{d.line} #{d.unit}", d.get_state_display(), d.target_masked, d.reason)
            for d in units
        )

    @display(description="")
    def timeline_shown(self, row: Order) -> SafeString | str:
        return table(
            (
                e.at.astimezone().strftime("%m-%d %H:%M:%S.%f")[:-3],
                e.subject,
                e.what,
                who(e.by),
                e.why,
            )
            for e in timeline(row)
        )

    @display(description="")
    def money(self, row: Order) -> SafeString | str:
        return postings(row.public_id)

    @action(description=_("Ask the provider now…"), url_path="query")
    def query_now(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            payments = list(row.payments.filter(state__in=OPEN_PAYMENT))
            for payment in payments:
                query_payment(now=clock.now(), payment=payment.public_id, acting=actor(request))
            with tx.step():
                audit.record(
                    tag="payment:queried", by=actor(request), subject=row.public_id, now=clock.now()
                )
            return gettext("The provider was asked about %(n)s payments.") % {"n": len(payments)}

        text = gettext(
            "Every open payment is asked about; what the provider says is applied as a notice would be."
        )
        return self._confirm(request, row, "orders.query", gettext("Ask now"), text, run)

    @action(description=_("Refund the rest…"), url_path="refund")
    def refund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                made = request_refund(
                    order=row.public_id,
                    now=clock.now(),
                    acting=actor(request),
                    reason=data["reason"],
                )
            except NothingToRefund:
                raise ValidationError(gettext("Nothing of it can be taken back now.")) from None
            amount = format_minor(made.amount_minor if made else 0, row.currency)
            return gettext("%(amount)s is on its way back.") % {"amount": amount}

        text = gettext(
            "Every unit that is neither delivered nor with a supplier is taken off the road for ever, "
            "and what was paid for it goes back the way it came."
        )
        return self._confirm(
            request, row, "orders.refund", gettext("Refund"), text, run, ReasonForm
        )

    @action(description=_("Refund delivered goods…"), url_path="refund-delivered")
    def refund_delivered(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)
        units = Delivery.objects.filter(reference=row.public_id, state="delivered")

        def run(data: dict[str, Any]) -> str:
            try:
                request_delivered_refund(
                    order=row.public_id, deliveries=list(units.values_list("public_id", flat=True)),
                    reason=data["reason"], now=clock.now(),
                    by=actor(request).removeprefix("user:"),
                )  # fmt: skip
            except NothingDelivered:
                raise ValidationError(
                    gettext("Nothing of it is delivered, unused and unrefunded.")
                ) from None
            return gettext("A second person has to agree.")

        text = gettext(
            "What was paid for all delivered units goes back, once another person has agreed."
        )
        return self._confirm(
            request, row, "orders.refund_delivered", gettext("Ask for it"), text, run, ReasonForm
        )

    @action(description=_("Cancel…"), url_path="cancel")
    def cancel(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not cancel_order(order=row.public_id, now=clock.now(), acting=actor(request)):
                raise ValidationError(gettext("It is paid or closed already."))
            with tx.step():
                audit.record(
                    tag="order:cancelled", by=actor(request), subject=row.public_id, now=clock.now(),
                    after={"reason": data["reason"]},
                )  # fmt: skip
            return gettext("Cancelled. Kept units are free again.")

        text = gettext(
            "The unpaid order is closed and its units are given back. Money that comes later is sent back."
        )
        return self._confirm(
            request, row, "orders.cancel", gettext("Cancel the order"), text, run, ReasonForm
        )

    @action(description=_("Send the link again…"), url_path="resend")
    def resend(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            resend_link(order=row.public_id, now=clock.now(), acting=actor(request))
            return gettext("The link is on its way to %(contact)s.") % {
                "contact": row.contact_masked
            }

        text = gettext(
            "The buyer gets the link to the order page at the order's own contact; never a code."
        )
        return self._confirm(request, row, "orders.resend_link", gettext("Send"), text, run)

    @action(description=_("Fill now…"), url_path="fill")
    def fill(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            if not fill_wait(order=row.public_id, now=clock.now()):
                raise ValidationError(gettext("It does not wait, or stock is still short."))
            return gettext("Filled.")

        text = gettext("An order that waits for stock is opened if stock is there now.")
        return self._confirm(request, row, "orders.fill_wait", gettext("Fill"), text, run)

    @action(description=_("Trace"), url_path="trace")
    def trace(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Order, pk=object_id)
        return HttpResponseRedirect(f"{reverse('admin:fulfillment_trace')}?q={row.public_id}")

    @staticmethod
    def _confirm(
        request: HttpRequest, row: Order, act: str, button: str, text: str, run: Any,
        form: type[forms.Form] = forms.Form,
    ) -> HttpResponse:  # fmt: skip
        back = reverse("admin:orders_order_change", args=[row.pk])
        return confirm(
            request,
            title=row.public_id,
            text=text,
            button=button,
            back=back,
            run=run,
            form=form,
            act=act,
        )
