"""One screen, one promotion: the fields in the order of the job."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminSelect2Widget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from accounts.models import MemberLevel
from catalog.admin.base import MinorField
from orders.admin.promotion_fields import (
    RateField,
    StepsField,
    channel_choices,
    goods_choices,
    goods_field,
    sku_choices,
)
from orders.models import Promotion
from orders.models.promotion import Kind, Stack, Trigger
from orders.services.promotions.save_promotion import Wish
from orders.views.line import english

USUAL_STACK = {
    Kind.SPECIAL_PRICE: Stack.PRICE, Kind.PERCENT_OFF: Stack.ITEM, Kind.NTH_UNIT: Stack.ITEM,
    Kind.SEVERAL_FOR: Stack.ITEM, Kind.AMOUNT_OFF: Stack.ORDER, Kind.GIFT_WITH: Stack.GIFT,
}  # fmt: skip


def _number(label: Any, least: int, most: int, **more: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label, min_value=least, max_value=most, widget=UnfoldAdminIntegerFieldWidget(), **more
    )


def _times() -> forms.IntegerField:
    return _number(
        _("At most so often in one cart"), 0, 100, required=False, help_text=_("Empty: as often as it fits.")
    )  # fmt: skip


def _gift() -> forms.ChoiceField:
    return forms.ChoiceField(
        label=_("What is given"), choices=sku_choices, widget=UnfoldAdminSelect2Widget()
    )


# The terms of each kind: parameter → its field.
TERMS: dict[str, dict[str, Callable[[], forms.Field]]] = {
    Kind.SPECIAL_PRICE: {"unit_minor": lambda: MinorField(label=_("Price of each, in yuan"))},
    Kind.PERCENT_OFF: {
        "off_bp": lambda: RateField(
            label=_("How much off"), help_text=_("15%, or 8.5 折: whichever you are used to.")
        ),
        "from_minor": lambda: MinorField(label=_("From this sum on, in yuan"), required=False),
        "most_minor": lambda: MinorField(label=_("At most so much off, in yuan"), required=False),
    },
    Kind.AMOUNT_OFF: {
        "steps": lambda: StepsField(label=_("Steps")),
        "again": lambda: forms.BooleanField(
            label=_("Again for each time the sum is reached"), required=False,
            widget=UnfoldBooleanSwitchWidget(),
        ),
    },
    Kind.NTH_UNIT: {
        "nth": lambda: _number(_("Every so many-th unit"), 2, 100, initial=2),
        "off_bp": lambda: RateField(
            label=_("is so much cheaper"), help_text=_("50%, or 5 折, is half price; 100%: free.")
        ),
        "times": _times,
    },
    Kind.SEVERAL_FOR: {
        "units": lambda: _number(_("So many units"), 2, 100, initial=3),
        "price_minor": lambda: MinorField(label=_("for this price, in yuan")),
        "times": _times,
    },
    Kind.GIFT_WITH: {
        "sku_code": _gift,
        "quantity": lambda: _number(_("How many"), 1, 10, initial=1),
        "from_minor": lambda: MinorField(label=_("From this sum on, in yuan"), required=False),
        "from_units": lambda: _number(_("From so many units on"), 0, 1000, required=False),
    },
}  # fmt: skip
SECTIONS: tuple[tuple[Any, tuple[str, ...]], ...] = (
    (_("For which goods"), ("goods", "goods_left_out")),
    (_("For whom and where"), ("channels", "minimum_level", "members_only", "first_order",
                               "trigger", "code")),
    (_("When"), ("starts_at", "ends_at")),
    (_("How it stacks"), ("stack", "priority", "alone")),
    (_("How much at most"), ("most_uses", "most_per_person", "most_minor", "subsidy_minor")),
)  # fmt: skip


def _moment(label: Any, help_text: Any) -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(
        label=label, required=False, help_text=help_text, widget=UnfoldAdminSplitDateTimeWidget()
    )


def _text(label: Any, most: int, *, required: bool = False) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, required=required, widget=UnfoldAdminTextInputWidget()
    )


def _switch(label: Any) -> forms.BooleanField:
    return forms.BooleanField(label=label, required=False, widget=UnfoldBooleanSwitchWidget())


class PromotionForm(forms.Form):
    """The terms of one kind, then everything else."""

    name = _text(_("Name buyers read"), 80, required=True)
    name_en = _text(_("The same in English"), 80)
    goods = goods_field(_("These goods"), _("Search by name. Nothing chosen: everything."))
    goods_left_out = goods_field(_("But never these"), "")
    channels = goods_field(_("In these channels"), _("Nothing chosen: in all."))
    minimum_level = forms.TypedChoiceField(
        label=_("From member level"), coerce=int, initial=0, widget=UnfoldAdminSelectWidget()
    )
    members_only = _switch(_("Only for people who are signed in"))
    first_order = _switch(_("Only for a first order"))
    trigger = forms.ChoiceField(label=_("How it applies"), widget=UnfoldAdminSelectWidget())
    code = _text(_("Code buyers type"), 32)
    starts_at = _moment(_("Starts at"), _("Empty: as soon as it is switched on."))
    ends_at = _moment(_("Ends at"), _("Empty: until it is ended by hand."))
    stack = forms.TypedChoiceField(
        label=_("Place in the stack"), coerce=int, choices=Stack.choices,
        help_text=_("Lower comes first. In one place, one promotion for each good."),
        widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    priority = _number(
        _("Priority"), 1, 10_000, initial=100,
        help_text=_("Of two that save the same, the lower number wins."),
    )  # fmt: skip
    alone = _switch(_("Not together with any other"))
    most_uses = _number(_("Uses in all"), 0, 10**9, required=False)
    most_per_person = _number(_("Uses per person"), 0, 10**6, required=False)
    most_minor = MinorField(label=_("Money in all, in yuan"), required=False)
    subsidy_minor = MinorField(
        label=_("Of it under the floor, in yuan"), required=False,
        help_text=_("A subsidy; two persons must agree before it is switched on."),
    )  # fmt: skip

    def __init__(self, kind: str, data: Any = None, *, row: Promotion | None = None) -> None:
        self.kind = kind
        super().__init__(data, initial=_initial(row) if row else {"stack": USUAL_STACK[Kind(kind)]})
        for name, make in TERMS[kind].items():
            self.fields[f"p_{name}"] = make()
            if row is not None:
                self.fields[f"p_{name}"].initial = row.params.get(name)
        kept = [*(row.goods if row else []), *(row.goods_left_out if row else [])]
        self._choose("goods", goods_choices(kept=kept))
        self._choose("goods_left_out", goods_choices(kept=kept))
        self._choose("channels", channel_choices())
        self._choose("minimum_level", level_choices())
        said = {Trigger.AUTOMATIC: _("Without anything to type")}
        self._choose("trigger", [(one.value, said.get(one, one.label)) for one in Trigger])

    def _choose(self, name: str, choices: list[Any]) -> None:
        self.fields[name].choices = choices  # type: ignore[attr-defined]

    @property
    def sections(self) -> list[tuple[Any, list[forms.BoundField]]]:
        """Every field under what it answers."""
        first = ["name", "name_en", *(f"p_{name}" for name in TERMS[self.kind])]
        whole = ((Kind(self.kind).label, tuple(first)), *SECTIONS)
        return [(title, [self[name] for name in names]) for title, names in whole]

    def wish(self) -> Wish:
        """What was typed; only after `is_valid()`."""
        data = {name: value for name, value in self.cleaned_data.items() if name[:2] != "p_"}
        params = {
            name: self.cleaned_data[f"p_{name}"]
            for name in TERMS[self.kind]
            if self.cleaned_data.get(f"p_{name}") is not None
        }
        data["subsidy_minor"] = data["subsidy_minor"] or 0
        if data["trigger"] != Trigger.AUTOMATIC and self.kind != Kind.GIFT_WITH:
            data["stack"] = Stack.COUPON.value
        return Wish(kind=self.kind, params=params, **data)

    def refuse(self, problems: dict[str, str]) -> None:
        """Put the services' sentences beside the fields they are about."""
        for name, text in problems.items():
            field = f"p_{name}" if f"p_{name}" in self.fields else name
            self.add_error(field if field in self.fields else None, text)


def level_choices() -> list[tuple[int, Any]]:
    """Everybody, then each level by its rank."""
    rows = MemberLevel.objects.filter(is_active=True).order_by("rank")
    named = [(one.rank, (english() and one.name_en) or one.name) for one in rows if one.rank]
    return [(0, _("Everybody")), *named]


def _initial(row: Promotion) -> dict[str, Any]:
    return {name: getattr(row, name) for name in Wish.__dataclass_fields__}


class LookForm(forms.Form):
    """The cart of the preview: up to five goods, who asks, where and when."""

    see_channel = forms.ChoiceField(label=_("Channel"), required=False, widget=UnfoldAdminSelectWidget())  # fmt: skip
    see_level = forms.TypedChoiceField(
        label=_("Member level"), coerce=int, empty_value="", required=False, widget=UnfoldAdminSelectWidget(),
    )  # fmt: skip
    see_at = _moment(_("Moment"), "")
    see_codes = forms.CharField(
        label=_("Codes typed with it"), required=False, max_length=120, widget=UnfoldAdminTextInputWidget(),
    )  # fmt: skip

    def __init__(self, data: Any, goods: list[tuple[str, int]], at: datetime) -> None:
        super().__init__(data or None, initial={"see_at": at, "see_level": 0})
        self.fields["see_channel"].choices = channel_choices()  # type: ignore[attr-defined]
        self.fields["see_level"].choices = level_choices()  # type: ignore[attr-defined]
        for place in range(MOST_SEEN):
            code, units = goods[place] if place < len(goods) else ("", 1)
            self.fields[f"see_sku_{place}"] = forms.ChoiceField(
                label=_("Good"), required=False, initial=code, widget=UnfoldAdminSelectWidget(),
                choices=[("", "–"), *sku_choices()],
            )  # fmt: skip
            self.fields[f"see_units_{place}"] = _number(
                _("Units"), 1, 200, required=False, initial=units
            )
        for field in self.fields.values():
            # They stand beside the form and are sent with it, with script or without.
            field.widget.attrs["form"] = "campaign"

    @property
    def rows(self) -> list[tuple[forms.BoundField, forms.BoundField]]:
        return [(self[f"see_sku_{n}"], self[f"see_units_{n}"]) for n in range(MOST_SEEN)]

    def goods(self) -> list[tuple[str, int]]:
        """SKU codes with units, as chosen."""
        told = [
            (self.cleaned_data.get(f"see_sku_{n}"), self.cleaned_data.get(f"see_units_{n}") or 1)
            for n in range(MOST_SEEN)
        ]
        return [(code, units) for code, units in told if code]


MOST_SEEN = 5
