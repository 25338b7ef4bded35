from datetime import datetime

from django.db import IntegrityError

from accounts.contacts import Contact
from accounts.models import ContactPoint, User
from core import audit
from core.crypto import seal
from core.ids import new_id
from core.tx import step


class PhoneTaken(Exception):
    """Somebody else has verified this number in the meantime."""


def save_phone(*, user: User, phone: Contact, verified: bool, now: datetime) -> ContactPoint:
    """Make this the person's phone, in its own step; their former one is let go.

    Anybody may note a number unverified; verified it has one holder. Raises PhoneTaken.
    """
    try:
        return _save(user=user, phone=phone, verified=verified, now=now)
    except IntegrityError as error:
        raise PhoneTaken(phone.masked) from error


@step()
def _save(*, user: User, phone: Contact, verified: bool, now: datetime) -> ContactPoint:
    User.objects.select_for_update().get(pk=user.pk)
    others = ContactPoint.objects.filter(user=user, kind=phone.kind).exclude(
        value_index=phone.index
    )
    (others if verified else others.filter(verified_at__isnull=True)).delete()
    point = ContactPoint.objects.filter(user=user, value_index=phone.index).first()
    if point is None:
        public_id = new_id("cpt")
        point = ContactPoint(
            public_id=public_id,
            user=user,
            kind=phone.kind,
            value_index=phone.index,
            masked=phone.masked,
            created_at=now,
        )
        point.sealed = seal(phone.value, context=point.context)
    if verified and point.verified_at is None:
        point.verified_at = now
        audit.record(
            tag="person:phone_verified",
            by=user.acting,
            subject=user.public_id,
            now=now,
            after={"phone": phone.masked},
        )
    point.save()
    return point
