"""Points as a means of payment; how they are earned is set up in the back office."""

from config.settings.environment import env

# What one point pays, in minor units, and which part of an order points may pay (10000 is all).
POINTS_MINOR_EACH = env.int("POINTS_MINOR_EACH", default=1)
POINTS_MOST_BP = env.int("POINTS_MOST_BP", default=5000)
# How long points are good that the shop gives by hand.
POINTS_CORRECTION_DAYS = env.int("POINTS_CORRECTION_DAYS", default=365)
# How long points are good that were won or came from a code.
POINTS_GIFT_DAYS = env.int("POINTS_GIFT_DAYS", default=365)
# The most that one balance code may stand for, in minor units: cards without a name may hold up to
# 1,000 yuan (rules for single-purpose prepaid cards, article 18).
BALANCE_MOST_FACE_MINOR = env.int("BALANCE_MOST_FACE_MINOR", default=100_000)
