"""The stage of the fault tests, for roads that are walked in the whole shop."""

from tests.faults.conftest import stage

__all__ = ["stage"]
