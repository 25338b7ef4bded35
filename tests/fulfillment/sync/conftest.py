from tests.fulfillment.simulated import script, supplier_c

__all__ = ["script", "supplier_c"]
