"""Facts that go into a routing decision, and the decision that comes out. Money in minor units."""

from dataclasses import dataclass
from datetime import datetime

FIXED, CHEAPEST, WEIGHTED, FASTEST = "fixed", "cheapest", "weighted", "fastest"
WHOLE_BP = 10_000
DEFAULT_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters of one SKU's policy; the defaults are those of a SKU without a row.

    ``margin_floor_bp`` and ``price_guard_bp`` are hundredths of a percent, of what the buyer paid and
    of the offer's known cost. The greater of the two floors counts.
    """

    policy: str = FIXED
    max_attempts: int = DEFAULT_ATTEMPTS
    margin_floor_minor: int = 0
    margin_floor_bp: int = 0
    price_guard_bp: int | None = None
    overflow: bool = True


@dataclass(frozen=True, slots=True)
class Health:
    """How a supplier is, at one moment.

    ``paused_until``: its breaker is open. ``probes_left``: half open, so many calls may try; None
    when it is closed. ``paced_until``: its rate limit admits nobody before. ``speed_ms``: the median
    time from sent to delivered; None when it was never measured.
    """

    on: bool = True
    paused_until: datetime | None = None
    probes_left: int | None = None
    calls_free: int = 1
    paced_until: datetime | None = None
    prepaid_minor: int = 0
    speed_ms: int | None = None


@dataclass(frozen=True, slots=True)
class OfferFacts:
    """One offer of a SKU with its supplier's health and what it said about this unit before.

    ``refused``: a listed, definite no. ``unreached_until``: the last try never left; not again
    before this.
    """

    offer: int
    supplier: int
    code: str
    name: str
    supplier_sku: str
    cost_minor: int
    max_cost_minor: int
    currency: str = "CNY"
    position: int = 1
    weight: int = 1
    health: Health = Health()
    refused: bool = False
    unreached_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """What is to be bought. ``seed`` makes a draw by weight repeatable.

    ``paid_minor``: what the buyer paid for it, subsidies included; None when nobody said.
    ``asked``: suppliers that refused it so far.
    """

    seed: str
    paid_minor: int | None = None
    paid_currency: str = "CNY"
    asked: int = 0


@dataclass(frozen=True, slots=True)
class Considered:
    """An offer at its place, with the reason why it is passed over; no reason: it can be asked.

    ``limit_minor`` is the most a purchase there may cost now; ``until`` when the reason may be over.
    """

    facts: OfferFacts
    limit_minor: int
    why: str = ""
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Route:
    """All offers in the order of asking. ``why`` says why nobody is asked now; empty otherwise.

    ``no_offer`` nobody sells it · ``refused`` all said no, or as many as the policy allows ·
    ``margin``, ``price_guard``, ``currency`` it would lose money: a person's matter · the rest may
    be over by itself: ``supplier_off``, ``breaker``, ``out_of_reach``, ``busy``, ``paced``, ``no_funds``.
    """

    policy: str
    considered: tuple[Considered, ...] = ()
    why: str = ""

    @property
    def ready(self) -> tuple[Considered, ...]:
        """Those that can be asked, first to last; none when the unit has to wait."""
        return () if self.why else tuple(one for one in self.considered if not one.why)
