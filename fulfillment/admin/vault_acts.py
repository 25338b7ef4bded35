"""What staff may do with the code of one delivered unit: look at it, ask for another."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.decorators import action

from catalog.admin.base import require
from core import clock
from core.admin.base import actor
from fulfillment.forms import WhyForm
from fulfillment.models import Delivery
from fulfillment.services.pool.replace_code import request_replacement
from fulfillment.services.reveal import NotRevealable, RevealLimited, reveal
from risk.admin.confirm import confirm
from risk.requests import client_ip
from risk.services.assess import assess


class VaultActs:
    """Two acts for the page of a delivery."""

    @action(description=gettext_lazy("Look at the code…"), url_path="look")
    def look(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Asks first; then shows the text once, after the look and its audit are committed."""
        row = _delivered(request, object_id, "codes.reveal")
        codes = []
        if request.method == "POST":
            now, by, ip = clock.now(), actor(request), client_ip(request)
            facts: dict[str, object] = {
                "ip": ip, "channel": row.channel, "units": 1, "user": by.removeprefix("user:"),
            }  # fmt: skip
            if assess(point="reveal", subject=row.public_id, facts=facts, now=now).stops:
                raise PermissionDenied
            try:
                codes = reveal(delivery_id=row.public_id, by=by, ip=ip, now=now, staff=True)
            except NotRevealable as error:
                raise Http404 from error
            except RevealLimited:
                messages.error(request, _("You have looked at enough codes for today."))
                return HttpResponseRedirect(_back(row))
        context = {
            **admin.site.each_context(request), "title": row.public_id, "codes": codes,
            "back": _back(row),
        }  # fmt: skip
        response = TemplateResponse(request, "admin/fulfillment/look.html", context)
        response["Cache-Control"] = "no-store"
        return response

    @action(description=gettext_lazy("Replace the code…"), url_path="replace")
    def replace(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Asks for another code for this unit; a second person agrees."""
        row = _delivered(request, object_id, "codes.replace")

        def run(data: dict[str, Any]) -> str:
            by = actor(request).removeprefix("user:")
            request_replacement(delivery_id=row.public_id, by=by, why=data["why"], now=clock.now())
            return _("Asked. It waits for a second person in the inbox.")

        return confirm(
            request, title=row.public_id, button=_("Replace the code"), run=run, form=WhyForm,
            text=_("Another person must agree. The owner then sees one more code; the first stays sold."),
            back=_back(row),
        )  # fmt: skip


def _delivered(request: HttpRequest, object_id: int, act: str) -> Delivery:
    require(request, act)
    return get_object_or_404(Delivery, pk=object_id, state="delivered", issues__number=1)


def _back(row: Delivery) -> str:
    return reverse("admin:fulfillment_delivery_change", args=[row.pk])
