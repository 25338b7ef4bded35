"""`python -m tests.fulfillment.road.visitor DELIVERY`: one visit on the road in a process of its own."""

import sys

import django

if __name__ == "__main__":
    django.setup()
    from core import clock
    from fulfillment import road

    print(road.advance(sys.argv[1], now=clock.now()))
