"""The fields that a product type asks of the buyer: validators as data, masks, messages."""

from catalog.inputs.clean import clean
from catalog.inputs.registry import VALIDATORS, Validator, wrong_params
from catalog.inputs.spec import Checked, Cleaned, InputError, InputSpec

__all__ = [
    "VALIDATORS",
    "Checked",
    "Cleaned",
    "InputError",
    "InputSpec",
    "Validator",
    "clean",
    "wrong_params",
]
