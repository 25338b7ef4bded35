from tests.fulfillment.simulated import script, supplier_c
from tests.orders.conftest import _localpay_settings, key_files

__all__ = ["_localpay_settings", "key_files", "script", "supplier_c"]
