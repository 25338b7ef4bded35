"""Where guests find their orders again."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core import clock
from orders.forms import LookupForm
from orders.services.look_up import TooOften, look_up
from orders.views.order import SeeOther
from orders.views.proof import Entry, remember
from risk.requests import client_ip

WAIT_MINUTES = 15


@never_cache
@require_http_methods(["GET", "POST"])
def lookup(request: HttpRequest) -> HttpResponse:
    """Number, contact and secret open the order; anything else gets one and the same answer."""
    form = LookupForm(request.POST or None)
    context = {"form": form, "answered": False, "limited": False, "wait_minutes": WAIT_MINUTES}
    if not form.is_valid():
        return render(request, "orders/lookup.html", context)
    data = form.cleaned_data
    try:
        found = look_up(
            number=data["order"], contact=data["contact"], secret=data["secret"],
            ip=client_ip(request), now=clock.now(),
        )  # fmt: skip
    except TooOften:
        return render(request, "orders/lookup.html", context | {"limited": True}, status=429)
    if found is None:
        return render(request, "orders/lookup.html", context | {"answered": True})
    response = SeeOther(reverse("orders:order", args=[found.order]))
    remember(request, response, Entry(found.order, found.token))
    return response
