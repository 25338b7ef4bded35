"""Who may take how much of one pool: a board for each SKU, and what can be done about it."""

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import display
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
)

from accounts.roles import may
from catalog.admin.base import require
from catalog.models import Channel, Sku
from catalog.states import DeliveryKind
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.admin.who import who
from fulfillment.forms import WhyForm
from fulfillment.models import PoolShare, ShareMove
from fulfillment.queries.shares import share_board
from fulfillment.services.pool.move_share import EVERYBODY, SLICE, NothingToMove, move_share
from fulfillment.services.pool.set_cap import lift_cap, set_cap
from fulfillment.services.pool.set_share_rule import NoShare, RuleMakesNoSense, set_share_rule
from fulfillment.states import ShareKind
from risk.admin.confirm import confirm

ACT = "codes.share"
MOVES_SHOWN = 20
MOST_CAPPED = 100_000


def _names(*, everybody: bool = False) -> list[tuple[str, Any]]:
    """Channels by their codes, and before them what is for all."""
    rows = list(Channel.objects.order_by("name").values_list("code", "name"))
    return [(EVERYBODY, _("Free for everybody")), *rows] if everybody else rows


class SkuForm(forms.Form):
    sku = forms.ModelChoiceField(
        label=gettext_lazy("SKU"), queryset=Sku.objects.none(), widget=UnfoldAdminSelectWidget
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pool = Sku.objects.filter(product__product_type__delivery_kind=DeliveryKind.POOL)
        self.fields["sku"].queryset = pool.order_by("code")  # type: ignore[attr-defined]


class MoveForm(WhyForm):
    giver = forms.ChoiceField(
        label=gettext_lazy("From"), required=False, widget=UnfoldAdminSelectWidget
    )
    taker = forms.ChoiceField(
        label=gettext_lazy("To"), required=False, widget=UnfoldAdminSelectWidget
    )
    units = forms.IntegerField(
        label=gettext_lazy("Units"), min_value=1, max_value=SLICE,
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip

    field_order = ["giver", "taker", "units", "why"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("giver", "taker"):
            self.fields[name].choices = _names(everybody=True)  # type: ignore[attr-defined]


class ChannelForm(WhyForm):
    channel = forms.ChoiceField(label=gettext_lazy("Channel"), widget=UnfoldAdminSelectWidget)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["channel"].choices = _names()  # type: ignore[attr-defined]


class CapForm(ChannelForm):
    units = forms.IntegerField(
        label=gettext_lazy("Units at most"), min_value=0, max_value=MOST_CAPPED, required=False,
        help_text=gettext_lazy("Empty lifts the cap."), widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip

    field_order = ["channel", "units", "why"]


class RuleForm(ChannelForm):
    kind = forms.ChoiceField(
        label=gettext_lazy("Kind"), choices=ShareKind.choices, widget=UnfoldAdminSelectWidget
    )
    keep_units = forms.IntegerField(
        label=gettext_lazy("Always keep"), min_value=0, max_value=SLICE, initial=0,
        help_text=gettext_lazy("Refilled from what is free for everybody."),
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip
    ends_at = forms.SplitDateTimeField(
        label=gettext_lazy("Until"), required=False, widget=UnfoldAdminSplitDateTimeWidget,
        help_text=gettext_lazy("Then what is left goes back to everybody. Empty: no end."),
    )  # fmt: skip

    field_order = ["channel", "kind", "keep_units", "ends_at", "why"]


# Act on a pool → its form, what it is called, what will happen.
ACTS: dict[str, tuple[type[forms.Form], Any, Any]] = {
    "move": (
        MoveForm, gettext_lazy("Move units"),
        gettext_lazy(
            "Only free units move. What is held or sold stays where it was taken from. Units in the"
            " share of a channel are sold in that channel and nowhere else."
        ),
    ),
    "cap": (
        CapForm, gettext_lazy("Set a cap"),
        gettext_lazy(
            "The channel gets so many units in all and no more, counted from the first cap on."
            " A cap below what is used ends at what is used."
        ),
    ),
    "rule": (
        RuleForm, gettext_lazy("Set a rule"),
        gettext_lazy("The shop keeps a reserve filled by itself, and gives back what is over."),
    ),
}  # fmt: skip


@admin.register(PoolShare)
class PoolShareAdmin(ReadOnlyAdmin):
    """Every share; a click opens the board of its SKU."""

    list_display = ["sku", "channel", "kind_badge", "keep_units", "ends_at", "created_at"]
    list_filter = ["kind", "channel"]
    list_select_related = ["sku"]
    search_fields = ["sku__code", "channel"]
    ordering = ["sku__code", "channel"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, ACT)  # type: ignore[arg-type]

    @display(description=gettext_lazy("Kind"), label={"reserved": "success", "capped": "warning"})
    def kind_badge(self, share: PoolShare) -> tuple[str, str]:
        return share.kind, share.get_kind_display()

    def get_urls(self) -> list[Any]:
        site = self.admin_site
        board = path(
            "sku/<int:sku_id>/", site.admin_view(self.board), name="fulfillment_poolshare_board"
        )
        act = path(
            "sku/<int:sku_id>/<slug:name>/act/", site.admin_view(self.act),
            name="fulfillment_poolshare_act",
        )  # fmt: skip
        return [board, act, *super().get_urls()]

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """Which SKU's pool is to be shared."""
        require(request, ACT)
        form = SkuForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return HttpResponseRedirect(_board_of(form.cleaned_data["sku"].pk))
        context = {
            **admin.site.each_context(request), "title": _("Share a pool"), "form": form,
            "text": _("Choose whose stock is to be shared among channels."), "button": _("Go on"),
            "back": reverse("admin:fulfillment_poolshare_changelist"),
        }  # fmt: skip
        return TemplateResponse(request, "admin/risk/confirm.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        share = self.get_object(request, object_id)
        if share is None:
            raise Http404
        return HttpResponseRedirect(_board_of(share.sku_id))

    def board(self, request: HttpRequest, sku_id: int) -> HttpResponse:
        """What is free, what is whose, and the last moves."""
        if not self.has_view_permission(request):
            raise Http404
        sku = get_object_or_404(Sku, pk=sku_id)
        free, lines = share_board(sku_id)
        names = dict(_names())
        moves = ShareMove.objects.filter(sku_id=sku_id)[:MOVES_SHOWN]
        context = {
            **admin.site.each_context(request),
            "title": f"{sku.code} {sku.name}",
            "sku": sku,
            "free": free,
            "lines": [
                (line, names.get(line.channel, line.channel), ShareKind(line.kind).label)
                for line in lines
            ],
            "moves": [(move, who(move.by)) for move in moves],
            "acts": list(ACTS.items()) if may(request.user, ACT) else [],  # type: ignore[arg-type]
        }
        return TemplateResponse(request, "admin/fulfillment/shares.html", context)

    def act(self, request: HttpRequest, sku_id: int, name: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        if name not in ACTS:
            raise Http404
        require(request, ACT)
        sku = get_object_or_404(Sku, pk=sku_id)
        form, title, text = ACTS[name]

        def run(data: dict[str, Any]) -> str:
            return _RUN[name](sku_id, data, actor(request))

        return confirm(
            request, title=f"{title}: {sku.code}", text=str(text), button=str(title), form=form,
            back=_board_of(sku_id), run=run,
        )  # fmt: skip


def _board_of(sku_id: int) -> str:
    return reverse("admin:fulfillment_poolshare_board", args=[sku_id])


def _move(sku_id: int, data: dict[str, Any], by: str) -> str:
    try:
        moved = move_share(
            sku_id=sku_id, giver=data["giver"], taker=data["taker"], units=data["units"], by=by,
            why=data["why"], now=clock.now(),
        )  # fmt: skip
    except NothingToMove as error:
        raise ValidationError(_("There is no free unit to move from there.")) from error
    return _("%(n)d units have moved.") % {"n": moved}


def _cap(sku_id: int, data: dict[str, Any], by: str) -> str:
    now, channel, why = clock.now(), data["channel"], data["why"]
    if data["units"] is None:
        if not lift_cap(sku_id=sku_id, channel=channel, by=by, why=why, now=now):
            raise ValidationError(_("This channel has no cap."))
        return _("The cap is lifted.")
    holds = set_cap(sku_id=sku_id, channel=channel, units=data["units"], by=by, why=why, now=now)
    return _("At most %(n)d units from now on.") % {"n": holds}


def _rule(sku_id: int, data: dict[str, Any], by: str) -> str:
    try:
        set_share_rule(
            sku_id=sku_id, channel=data["channel"], kind=data["kind"],
            keep_units=data["keep_units"], ends_at=data["ends_at"], by=by, why=data["why"],
            now=clock.now(),
        )  # fmt: skip
    except NoShare as error:
        raise ValidationError(
            _("This channel has no such share. Move units or set a cap first.")
        ) from error
    except RuleMakesNoSense as error:
        raise ValidationError(
            _("A cap keeps nothing, and the end must lie in the future.")
        ) from error
    return _("The rule holds from now on.")


_RUN: dict[str, Callable[[int, dict[str, Any], str], str]] = {
    "move": _move, "cap": _cap, "rule": _rule,
}  # fmt: skip
