"""Two years of made-up daily sales with trend, week, holidays, promotions, noise and sold-out days.

Fixed before any model was written and the same for ever (one seed): models are judged by it and not
the other way round. Its shapes are deliberately not those of a model: holidays ramp up and dip,
promotions are followed by a hangover, noise is wider than chance, one SKU jumps, one repeats itself.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np

from fulfillment.purchasing.series import Occasion, Series

SEED = 20261122
FIRST = date(2024, 11, 1)
DAYS = 730
Rng = np.random.Generator
Shape = Callable[[np.ndarray, Rng], np.ndarray]

# Public holidays and the two great sales: first and last day of each.
CALENDAR: tuple[tuple[str, str, str], ...] = (
    ("double11", "2024-11-08", "2024-11-12"), ("new_year", "2025-01-01", "2025-01-01"),
    ("spring_festival", "2025-01-28", "2025-02-04"), ("qingming", "2025-04-04", "2025-04-06"),
    ("labor_day", "2025-05-01", "2025-05-05"), ("618", "2025-06-15", "2025-06-18"),
    ("national_day", "2025-10-01", "2025-10-08"), ("double11", "2025-11-08", "2025-11-12"),
    ("new_year", "2026-01-01", "2026-01-03"), ("spring_festival", "2026-02-16", "2026-02-23"),
    ("qingming", "2026-04-04", "2026-04-06"), ("labor_day", "2026-05-01", "2026-05-05"),
    ("618", "2026-06-15", "2026-06-18"), ("national_day", "2026-10-01", "2026-10-07"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Kind:
    """How one SKU sells. ``noise`` is the variance beyond chance, as a share of the mean squared."""

    key: str
    level: float
    week: tuple[float, ...] = (0.92, 0.9, 0.92, 0.98, 1.08, 1.15, 1.05)
    trend: Shape = lambda t, _rng: np.ones_like(t)
    sales: float = 0.0
    gifts: float = 0.0
    promotions: int = 0
    noise: float = 0.03
    sold_out: int = 0
    days: int = DAYS


def _grow(total: float) -> Shape:
    return lambda t, _rng: total ** (t / DAYS)


def _jump(t: np.ndarray, rng: Rng) -> np.ndarray:
    return np.where(t < rng.integers(420, 520), 1.0, 1.7)


def _wander(t: np.ndarray, rng: Rng) -> np.ndarray:
    return np.exp(np.cumsum(rng.normal(0, 0.03, t.size)))


KINDS: tuple[Kind, ...] = (
    Kind("steady", 120, trend=_grow(1.2), sales=0.3, gifts=0.1),
    Kind("growing", 30, trend=_grow(3.0), sales=0.5),
    Kind("fading", 80, trend=_grow(0.35), sales=0.3),
    Kind("gift-card", 60, sales=1.6, gifts=1.2, trend=_grow(1.3)),
    Kind("member-month", 45, sales=2.0, promotions=10, trend=_grow(1.5)),
    Kind("promoted", 40, promotions=16, noise=0.05),
    Kind("office", 25, week=(1.35, 1.3, 1.3, 1.25, 1.1, 0.35, 0.35)),
    Kind("jumping", 50, trend=_jump),
    Kind("wandering", 70, trend=_wander, noise=0.01),
    Kind("short-of-stock", 35, sales=0.8, sold_out=8),
    Kind("newcomer", 20, trend=_grow(20.0), days=75),
    Kind("modest", 4, sales=0.5),
)  # fmt: skip


def occasions(key: str = "") -> list[Occasion]:
    """The calendar, and with ``key`` that SKU's own promotions, which are planned and so known ahead."""
    rows = [Occasion(k, date.fromisoformat(a), date.fromisoformat(b)) for k, a, b in CALENDAR]
    return rows + _promotions(key) if key else rows


def all_series() -> list[Series]:
    """Every SKU's two years: the twelve kinds, two slow ones, and one that repeats its week."""
    made = [_sell(kind) for kind in KINDS]
    return [*made, _slow("slow", 0.18, 1, 3), _slow("lumpy", 0.06, 8, 40), _repeating()]


def _rng(key: str) -> Rng:
    return np.random.default_rng([SEED, *key.encode()])


def _promotions(key: str) -> list[Occasion]:
    kind = next((kind for kind in KINDS if kind.key == key), None)
    if kind is None or not kind.promotions:
        return []
    rng = _rng(f"{key}:promotions")
    starts = sorted(int(day) for day in rng.choice(DAYS + 60, kind.promotions, replace=False))
    return [
        Occasion("promotion", _date(day), _date(day + int(rng.integers(2, 5)))) for day in starts
    ]


def _sell(kind: Kind) -> Series:
    rng = _rng(kind.key)
    skip = DAYS - kind.days
    t = np.arange(DAYS, dtype=float)
    weekday = np.array([_date(i).weekday() for i in range(DAYS)])
    mean = kind.level * np.array(kind.week)[weekday] * kind.trend(t, rng)
    mean = mean * _holidays(kind, t) * _promoted(kind, t, rng)
    # Poisson on a gamma: counts that vary more than chance alone.
    shape = 1 / kind.noise
    units = rng.poisson(rng.gamma(shape, mean / shape))
    values: list[int | None] = [int(n) for n in units[skip:]]
    for _ in range(kind.sold_out):
        at = int(rng.integers(30, len(values) - 30))
        for day in range(at, at + int(rng.integers(2, 7))):
            values[day] = None
    return Series(kind.key, _date(skip), tuple(values))


def _holidays(kind: Kind, t: np.ndarray) -> np.ndarray:
    factor = np.ones_like(t)
    for key, first, last in CALENDAR:
        a, b = (float((date.fromisoformat(day) - FIRST).days) for day in (first, last))
        if key in ("618", "double11"):
            # Up towards the last day, then everybody has bought.
            rise = np.clip((t - a + 1) / (b - a + 1), 0, 1) * (t <= b)
            factor += kind.sales * rise
            factor *= 1 - min(0.3, kind.sales / 4) * ((t > b) & (t <= b + 4))
        elif key == "spring_festival":
            factor += kind.gifts * np.exp(-(((t - a + 3) / 4) ** 2))
            factor *= 1 - 0.25 * ((t >= a + 2) & (t <= b))
        else:
            factor += 0.35 * kind.gifts * ((t >= a) & (t <= b))
    return factor


def _promoted(kind: Kind, t: np.ndarray, rng: Rng) -> np.ndarray:
    factor = np.ones_like(t)
    for each in _promotions(kind.key):
        a, b = ((day - FIRST).days for day in (each.starts_on, each.ends_on))
        factor *= np.where((t >= a) & (t <= b), rng.uniform(1.6, 2.6), 1.0)
        factor *= np.where((t > b) & (t <= b + 2), 0.85, 1.0)
    return factor


def _slow(key: str, chance: float, least: int, most: int) -> Series:
    rng = _rng(key)
    sold = rng.random(DAYS) < chance * np.linspace(0.8, 1.2, DAYS)
    sizes = rng.integers(least, most + 1, DAYS)
    return Series(key, FIRST, tuple(int(n) for n in np.where(sold, sizes, 0)))


def _repeating() -> Series:
    """Standing orders: last week again, now and then one customer more or fewer."""
    rng = _rng("repeating")
    week = rng.integers(5, 30, 7)
    values: list[int] = []
    for _ in range(DAYS):
        weekday = len(values) % 7
        if rng.random() < 0.03:
            week[weekday] = max(0, week[weekday] + int(rng.integers(-8, 9)))
        values.append(int(week[weekday]))
    return Series("repeating", FIRST, tuple(values))


def _date(place: int) -> date:
    return FIRST + timedelta(days=place)


def rows(made: Sequence[Series]) -> list[tuple[str, str, str]]:
    """The same as lines of a CSV: sku, date, units. A sold-out day has no line."""
    return [
        (series.key, series.day(place).isoformat(), str(units))
        for series in made
        for place, units in enumerate(series.units)
        if units is not None
    ]
