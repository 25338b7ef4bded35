"""Points in the back office: how they are earned, what they buy, whose they are and why."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminIntegerFieldWidget, UnfoldAdminTextInputWidget

from accounts.models import User
from catalog.admin.base import MinorFields
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.money import format_minor
from fulfillment.admin.setup import SetupAdmin
from fulfillment.admin.timeline import table
from orders.admin.promotion_fields import goods_choices, goods_field
from orders.models import PointsEarning, PointsGood, PointsLot, PointsPayment, PointsRule
from orders.queries.points import Movements, balance_of, owed_by
from orders.services.points.correct_points import BadCorrection, request_correction
from orders.views.points import words_of
from risk.admin.confirm import confirm

ACT, TAG = "orders.points", "points:set_up"
PAYMENT_BADGES = {"held": "warning", "spent": "success", "released": ""}
SHOWN = 50


class CorrectForm(forms.Form):
    owner = forms.CharField(
        label=_("Person (public id)"), max_length=24, widget=UnfoldAdminTextInputWidget
    )
    points = forms.IntegerField(
        label=_("Points"), help_text=_("Negative takes away."),
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip
    reason = forms.CharField(label=_("Reason"), max_length=200, widget=UnfoldAdminTextInputWidget)


class PointsRuleForm(forms.ModelForm):
    """Goods by their names, as everywhere in promotions."""

    goods = goods_field(_("for these goods"), _("Search by name. Nothing chosen: everything."))
    goods_left_out = goods_field(_("never for these"))

    class Meta:
        model = PointsRule
        fields = (
            "name", "name_en", "is_active", "points", "per_minor", "rounding", "goods", "goods_left_out",
            "starts_at", "ends_at", "multiplier_bp", "multiplied_from", "multiplied_until", "wait_days",
            "life_days",
        )  # fmt: skip
        help_texts = {"per_minor": _("So many points for each such amount paid.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        kept = [*self.instance.goods, *self.instance.goods_left_out]
        for name in {"goods", "goods_left_out"} & set(self.fields):
            self.fields[name].choices = goods_choices(kept=kept)  # type: ignore[attr-defined]


@admin.register(PointsRule)
class PointsRuleAdmin(MinorFields, SetupAdmin):
    """How points are earned; several rules in force add up."""

    act, tag = ACT, TAG
    form = PointsRuleForm
    list_display = ["name", "rate", "is_active", "starts_at", "ends_at", "wait_days", "life_days"]
    list_filter = ["is_active"]
    search_fields = ["name", "name_en"]
    readonly_fields = ["public_id"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en"), "is_active"]}),
        (_("How many"), {"fields": [("points", "per_minor", "rounding")]}),
        (_("For which goods"), {"fields": ["goods", "goods_left_out"]}),
        (
            _("When"),
            {
                "fields": [
                    ("starts_at", "ends_at"),
                    "multiplier_bp",
                    ("multiplied_from", "multiplied_until"),
                ]
            },
        ),
        (_("Credited and ended"), {"fields": [("wait_days", "life_days"), "public_id"]}),
    ]

    def save_model(
        self,
        request: HttpRequest,
        obj: PointsRule,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        if not change:
            obj.created_at, obj.created_by = clock.now(), actor(request)
        super().save_model(request, obj, form, change)

    @display(description=_("Points"))
    def rate(self, row: PointsRule) -> str:
        return f"{row.points} / {format_minor(row.per_minor, 'CNY')}"


@admin.register(PointsGood)
class PointsGoodAdmin(SetupAdmin):
    """Goods that are had for points alone."""

    act, tag = ACT, TAG
    list_display = ["sku", "points", "is_active", "per_person", "in_all", "starts_at", "ends_at"]
    list_filter = ["is_active"]
    list_select_related = ["sku"]
    search_fields = ["=sku__code"]
    autocomplete_fields = ["sku"]
    fields = ["sku", ("points", "is_active"), ("per_person", "in_all"), ("starts_at", "ends_at")]


@admin.register(PointsLot)
class PointsLotAdmin(ReadOnlyAdmin):
    """Whose points these are, and everything that moved that person's."""

    list_display = ["created_at", "owner", "kind", "points", "left", "expired", "expires_at"]
    list_filter = ["kind", "expires_at"]
    search_fields = ["=owner", "=subject", "=public_id"]
    search_help_text = _("Public id of a person or an order")
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "owner", "kind", "subject", ("points", "left", "expired"),
              ("created_at", "expires_at", "reminded_at"), "person", "history"]  # fmt: skip
    readonly_fields = ["public_id", "owner", "kind", "subject", "points", "left", "expired",
                       "created_at", "expires_at", "reminded_at", "person",
                       "history"]  # fmt: skip
    actions_list = ["correct"]
    actions_detail = ["correct_this"]

    @display(description=_("The person's points"))
    def person(self, row: PointsLot) -> str:
        told = {"n": balance_of(row.owner), "owed": owed_by(row.owner)}
        return gettext("%(n)s in all, %(owed)s owed") % told

    @display(description=_("History of the person"))
    def history(self, row: PointsLot) -> SafeString | str:
        return table(
            (localtime(one.at).strftime("%Y-%m-%d %H:%M"), f"{one.points:+d}", words_of(one.kind),
             one.subject, one.note)
            for one in Movements(row.owner)[:SHOWN]
        )  # fmt: skip

    @action(description=_("Put points right…"), url_path="correct")
    def correct(self, request: HttpRequest) -> HttpResponse:
        return self._correct(request, "", reverse("admin:orders_pointslot_changelist"))

    @action(description=_("Put points right…"), url_path="correct")
    def correct_this(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(PointsLot, pk=object_id)
        back = reverse("admin:orders_pointslot_change", args=[row.pk])
        return self._correct(request, row.owner, back)

    @staticmethod
    def _correct(request: HttpRequest, owner: str, back: str) -> HttpResponse:
        def run(data: dict[str, Any]) -> str:
            try:
                approval = request_correction(
                    owner=data["owner"], points=data["points"], reason=data["reason"],
                    by=request.user.public_id, now=clock.now(),  # type: ignore[union-attr]
                )  # fmt: skip
            except User.DoesNotExist:
                raise ValidationError(gettext("Nobody has that id.")) from None
            except BadCorrection:
                raise ValidationError(gettext("Not none, and at most a million.")) from None
            return gettext("Asked for: %(id)s. A second person has to agree.") % {
                "id": approval.public_id
            }

        return confirm(
            request, title=gettext("Put points right"), button=gettext("Ask for it"), back=back,
            text=gettext(
                "A second person has to agree; then it stands in the person's history with this "
                "reason. What cannot be taken is owed and comes off the next points."
            ),
            run=run, form=CorrectForm, initial={"owner": owner}, act="orders.correct_points",
        )  # fmt: skip


@admin.register(PointsEarning)
class PointsEarningAdmin(ReadOnlyAdmin):
    """What orders earned, and what refunds took of it."""

    list_display = ["created_at", "order", "owner", "rule", "points", "taken_back", "due_at",
                    "credited_at"]  # fmt: skip
    list_filter = ["rule", ("credited_at", admin.EmptyFieldListFilter)]
    search_fields = ["=owner", "=order__public_id"]
    list_select_related = ["order", "rule"]
    ordering = ["-id"]
    list_per_page = 50
    fields = ["order", "owner", "rule", "paid_minor", "points", "taken_back", "due_at",
              "credited_at", "ends_at", "created_at"]  # fmt: skip
    readonly_fields = fields


@admin.register(PointsPayment)
class PointsPaymentAdmin(ReadOnlyAdmin):
    """Orders that points paid for, wholly or in part."""

    list_display = ["created_at", "order", "owner", "points", "amount", "returned", "state_badge"]
    list_filter = ["state"]
    search_fields = ["=owner", "=order__public_id", "=public_id"]
    list_select_related = ["order"]
    ordering = ["-id"]
    list_per_page = 50
    fields = ["public_id", "order", "owner", "points", "amount", "returned", "state_badge",
              "state_at", "created_at"]  # fmt: skip
    readonly_fields = fields

    @display(description=_("Paid with them"))
    def amount(self, row: PointsPayment) -> str:
        return format_minor(row.amount_minor, row.order.currency)

    @display(description=_("State"), label=PAYMENT_BADGES)
    def state_badge(self, row: PointsPayment) -> Badge:
        return Badge(row.state, row.get_state_display())
