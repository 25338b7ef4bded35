"""A socket of fragment addresses: what a block shows of a floor above, without knowing that floor.

A floor above registers in its `AppConfig.ready()`, by the name that a block kind asks for:
`FRAGMENTS.register("coupons", Fragment("orders:coupon_strip", "orders:coupons"))`. The fragment
answers a GET with HTML that goes into the block, or with 204 when there is nothing to show: the
block then vanishes with its title. It gets the block's settings as its query (`limit=6`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from core.sockets import Socket


@dataclass(frozen=True, slots=True)
class Fragment:
    """Where a fragment comes from; `page` is where readers without script find the same."""

    url_name: str
    page_name: str = ""

    def address(self, query: Mapping[str, Any]) -> str:
        asked = urlencode({key: value for key, value in query.items() if value not in ("", None)})
        return reverse(self.url_name) + (f"?{asked}" if asked else "")

    @property
    def page(self) -> str:
        return reverse(self.page_name) if self.page_name else ""


FRAGMENTS: Socket[Fragment] = Socket("block fragments")
