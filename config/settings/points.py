"""Points as a means of payment; how they are earned is set up in the back office."""

from config.settings.environment import env

# What one point pays, in minor units, and which part of an order points may pay (10000 is all).
POINTS_MINOR_EACH = env.int("POINTS_MINOR_EACH", default=1)
POINTS_MOST_BP = env.int("POINTS_MOST_BP", default=5000)
# How long points are good that the shop gives by hand.
POINTS_CORRECTION_DAYS = env.int("POINTS_CORRECTION_DAYS", default=365)
