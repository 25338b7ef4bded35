"""How somebody wants to be reminded of what ends."""

from datetime import datetime

from core.tx import step
from fulfillment.models import ReminderChoice


@step()
def choose_reminders(*, owner: str, by_mail: bool, by_sms: bool, now: datetime) -> ReminderChoice:
    """Keep the choice of `owner` (a user's public id); without one both ways are used."""
    row, _made = ReminderChoice.objects.update_or_create(
        owner=owner, defaults={"by_mail": by_mail, "by_sms": by_sms, "changed_at": now}
    )
    return row
