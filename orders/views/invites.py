"""A person's invite link and whom they brought, and the page a friend's link opens."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Page, Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from accounts.models import User
from accounts.queries import masked_names
from core import clock
from fulfillment.addresses import site
from fulfillment.views.keeping import device_of, name_device
from orders.models import Invite, InviteLink, InviteProgramme
from orders.queries.invites import invites_of, live_programme, rewards_by_subject
from orders.services.rewards.bind_invite import note_device, own_link
from orders.services.rewards.reward_invites import friend_terms, inviter_terms
from orders.views.invite_cookie import keep_visit
from orders.views.line import english
from orders.views.reward_words import invite_words, points_words, terms_words

PER_PAGE = 20


@never_cache
@login_required
@require_GET
def invite(request: HttpRequest) -> HttpResponse:
    """The person's own link, and how far those who came by it are."""
    user: User = request.user  # type: ignore[assignment]
    now, owner = clock.now(), user.public_id
    link = own_link(owner=owner, now=now).public_id
    note_device(owner=owner, device=device_of(request), now=now)
    page: Page[Any] = Paginator(invites_of(owner), PER_PAGE).get_page(request.GET.get("page"))
    programme = live_programme(now)
    context = {
        "link": site(reverse("orders:invited", args=[link])),
        "programme": _shown(programme) if programme else None,
        "page": page,
        "friends": _friends(list(page.object_list), owner),
    }
    response = render(request, "orders/invite.html", context)
    name_device(request, response)
    return response


@never_cache
@require_GET
def invited(request: HttpRequest, invite_id: str) -> HttpResponse:
    """What a friend's link opens; the browser carries it until its person has an account."""
    link = InviteLink.objects.filter(public_id=invite_id).first()
    if link is None:
        raise Http404
    now = clock.now()
    programme = live_programme(now)
    user = request.user
    context = {
        "inviter": masked_names([link.owner]).get(link.owner, ""),
        "programme": _shown(programme) if programme else None,
        "own": user.is_authenticated and user.public_id == link.owner,
    }
    response = render(request, "orders/invited.html", context)
    if not user.is_authenticated:
        keep_visit(response, link.public_id, now=now)
    name_device(request, response)
    return response


def _shown(programme: InviteProgramme) -> dict[str, Any]:
    return {
        "name": (english() and programme.name_en) or programme.name,
        "inviter": terms_words(inviter_terms(programme)),
        "friend": terms_words(friend_terms(programme)),
        "days": programme.wait_days,
        "minimum_minor": programme.minimum_minor if programme.minimum_minor > 1 else 0,
        "per_month": programme.per_month,
        "ends_at": programme.ends_at,
    }


def _friends(rows: list[Invite], owner: str) -> list[dict[str, Any]]:
    names = masked_names([row.friend for row in rows])
    got = rewards_by_subject([row.public_id for row in rows], owner)
    return [
        {
            "name": names.get(row.friend, "*"), "at": row.created_at, "state": row.state,
            "words": invite_words(row.state, row.reason), "due_at": row.not_before,
            "got": _got(got.get(row.public_id)),
        }
        for row in rows
    ]  # fmt: skip


def _got(reward: Any) -> str:
    if reward is None:
        return ""
    return points_words(reward.points) if reward.points else "✓"
