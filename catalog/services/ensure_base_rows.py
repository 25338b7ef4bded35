"""The rows without which there is no shop: default channel, price list, product types, tags."""

from django.apps import apps

from catalog import base_rows, snapshot
from catalog.models import Channel
from core.tx import part


@part
def ensure_base_rows(*, with_blocks: bool = False) -> Channel:
    """Write what is missing and return the default channel; what is there is left as it is.

    `with_blocks` also lays out the home page of a default channel that has no block yet.
    """

    def model(name: str) -> type:
        return apps.get_model("catalog", name)

    base_rows.write(model)
    channel = Channel.objects.get(is_default=True)
    if with_blocks:
        base_rows.write_blocks(model, channel)
    snapshot.changed()
    return channel
