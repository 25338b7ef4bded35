"""The pay page, the way back from a provider, and where providers tell us."""

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core import clock, wake
from orders.models import Payment
from orders.payments import registry
from orders.services.close_order import QUERY_TASK
from orders.services.receive_notice import LARGEST_BODY, receive_notice
from orders.services.start_payment import NotPayable, start_payment
from orders.states import OPEN_PAYMENT, OrderState
from orders.views.order import SeeOther, proven
from orders.views.proof import acting, prove
from orders.views.showing import order_context, providers_shown
from risk.requests import client_ip


@never_cache
@require_http_methods(["GET", "POST"])
def pay(request: HttpRequest, order_id: str) -> HttpResponse:
    """GET shows what is to be paid and with what; POST goes on to the provider."""
    row, _entry = proven(request, order_id)
    if row.state != OrderState.PENDING_PAYMENT:
        return redirect("orders:order", order_id=order_id)
    trouble = ""
    if request.method == "POST":
        try:
            return SeeOther(
                start_payment(
                    order=order_id,
                    provider=_provider(request),
                    now=clock.now(),
                    acting=acting(request),
                )
            )
        except (NotPayable, KeyError):
            trouble = _("This payment could not be started. Look at the order once more.")
    context = order_context(row, [], now=clock.now(), guest=not row.owner)
    context |= {"providers": providers_shown(), "trouble": trouble}
    return render(request, "orders/pay.html", context, status=422 if trouble else 200)


def _provider(request: HttpRequest) -> str:
    offered = [provider.code for provider in registry.offered()]
    chosen = request.POST.get("provider", "") or (offered[0] if offered else "")
    if chosen not in offered:
        raise KeyError(chosen)
    return chosen


@never_cache
@require_GET
def pay_return(request: HttpRequest, provider: str, order_id: str) -> HttpResponse:
    """The buyer is back. What the address says proves nothing; it makes us ask sooner.

    Only for the browser that may see the order: whoever merely knows its id moves nothing, and
    the answer does not tell them apart.
    """
    back = ""
    if request.GET.get("hint") in {"paid", "late"}:
        if prove(request, order_id) is not None:
            _ask_soon(order_id, provider)
        back = "?back=1"
    return HttpResponseRedirect(reverse("orders:order", args=[order_id]) + back)


def _ask_soon(order_id: str, provider: str) -> None:
    now = clock.now()
    open_payments = Payment.objects.filter(
        order__public_id=order_id, provider=provider, state__in=OPEN_PAYMENT
    )
    if open_payments.filter(not_before__gt=now).update(not_before=now):
        wake.poke(QUERY_TASK)


@csrf_exempt
@never_cache
@require_POST
def notice(request: HttpRequest, provider: str) -> HttpResponse:
    """A payment provider tells us something. Its signature is the only key."""
    if provider not in registry.PROVIDERS:
        raise Http404
    body = request.read(LARGEST_BODY + 1)
    told = request.META.get("CONTENT_LENGTH") or "0"
    size = max(len(body), int(told) if told.isdigit() and len(told) < 16 else 0)  # noqa: PLR2004
    reply = receive_notice(
        provider=provider,
        body=body[:LARGEST_BODY],
        size=size,
        headers=request.headers,
        ip=client_ip(request),
        now=clock.now(),
    )
    return HttpResponse(reply.body, status=reply.status, content_type=reply.content_type)
