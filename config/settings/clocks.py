"""How long things last. Seconds. Tests and fault campaigns scale these down through the environment."""

from config.settings.environment import env

SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=10.0)
LEASE_SECONDS = env.float("LEASE_SECONDS", default=60.0)
VISIBILITY_SECONDS = env.int("VISIBILITY_SECONDS", default=300)
ORDER_HOLD_SECONDS = env.int("ORDER_HOLD_SECONDS", default=900)
LATE_PAYMENT_SECONDS = env.int("LATE_PAYMENT_SECONDS", default=1800)
WAIT_STOCK_SECONDS = env.int("WAIT_STOCK_SECONDS", default=24 * 3600)
INVARIANT_SECONDS = env.float("INVARIANT_SECONDS", default=300.0)

# How long records are kept before the clean-up may remove or blank them. Days.
RETAIN_NOTICE_DAYS = env.int("RETAIN_NOTICE_DAYS", default=730)
RETAIN_ASSESSMENT_DAYS = env.int("RETAIN_ASSESSMENT_DAYS", default=180)
RETAIN_MESSAGE_DAYS = env.int("RETAIN_MESSAGE_DAYS", default=90)
RETAIN_CONTACT_DAYS = env.int("RETAIN_CONTACT_DAYS", default=1095)
RETAIN_OUTBOX_DAYS = env.int("RETAIN_OUTBOX_DAYS", default=30)
RETAIN_CART_DAYS = env.int("RETAIN_CART_DAYS", default=30)
