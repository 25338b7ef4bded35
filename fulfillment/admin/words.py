"""What keys of problems mean, for the people who have to do something about them."""

from django.utils.translation import gettext_lazy as _

PROBLEMS = {
    "too_big": _("The file is too large. Split it and upload the parts."),
    "empty": _("The file is empty."),
    "gone": _("The uploaded file is no longer there. Upload it again."),
    "cut_off": _("The stored file is not whole: its end is missing. Upload it again."),
    "bad_sheet": _("The workbook cannot be read safely. Save it as CSV and upload that."),
    "sheet_too_big": _("The workbook is too large. Save it as CSV and upload that."),
    "not_a_pool_sku": _("This SKU is not delivered from a pool of codes."),
    "prepaid_needs_supplier": _("Choose whose prepaid account paid for the codes."),
    "negative_cost": _("A cost is not negative."),
    "no_such_supplier": _("There is no such supplier."),
    "mostly_refused": _(
        "More than half of the lines so far are no codes. Look at the verdicts; go on if it is right."
    ),
    "prepaid_too_low": _("The supplier's prepaid account does not cover these codes."),
    "keeps_failing": _("The import failed several times at the same place."),
    "purchase_not_open": _("The purchase is not open."),
    "rows": _("Choose between 1 and 5,000 codes."),
    "reason": _("Say why."),
}


def problem(key: str) -> str:
    """The sentence for a key; the key itself when there is none."""
    return str(PROBLEMS.get(key, key))
