"""Tables that several pages of the back office show: history, money."""

from collections.abc import Iterable, Sequence

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from core.admin.who import who
from core.models import Posting
from core.money import format_minor
from core.transitions import history, in_words


def table(rows: Iterable[Sequence[object]]) -> SafeString | str:
    """A plain table of escaped cells; a wide one scrolls inside its frame."""
    body = format_html_join(
        "",
        "<tr>{}</tr>",
        ((format_html_join("", "<td>{}</td>", ((c,) for c in row)),) for row in rows),
    )
    return format_html('<div class="desk-scroll"><table>{}</table></div>', body) if body else "–"


def changes(*subjects: str) -> SafeString | str:
    """Every recorded change of state of these public ids."""
    return table(
        (row.at.astimezone().strftime("%m-%d %H:%M:%S"), row.subject,
         in_words(row), who(row.by), row.why)
        for row in history(*subjects)
    )  # fmt: skip


def postings(reference: str) -> SafeString | str:
    """Ledger lines of a reference."""
    legs = Posting.objects.filter(subject=reference).select_related("journal").order_by("id")
    return table(
        (leg.journal.key, leg.account_id, format_minor(leg.amount, leg.currency)) for leg in legs
    )


def seconds_ago(seconds: float) -> str:
    """An age that a person reads at a glance."""
    minutes, hours = int(seconds // 60), int(seconds // 3600)
    if hours >= 48:  # noqa: PLR2004  two days
        return _("%(n)d days") % {"n": hours // 24}
    if hours:
        return _("%(n)d h") % {"n": hours}
    return _("%(n)d min") % {"n": minutes} if minutes else _("%(n)d s") % {"n": int(seconds)}
