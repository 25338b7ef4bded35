"""What the ledger says of many events at once. One table at a time: no statistics can mislead that."""

from collections import defaultdict
from collections.abc import Collection, Sequence

from core.models import Journal, Posting

CHUNK = 5000


def booked(keys: Sequence[str], accounts: Collection[str]) -> dict[str, int]:
    """Journal key → minor units that it moved on these accounts, debit positive; 0 is not listed.

    A key without a journal, or whose journal does not touch the accounts, is not in the answer.
    """
    found: dict[str, int] = defaultdict(int)
    for at in range(0, len(keys), CHUNK):
        journals = dict(
            Journal.objects.filter(key__in=keys[at : at + CHUNK]).values_list("pk", "key")
        )
        legs = Posting.objects.filter(journal_id__in=list(journals), account_id__in=accounts)
        for journal_id, amount in legs.values_list("journal_id", "amount"):
            found[journals[journal_id]] += amount
    return dict(found)
