"""A code becomes what it stands for: used once for ever, by one click, guessed by nobody."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, connection
from django.db.models import TextChoices
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from core import limits, transitions
from core.crypto import seal
from core.faults import crashpoint, guard_off
from core.tx import part, step
from fulfillment.vouchers.codes import read_code
from orders.models import Exchange, ExchangeBatch, ExchangeCode
from orders.prizes import PRIZES
from orders.services.exchange.open_batch import code_index
from orders.services.lotteries.hand_over import gift_of_exchange, hand_over_one
from orders.states import AwardState, BatchState
from risk.values import ip_key, masked, normal, value_index

WRONG_FROM_ADDRESS = 20
WRONG_BY_PERSON = 10
WINDOW_SECONDS = 3600
SHORTEST_TOKEN = 16

_TAKE = """
update orders_exchangecode set used_at = %(now)s
where id = %(code)s and used_at is null and exists (
    select 1 from orders_exchangebatch b where b.id = batch_id and b.state = 'live')
"""


class Refusal(TextChoices):
    """Why a code is refused, as a sentence. Who has no code learns only the first one."""

    UNKNOWN = "unknown", _("This is not a code of ours. Please compare it letter by letter.")
    LIMITED = "limited", _("Too many codes were wrong. Please come back in an hour.")
    USED = "used", _("This code has been used already, on %(day)s.")
    EARLY = "early", _("This code can be used from %(day)s on.")
    LATE = "late", _("This code could be used until %(day)s.")
    FROZEN = "frozen", _("This code is blocked at the moment. Please ask the shop.")
    PERSON = "person", _("You have used as many codes of this kind as one person may.")
    ACCOUNT = "account", _("Please sign in first: what this code gives belongs to an account.")
    NOT_NOW = (
        "not_now",
        _("It cannot be handed out right now, and your code is untouched. %(reason)s"),
    )
    FORM = "form", _("This page was used before. Please look at it again.")


class CodeRefused(Exception):
    """The code does nothing; `words` is for whoever typed it, in the active language."""

    def __init__(self, why: Refusal, **params: str) -> None:
        super().__init__(why.value)
        self.why = why
        self.params = params

    @property
    def words(self) -> str:
        return str(self.why.label) % self.params if self.params else str(self.why.label)


@dataclass(frozen=True, slots=True)
class Redeemer:
    """Who redeems: an account, or a guest by a contact. `form_token` makes one exchange for ever."""

    contact_kind: str
    contact: str = field(repr=False)
    form_token: str
    language: str
    ip: str
    user_id: int | None = None
    owner: str = ""

    @property
    def person(self) -> str:
        """By what limits per person count: the account, else the contact's keyed hash."""
        contact = normal(self.contact_kind, self.contact)
        return self.owner or value_index(self.contact_kind, contact).hex()[:32]


def redeem_code(*, text: str, by: Redeemer, now: datetime) -> Exchange:
    """Redeem the code; the same form answers with the same exchange, however often it comes.

    What it stands for is handed over at once when that is possible, else from its own row. Wrong
    codes are counted in PostgreSQL, by address (20 an hour) and by person (10). Raises CodeRefused,
    risk.values.NotAValue (contact); then the code is untouched. Source: M9, R-LIM.
    """
    contact = normal(by.contact_kind, by.contact)
    plain = read_code(text)
    if found := _done_before(by):
        return found
    if len(by.form_token) < SHORTEST_TOKEN:
        raise CodeRefused(Refusal.FORM)
    try:
        code = _find(plain, by, now)
        _judge(code, by, now)
        row = _new_exchange(code, by, contact, now)
        _refuse_hindered(row, now)
        with step():
            _take(code, row, by, now)
    except (IntegrityError, CodeRefused):
        # The second of two clicks at one moment finds what the first one made.
        if found := _done_before(by):
            return found
        raise
    crashpoint("CP_EXCHANGE")
    hand_over_one(row, now=now)
    row.refresh_from_db()
    return row


def _done_before(by: Redeemer) -> Exchange | None:
    rows = Exchange.objects.select_related("batch__sku", "batch__channel")
    return rows.filter(form_token=by.form_token, owner=by.owner).first()


def _keys(by: Redeemer) -> dict[str, int]:
    return {
        f"exchange:ip:{ip_key(by.ip)}": WRONG_FROM_ADDRESS,
        f"exchange:by:{by.person}": WRONG_BY_PERSON,
    }


def _find(plain: str, by: Redeemer, now: datetime) -> ExchangeCode:
    """The code, by the same work and with the same answer for every text that is none."""
    keys = _keys(by)
    for key, most in keys.items():
        if not limits.left(key, limit=most, seconds=WINDOW_SECONDS, now=now):
            raise CodeRefused(Refusal.LIMITED)
    rows = ExchangeCode.objects.select_related("batch__sku", "batch__channel")
    code = rows.filter(index=code_index(plain)).first()
    if code is not None:
        return code
    with step():
        for key, most in keys.items():
            limits.hit(key, limit=most, seconds=WINDOW_SECONDS, now=now)
    raise CodeRefused(Refusal.UNKNOWN)


def _judge(code: ExchangeCode, by: Redeemer, now: datetime) -> None:
    batch = code.batch
    if code.used_at is not None and not guard_off("exchange.code"):
        raise CodeRefused(Refusal.USED, day=_day(code.used_at))
    if batch.state != BatchState.LIVE:
        raise CodeRefused(Refusal.FROZEN)
    if batch.starts_at is not None and now < batch.starts_at:
        raise CodeRefused(Refusal.EARLY, day=_day(batch.starts_at))
    if batch.ends_at is not None and now >= batch.ends_at:
        raise CodeRefused(Refusal.LATE, day=_day(batch.ends_at))
    if PRIZES.get(batch.kind).needs_account and not by.owner:
        raise CodeRefused(Refusal.ACCOUNT)


def _day(moment: datetime) -> str:
    return localtime(moment).strftime("%Y-%m-%d %H:%M")


def _new_exchange(code: ExchangeCode, by: Redeemer, contact: str, now: datetime) -> Exchange:
    """The row to be, not written yet. The view holds its lease: it hands over what it has taken."""
    row = Exchange(
        code=code, batch=code.batch, form_token=by.form_token, user_id=by.user_id, owner=by.owner,
        contact_kind=by.contact_kind, language=by.language,
        contact_masked=masked(by.contact_kind, contact)[:120], state_at=now, created_at=now,
        not_before=now, lease_until=now + timedelta(seconds=settings.LEASE_SECONDS),
    )  # fmt: skip
    row.contact_sealed = seal(contact, context=row.context)
    return row


def _refuse_hindered(row: Exchange, now: datetime) -> None:
    """What is known to be impossible now is said before the code is used."""
    look = PRIZES.get(row.batch.kind).hindrance
    if look and (reason := look(gift=gift_of_exchange(row), now=now)):
        raise CodeRefused(Refusal.NOT_NOW, reason=reason)


@part
def _take(code: ExchangeCode, row: Exchange, by: Redeemer, now: datetime) -> None:
    """Use the code and write down by whom. Raises CodeRefused."""
    batch = code.batch
    if not _take_code(code, now):
        still = ExchangeBatch.objects.filter(pk=batch.pk, state=BatchState.LIVE).exists()
        raise CodeRefused(Refusal.USED, day=_day(now)) if still else CodeRefused(Refusal.FROZEN)
    if batch.per_person is not None:
        key = f"exchange:{batch.public_id}:{by.person}"
        if not limits.take(key, units=1, limit=batch.per_person):
            raise CodeRefused(Refusal.PERSON)
    row.save(force_insert=True)
    transitions.begin(
        entity="exchange", subject=row.public_id, state=AwardState.WAITING, now=now,
        by=f"user:{by.owner}" if by.owner else "guest",
    )  # fmt: skip


def _take_code(code: ExchangeCode, now: datetime) -> bool:
    if guard_off("exchange.code"):
        return ExchangeCode.objects.filter(pk=code.pk).update(used_at=now) == 1
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {"code": code.pk, "now": now})
        return int(cursor.rowcount) == 1
