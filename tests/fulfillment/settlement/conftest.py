from tests.fulfillment.simulated import script, supplier_c, suppliers

__all__ = ["script", "supplier_c", "suppliers"]
