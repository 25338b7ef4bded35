"""How a person wants to be reminded."""

from fulfillment.models import ReminderChoice


def reminder_choice(owner: str) -> dict[str, bool]:
    """By mail and by SMS: both, until the person says otherwise."""
    row = ReminderChoice.objects.filter(owner=owner).first()
    return {
        "by_mail": row is None or row.by_mail,
        "by_sms": row is None or row.by_sms,
    }
