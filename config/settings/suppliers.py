"""Suppliers whose connection comes from the environment; the rest are rows in the back office."""

from config.settings.environment import env

SUPPLIER_A_URL = env.str("SUPPLIER_A_URL", default="")
SUPPLIER_A_KEY = env.str("SUPPLIER_A_KEY", default="")
SUPPLIER_A_SECRET = env.str("SUPPLIER_A_SECRET", default="")
SUPPLIER_B_URL = env.str("SUPPLIER_B_URL", default="")
SUPPLIER_B_KEY = env.str("SUPPLIER_B_KEY", default="")
SUPPLIER_B_SECRET = env.str("SUPPLIER_B_SECRET", default="")
SUPPLIER_C_URL = env.str("SUPPLIER_C_URL", default="")
SUPPLIER_C_KEY = env.str("SUPPLIER_C_KEY", default="")
SUPPLIER_C_SECRET = env.str("SUPPLIER_C_SECRET", default="")

# How often a supplier's list is read: whole, and the pages of what sells or pauses. Seconds.
SYNC_WHOLE_SECONDS = env.float("SYNC_WHOLE_SECONDS", default=3600.0)
SYNC_HOT_SECONDS = env.float("SYNC_HOT_SECONDS", default=300.0)

# Shrinks every waiting time of the supply road (query ladder, grace, manual deadline); 1 in production.
SUPPLY_TIME_SCALE = env.float("SUPPLY_TIME_SCALE", default=1.0)

# The worker that buys: how many units one process walks at once, and how many processes do so.
SUPPLY_THREADS = env.int("SUPPLY_THREADS", default=32)
SUPPLY_DRIVERS = env.int("SUPPLY_DRIVERS", default=1)
