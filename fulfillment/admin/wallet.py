"""The wallet in the back office: terms of activation are set, gifts are looked at."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.admin import ModelAdmin
from unfold.decorators import display

from accounts.roles import may
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.readable import Readable
from core.admin.who import who
from fulfillment.models import ActivationTerms, Gift
from fulfillment.services.wallet.set_activation_terms import set_activation_terms

BADGES = {"open": "warning", "claimed": "success", "returned": "info", "ended": "default"}


@admin.register(ActivationTerms)
class ActivationTermsAdmin(Readable, ModelAdmin):
    """New terms hold for what is received from now on; the old ones stay for what was sold."""

    list_display = ["sku", "binding", "activations", "opens_at", "closes_at", "within_days",
                    "since", "set_by"]  # fmt: skip
    list_filter = ["binding"]
    search_fields = ["sku__code", "sku__product__name"]
    list_select_related = ["sku"]
    autocomplete_fields = ["sku"]
    list_per_page = 50
    fields = ["sku", "binding", "activations", ("opens_at", "closes_at"), "within_days"]

    @display(description=_("by"))
    def set_by(self, terms: ActivationTerms) -> str:
        return who(terms.by)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and may(request.user, "wallet.terms")  # type: ignore[arg-type]

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def save_model(
        self,
        request: HttpRequest,
        obj: ActivationTerms,
        form: Any,
        change: bool,  # noqa: FBT001  Django's
    ) -> None:
        saved = set_activation_terms(
            sku_id=obj.sku_id, binding=obj.binding, activations=obj.activations,
            opens_at=obj.opens_at, closes_at=obj.closes_at, within_days=obj.within_days,
            by=actor(request), now=clock.now(),
        )  # fmt: skip
        obj.pk, obj._state.adding = saved.pk, False


@admin.register(Gift)
class GiftAdmin(ReadOnlyAdmin):
    """What was given to whom, and how far it has come. Its link is known to nobody here."""

    list_display = ["public_id", "thing", "state_badge", "given_by", "taken_by", "sent_to",
                    "created_at", "ended_at"]  # fmt: skip
    list_filter = ["state"]
    search_fields = ["=public_id", "=giver", "=claimer", "=entitlement__public_id",
                     "=entitlement__reference"]  # fmt: skip
    list_select_related = ["entitlement"]
    list_per_page = 50
    fields = ["public_id", "thing", "state_badge", "given_by", "taken_by", "sender", "sent_to",
              "card", "created_at", "expires_at", "ended_at"]  # fmt: skip
    readonly_fields = ["thing", "state_badge", "given_by", "taken_by"]

    @display(description=_("thing"))
    def thing(self, gift: Gift) -> str:
        return gift.entitlement.public_id

    @display(description=_("State"), label=BADGES)
    def state_badge(self, gift: Gift) -> Badge:
        return Badge(gift.state, gift.get_state_display())

    @display(description=_("giver"))
    def given_by(self, gift: Gift) -> str:
        return who(f"user:{gift.giver}") if gift.giver else who("guest")

    @display(description=_("accepted by"))
    def taken_by(self, gift: Gift) -> str:
        if gift.claimer:
            return who(f"user:{gift.claimer}")
        return who("guest") if gift.state == "claimed" else "–"
