"""The part of a chain that vouchers write: their codes, their uses, and scans that were refused (F13)."""

from django.urls import reverse
from django.utils.translation import gettext as _

from core.money import format_minor
from fulfillment.models import Redemption, RedemptionKind, RefusedScan, VoucherCode
from fulfillment.redemption import Refusal
from fulfillment.trace import MOST_CHAINS, Fact
from fulfillment.vouchers.codes import read_code
from fulfillment.vouchers.index import voucher_index

MOST_REFUSED = 50


def find(text: str) -> list[str]:
    """References of a redemption's id, or of a voucher's code as it is printed or scanned."""
    if text.startswith("rdm_"):
        rows = Redemption.objects.filter(public_id=text).values_list("reference", flat=True)
        return list(rows[:MOST_CHAINS])
    code = read_code(text)
    if not code:
        return []
    owned = VoucherCode.objects.filter(index=voucher_index(code))
    return list(owned.values_list("entitlement__reference", flat=True))


def facts(reference: str) -> list[Fact]:
    """Codes made and replaced, uses, undoes and refused scans of a reference's vouchers."""
    codes = VoucherCode.objects.filter(entitlement__reference=reference).order_by("id")
    scans = Redemption.objects.filter(reference=reference).select_related(
        "store", "voucher", "undo_of"
    )
    refused = RefusedScan.objects.filter(voucher__entitlement__reference=reference)
    return [
        *(_made(code) for code in codes),
        *(_replaced(code) for code in codes if code.replaced_at),
        *(_scanned(scan) for scan in scans.order_by("id")),
        *(_refused(scan) for scan in refused.select_related("store")[:MOST_REFUSED]),
    ]


def _made(code: VoucherCode) -> Fact:
    title = _("%(code)s made for the voucher") % {"code": code.masked}
    return Fact(at=code.made_at, stage=_("Code"), title=title, tone="success")


def _replaced(code: VoucherCode) -> Fact:
    assert code.replaced_at is not None
    title = _("%(code)s is dead: another took its place") % {"code": code.masked}
    return Fact(at=code.replaced_at, stage=_("Code"), title=title, tone="warning")


def _scanned(scan: Redemption) -> Fact:
    used = scan.kind == RedemptionKind.USE
    taken = (
        format_minor(scan.amount_minor, scan.currency) if scan.amount_minor
        else _("%(uses)s times") % {"uses": scan.uses}
    )  # fmt: skip
    words = {"taken": taken, "store": scan.store.name}
    share = _("merchant's share %(share)s") % {
        "share": format_minor(scan.share_minor, scan.currency)
    }
    return Fact(
        at=scan.at,
        stage=_("Redemption"),
        title=(_("%(taken)s used at %(store)s") if used else _("%(taken)s given back at %(store)s"))
        % words,
        detail=" · ".join(filter(None, (scan.public_id, scan.actor, share, scan.why))),
        tone="success" if used else "warning",
        url=reverse("admin:fulfillment_redemption_change", args=[scan.pk]),
    )


def _refused(scan: RefusedScan) -> Fact:
    return Fact(
        at=scan.at,
        stage=_("Redemption"),
        title=_("Refused at %(store)s") % {"store": scan.store.name},
        detail=" · ".join((str(Refusal(scan.reason).name.lower()), scan.actor)),
        tone="danger",
        url=reverse("admin:fulfillment_refusedscan_change", args=[scan.pk]),
    )
