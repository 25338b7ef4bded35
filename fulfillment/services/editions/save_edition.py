"""Make a SKU an edition of so many pieces, or another size of one of which nothing is sold yet (F15)."""

from datetime import datetime

from django.db import connection
from django.db.models import Q, TextChoices
from django.utils.translation import gettext_lazy as _

from catalog.models import Sku
from core import audit
from core.crypto import seal
from core.signing import key_id, new_signing_key
from core.tx import part
from fulfillment.models import Delivery, Edition, EditionPlace, SigningKey
from fulfillment.models.edition import LARGEST
from fulfillment.queries.goods import MADE_HERE

EDITION = "edition:saved"


class Hindrance(TextChoices):
    """Why a SKU cannot be an edition of that size, in words for the operator."""

    KIND = "kind", _("Only vouchers and memberships can be numbered: they are made at the sale.")
    SOLD = "sold", _("Some of it was sold without a number already. Make a new SKU.")
    FIXED = "fixed", _("The first one is sold: the size stays what was promised.")
    KEPT = "kept", _("Somebody is about to buy one of those. Try again in a quarter of an hour.")
    SIZE = "size", _("An edition has from 1 to 100,000 pieces.")


class NotSaved(ValueError):
    """Nothing has changed."""

    def __init__(self, why: Hindrance) -> None:
        super().__init__(why.value)
        self.why = why


@part
def save_edition(*, sku_id: int, size: int, by: str, now: datetime) -> Edition:
    """The SKU's edition with `size` pieces; audited. Raises NotSaved.

    The SKU's row is locked: whatever is sold of it meanwhile is sold before or numbered.
    """
    if not 1 <= size <= LARGEST:
        raise NotSaved(Hindrance.SIZE)
    goods = Sku.objects.select_related("product__product_type")
    sku = goods.select_for_update(of=("self",)).get(pk=sku_id)
    edition = Edition.objects.select_for_update().filter(sku=sku).first()
    before = edition.size if edition else 0
    if edition is None:
        edition = _make(sku, size, by, now)
    elif size != edition.size:
        _resize(edition, size)
    if size != before:
        audit.record(
            tag=EDITION, by=by, subject=edition.public_id, now=now, before={"size": before},
            after={"sku": sku.code, "size": size},
        )  # fmt: skip
    return edition


def _make(sku: Sku, size: int, by: str, now: datetime) -> Edition:
    if sku.product.product_type.delivery_kind not in MADE_HERE:
        raise NotSaved(Hindrance.KIND)
    if Delivery.objects.filter(sku=sku).exists():
        raise NotSaved(Hindrance.SOLD)
    ensure_signing_key(now=now)
    edition = Edition.objects.create(
        sku=sku, size=size, by=by[:48], made_at=now,
        name=f"{sku.product.name} · {sku.name}"[:200],
        name_en=f"{sku.product.name_en} · {sku.name_en}"[:200],
    )  # fmt: skip
    _add_places(edition, size)
    return edition


def _resize(edition: Edition, size: int) -> None:
    if edition.issued:
        raise NotSaved(Hindrance.FIXED)
    if size > edition.size:
        _add_places(edition, size - edition.size)
    else:
        free = EditionPlace.objects.filter(Q(held_by=""), edition=edition, sold_at=None)
        gone = free.select_for_update(skip_locked=True).order_by("-id")[: edition.size - size]
        places = [place.pk for place in gone]
        if len(places) < edition.size - size:
            raise NotSaved(Hindrance.KEPT)
        EditionPlace.objects.filter(pk__in=places).delete()
    edition.size = size
    edition.save(update_fields=["size"])


def _add_places(edition: Edition, number: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into fulfillment_editionplace (edition_id, held_by)"
            " select %s, '' from generate_series(1, %s)",
            [edition.pk, number],
        )


@part
def ensure_signing_key(*, now: datetime) -> SigningKey:
    """The key that signs, made if there is none; two who ask at once get the same one."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('fulfillment.signingkey'))")
    newest = SigningKey.objects.order_by("-id").first()
    if newest is not None:
        return newest
    private, public = new_signing_key()
    row = SigningKey(key_id=key_id(public), public=public, made_at=now)
    row.sealed = seal(private.hex(), context=row.context)
    row.save()
    return row
