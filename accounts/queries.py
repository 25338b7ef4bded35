"""What upper floors ask about people."""

from collections.abc import Sequence
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.urls import reverse

from accounts.contacts import Contact, read_contact
from accounts.models import ContactPoint, User
from core.admin.who import Card
from core.crypto import unseal
from core.masking import mask_mail


def verified_contacts(user: User) -> tuple[Contact, ...]:
    """The phone and the addresses this person has proved to hold."""
    phones = ContactPoint.objects.filter(user=user, verified_at__isnull=False)
    mails = EmailAddress.objects.filter(user=user, verified=True)
    return (
        *(read_contact(phone_of(point), kind=point.kind) for point in phones),
        *(read_contact(address.email, kind="mail") for address in mails),
    )


def holds_contact(user: User, index: bytes) -> bool:
    """Whether this person has proved to hold the contact with that index."""
    return any(contact.index == bytes(index) for contact in verified_contacts(user))


def phone_of(point: ContactPoint) -> str:
    """The number itself, E.164. Only for signing in, sending, and showing it to its holder."""
    return unseal(point.sealed, context=point.context).reveal()


def holder_of_phone(index: bytes) -> User | None:
    """Who has verified the phone with that index."""
    point = (
        ContactPoint.objects.select_related("user")
        .filter(value_index=index, verified_at__isnull=False, kind=ContactPoint.Kind.PHONE)
        .first()
    )
    return point.user if point else None


def lacks_second_factor(user: Any) -> bool:
    """Whether this is staff who must set up a second factor before they see anything of theirs."""
    return bool(settings.STAFF_MFA_REQUIRED and user.is_staff and not is_mfa_enabled(user))


def name_of(public_id: str) -> str:
    """What the back office calls this person; "" for nobody. Only staff's addresses stand in full."""
    found = User.objects.filter(public_id=public_id).first()
    if found is None:
        return ""
    return found.display_name or (found.email or "" if found.is_staff else masked_contact(found))


def masked_contact(user: User) -> str:
    """What staff may see of how somebody is reached: the address or the phone, masked; else "" ."""
    if user.email:
        return mask_mail(user.email)
    phone = ContactPoint.objects.filter(user=user).order_by("verified_at", "pk").first()
    return phone.masked if phone else ""


def card_of(public_id: str) -> Card | None:
    """How the back office shows this person; None for nobody."""
    found = User.objects.filter(public_id=public_id).first()
    if found is None:
        return None
    return Card(
        contact=masked_contact(found) or found.display_name or public_id,
        page=reverse("admin:accounts_user_change", args=[found.pk]),
        perm="accounts.view_user",
    )


def contact_indexes(people: Sequence[str]) -> list[tuple[str, bytes]]:
    """(public id, index of a verified phone or address) of these people; nothing is unsealed."""
    phones = ContactPoint.objects.filter(user__public_id__in=people, verified_at__isnull=False)
    mails = EmailAddress.objects.filter(user__public_id__in=people, verified=True)
    return [
        *(
            (owner, bytes(index))
            for owner, index in phones.values_list("user__public_id", "value_index")
        ),
        *(
            (owner, read_contact(address, kind="mail").index)
            for owner, address in mails.values_list("user__public_id", "email")
        ),
    ]


def masked_names(people: Sequence[str]) -> dict[str, str]:
    """What other people may see of these (public ids): the first letter of a name, or stars."""
    rows = User.objects.filter(public_id__in=people).values_list("public_id", "display_name")
    return {owner: f"{name[:1] or '*'}**" for owner, name in rows}
