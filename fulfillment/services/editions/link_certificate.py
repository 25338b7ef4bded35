"""Write the next link of a certificate's chain: signed, over the hash of the one before, for ever."""

import os
from datetime import datetime
from typing import Any

from core.crypto import unseal
from core.signing import sign
from core.tx import part
from fulfillment.chain import canonical, commitment, hash_of, moment
from fulfillment.models import Certificate, CertificateLink, Entitlement, SigningKey

SALT_BYTES = 32
What = CertificateLink.What


@part
def link_certificate(owned: Entitlement, *, what: str, by: str, now: datetime) -> None:
    """Say in the chain who holds it now, or that it is retired. Goods without a number pass.

    `owned` is locked and has its new owner already.
    """
    rows = Certificate.objects.select_related("edition").filter(entitlement=owned)
    certificate = rows.first()
    if certificate is None:
        return
    last = certificate.links.order_by("-number").first()
    write_link(certificate, last, owner=owned.owner, what=what, by=by, now=now)


@part
def write_link(
    certificate: Certificate,
    last: CertificateLink | None,
    *,
    owner: str,
    what: str,
    by: str,
    now: datetime,
) -> CertificateLink:
    """The link after `last` (None: the first). `owner` is a user's public id, "" for a guest.

    A retired number has no holder any more. Raises SigningKey.DoesNotExist without any key.
    """
    salt, number = os.urandom(SALT_BYTES), last.number + 1 if last else 0
    key = SigningKey.objects.latest("id")
    record = canonical(
        {
            **_head(certificate, first=last is None),
            "link": number,
            "what": str(what),
            "holder": "" if what == What.RETIRED else commitment(salt, owner),
            "at": moment(now),
            "previous": last.hash if last else "",
        }
    )
    private = bytes.fromhex(unseal(key.sealed, context=key.context).reveal())
    return CertificateLink.objects.create(
        certificate=certificate, number=number, what=what, record=record, salt=salt,
        hash=hash_of(record), signature=sign(private, record.encode()), key=key, by=by[:48], at=now,
    )  # fmt: skip


def _head(certificate: Certificate, *, first: bool) -> dict[str, Any]:
    edition = certificate.edition
    names = {"name": edition.name, "name_en": edition.name_en} if first else {}
    return {
        "certificate": certificate.public_id, "edition": edition.public_id,
        "number": certificate.number, "of": edition.size, **names,
    }  # fmt: skip
