"""Where people redeem exchange codes: one field, one click, one order."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods

from accounts.queries import verified_contacts
from core import clock
from core.ids import new_token
from orders.forms import ExchangeForm
from orders.models import Exchange, Order
from orders.models.private import open_private
from orders.prizes import PRIZES
from orders.services.exchange.redeem_code import CodeRefused, Redeemer, Refusal, redeem_code
from orders.states import AwardState
from orders.views.lottery_showing import english
from orders.views.order import SeeOther
from orders.views.proof import Entry, remember
from risk.requests import client_ip

UNPROCESSABLE, TOO_MANY = 422, 429


@never_cache
@require_http_methods(["GET", "POST"])
def exchange(request: HttpRequest) -> HttpResponse:
    """The code, and for a guest how to be reached. What is refused is said in words."""
    guest = not request.user.is_authenticated
    form = ExchangeForm(
        request.POST or None, guest=guest, initial={"code": request.GET.get("code")}
    )
    if request.method == "GET" or not form.is_valid():
        return _page(request, form, status=UNPROCESSABLE if form.is_bound else 200)
    redeemer = _redeemer(request, form.cleaned_data)
    if redeemer is None:
        form.add_error(None, _("Please verify a phone or a mail address in your account first."))
        return _page(request, form, status=UNPROCESSABLE)
    try:
        row = redeem_code(text=form.cleaned_data["code"], by=redeemer, now=clock.now())
    except CodeRefused as refused:
        form.add_error("code" if refused.why == Refusal.UNKNOWN else None, refused.words)
        limited = refused.why == Refusal.LIMITED
        return _page(request, form, status=TOO_MANY if limited else UNPROCESSABLE)
    return _go_on(request, row)


@never_cache
@require_GET
def done(request: HttpRequest, exchange_id: str) -> HttpResponse:
    """What is still on its way; whoever knows the address may look, it names nobody."""
    row = Exchange.objects.select_related("batch").filter(public_id=exchange_id).first()
    if row is None:
        raise Http404
    context = {
        "name": (row.batch.name_en if english() else "") or row.batch.name,
        "waiting": row.state == AwardState.WAITING,
        "contact": row.contact_masked,
        "exchange_id": row.public_id,
    }
    return render(request, "orders/exchange_done.html", context)


def _redeemer(request: HttpRequest, said: dict[str, Any]) -> Redeemer | None:
    """None for an account that cannot be told about anything."""
    user = request.user
    if user.is_authenticated:
        contact = next(iter(verified_contacts(user)), None)
        if contact is None:
            return None
        kind, value = contact.kind, contact.value
    else:
        kind, value = said["contact"]
    return Redeemer(
        contact_kind=kind, contact=value, form_token=said["form_token"],
        language=get_language() or "zh-hans", ip=client_ip(request),
        user_id=user.pk if user.is_authenticated else None,
        owner=user.public_id if user.is_authenticated else "",
    )  # fmt: skip


def _go_on(request: HttpRequest, row: Exchange) -> HttpResponse:
    """To what the code became; the browser may open the order, as if it had placed it."""
    kind = PRIZES.get(row.batch.kind)
    if row.state != AwardState.DONE or kind.address is None:
        return SeeOther(reverse("orders:exchange_done", args=[row.public_id]))
    response = SeeOther(kind.address(row.result))
    order = Order.objects.filter(public_id=row.result).first()
    if order is not None:
        token = open_private(order.public_id, order.private_sealed).token
        remember(request, response, Entry(order.public_id, token, int(clock.now().timestamp())))
    return response


def _page(request: HttpRequest, form: ExchangeForm, *, status: int = 200) -> HttpResponse:
    context = {"form": form, "form_token": new_token()}
    return render(request, "orders/exchange.html", context, status=status)
