"""What only the buyer knows about an order: contact, look-up secret and link token.

The three stand sealed in one column; what has to be compared stands beside it as a keyed hash.
"""

import json
import unicodedata
from dataclasses import dataclass, field

from core import crypto

LONGEST_SECRET = 64


@dataclass(frozen=True, slots=True)
class Private:
    """Opened private part of an order. `repr` shows none of it."""

    contact: str = field(repr=False)
    token: str = field(repr=False)
    secret: str = field(repr=False, default="")

    def sealed(self, order: str) -> bytes:
        """Seal for the order with that public id. The secret is left out when the buyer chose it."""
        text = json.dumps([self.contact, self.token, self.secret], ensure_ascii=False)
        return crypto.seal(text, context=private_context(order))


def open_private(order: str, sealed: bytes | memoryview) -> Private:
    """Open the private part of an order. Raises core.crypto.CannotUnseal."""
    return Private(*json.loads(crypto.unseal(sealed, context=private_context(order)).reveal()))


def private_context(public_id: str) -> str:
    """What a sealed private part is bound to; key rotation needs it too."""
    return f"orders_order:private_sealed:{public_id}"


def target_context(public_id: str) -> str:
    """What the sealed recipient of an order line is bound to."""
    return f"orders_orderline:target_sealed:{public_id}"


def cart_inputs_context(pk: object) -> str:
    """What the sealed recipient of a cart line is bound to."""
    return f"orders_cartline:inputs_sealed:{pk}"


def token_hash(token: str) -> bytes:
    """Keyed hash under which a link token is compared."""
    return crypto.blind_index("order.token", token)


def secret_hash(order: str, secret: str) -> bytes:
    """Keyed hash of a look-up secret; equal secrets of two orders do not show as equal."""
    return crypto.blind_index("order.secret", f"{order}\x1f{_plain(secret)}")


def _plain(secret: str) -> str:
    """Case, full width and spaces do not make a secret wrong."""
    folded = unicodedata.normalize("NFKC", secret).casefold()
    return "".join(folded.split())[:LONGEST_SECRET]
