"""A small drawing of what was sold and what is expected: points for an SVG, nothing else."""

from collections.abc import Sequence
from dataclasses import dataclass

from fulfillment.purchasing.outlook import Outlook

WIDTH, HEIGHT = 360, 72
PAST_DAYS, AHEAD_DAYS = 42, 28
#: Space above the highest point.
AIR = 1.08


@dataclass(frozen=True, slots=True)
class Chart:
    """Texts for `points` attributes; ``gaps`` are (left edge, width) of sold-out days."""

    past: str
    expected: str
    band: str
    today: float
    top: int
    gaps: tuple[tuple[float, float], ...]
    width: int = WIDTH
    height: int = HEIGHT


def draw(past: Sequence[int | None], outlook: Outlook, *, stretch_to: int = AHEAD_DAYS) -> Chart:
    """The last PAST_DAYS days and ``stretch_to`` days ahead with their range."""
    days = list(past[-PAST_DAYS:])
    ahead = min(stretch_to, len(outlook.mean))
    step = WIDTH / max(1, PAST_DAYS + ahead - 1)
    high, low = outlook.high[:ahead], outlook.low[:ahead]
    top = max([1, *high, *(n for n in days if n is not None)]) * AIR
    first = PAST_DAYS - len(days)

    def at(place: int, units: float) -> str:
        return f"{place * step:.1f},{HEIGHT - units / top * HEIGHT:.1f}"

    upper = [at(PAST_DAYS + i, n) for i, n in enumerate(high)]
    lower = [at(PAST_DAYS + i, n) for i, n in enumerate(low)]
    return Chart(
        past=" ".join(at(first + i, n) for i, n in enumerate(days) if n is not None),
        expected=" ".join(at(PAST_DAYS + i, n) for i, n in enumerate(outlook.mean[:ahead])),
        band=" ".join([*upper, *reversed(lower)]),
        today=round((PAST_DAYS - 0.5) * step, 1),
        top=round(top / AIR),
        gaps=tuple(
            (round((first + i - 0.5) * step, 1), round(step, 1))
            for i, n in enumerate(days)
            if n is None
        ),
    )
