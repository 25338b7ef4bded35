"""A lottery's pages: the draw itself, one's own draws, and the proof for everybody."""

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core import signing
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from accounts.models import User
from core import clock
from core.ids import new_token
from fulfillment.addresses import site
from orders.forms import ChanceCodeForm, DrawForm
from orders.models import Draw, Lottery
from orders.queries.lotteries import (
    DRAWS_SHOWN,
    chances_of,
    draws_of,
    lotteries_shown,
    lottery_by_slug,
    newest_draws,
    proof,
)
from orders.services.lotteries.draw_prize import Entry, NoChance, NotRunning, draw_prize
from orders.services.lotteries.earn_chance import NoSuchCode, day_of, earn_by_code
from orders.views.cart import channel_of
from orders.views.lottery_showing import (
    draw_shown,
    lottery_shown,
    named,
    prizes_shown,
)
from orders.views.order import SeeOther

MINE_SHOWN = 20
UNPROCESSABLE = 422


@never_cache
@require_GET
def lotteries(request: HttpRequest) -> HttpResponse:
    """Those that run in this channel."""
    now = clock.now()
    rows = lotteries_shown(channel_id=channel_of(request).id, now=now)
    shown = [lottery_shown(row, now=now) for row in rows[:MINE_SHOWN]]
    return render(request, "orders/lotteries.html", {"lotteries": shown})


@never_cache
@require_GET
def lottery(request: HttpRequest, slug: str) -> HttpResponse:
    """Prizes with their odds, the draw, and the reader's own draws."""
    row = _row(request, slug)
    drawn = _own_draw(request, row, request.GET.get("drawn", ""))
    return render(request, "orders/lottery.html", _context(request, row, drawn))


@never_cache
@login_required
@require_POST
def draw(request: HttpRequest, slug: str) -> HttpResponse:
    """Draw once. With htmx the answer is the changed part of the page alone."""
    row, form = _row(request, slug), DrawForm(request.POST)
    if not form.is_valid():
        messages.error(request, _("Type a few words of your own first: they are part of the draw."))
        return _again(request, row, None)
    user: User = request.user  # type: ignore[assignment]
    said = form.cleaned_data
    entry = Entry(
        user_id=user.pk, owner=user.public_id, words=said["words"], form_token=said["form_token"],
        sharer=_sharer(said["sharer"], row),
    )  # fmt: skip
    try:
        found = draw_prize(lottery=row, entry=entry, now=clock.now())
    except NoChance:
        messages.error(request, _("You have no chance left at the moment."))
        return _again(request, row, None)
    except NotRunning:
        messages.error(request, _("Nothing can be drawn here now. Your chances are untouched."))
        return _again(request, row, None)
    return _again(request, row, found)


@never_cache
@login_required
@require_POST
def code(request: HttpRequest, slug: str) -> HttpResponse:
    """A published code for a chance."""
    row, form = _row(request, slug), ChanceCodeForm(request.POST)
    try:
        typed = form.cleaned_data["code"] if form.is_valid() else ""
        user: User = request.user  # type: ignore[assignment]
        earned = earn_by_code(lottery=row, owner=user.public_id, code=typed, now=clock.now())
    except NoSuchCode:
        messages.error(request, _("This is not a code of this draw, or it was tried too often."))
    else:
        if earned:
            messages.success(request, _("You have one chance more."))
        else:
            messages.info(request, _("You have used this code, or have all the chances there are."))
    return SeeOther(reverse("orders:lottery", args=[slug]))


@never_cache
@require_GET
def proof_page(request: HttpRequest, slug: str) -> HttpResponse:
    """Commitment, table, seed and every draw: what a stranger needs, as a page."""
    row = _row(request, slug)
    page = Paginator(newest_draws(row), DRAWS_SHOWN).get_page(request.GET.get("page"))
    file = site(reverse("orders:lottery_proof_file", args=[slug]))
    draws = [(one.number, one.client, named(one.prize), one.at) for one in page.object_list]
    context = {
        "lottery": lottery_shown(row, now=clock.now()), "prizes": prizes_shown(row),
        "table": row.table_text, "page": page, "draws": draws, "file": file,
        "lottery_id": row.public_id,
    }  # fmt: skip
    return render(request, "orders/lottery_proof.html", context)


@never_cache
@require_GET
def proof_file(request: HttpRequest, slug: str) -> HttpResponse:
    """The same for a program: docs/clients/verify_lottery.py or any like it."""
    response = JsonResponse(proof(_row(request, slug)), json_dumps_params={"ensure_ascii": False})
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _row(request: HttpRequest, slug: str) -> Lottery:
    row = lottery_by_slug(slug, channel_id=channel_of(request).id)
    if row is None:
        raise Http404
    return row


def _own_draw(request: HttpRequest, row: Lottery, public_id: str) -> Draw | None:
    if not request.user.is_authenticated or not public_id:
        return None
    return draws_of(row, request.user.public_id).filter(public_id=public_id).first()


def _again(request: HttpRequest, row: Lottery, drawn: Draw | None) -> HttpResponse:
    """The page with the result: its changed part for htmx, else by way of the address."""
    row.refresh_from_db()
    if request.headers.get("HX-Request"):
        return render(request, "orders/_lottery_play.html", _context(request, row, drawn))
    address = reverse("orders:lottery", args=[row.slug])
    tail = f"?{urlencode({'drawn': drawn.public_id})}#play" if drawn else "#play"
    return SeeOther(address + tail)


def _context(request: HttpRequest, row: Lottery, drawn: Draw | None) -> dict[str, Any]:
    now = clock.now()
    owner = request.user.public_id if request.user.is_authenticated else ""
    mine = draws_of(row, owner).select_related("hit")[:MINE_SHOWN] if owner else []
    page = reverse("orders:lottery", args=[row.slug])
    return {
        "lottery": lottery_shown(row, now=now),
        "prizes": prizes_shown(row, hit=drawn.prize.key if drawn else ""),
        "chances": chances_of(row, owner, day=day_of(now)),
        "drawn": draw_shown(drawn) if drawn else None,
        "mine": [draw_shown(one) for one in mine],
        "form_token": new_token(),
        "sharer": request.GET.get("from", "") or request.POST.get("sharer", ""),
        "share_url": site(f"{page}?{urlencode({'from': _mark(owner, row)})}") if owner else "",
        "page_url": page,
        "heard": bool(request.headers.get("HX-Request")),
    }


def _mark(owner: str, row: Lottery) -> str:
    """By which a link names who shared it; signed, so that nobody names somebody else."""
    return signing.dumps(owner, salt=_salt(row))


def _sharer(mark: str, row: Lottery) -> str:
    """Who shared a link; "" for a mark that is none of ours."""
    try:
        return str(signing.loads(mark, salt=_salt(row)))
    except signing.BadSignature:
        return ""


def _salt(row: Lottery) -> str:
    return f"orders.lottery:{row.public_id}"
