"""What is known of one code, whether it was sold or not: where from, where to, who saw it (R9)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.translation import gettext as _

from core.admin.who import who
from core.crypto import blind_index
from core.models import AuditEntry
from core.money import format_minor
from fulfillment.codefiles.clean import clean
from fulfillment.codefiles.parse import Entry, split
from fulfillment.models import Code, CodeIssue, CodeReveal, ConsignedUnit, Store
from fulfillment.queries.leaks import DAYS, LEAKED, signs_of
from fulfillment.trace import Fact

MOST = 5


@dataclass(frozen=True, slots=True)
class Dossier:
    """One code: never its text. `warnings` are sentences about it and its batch."""

    code: str
    masked: str
    state: str
    sku: str
    batch: str
    batch_url: str
    reference: str
    facts: Sequence[Fact]
    warnings: Sequence[str]


def dossiers(text: str, *, now: datetime) -> list[Dossier]:
    """Codes of the vault under what was typed: number and secret, or a secret without a number.

    Found by keyed hash; at most MOST.
    """
    if not text:
        return []
    parts = [clean(part) for part in split(text)]
    wanted = [Entry(parts[0], parts[1])] if len(parts) > 1 else [Entry("", clean(text))]
    indexes = [blind_index("code", entry.identity) for entry in wanted if entry.identity.strip()]
    codes = Code.objects.filter(index__in=indexes).select_related("batch__supplier", "sku")
    return [_dossier(code, now) for code in codes[:MOST]]


def _dossier(code: Code, now: datetime) -> Dossier:
    issued = CodeIssue.objects.filter(code=code).values("delivery")
    looks = list(CodeReveal.objects.filter(delivery__in=issued, code=code).order_by("id"))
    leaks = list(AuditEntry.objects.filter(subject=str(code.pk), tag=LEAKED).order_by("id"))
    replaced = CodeIssue.objects.filter(replaces__code=code).first()
    facts = [*_arrival(code), *_away(code), *map(_look, looks), *_leaks(leaks), *_ends(replaced)]
    return Dossier(
        code=str(code.pk),
        masked=code.masked,
        state=code.get_state_display(),
        sku=code.sku.code,
        batch=code.batch.public_id,
        batch_url=reverse("admin:fulfillment_codebatch_change", args=[code.batch_id]),
        reference=code.held_by,
        facts=sorted(facts, key=lambda fact: fact.at),
        warnings=[*_about(looks, leaks, replaced), *_about_batch(code, now)],
    )


def _arrival(code: Code) -> list[Fact]:
    batch = code.batch
    source = batch.supplier.name if batch.supplier else _("no supplier named")
    words = {
        "source": source, "cost": format_minor(batch.cost_minor, batch.currency),
        "by": who(batch.created_by),
    }  # fmt: skip
    facts = [
        Fact(
            at=batch.created_at, stage=_("Batch"), title=f"{batch.public_id} · {batch.file_name}",
            detail=_("%(source)s, %(cost)s each, imported by %(by)s") % words,
        )
    ]  # fmt: skip
    if code.sold_at:
        facts.append(
            Fact(
                at=code.sold_at, stage=_("Code"), tone="success",
                title=_("sold in channel %(channel)s") % {"channel": code.channel},
                detail=code.held_by,
            )
        )  # fmt: skip
    return facts


def _away(code: Code) -> list[Fact]:
    """Outside channels that have had it in a file."""
    rows = ConsignedUnit.objects.filter(code=code).select_related("consignment").order_by("id")
    return [
        Fact(
            at=row.changed_at, stage=_("Outside channel"),
            title=f"{row.consignment.channel}: {row.get_state_display()}",
            detail=" · ".join(filter(None, (row.consignment.public_id, row.external_no))),
        )
        for row in rows
    ]  # fmt: skip


def _look(look: CodeReveal) -> Fact:
    title = _("%(code)s shown to %(by)s") % {"code": look.masked, "by": who(look.by)}
    return Fact(at=look.at, stage=_("Reveal"), title=title, detail=look.ip)


def _leaks(leaks: Sequence[AuditEntry]) -> list[Fact]:
    shown = [str((entry.after or {}).get("store", "")) for entry in leaks]
    names = dict(Store.objects.filter(public_id__in=shown).values_list("public_id", "name"))
    return [
        Fact(
            at=entry.at, stage=_("Redemption"), tone="danger",
            title=_("Shown at %(store)s before anybody had bought it")
            % {"store": names.get(store, store)},
            detail=entry.by,
        )
        for entry, store in zip(leaks, shown, strict=True)
    ]  # fmt: skip


def _ends(replaced: CodeIssue | None) -> list[Fact]:
    if replaced is None:
        return []
    title = _("Said to be dead; another one took its place")
    return [Fact(at=replaced.at, stage=_("Code"), title=title, tone="warning")]


def _about(
    looks: Sequence[CodeReveal], leaks: Sequence[AuditEntry], replaced: CodeIssue | None
) -> list[str]:
    found = []
    people = {look.by for look in looks}
    if leaks:
        found.append(_("It was shown at a till before it was sold: somebody else has it."))
    if len(people) > 1:
        found.append(_("%(n)s people have looked at it.") % {"n": len(people)})
    if replaced is not None and any(look.at < replaced.at for look in looks):
        found.append(_("It was shown first and complained about afterwards."))
    if not looks and not leaks:
        found.append(_("Nobody has looked at it in this shop."))
    return found


def _about_batch(code: Code, now: datetime) -> list[str]:
    told = {
        "leaked": _("%(n)s codes of its batch were shown at tills before they were sold (%(days)s days)."),
        "shared": _("%(n)s codes of its batch were opened by several people (%(days)s days)."),
        "dead": _("%(n)s codes of its batch were replaced after they were shown (%(days)s days)."),
    }  # fmt: skip
    return [
        words % {"n": getattr(signs, name), "days": DAYS}
        for signs in signs_of(now=now, batch=code.batch_id)
        for name, words in told.items()
        if getattr(signs, name)
    ]
