"""Chinese mobile numbers and the operator that their segment belongs to."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import phonenumbers
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from phonenumbers import carrier

from catalog.inputs.spec import Checked, Refused
from catalog.inputs.text import digits_only
from core.masking import mask_phone

CHINA = 86
DIGITS = 11
CARRIERS = {
    "cmcc": gettext_lazy("China Mobile"),
    "cucc": gettext_lazy("China Unicom"),
    "ctcc": gettext_lazy("China Telecom"),
    "cbn": gettext_lazy("China Broadnet"),
}
# The names that the data of `phonenumbers` uses, in English.
_BY_NAME = {
    "China Mobile": "cmcc",
    "China Unicom": "cucc",
    "China Telecom": "ctcc",
    "China Broadnet": "cbn",
}


def check_phone(value: str, params: Mapping[str, Any]) -> Checked:
    """A mobile number of mainland China as eleven digits; `carriers` narrows the operators.

    The operator is told from the number's segment; a number carried over to another operator
    keeps its old segment, which is why the refusal names the segment.
    """
    national = _national(value)
    if national is None:
        raise Refused(_("Enter a mainland China mobile number of 11 digits."))
    found = carrier_of(national)
    wanted = list(params.get("carriers") or ())
    if wanted and found not in wanted:
        names = _(" or ").join(str(CARRIERS[name]) for name in wanted if name in CARRIERS)
        if found:
            raise Refused(
                _("This number's segment belongs to %(found)s, the product is for %(wanted)s.")
                % {"found": CARRIERS[found], "wanted": names}
            )
        raise Refused(
            _("We cannot tell that this number belongs to %(wanted)s.") % {"wanted": names}
        )
    return Checked(national, mask_phone(national), found)


@lru_cache(maxsize=4096)
def carrier_of(national: str) -> str:
    """Key of the operator of an eleven-digit number's segment, or an empty text."""
    parsed = phonenumbers.parse(national, "CN")
    return _BY_NAME.get(carrier.name_for_number(parsed, "en"), "")


def _national(value: str) -> str | None:
    text = digits_only(value)
    try:
        parsed = phonenumbers.parse(text, "CN")
    except phonenumbers.NumberParseException:
        return None
    national = str(parsed.national_number)
    if parsed.country_code != CHINA or len(national) != DIGITS or not national.startswith("1"):
        return None
    return national if phonenumbers.is_valid_number(parsed) else None
