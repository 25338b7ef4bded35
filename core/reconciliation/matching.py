"""Which line is which entry, by our number, then by theirs; what is left over is a break. Pure.

Nothing is "close enough": an amount is equal or it is not. A line may stand in the neighboring
day's statement without being a break; further away it is one (`timing`).
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date

from core.models.comparison import BreakKind
from core.models.statement import StatementLine
from core.reconciliation.values import DAY, EDGE, Break, Expect, Line, Own, Result, day_bounds

Outcome = StatementLine.Outcome
# Which kind a line must be by its sign; others may have either.
Signs = Mapping[str, int]


class Matching:
    """One day's comparison. `theirs` and `ours` may reach beyond the day; only what belongs to
    the day is judged, so every break is found in exactly one run.
    """

    def __init__(self, day: date, *, covered: Collection[date], signs: Signs) -> None:
        self.day, self.covered, self.signs = day, covered, signs
        self.result = Result()
        self._used: set[int] = set()

    def run(self, theirs: Sequence[Line], ours: Sequence[Own]) -> Result:
        """Judge every line and entry of the day."""
        lines = sorted(theirs, key=lambda line: (line.day, line.position))
        by_number: dict[str, list[Line]] = defaultdict(list)
        for line in lines:
            by_number[line.number].append(line)
        groups: dict[str, list[Own]] = defaultdict(list)
        for own in ours:
            groups[own.number].append(own)
        left: list[Own] = list(groups.pop("", []))
        for number, owns in groups.items():
            left += self._group(owns, by_number.get(number, []))
        left = self._by_their_number(left, lines)
        left = self._without_number(left, lines)
        for line in lines:
            if line.pk not in self._used:
                self._break(BreakKind.MISSING_OURS, line, None)
        for own in left:
            self._absent(own)
        self._count(lines, ours)
        return self.result

    # --- one number ------------------------------------------------------------------------------

    def _group(self, owns: list[Own], lines: list[Line]) -> list[Own]:
        """Judge what is known under one number of ours; returns entries nobody has a line for."""
        expect = owns[0].expect
        if expect is Expect.OPEN:
            for line in lines:
                self._say(line, Outcome.OPEN)
            return []
        if expect is Expect.NEVER:
            for line in lines:
                self._break(BreakKind.STATE, line, owns[0])
            return []
        if expect is Expect.CANCELS:
            self._cancels(owns[0], lines)
            return []
        if self._nets(owns, lines):
            for line in lines:
                self._match(line, owns[0])
            return []
        return self._pair_all(owns, lines)

    def _nets(self, owns: list[Own], lines: list[Line]) -> bool:
        """Several honest lines that come to what we have: charged for two, one given back."""
        several = len(lines) > len(owns) and len({line.kind for line in lines}) > 1
        if not several or len(set(map(_identity, lines))) < len(lines):
            return False
        signed = all(self._sign_fits(line) for line in lines)
        total = sum(own.amount_minor or 0 for own in owns)
        same = {line.currency for line in lines} == {owns[0].currency}
        return signed and same and sum(line.amount_minor for line in lines) == total

    def _pair_all(self, owns: list[Own], lines: list[Line]) -> list[Own]:
        waiting = list(owns)
        rest = list(lines)
        for fits in (_same_amount, _same_kind):
            for own in list(waiting):
                line = next((each for each in rest if fits(each, own)), None)
                if line is not None:
                    self._pair(line, own)
                    rest.remove(line)
                    waiting.remove(own)
        for line in rest:
            if line.kind in {own.kind for own in owns if own not in waiting}:
                self._break(BreakKind.DUPLICATE, line, _of_kind(owns, line.kind))
            else:
                self._break(BreakKind.STATE, line, waiting.pop(0) if waiting else owns[0])
        return waiting

    def _cancels(self, own: Own, lines: list[Line]) -> None:
        """Of what failed, every charge has its refund, and nothing else is there."""
        seen: set[tuple[object, ...]] = set()
        charges: list[Line] = []
        returns: list[Line] = []
        for line in lines:
            if _identity(line) in seen:
                self._break(BreakKind.DUPLICATE, line, own)
                continue
            seen.add(_identity(line))
            # The amount says what it was; the word beside it may be wrong.
            (charges if line.amount_minor < 0 else returns).append(line)
        for charge, back in list(zip(charges, returns, strict=False)):
            charges.remove(charge)
            returns.remove(back)
            if charge.amount_minor + back.amount_minor:
                self._match(charge, own)
                self._break(BreakKind.AMOUNT, back, own, charge.amount_minor + back.amount_minor)
            else:
                self._match(charge, own)
                self._match(back, own)
        for line in charges + returns:
            self._say(line, Outcome.BREAK)
            self._lacking(own, line)
        for line in lines:
            if not self._sign_fits(line):
                self._break(BreakKind.STATE, line, own, 0)
            elif own.their_no and line.their_no and line.their_no != own.their_no:
                self._break(BreakKind.NUMBER, line, own, 0)

    def _lacking(self, own: Own, line: Line) -> None:
        """The other half of a pair that should cancel out is not in their book."""
        what = "refund" if line.amount_minor < 0 else "order"
        if line.day == self.day:
            self.result.breaks.append(
                Break(
                    BreakKind.MISSING_THEIRS, what, own.number, line.their_no, own.subject,
                    line.amount_minor, line.currency, line.facts(), own.facts(),
                )
            )  # fmt: skip

    # --- two sides of one thing ------------------------------------------------------------------

    def _pair(self, line: Line, own: Own) -> None:
        kind, delta = self._verdict(line, own)
        if kind:
            self._break(kind, line, own, delta)
        else:
            self._match(line, own)

    def _verdict(self, line: Line, own: Own) -> tuple[str, int]:
        """The gravest disagreement and by how much they say more; ("", 0) when there is none."""
        amount = line.amount_minor if own.amount_minor is None else own.amount_minor
        fee = line.fee_minor if own.fee_minor is None else own.fee_minor
        other_kind = line.kind != own.kind or not self._sign_fits(line)
        other_no = bool(own.their_no and line.their_no) and own.their_no != line.their_no
        more = line.amount_minor - amount
        checks = (
            (BreakKind.CURRENCY, line.currency != own.currency, 0),
            (BreakKind.STATE, other_kind, more),
            (BreakKind.AMOUNT, more != 0, more),
            (BreakKind.NUMBER, other_no, 0),
            (BreakKind.FEE, line.fee_minor != fee, fee - line.fee_minor),
            (BreakKind.TIMING, abs(line.day - own.day) > DAY, 0),
        )
        return next(((kind, delta) for kind, wrong, delta in checks if wrong), ("", 0))

    def _sign_fits(self, line: Line) -> bool:
        sign = self.signs.get(line.kind, 0)
        return sign == 0 or line.amount_minor * sign >= 0

    def _match(self, line: Line, own: Own) -> None:
        same = line.day == own.day
        self._say(line, Outcome.MATCHED if same else Outcome.OTHER_DAY)
        if not same:
            self.result.found_elsewhere[f"{own.kind}:{own.number}"] = line.day.isoformat()

    def _say(self, line: Line, outcome: Outcome) -> None:
        self._used.add(line.pk)
        if line.day == self.day:
            self.result.outcomes[line.pk] = outcome

    def _break(self, kind: str, line: Line, own: Own | None, delta: int | None = None) -> None:
        self._say(line, Outcome.BREAK)
        if line.day != self.day:
            return
        self.result.breaks.append(
            Break(
                kind=kind,
                what=own.kind if own else line.kind,
                number=line.number or (own.number if own else ""),
                their_no=line.their_no,
                subject=own.subject if own else "",
                delta_minor=line.amount_minor if delta is None else delta,
                currency=line.currency,
                theirs=line.facts(),
                ours=own.facts() if own else {},
            )
        )

    # --- what our number does not settle ---------------------------------------------------------

    def _by_their_number(self, left: list[Own], lines: Sequence[Line]) -> list[Own]:
        free = {
            (line.kind, line.their_no): line
            for line in reversed(lines)
            if line.their_no and line.pk not in self._used
        }

        def one_of(own: Own) -> Line | None:
            return free.pop((own.kind, own.their_no), None) if own.their_no else None

        return self._take(left, one_of, lambda line: bool(line.number))

    def _without_number(self, left: list[Own], lines: Sequence[Line]) -> list[Own]:
        """Movements that neither side numbers (a top-up): same kind and amount, nearest day."""
        free = [line for line in lines if not line.number and line.pk not in self._used]

        def one_of(own: Own) -> Line | None:
            near = [
                line
                for line in free
                if not own.number and _same_amount(line, own) and abs(line.day - own.day) <= DAY
            ]
            line = min(near, key=lambda each: abs(each.at - own.at), default=None)
            if line is not None:
                free.remove(line)
            return line

        return self._take(left, one_of, lambda _line: False)

    def _take(
        self,
        left: Iterable[Own],
        one_of: Callable[[Own], Line | None],
        misnamed: Callable[[Line], bool],
    ) -> list[Own]:
        rest = []
        for own in left:
            line = one_of(own) if own.expect is Expect.MUST else None
            if line is None:
                rest.append(own)
            elif misnamed(line):
                self._break(BreakKind.NUMBER, line, own, 0)
            else:
                self._pair(line, own)
        return rest

    def _absent(self, own: Own) -> None:
        """No line anywhere: a break, unless the statement that may hold it is still to come."""
        if own.day != self.day or own.expect is not Expect.MUST:
            return
        start, end = day_bounds(self.day)
        late = own.at >= end - EDGE and self.day + DAY not in self.covered
        early = own.at < start + EDGE and self.day - DAY not in self.covered
        if late or early:
            self.result.under_way += 1
            return
        self.result.breaks.append(
            Break(
                BreakKind.MISSING_THEIRS, own.kind, own.number, own.their_no, own.subject,
                -(own.amount_minor or 0), own.currency, {}, own.facts(),
            )
        )  # fmt: skip

    # --- figures ---------------------------------------------------------------------------------

    def _count(self, lines: Sequence[Line], ours: Sequence[Own]) -> None:
        result = self.result
        mine = [line for line in lines if line.day == self.day]
        ours_today = [own for own in ours if own.day == self.day and own.expect is Expect.MUST]
        result.theirs_count, result.ours_count = len(mine), len(ours_today)
        said = list(result.outcomes.values())
        result.matched = said.count(Outcome.MATCHED)
        result.other_day = said.count(Outcome.OTHER_DAY)
        result.under_way += said.count(Outcome.OPEN)
        for line in mine:
            result.add(line.currency, "theirs", line.amount_minor)
        for own in ours_today:
            result.add(own.currency, "ours", own.amount_minor or 0)
        for each in result.breaks:
            result.add(each.currency, "disputed", abs(each.delta_minor))
        for own in ours_today:
            if own.booked_minor is not None and own.booked_minor != own.amount_minor:
                result.breaks.append(
                    Break(
                        BreakKind.LEDGER, own.kind, own.number, own.their_no, own.subject,
                        own.booked_minor - (own.amount_minor or 0), own.currency,
                        {"booked_minor": own.booked_minor}, own.facts(),
                    )
                )  # fmt: skip


def _identity(line: Line) -> tuple[object, ...]:
    return (line.kind, line.number, line.their_no, line.amount_minor, line.after_minor, line.at)


def _same_amount(line: Line, own: Own) -> bool:
    return _same_kind(line, own) and own.amount_minor in (None, line.amount_minor)


def _same_kind(line: Line, own: Own) -> bool:
    return line.kind == own.kind


def _of_kind(owns: Sequence[Own], kind: str) -> Own:
    return next(own for own in owns if own.kind == kind)
