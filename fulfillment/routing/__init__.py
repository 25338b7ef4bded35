"""Who is asked for a unit, and in which order: pure functions over plain values.

`route.py` is the way in. Rows hold the parameters (`models/routing.py`), `queries/routes.py` brings
the facts, `services/choose_offer.py` acts on what comes out.
"""
