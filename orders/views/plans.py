"""Plans: what they cost in plain words, what the law wants said, and subscribing."""

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.queries import verified_contacts
from catalog.faces import offer_face
from catalog.offers import Offer
from catalog.queries import offer as find_offer
from catalog.views.product import input_shown
from core import clock, switches
from core.ids import new_token
from orders.forms import inputs_of
from orders.models import Plan
from orders.payments import registry
from orders.queries.plans import PlanTerms, live_of, plan_on_sale, plans_on_sale, terms_for
from orders.services.place_order import SHORTEST_TOKEN, Consent, NotBuyable
from orders.services.subscriptions.plan_period import NOTICE_DAYS, today
from orders.services.subscriptions.start_subscription import (
    AlreadySubscribed,
    NoMandates,
    NotOnSale,
    TermsChanged,
    Wish,
    preview,
    start_subscription,
)
from orders.services.subscriptions.upgrade_credit import Change, NotUpgradable, change_of
from orders.subscriptions.schedule import span_of
from orders.views.cart import channel_of
from orders.views.checkout import ACCEPT, TERMS_VERSION, UNPROCESSABLE
from orders.views.line import english
from orders.views.order import SeeOther
from orders.views.phase_words import length_words, phases_shown
from orders.views.proof import acting


@never_cache
@require_GET
def plans(request: HttpRequest) -> HttpResponse:
    """Every plan that is on sale here."""
    now, channel = clock.now(), channel_of(request)
    shown = []
    for plan in plans_on_sale():
        good = find_offer(plan.sku.code, channel, now)
        if good is not None and good.state_ok:
            terms = terms_for(plan, user_id=_user_id(request))
            shown.append(_card(plan, terms, good, now, channel))
    return render(request, "orders/plans.html", {"plans": shown})


@never_cache
@require_GET
def plan(request: HttpRequest, slug: str) -> HttpResponse:
    """One plan with everything that must be known before agreeing to it."""
    row = plan_on_sale(slug)
    if row is None:
        raise Http404
    return _page(request, row, problem="")


@never_cache
@require_POST
def start(request: HttpRequest, slug: str) -> HttpResponse:
    """Subscribe and go to sign the mandate; with trouble, the plan's page again."""
    row = plan_on_sale(slug)
    if row is None:
        raise Http404
    user = request.user
    if not user.is_authenticated:
        return redirect_to_login(reverse("orders:plan", args=[slug]))
    if not switches.is_on(ACCEPT):
        return _page(request, row, problem=_("The shop takes no new orders at the moment."))
    try:
        started = start_subscription(
            wish=_wish(request, slug), now=clock.now(), acting=acting(request)
        )
    except AlreadySubscribed as known:
        messages.info(request, _("You have this subscription already."))
        return SeeOther(reverse("orders:subscription", args=[known.subscription]))
    except (
        Consent,
        NotBuyable,
        NotOnSale,
        NoMandates,
        TermsChanged,
        NotUpgradable,
        KeyError,
    ) as no:
        return _page(request, row, problem=_sorry(no))
    page = reverse("orders:subscription", args=[started.subscription])
    return SeeOther(started.address or page)


class NoContact(Consent):
    """Somebody who cannot be told about a charge cannot agree to one."""


def _wish(request: HttpRequest, slug: str) -> Wish:
    user, data = request.user, request.POST
    assert user.is_authenticated, "the view has looked"
    token = str(data.get("form_token", ""))[:64]
    if len(token) < SHORTEST_TOKEN:
        raise TermsChanged
    if not verified_contacts(user):
        raise NoContact
    return Wish(
        slug=slug,
        shown=str(data.get("shown", ""))[:32],
        user=user,
        channel=channel_of(request),
        form_token=token,
        provider=str(data.get("provider", ""))[:24],
        language=get_language() or "zh-hans",
        terms_version=TERMS_VERSION,
        consent=bool(data.get("consent")),
        renewal_consent=bool(data.get("renewal")),
        inputs=inputs_of(data),
        replaces=str(data.get("from", ""))[:24],
    )


def _sorry(no: Exception) -> str:
    if isinstance(no, NoContact):
        return _("Please verify a phone or a mail address in your account first.")
    if isinstance(no, Consent):
        return _("Please agree to both: delivery at once, and the automatic charges.")
    if isinstance(no, NotBuyable):
        return str(no.quote.problems[0].message)
    if isinstance(no, (NoMandates, KeyError)):
        return _("No way to pay here allows automatic charges at the moment.")
    if isinstance(no, NotUpgradable):
        return _("Your present subscription cannot be changed to this one.")
    return _("The plan has changed since you looked. Please read it again.")


def _page(request: HttpRequest, row: Plan, *, problem: str) -> HttpResponse:
    now, channel, user = clock.now(), channel_of(request), request.user
    good = find_offer(row.sku.code, channel, now)
    if good is None:
        raise Http404
    source = request.POST if request.method == "POST" else request.GET
    old = str(source.get("from", ""))[:24] if user.is_authenticated else ""
    terms = terms_for(row, user_id=_user_id(request), changing=bool(old))
    change = _change(request, terms, old, now)
    terms = terms if change or not old else terms_for(row, user_id=_user_id(request))
    inputs = inputs_of(request.POST) if request.method == "POST" else {}
    priced = preview(
        terms=terms, channel=channel, user=user if user.is_authenticated else None, inputs=inputs,
        now=now, credit_minor=change.credit.credit_minor if change else 0,
    )  # fmt: skip
    stop = next((p for p in priced.problems if p.key != "input"), None)
    language = get_language() or ""
    fields = [input_shown(spec, language) for spec in good.inputs]
    providers = [p for p in registry.offered() if p.mandates is not None]
    context = {
        **_card(row, terms, good, now, channel),
        "plan": row,
        "shown": terms.sha,
        "fields": [{**field, "value": inputs.get(field["name"][3:], "")} for field in fields],
        "first_minor": priced.total_minor,
        "currency": priced.currency,
        "change": change,
        "notice_days": NOTICE_DAYS,
        "problem": problem,
        "stop": stop.message if stop else "",
        "providers": [
            {"code": p.code, "label": p.title, "text": p.text, "chosen": p is providers[0]}
            for p in providers
        ],
        "form_token": new_token(),
        "live": live_of(user.pk, row) if user.is_authenticated else None,
    }
    status = UNPROCESSABLE if problem else 200
    return render(request, "orders/plan.html", context, status=status)


def _change(request: HttpRequest, terms: PlanTerms, old: str, now: datetime) -> Change | None:
    if not request.user.is_authenticated:
        return None
    try:
        return change_of(old, user=request.user, terms=terms, on=today(now))
    except NotUpgradable:
        return None


def _card(row: Plan, terms: PlanTerms, good: Offer, now: datetime, channel: Any) -> dict[str, Any]:
    """What a plan is in words: face, phases, the next charge."""
    gifts = {
        phase.gift: found
        for phase in terms.phases
        if phase.gift and (found := find_offer(phase.gift, channel, now)) is not None
    }
    second = span_of(terms.phases, number=2, anchor=today(now))
    return {
        "url": reverse("orders:plan", args=[row.slug]),
        "title": (row.name_en if english() else "") or row.name,
        "good": good.product_title_en if english() else good.product_title,
        "sku_title": good.sku_title_en if english() else good.sku_title,
        "face": offer_face(good, get_language() or ""),
        "phases": phases_shown(terms.phases, gifts),
        "currency": good.currency,
        "next_on": second.start if second else None,
        "next_minor": second.phase.price_minor if second else 0,
        "next_length": length_words(second.phase) if second else "",
    }


def _user_id(request: HttpRequest) -> int | None:
    return request.user.pk if request.user.is_authenticated else None
