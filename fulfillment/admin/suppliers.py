from collections.abc import Iterator
from contextlib import contextmanager
from decimal import Decimal
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminDecimalFieldWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from accounts.roles import may
from core import clock, ledger
from core.admin.base import ReadOnlyAdmin, actor
from core.money import BadMoney, format_minor, parse_minor
from fulfillment.admin.settling.terms import MoneyActs
from fulfillment.models import Supplier
from fulfillment.postings import PREPAID, SUSPENSE
from fulfillment.queries.breaker import paused_until
from fulfillment.services.purchasing.fund_supplier import AlreadyFunded, fund_supplier
from fulfillment.services.suppliers.change_supplier_keys import (
    NothingToChange,
    Wanted,
    ask_to_change_keys,
    read_text,
)
from fulfillment.services.suppliers.connect_supplier import NotReady, supplier_keys
from fulfillment.services.suppliers.probe_supplier import probe_supplier
from fulfillment.services.suppliers.save_policy import (
    LONGEST_CALL,
    MOST_CALLS,
    MOST_RATE,
    limits_of,
    set_limits,
)
from fulfillment.services.suppliers.save_supplier import (
    BadSupplier,
    TakesTwoPersons,
    connection_of,
    is_connected,
    save_supplier,
    switch_supplier,
)
from fulfillment.states import SupplierState
from fulfillment.suppliers.options import BadOptions
from fulfillment.suppliers.registry import adapters
from risk.admin.confirm import confirm


class ConnectionForm(forms.Form):
    code = forms.SlugField(label=_("Code"), max_length=32, widget=UnfoldAdminTextInputWidget)
    name = forms.CharField(label=_("Name"), max_length=80, widget=UnfoldAdminTextInputWidget)
    dialect = forms.ChoiceField(label=_("Dialect"), widget=UnfoldAdminSelectWidget)
    base_url = forms.URLField(
        label=_("Base URL"), assume_scheme="https", widget=UnfoldAdminTextInputWidget
    )
    key_id = forms.CharField(label=_("Key id"), max_length=64, widget=UnfoldAdminTextInputWidget)
    secret = forms.CharField(
        label=_("Secret"), max_length=512, required=False,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Sealed when saved and never shown again. Left empty, the keys stay as they are."),
    )  # fmt: skip

    options = forms.CharField(
        label=_("Options of the dialect"), max_length=2000, required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_('As JSON, such as {"charset": "GBK"}; empty where the supplier differs in nothing.'),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dialect"].choices = [(key, one.title) for key, one in adapters().items()]  # type: ignore[attr-defined]


class ChangeConnectionForm(ConnectionForm):
    why = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class NoteForm(forms.Form):
    note = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class LimitsForm(forms.Form):
    concurrency = forms.IntegerField(
        label=_("Calls at once"), min_value=1, max_value=MOST_CALLS,
        widget=UnfoldAdminIntegerFieldWidget,
    )  # fmt: skip
    rate_per_second = forms.DecimalField(
        label=_("Purchases a second"), required=False, min_value=Decimal("0.01"),
        max_value=MOST_RATE, decimal_places=2, widget=UnfoldAdminDecimalFieldWidget,
        help_text=_("Empty for no limit"),
    )  # fmt: skip
    call_seconds = forms.IntegerField(
        label=_("Seconds a call"), min_value=1, max_value=LONGEST_CALL,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("A call that takes longer is given up and counts as unknown."),
    )  # fmt: skip


class FundForm(forms.Form):
    amount = forms.CharField(
        label=_("Amount"), max_length=16, widget=UnfoldAdminTextInputWidget,
        help_text=_("In the supplier's currency, like 10000.00"),
    )  # fmt: skip
    payment_no = forms.CharField(
        label=_("The bank's payment number"), max_length=40, widget=UnfoldAdminTextInputWidget
    )


@admin.register(Supplier)
class SupplierAdmin(MoneyActs, ReadOnlyAdmin):
    """Who delivers: connection, money, switch. Keys go in and never come out."""

    list_display = [
        "name",
        "code",
        "dialect",
        "state_badge",
        "circuit",
        "prepaid",
        "under_way",
        "base_url",
    ]
    list_filter = ["state", "dialect"]
    search_fields = ["name", "code"]
    ordering = ["code"]
    fieldsets = [
        (None, {"fields": ["name", "code", "state", "circuit", "note"]}),
        (_("Connection"), {"fields": ["dialect", "base_url", "options", "key_id", "keys", "callback"]}),
        (_("Limits"), {"fields": ["concurrency", "rate_per_second", "call_seconds"]}),
        (_("Money"), {"fields": ["currency", "terms_text", "prepaid", "payable", "under_way"]}),
    ]  # fmt: skip
    actions_list = ["connect_new"]
    actions_detail = ["connect", "test", "switch", "limits", "fund", "change_terms", "account"]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return [name for _title, part in self.fieldsets for name in part["fields"]]

    @display(description=_("State"), label={"on": "success", "off": "danger"})
    def state_badge(self, supplier: Supplier) -> tuple[str, str]:
        return supplier.state, supplier.get_state_display()

    @display(description=_("New purchases"))
    def circuit(self, supplier: Supplier) -> str:
        until = paused_until(supplier.pk, now=clock.now())
        if until is None:
            return gettext("go through")
        return gettext("paused until %(time)s") % {"time": until.astimezone().strftime("%H:%M:%S")}

    @display(description=_("Prepaid"))
    def prepaid(self, supplier: Supplier) -> str:
        minor = ledger.balance(f"{PREPAID}:{supplier.code}", supplier.currency)
        return format_minor(minor, supplier.currency)

    @display(description=_("Set aside for purchases under way"))
    def under_way(self, supplier: Supplier) -> str:
        minor = ledger.balance(f"{SUSPENSE}:{supplier.code}", supplier.currency)
        return format_minor(minor, supplier.currency)

    @display(description=_("Keys"))
    def keys(self, supplier: Supplier) -> str:
        try:
            held = supplier_keys(supplier)
        except NotReady:
            return gettext("cannot be opened; enter the key anew")
        return ", ".join(f"{key_id} ••••" for key_id in held) or "–"

    @display(description=_("Address for its messages"))
    def callback(self, supplier: Supplier) -> str:
        return reverse("fulfillment:supplier_callback", args=[supplier.code])

    def get_urls(self) -> list[Any]:
        new = path(
            "connect/", self.admin_site.admin_view(self.connect_page), name="fulfillment_connect"
        )
        return [new, *super().get_urls()]

    @action(description=_("Connect a supplier…"), url_path="connect-new")
    def connect_new(self, request: HttpRequest) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:fulfillment_connect"))

    @action(description=_("Change connection…"), url_path="change-connection")
    def connect(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Asks for another address or key; a second person agrees."""
        self._only(request, "fulfillment.suppliers")
        supplier = get_object_or_404(Supplier, pk=object_id)
        if not is_connected(supplier):
            return self.connect_page(request, supplier)

        def run(data: dict[str, Any]) -> str:
            wanted = Wanted(**{name: data[name] for name in Wanted.__dataclass_fields__})
            with _told_in_words():
                ask_to_change_keys(
                    code=supplier.code, wanted=wanted, by=actor(request).removeprefix("user:"),
                    reason=data["why"], now=clock.now(),
                )  # fmt: skip
            return gettext("Asked. It waits for a second person in the inbox.")

        return confirm(
            request,
            title=gettext("Connection"),
            button=gettext("Ask for the change"),
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
            run=run,
            form=ChangeConnectionForm,
            text=gettext(
                "Another person must agree. Open purchases are then still asked after under the old key."
            ),
            initial=_known(supplier),
        )

    def connect_page(self, request: HttpRequest, supplier: Supplier | None = None) -> HttpResponse:
        """The connection form, for a supplier that has no connection yet."""
        self._only(request, "fulfillment.suppliers")

        def run(data: dict[str, Any]) -> str:
            if supplier is None and Supplier.objects.filter(code=data["code"]).exists():
                raise ValidationError({"code": gettext("This code is taken.")})
            if supplier is not None:
                data["code"] = supplier.code
            with _told_in_words():
                data["options"] = read_text(data["options"])
                save_supplier(by=actor(request), now=clock.now(), **data)
            return gettext("Saved. Try it with the connection test.")

        return confirm(
            request,
            title=gettext("Connection"),
            button=gettext("Save"),
            back=reverse("admin:fulfillment_supplier_changelist"),
            run=run,
            form=ConnectionForm,
            text=gettext("Purchases go there as soon as it has offers and money."),
            initial=_known(supplier) if supplier else None,
        )

    @action(description=_("Connection test…"), url_path="test")
    def test(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._only(request, "fulfillment.suppliers")
        supplier = get_object_or_404(Supplier, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            found = probe_supplier(supplier_code=supplier.code, by=actor(request), now=clock.now())
            if found.problem:
                raise ValidationError(gettext("No good: %(why)s") % {"why": found.problem})
            theirs = format_minor(found.minor, found.currency)
            return gettext("Connected. Balance there %(theirs)s, in our books %(ours)s.") % {
                "theirs": theirs, "ours": self.prepaid(supplier),
            }  # fmt: skip

        return confirm(
            request,
            title=supplier.name,
            text=gettext("Asks the supplier for our balance there. Nothing is bought."),
            button=gettext("Try the connection"),
            run=run,
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
        )

    @action(description=_("Switch on or off…"), url_path="switch")
    def switch(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._only(request, "fulfillment.suppliers")
        supplier = get_object_or_404(Supplier, pk=object_id)
        on = supplier.state != SupplierState.ON

        def run(data: dict[str, Any]) -> str:
            switch_supplier(
                code=supplier.code, on=on, by=actor(request), note=data["note"], now=clock.now()
            )
            return gettext("Switched on.") if on else gettext("Switched off.")

        text = (
            gettext("New purchases go to this supplier again.") if on
            else gettext("Nothing new is bought here; what was bought is still asked after.")
        )  # fmt: skip
        return confirm(
            request,
            title=supplier.name,
            text=text,
            run=run,
            form=NoteForm,
            button=gettext("Switch on") if on else gettext("Switch off"),
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
        )

    @action(description=_("Limits…"), url_path="limits")
    def limits(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._only(request, "fulfillment.suppliers")
        supplier = get_object_or_404(Supplier, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            set_limits(code=supplier.code, by=actor(request), now=clock.now(), **data)
            return gettext("Saved.")

        return confirm(
            request,
            title=supplier.name,
            button=gettext("Save"),
            run=run,
            form=LimitsForm,
            initial=limits_of(supplier),
            text=gettext(
                "They hold for all workers together. A supplier that is full is passed over or waited"
                " for, as the SKU's policy says."
            ),
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
        )

    @action(description=_("Book a prepayment…"), url_path="fund")
    def fund(self, request: HttpRequest, object_id: int) -> HttpResponse:
        self._only(request, "fulfillment.fund")
        supplier = get_object_or_404(Supplier, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            try:
                minor = parse_minor(data["amount"], supplier.currency)
                fund_supplier(
                    supplier_code=supplier.code, amount_minor=minor, payment_no=data["payment_no"],
                    by=actor(request), now=clock.now(),
                )  # fmt: skip
            except AlreadyFunded:
                raise ValidationError(
                    {"payment_no": gettext("This payment is booked already.")}
                ) from None
            except (BadMoney, ValueError):
                raise ValidationError({"amount": gettext("This is not an amount.")}) from None
            return gettext("Booked.")

        return confirm(
            request,
            title=supplier.name,
            button=gettext("Book"),
            run=run,
            form=FundForm,
            text=gettext(
                "Debits what is prepaid there, credits the bank; units that waited for money go on."
            ),
            back=reverse("admin:fulfillment_supplier_change", args=[supplier.pk]),
        )

    @staticmethod
    def _only(request: HttpRequest, act: str) -> None:
        if not may(request.user, act):  # type: ignore[arg-type]
            raise PermissionDenied


def _known(supplier: Supplier) -> dict[str, str]:
    return {"code": supplier.code, **connection_of(supplier)}


@contextmanager
def _told_in_words() -> Iterator[None]:
    """A refusal of the services becomes a sentence beside its field."""
    try:
        yield
    except BadSupplier as error:
        raise ValidationError(
            {"base_url": gettext("Outside this machine it must be https.")}
        ) from error
    except BadOptions as error:
        raise ValidationError({"options": str(error)}) from error
    except NothingToChange as error:
        raise ValidationError(gettext("It is like this already.")) from error
    except TakesTwoPersons as error:
        raise ValidationError({"code": gettext("This code is taken.")}) from error
