"""Stand-alone simulators: a payment gateway and a supplier, for tests and the try-out command.

Nothing here imports the shop, and the shop imports nothing from here: the two meet only over HTTP,
by the documents in `docs/protocols/`.
"""
