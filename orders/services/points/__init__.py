"""Points and growth: earned, paid with, expired, corrected."""
