"""Payment providers. `localpay` is the gateway of the try-out and of the tests."""

from config.settings.environment import env

PAYMENT_PROVIDERS = env.list("PAYMENT_PROVIDERS", default=["localpay"])
LOCALPAY_URL = env.str("LOCALPAY_URL", default="")
LOCALPAY_MERCHANT = env.str("LOCALPAY_MERCHANT", default="QUANYI")
# Paths of PEM files: our own key, and every gateway key that is still accepted (newest last).
LOCALPAY_PRIVATE_KEY = env.str("LOCALPAY_PRIVATE_KEY", default="")
LOCALPAY_GATEWAY_PUBLIC_KEYS = env.list("LOCALPAY_GATEWAY_PUBLIC_KEYS", default=[])
# What the gateway keeps of a payment by contract: hundredths of a percent, half up.
LOCALPAY_FEE_BPS = env.int("LOCALPAY_FEE_BPS", default=60)
