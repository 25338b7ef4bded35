"""This floor's part of the trace: from batch and supplier to reveal and ledger."""

import re
from collections.abc import Sequence

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _

from core.crypto import blind_index
from core.models import Journal, Posting, StateChange
from core.money import format_minor
from core.transitions import in_words
from fulfillment.codefiles.clean import clean
from fulfillment.codefiles.parse import Entry, split
from fulfillment.models import (
    Attempt,
    Code,
    CodeIssue,
    CodeReveal,
    Delivery,
    Entitlement,
    ManualCase,
    SupplierEvent,
)
from fulfillment.queries.decisions import decisions
from fulfillment.queries.reasons import explain
from fulfillment.states import DeliveryState
from fulfillment.trace import MOST_CHAINS, Fact, Trouble

TAIL = re.compile(r"[0-9A-Za-z]{4}")
PHONE = re.compile(r"(?:\+?86[- ]?)?(1\d{10})")
FINE = (DeliveryState.DELIVERED, DeliveryState.REVOKED)
TONES = {"delivered": "success", "succeeded": "success", "failed": "danger", "rejected": "danger",
         "unknown": "warning", "manual": "warning", "reversed": "danger"}  # fmt: skip


def find(text: str) -> Sequence[str]:
    """References by delivery, attempt, supplier number, wallet id, journal, account or code."""
    text = text.strip()
    if not text:
        return ()
    return (
        _by_id(text) or _by_number(text) or _by_journal(text) or _by_target(text) or _by_code(text)
    )


def _by_id(text: str) -> list[str]:
    prefix = text.partition("_")[0]
    rows = {
        "ord": Delivery.objects.filter(reference=text).values_list("reference", flat=True),
        "dlv": Delivery.objects.filter(public_id=text).values_list("reference", flat=True),
        "att": Attempt.objects.filter(public_id=text).values_list("delivery__reference", flat=True),
        "ent": Entitlement.objects.filter(public_id=text).values_list("reference", flat=True),
        "cas": ManualCase.objects.filter(public_id=text).values_list(
            "delivery__reference", flat=True
        ),
        "rvl": CodeReveal.objects.filter(public_id=text).values_list(
            "delivery__reference", flat=True
        ),
    }.get(prefix)
    return [] if rows is None else list(dict.fromkeys(rows[:MOST_CHAINS]))


def _by_number(text: str) -> list[str]:
    asked = Attempt.objects.filter(Q(number=text) | (Q(supplier_no=text) & ~Q(supplier_no="")))
    return list(asked.values_list("delivery__reference", flat=True)[:MOST_CHAINS])


def _by_journal(text: str) -> list[str]:
    if ":" not in text:
        return []
    legs = Posting.objects.filter(journal__key=text).exclude(subject="")
    return list(dict.fromkeys(legs.values_list("subject", flat=True)[:MOST_CHAINS]))


def _by_target(text: str) -> list[str]:
    phone = PHONE.fullmatch(text)
    value = phone.group(1) if phone else text
    index = blind_index("target", value.strip().casefold())
    rows = Delivery.objects.filter(target_index=index).order_by("-id")
    return list(dict.fromkeys(rows.values_list("reference", flat=True)[:MOST_CHAINS]))


def _by_code(text: str) -> list[str]:
    """Number and secret together, by keyed hash; or the last four characters that lists show."""
    parts = [clean(part) for part in split(text)]
    wanted = [Entry(parts[0], parts[1])] if len(parts) > 1 else [Entry("", clean(text))]
    indexes = [blind_index("code", entry.identity) for entry in wanted]
    codes = Code.objects.filter(index__in=indexes)
    if not codes.exists() and TAIL.fullmatch(text):
        codes = Code.objects.filter(masked="••••" + text, state="sold").order_by("-sold_at")
    rows = codes.exclude(held_by="").values_list("held_by", flat=True)
    return list(dict.fromkeys(rows[:MOST_CHAINS]))


def facts(reference: str) -> list[Fact]:
    """Everything this floor wrote down about a reference."""
    deliveries = list(Delivery.objects.filter(reference=reference).order_by("id"))
    attempts = list(
        Attempt.objects.filter(delivery__in=deliveries).select_related("supplier").order_by("id")
    )
    issues = list(
        CodeIssue.objects.filter(delivery__in=deliveries).select_related(
            "code__batch__supplier", "delivery"
        )
    )
    return [
        # Of what has the same moment, the cause stands before its effect.
        *decisions(deliveries),
        *(_sent(attempt) for attempt in attempts if attempt.sent_at),
        *_heard(attempts),
        *_money(reference),
        *(fact for issue in issues for fact in _vault(issue)),
        *_changes(deliveries, attempts, issues),
        *_looks(deliveries),
    ]


def _changes(
    deliveries: list[Delivery], attempts: list[Attempt], issues: list[CodeIssue]
) -> list[Fact]:
    cases = ManualCase.objects.filter(delivery__in=deliveries)
    urls = {row.public_id: _change_url(row) for row in deliveries}
    urls |= {row.public_id: _change_url(row) for row in attempts}
    subjects = [
        *urls,
        *cases.values_list("public_id", flat=True),
        *(str(issue.code_id) for issue in issues),
    ]
    words = {
        "delivery": _("Delivery"),
        "attempt": _("Attempt"),
        "manualcase": _("Case"),
        "code": _("Code"),
    }
    return [
        Fact(
            at=change.at,
            stage=words.get(change.entity, change.entity),
            title=in_words(change),
            detail=" · ".join(filter(None, (change.subject, change.by, change.why))),
            tone=TONES.get(change.became, "info"),
            url=urls.get(change.subject, ""),
        )
        for change in StateChange.objects.filter(subject__in=subjects).order_by("id")
    ]


def _sent(attempt: Attempt) -> Fact:
    limit = format_minor(attempt.max_cost_minor, attempt.currency)
    return Fact(
        at=attempt.sent_at or attempt.created_at,
        stage=_("Supplier"),
        title=_("Ordered from %(supplier)s as %(number)s")
        % {"supplier": attempt.supplier.name, "number": attempt.number},
        detail=_("%(sku)s, at most %(limit)s") % {"sku": attempt.supplier_sku, "limit": limit},
        url=_change_url(attempt),
    )


def _heard(attempts: list[Attempt]) -> list[Fact]:
    events = SupplierEvent.objects.filter(attempt__in=attempts).order_by("id")
    found = []
    for event in events:
        cost = "" if event.cost_minor is None else format_minor(event.cost_minor)
        trust = "" if event.trusted else _("not verified")
        words = (event.supplier_no, event.code, event.problem, cost, trust)
        found.append(
            Fact(
                at=event.at,
                stage=_("Supplier says"),
                title=f"{event.get_source_display()}: {event.verdict}",
                detail=" · ".join(filter(None, words)),
                tone=TONES.get(event.verdict, "info") if event.trusted else "warning",
            )
        )
    return found


def _vault(issue: CodeIssue) -> list[Fact]:
    code, batch = issue.code, issue.code.batch
    cost = format_minor(batch.cost_minor, batch.currency)
    source = batch.supplier.name if batch.supplier else _("no supplier named")
    return [
        Fact(
            at=batch.created_at,
            stage=_("Batch"),
            title=f"{batch.public_id} · {batch.file_name}",
            detail=_("%(source)s, %(cost)s each, imported by %(by)s")
            % {"source": source, "cost": cost, "by": batch.created_by},
        ),
        Fact(
            at=issue.at,
            stage=_("Code"),
            title=_("%(code)s issued to %(delivery)s")
            % {"code": code.masked, "delivery": issue.delivery.public_id},
            detail=_("sold in channel %(channel)s") % {"channel": code.channel},
            tone="success",
        ),
    ]


def _looks(deliveries: list[Delivery]) -> list[Fact]:
    looks = CodeReveal.objects.filter(delivery__in=deliveries).select_related(
        "delivery", "code", "voucher"
    )
    return [
        Fact(
            at=look.at,
            stage=_("Reveal"),
            title=_("%(code)s shown to %(by)s") % {"code": look.masked, "by": look.by},
            detail=look.ip,
        )
        for look in looks
    ]


def _money(reference: str) -> list[Fact]:
    keys = Posting.objects.filter(subject=reference).values("journal_id")
    journals = Journal.objects.filter(pk__in=keys).prefetch_related("postings").order_by("id")
    return [
        Fact(
            at=journal.at,
            stage=_("Ledger"),
            title=journal.key,
            detail=" · ".join(
                f"{leg.account_id} {format_minor(leg.amount, leg.currency)}"
                for leg in journal.postings.all()
            ),
            url=reverse("admin:core_journal_change", args=[journal.pk]),
        )
        for journal in journals
    ]


def troubles(reference: str) -> list[Trouble]:
    """Each unit that is not with its owner: why, and what to do."""
    rows = Delivery.objects.filter(reference=reference).exclude(state__in=FINE).order_by("id")
    found = []
    for row in rows:
        cause, action = explain(row.state, row.reason)
        found.append(Trouble(row.public_id, cause, action, _change_url(row)))
    cases = ManualCase.objects.filter(delivery__reference=reference).exclude(state="resolved")
    for case in cases.select_related("delivery"):
        if case.delivery.state in FINE:
            cause, action = explain("manual", case.why)
            url = reverse("admin:fulfillment_manualcase_change", args=[case.pk])
            found.append(Trouble(case.public_id, cause, action, url))
    return found


def _change_url(row: Delivery | Attempt) -> str:
    return reverse(f"admin:fulfillment_{row._meta.model_name}_change", args=[row.pk])
