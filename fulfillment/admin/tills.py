"""Keys of tills: made with one look at the secret, ended at once."""

from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from unfold.decorators import action, display
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from catalog.admin.base import require
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from core.admin.who import who
from fulfillment.models import Store, TillKey
from fulfillment.services.redeeming.make_till import BadAddress, end_till, make_till, read_addresses
from risk.admin.confirm import confirm

ACT = "merchants.manage"


class TillForm(forms.Form):
    store = forms.ModelChoiceField(
        label=_("store"), queryset=Store.objects.none(), widget=UnfoldAdminSelectWidget
    )
    name = forms.CharField(label=_("name"), max_length=60, widget=UnfoldAdminTextInputWidget)
    addresses = forms.CharField(
        label=_("allowed addresses"), max_length=400, required=False,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        help_text=_("One address or network in each line; empty: from anywhere."),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stores = Store.objects.filter(is_active=True, merchant__is_active=True)
        self.fields["store"].queryset = stores.order_by("name")  # type: ignore[attr-defined]

    def clean_addresses(self) -> str:
        try:
            return "\n".join(read_addresses(self.cleaned_data["addresses"]))
        except BadAddress:
            raise forms.ValidationError(
                gettext("A line is neither an address nor a network.")
            ) from None


@admin.register(TillKey)
class TillKeyAdmin(ReadOnlyAdmin):
    """Which tills may speak to the API."""

    list_display = ["name", "public_id", "store", "state", "created_at", "maker", "ended_at"]
    list_filter = ["is_active"]
    list_select_related = ["store"]
    search_fields = ["name", "=public_id", "store__name"]
    fields = [
        "name", "public_id", "store", "state", "addresses", "created_at", "maker", "ended_at",
    ]  # fmt: skip
    readonly_fields = fields
    actions_list = ["make_new"]
    actions_detail = ["end"]

    @display(description=_("State"), label={"on": "success", "ended": "danger"})
    def state(self, row: TillKey) -> Badge:
        return (
            Badge("on", gettext("On")) if row.is_active else Badge("ended", gettext("Out of use"))
        )

    @display(description=_("made by"))
    def maker(self, row: TillKey) -> str:
        return who(row.created_by)

    def get_urls(self) -> list[Any]:
        page = self.admin_site.admin_view(never_cache(self.make_page))
        return [path("make/", page, name="fulfillment_till_make"), *super().get_urls()]

    @action(description=_("Make a key…"), url_path="make-new")
    def make_new(self, request: HttpRequest) -> HttpResponse:
        require(request, ACT)
        return HttpResponseRedirect(reverse("admin:fulfillment_till_make"))

    def make_page(self, request: HttpRequest) -> HttpResponse:
        """The form, then the secret in the answer itself: it is kept nowhere it could be read again."""
        require(request, ACT)
        form, made = TillForm(request.POST or None), None
        if request.method == "POST" and form.is_valid():
            asked = form.cleaned_data
            made = make_till(
                store=asked["store"].public_id, name=asked["name"], addresses=asked["addresses"],
                by=actor(request), now=clock.now(),
            )  # fmt: skip
        context = {
            **admin.site.each_context(request),
            "title": gettext("A till's key"),
            "form": form,
            "made": made,
            "back": reverse("admin:fulfillment_tillkey_changelist"),
        }
        answer = TemplateResponse(request, "admin/fulfillment/till.html", context)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    @action(description=_("End this key…"), url_path="end")
    def end(self, request: HttpRequest, object_id: int) -> HttpResponse:
        row = get_object_or_404(TillKey, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            ended = end_till(key=row.public_id, by=actor(request), now=clock.now())
            return gettext("Ended.") if ended else gettext("It was ended before.")

        return confirm(
            request,
            title=row.name,
            text=gettext("The till stops at once and for good. Make it another key to go on."),
            button=gettext("End it"),
            back=reverse("admin:fulfillment_tillkey_change", args=[row.pk]),
            run=run,
            act=ACT,
        )
