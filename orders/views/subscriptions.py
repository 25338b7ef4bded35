"""A person's subscriptions: what they cost next and when, and every way to change or end them."""

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_POST

from catalog.queries import offer as find_offer
from core import clock, wake
from orders.models import Mandate, Subscription, SubscriptionPeriod
from orders.payments import registry
from orders.payments.base import NotBelieved
from orders.queries.plans import dearer_plans
from orders.queries.subscriptions import next_period
from orders.services.receive_notice import LARGEST_BODY
from orders.services.subscriptions.cancel_subscription import (
    cancel_subscription,
    keep_subscription,
    may_keep,
)
from orders.services.subscriptions.drive_periods import walk_period
from orders.services.subscriptions.pause_subscription import pause_subscription, resume_subscription
from orders.services.subscriptions.plan_period import moment_of, today
from orders.services.subscriptions.query_mandate import MANDATE_TASK, query_mandate
from orders.services.subscriptions.start_subscription import sign_address
from orders.states import MandateState, PeriodState, SubscriptionState
from orders.subscriptions.terms import read_phases
from orders.views.cart import channel_of
from orders.views.line import english
from orders.views.order import SeeOther
from orders.views.phase_words import phases_shown
from orders.views.proof import acting

PER_PAGE = 20
TONES = {
    SubscriptionState.ACTIVE.value: "good", SubscriptionState.PAST_DUE.value: "warn",
    SubscriptionState.CANCELLING.value: "warn", SubscriptionState.PAUSED.value: "warn",
}  # fmt: skip


@never_cache
@login_required
@require_GET
def mine(request: HttpRequest) -> HttpResponse:
    """Everything the signed-in person subscribes to, newest first."""
    rows = Subscription.objects.filter(owner=owner_of(request)).order_by("-id")
    page: Page[Any] = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    page.object_list = [_row(row) for row in page.object_list]
    return render(request, "orders/subscriptions.html", {"page": page})


@never_cache
@login_required
@require_GET
def subscription(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """One subscription: the next charge, what was charged, and the ways out."""
    row = _own(request, subscription_id)
    now, channel = clock.now(), channel_of(request)
    phases = read_phases(row.phases)
    offers = {p.gift: find_offer(p.gift, channel, now) for p in phases if p.gift}
    gifts = {code: offer for code, offer in offers.items() if offer is not None}
    mandates = registry.get(row.mandate.provider).mandates
    context = {
        **_row(row),
        "row": row,
        "phases": phases_shown(phases, gifts),
        "charges": _charges(row),
        "may_keep": may_keep(row, now=now),
        "may_pause": row.state == SubscriptionState.ACTIVE,
        "sign_url": sign_address(row, mandates, now=now) if mandates else "",
        "to_sign": row.state == SubscriptionState.PENDING
        and row.mandate.state == MandateState.PENDING,
        "upgrades": [
            {
                "title": (plan.name_en if english() else "") or plan.name,
                "url": reverse("orders:plan", args=[plan.slug]) + f"?from={row.public_id}",
            }
            for plan in dearer_plans(row)
        ],
    }
    return render(request, "orders/subscription.html", context)


def _act(
    work: Callable[..., bool], done: Promise, no: Promise
) -> Callable[[HttpRequest, str], HttpResponse]:
    """A button of the page: one service, one sentence."""

    @never_cache
    @login_required
    @require_POST
    def view(request: HttpRequest, subscription_id: str) -> HttpResponse:
        row = _own(request, subscription_id)
        if work(pk=row.pk, now=clock.now(), acting=acting(request)):
            messages.success(request, str(done))
        else:
            messages.warning(request, str(no))
        return SeeOther(reverse("orders:subscription", args=[row.public_id]))

    return view


TOO_LATE = gettext_lazy("That is not possible at this moment. The page shows how it stands.")
cancel = _act(
    cancel_subscription,
    gettext_lazy("Canceled. Nothing more will be charged."),
    gettext_lazy("It had been canceled already."),
)
keep = _act(keep_subscription, gettext_lazy("It goes on as before."), TOO_LATE)
pause = _act(
    pause_subscription,
    gettext_lazy("Paused. Nothing is charged until you resume it."),
    TOO_LATE,
)
resume = _act(
    resume_subscription,
    gettext_lazy("It goes on. We tell you five days before it is charged."),
    TOO_LATE,
)


@never_cache
@login_required
@require_GET
def signed(request: HttpRequest, subscription_id: str) -> HttpResponse:
    """The buyer is back from signing. The provider is asked; what the address says proves nothing."""
    row = _own(request, subscription_id)
    if row.mandate.state == MandateState.PENDING:
        query_mandate(now=clock.now(), mandate=row.mandate.public_id)
        first = next_period(row)
        if first is not None:
            walk_period(pk=first.pk, now=clock.now())
    return SeeOther(reverse("orders:subscription", args=[row.public_id]))


@csrf_exempt
@never_cache
@require_POST
def mandate_notice(request: HttpRequest, provider: str) -> HttpResponse:
    """A provider tells of a mandate: a genuine message makes us ask, and nothing else."""
    found = registry.get(provider) if provider in registry.PROVIDERS else None
    if found is None or found.mandates is None:
        raise Http404
    body = request.read(LARGEST_BODY)
    text, kind = found.reply(done=True)
    try:
        # What is longer is cut off, and then no signature fits.
        number = found.mandates.read_notice(body, request.headers, now=clock.now())
    except NotBelieved:
        text, kind = found.reply(done=False)
        return HttpResponse(text, status=400, content_type=kind)
    live = Mandate.objects.filter(
        number=number, provider=provider, state__in=[MandateState.PENDING, MandateState.SIGNED]
    )
    if live.update(not_before=clock.now()):
        wake.poke(MANDATE_TASK)
    return HttpResponse(text, content_type=kind)


def owner_of(request: HttpRequest) -> str:
    """Public id of the signed-in person; the views have looked that there is one."""
    assert request.user.is_authenticated, "the view is for people who are signed in"
    return str(request.user.public_id)


def _own(request: HttpRequest, public_id: str) -> Subscription:
    """This person's, or nothing that can be told from nothing."""
    rows = Subscription.objects.select_related("plan", "mandate", "user")
    row = rows.filter(public_id=public_id, owner=owner_of(request)).first()
    if row is None:
        raise Http404
    return row


def _row(row: Subscription) -> dict[str, Any]:
    upcoming = next_period(row)
    return {
        "id": row.public_id,
        "url": reverse("orders:subscription", args=[row.public_id]),
        "title": (row.title_en if english() else "") or row.title,
        "state": row.state,
        "words": str(SubscriptionState(row.state).label),
        "tone": TONES.get(row.state, ""),
        "next": upcoming,
        "charged_on": _charged_on(upcoming),
        "currency": row.currency,
        "paid_until": row.current_end,
    }


def _charged_on(period: SubscriptionPeriod | None) -> date | None:
    """The day of the next charge as far as it is known."""
    if period is None or period.not_before is None or period.state == PeriodState.CHARGING:
        return None
    if period.state == PeriodState.FAILED:
        return today(period.not_before)
    due = moment_of(period.period_start)
    return today(max(due, period.not_before))


def _charges(row: Subscription) -> list[dict[str, Any]]:
    """What was tried and what came of it, newest first."""
    shown = []
    for period in row.periods.order_by("-number", "-id").prefetch_related("charges__order")[:60]:
        for charge in sorted(period.charges.all(), key=lambda one: -one.attempt):
            order = charge.order
            shown.append(
                {
                    "at": charge.created_at,
                    "period": period,
                    "outcome": charge.outcome,
                    "words": charge.get_outcome_display(),
                    "amount_minor": order.total_minor if order else period.price_minor,
                    "order": order.public_id if order else "",
                    "why": failure_words(charge.why) if charge.outcome == "failed" else "",
                }
            )
    return shown


def failure_words(why: str) -> str:
    """Why a charge failed, for its buyer."""
    words = {
        "funds": _("There was not enough money on the account."),
        "limit": _("The amount was above what was signed."),
        "mandate": _("The mandate had been ended."),
    }
    return words.get(why, _("It could not be charged."))
