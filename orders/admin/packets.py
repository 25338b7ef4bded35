"""Red packets in the back office: which orders give them, and what became of each."""

from typing import Any

from django import forms
from django.contrib import admin
from django.utils.safestring import SafeString
from django.utils.timezone import localtime
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from core.admin.base import Badge, ReadOnlyAdmin
from core.admin.who import person
from fulfillment.admin.timeline import table
from orders.admin.invites import BudgetedAdmin, check_side
from orders.models import Packet, PacketTemplate
from orders.services.rewards.open_packet import cut_of

BADGES = {"open": "success", "over": "info", "lapsed": "warning"}


class PacketTemplateForm(forms.ModelForm):
    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        check_side(cleaned, kind="kind", points="points", coupon="coupon")
        return cleaned


@admin.register(PacketTemplate)
class PacketTemplateAdmin(BudgetedAdmin):
    """The budget is taken when a packet opens; what nobody opened comes back."""

    form = PacketTemplateForm
    list_display = ["name", "is_active", "kind", "points", "shares", "minimum_minor", "starts_at",
                    "ends_at", "used"]  # fmt: skip
    autocomplete_fields = ["coupon"]
    fieldsets: list[Any] = [
        (None, {"fields": [("name", "name_en")]}),
        (
            _("What is in it"),
            {"fields": [("kind", "points"), ("coupon", "worth_minor"), ("shares", "hours")]},
        ),
        (_("For which orders"), {"fields": [("minimum_minor", "a_day")]}),
        BudgetedAdmin.budget_fields,
    ]


@admin.register(Packet)
class PacketAdmin(ReadOnlyAdmin):
    """One buyer's packet and its shares; the seed cuts it again."""

    list_display = ["created_at", "owner", "template", "order", "state_badge", "ends_at"]
    list_filter = ["state", "template"]
    search_fields = ["=public_id", "=owner", "=order__public_id"]
    list_select_related = ["template", "order"]
    ordering = ["-id"]
    list_per_page = 50
    show_full_result_count = False
    fields = ["public_id", "template", "owner", "order", "state_badge", "points", "shares_made",
              ("created_at", "ends_at", "state_at"), "seed", "again", "board"]  # fmt: skip
    readonly_fields = ["public_id", "template", "owner", "order", "state_badge", "points",
                       "shares_made", "created_at", "ends_at", "state_at", "seed", "again",
                       "board"]  # fmt: skip

    @display(description=_("State"), label=BADGES)
    def state_badge(self, row: Packet) -> Badge:
        return Badge(row.state, row.get_state_display())

    @display(description=_("Cut again from its seed"))
    def again(self, row: Packet) -> str:
        shares = row.shares.order_by("number").values_list("points", flat=True)
        same = list(shares) == cut_of(row)
        return gettext("the same shares") if same else gettext("other shares: look into it")

    @display(description=_("Shares"))
    def board(self, row: Packet) -> SafeString | str:
        return table(
            (str(share.number), str(share.points), share.get_state_display(), person(share.owner),
             localtime(share.state_at).strftime("%Y-%m-%d %H:%M"))
            for share in row.shares.order_by("number")
        )  # fmt: skip
