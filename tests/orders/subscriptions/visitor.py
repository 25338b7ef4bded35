"""`python -m tests.orders.subscriptions.visitor MOMENT`: a worker's look at what is due, in a process of its own."""

import sys
from datetime import datetime

import django

if __name__ == "__main__":
    django.setup()
    from orders.services.subscriptions.drive_periods import drive_periods

    print(drive_periods(now=datetime.fromisoformat(sys.argv[1])))
