"""Keys to previews: a signed word that opens one page to one member of staff, for two hours."""

from datetime import datetime, timedelta

from django.core import signing

SALT = "catalog.preview"
LASTS = timedelta(hours=2)


def preview_key(*, page: str, by: str, now: datetime) -> str:
    """A key for the page with this public id, in the hands of the user with that one."""
    return signing.dumps([page, by, int((now + LASTS).timestamp())], salt=SALT)


def opened_page(key: str, *, by: str, now: datetime) -> str | None:
    """The public id of the page that a key opens; None when it is forged, over or somebody else's."""
    try:
        page, holder, until = signing.loads(key, salt=SALT)
    except (signing.BadSignature, TypeError, ValueError):
        return None
    return str(page) if holder == by and now.timestamp() < until else None
