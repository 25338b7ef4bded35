"""Coupons in the back office: campaigns with their figures, batches of codes, each coupon."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Count, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from fulfillment.admin.setup import SetupAdmin
from fulfillment.admin.timeline import changes, table
from orders.admin.orders import ReasonForm
from orders.models import Coupon, CouponBatch, CouponCampaign, PromotionUse
from orders.models.promotion import Promotion, Trigger
from orders.services.coupons.export_coupons import ACT as EXPORT_ACT
from orders.services.coupons.export_coupons import request_coupon_export
from orders.services.coupons.make_coupons import MOST_CODES, order_coupons
from orders.services.coupons.void_coupons import change_batch, void_coupons
from orders.states import CouponBatchState, CouponState, OrderState
from risk.admin.confirm import confirm

EDIT = "orders.edit_coupons"
SET_UP = "coupons:set_up"
BADGES = {
    "issued": "default", "claimed": "info", "held": "warning", "used": "success",
    "expired": "default", "void": "danger",
}  # fmt: skip
BATCH_BADGES = {"making": "info", "ready": "success", "frozen": "warning", "void": "danger"}
CAME_TO_NOTHING = (OrderState.CLOSED, OrderState.LATE_PAID, OrderState.REFUNDED)


class CodesForm(forms.Form):
    number = forms.IntegerField(label=_("How many codes"), min_value=1, max_value=MOST_CODES)
    note = forms.CharField(label=pgettext_lazy("note", "what for"), max_length=80, required=False)


@admin.register(CouponCampaign)
class CouponCampaignAdmin(SetupAdmin):
    """How the coupons of a promotion come to people; what became of them stands beside it."""

    act = EDIT
    tag = SET_UP
    list_display = ["promotion", "slug", "claiming", "most_claims", "given"]
    list_filter = ["claiming"]
    list_select_related = ["promotion"]
    search_fields = ["=public_id", "slug", "promotion__name"]
    readonly_fields = ["public_id", "figures"]
    fieldsets: list[Any] = [
        (None, {"fields": ["promotion", ("slug", "claiming"), "word"]}),
        (_("Limits"), {"fields": [("most_claims", "most_per_person")]}),
        (_("How long, and refunds"), {"fields": [("valid_days", "valid_until"), "back_on_refund"]}),
        (_("Figures"), {"fields": ["figures", "public_id"]}),
    ]
    actions_detail = ["print_codes"]

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        kwargs["queryset"] = Promotion.objects.filter(trigger=Trigger.COUPON)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    @display(description=_("Given"))
    def given(self, row: CouponCampaign) -> str:
        return _money(row.promotion)

    @display(description=_("What became of them"))
    def figures(self, row: CouponCampaign) -> SafeString | str:
        counted = Coupon.objects.filter(promotion=row.promotion).values_list("state")
        counts = dict(counted.annotate(Count("id")).order_by())
        rows: list[list[object]] = [
            [state.label, counts.get(state.value, 0)] for state in CouponState
        ]
        return table([*rows, [_("Given"), _money(row.promotion)]])

    @action(description=_("Print codes…"), url_path="print")
    def print_codes(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(CouponCampaign, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            order_coupons(
                promotion=row.promotion.public_id, number=data["number"], note=data["note"],
                by=actor(request), now=clock.now(),
            )  # fmt: skip
            return gettext("The codes are being made; the batch says how far it is.")

        return confirm(
            request, title=gettext("Print codes"), act=EDIT, form=CodesForm, run=run,
            text=gettext("Each code is good for one order, for whoever orders with it first."),
            button=gettext("Make them"), back=reverse("admin:orders_couponbatch_changelist"),
        )  # fmt: skip


def _money(promotion: Promotion) -> str:
    uses = PromotionUse.objects.filter(rule=promotion.public_id)
    live = uses.exclude(order__state__in=CAME_TO_NOTHING)
    return format_minor(live.aggregate(s=Sum("discount_minor"))["s"] or 0, promotion.currency)


@admin.register(CouponBatch)
class CouponBatchAdmin(ReadOnlyAdmin):
    """Batches of codes: how far they are, frozen, void, handed out as a file."""

    list_display = ["created_at", "public_id", "promotion", "progress", "state_badge", "note"]
    list_filter = ["state"]
    list_select_related = ["promotion"]
    search_fields = ["=public_id", "note"]
    ordering = ["-id"]
    fields = ["public_id", "promotion", "progress", "state_badge", "note", "created_at",
              "made_by", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["freeze", "free", "make_void", "export"]

    @display(description=pgettext_lazy("coupons", "Codes"))
    def progress(self, row: CouponBatch) -> str:
        return f"{row.made:,} / {row.total:,}"

    @display(description=_("State"), label=BATCH_BADGES)
    def state_badge(self, row: CouponBatch) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Made by"))
    def made_by(self, row: CouponBatch) -> str:
        return who(row.created_by)

    @display(description=_("Timeline"))
    def timeline(self, row: CouponBatch) -> SafeString | str:
        return changes(row.public_id)

    @action(description=_("Freeze…"), url_path="freeze")
    def freeze(self, request: HttpRequest, object_id: int) -> HttpResponse:
        text = gettext("None of its codes can be used until it is set free again.")
        return self._change(request, object_id, CouponBatchState.FROZEN, text)

    @action(description=_("Set free…"), url_path="free")
    def free(self, request: HttpRequest, object_id: int) -> HttpResponse:
        text = gettext("Its codes can be used again.")
        return self._change(request, object_id, CouponBatchState.READY, text)

    @action(description=_("Make void…"), url_path="void")
    def make_void(self, request: HttpRequest, object_id: int) -> HttpResponse:
        text = gettext("None of its codes can be used ever again. Orders keep what they have.")
        return self._change(request, object_id, CouponBatchState.VOID, text)

    def _change(
        self, request: HttpRequest, pk: int, to: CouponBatchState, text: str
    ) -> HttpResponse:
        row = get_object_or_404(CouponBatch, pk=pk)

        def run(data: dict[str, Any]) -> str:
            changed = change_batch(
                batch=row.public_id, to=to, by=actor(request), reason=data["reason"],
                now=clock.now(),
            )  # fmt: skip
            if not changed:
                raise ValidationError(gettext("Its state does not allow this."))
            return gettext("Done.")

        return confirm(
            request, title=str(to.label), text=text, button=str(to.label), act=EDIT,
            form=ReasonForm, run=run, back=_page("couponbatch", pk),
        )  # fmt: skip

    @action(description=_("Export codes…"), url_path="export")
    def export(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(CouponBatch, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            request_coupon_export(
                batch=row.public_id, by=actor(request).removeprefix("user:"),
                reason=data["reason"], now=clock.now(),
            )  # fmt: skip
            return gettext("Asked for. A second person has to agree.")

        return confirm(
            request, title=gettext("Export codes"), act=EXPORT_ACT, form=ReasonForm, run=run,
            text=gettext("Codes that nobody has claimed, as a locked file with a mark on each row."),
            button=gettext("Ask for it"), back=_page("couponbatch", object_id),
        )  # fmt: skip


@admin.register(Coupon)
class CouponAdmin(ReadOnlyAdmin):
    """Every coupon with its state; its code is never shown."""

    list_display = ["created_at", "public_id", "promotion", "origin", "owner", "state_badge",
                    "valid_until", "order"]  # fmt: skip
    list_filter = ["state", "origin"]
    list_select_related = ["promotion", "order"]
    search_fields = ["=public_id", "=owner", "=order__public_id", "=batch__public_id"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "promotion", "batch", "origin", "owner", "state_badge", "created_at",
              "claimed_at", "valid_until", "order", "timeline"]  # fmt: skip
    readonly_fields = fields
    actions_detail = ["make_void"]

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: Coupon) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Timeline"))
    def timeline(self, row: Coupon) -> SafeString | str:
        return changes(row.public_id)

    @action(description=_("Make void…"), url_path="void")
    def make_void(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(Coupon, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            done = void_coupons(
                coupons=[row.pk], by=actor(request), reason=data["reason"], now=clock.now()
            )
            if not done:
                raise ValidationError(gettext("Its state does not allow this."))
            return gettext("Done.")

        return confirm(
            request, title=gettext("Make void"), act=EDIT, form=ReasonForm, run=run,
            text=gettext("It can never be used again; what an order has stays as it is."),
            button=gettext("Make void"), back=_page("coupon", object_id),
        )  # fmt: skip


def _page(model: str, pk: int) -> str:
    return reverse(f"admin:orders_{model}_change", args=[pk])
