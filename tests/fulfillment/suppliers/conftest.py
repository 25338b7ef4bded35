import pytest

pytest.register_assert_rewrite("tests.fulfillment.suppliers.suite")

from tests.fulfillment.simulated import script, supplier_c, suppliers  # noqa: E402
from tests.fulfillment.suppliers.ground import ground, standing  # noqa: E402

__all__ = ["ground", "script", "standing", "supplier_c", "suppliers"]
