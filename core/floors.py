"""The floor of one account: how far below zero somebody with an account of their own may go."""

from django.db import IntegrityError, transaction

from core.ledger import FLOOR_CONSTRAINT, FloorBreached, ensure_accounts
from core.models.ledger import AccountBalance
from core.tx import part


@part
def set_floor(*, account: str, currency: str, floor: int) -> None:
    """Let the account fall to `floor` (minor units on its own side) and no further.

    The account is opened if it is new. Raises FloorBreached when it lies lower already, and
    UnknownAccount for one that the chart does not have.
    """
    ensure_accounts([(account, currency)])
    rows = AccountBalance.objects.filter(account_id=account, currency=currency)
    try:
        with transaction.atomic():
            rows.update(floor=floor)
    except IntegrityError as error:
        if FLOOR_CONSTRAINT in str(error):
            raise FloorBreached(account) from error
        raise
