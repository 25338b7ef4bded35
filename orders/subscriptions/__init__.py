"""What a subscription's terms come to: dates, prices, gifts, credits. Pure; verbs are in services."""
