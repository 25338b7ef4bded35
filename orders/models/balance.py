"""A person's balance in money, as it pays for orders (decision 0008).

The truth about a balance is the ledger: account `balance:<person>`, a liability with its floor at
zero. Redeemed gift cards, refunds and corrections raise it, orders lower it.
"""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core import transitions
from core.models.base import public_id_field
from core.models.ledger import AccountBalance
from orders.states import BALANCE_STEPS, BalanceState

HEAD = "balance"


class BalancePayment(models.Model):
    """The part of an order that is paid from its buyer's balance: held, then spent, or given back."""

    public_id = public_id_field("bpy")
    order = models.OneToOneField(
        "orders.Order", models.PROTECT, related_name="balance_payment", verbose_name=_("order")
    )
    owner = models.CharField(_("owner"), max_length=24)
    amount_minor = models.BigIntegerField(_("amount (minor units)"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    # Minor units by line (public id); they sum to `amount_minor`.
    shares = models.JSONField(default=dict, editable=False)
    returned_minor = models.BigIntegerField(_("given back for refunds (minor units)"), default=0)
    # How often it has been held: late money holds it again.
    turn = models.PositiveSmallIntegerField(default=1, editable=False)
    state = models.CharField(
        _("state"), max_length=10, choices=BalanceState, default=BalanceState.HELD
    )
    state_at = models.DateTimeField(_("in this state since"))
    created_at = models.DateTimeField(_("at"))

    class Meta:
        verbose_name = _("payment from a balance")
        verbose_name_plural = _("payments from balances")
        constraints = [
            models.CheckConstraint(
                condition=Q(amount_minor__gt=0, returned_minor__gte=0)
                & Q(returned_minor__lte=F("amount_minor")),
                name="orders_balancepayment_amounts",
            )
        ]
        triggers = [transitions.guard(BALANCE_STEPS)]

    def __str__(self) -> str:
        return f"{self.order_id} {self.amount_minor}"


class PersonBalance(AccountBalance):
    """The kept balance of one person, for the back office."""

    class Meta:
        proxy = True
        verbose_name = _("balance of a person")
        verbose_name_plural = _("balances of people")

    def __str__(self) -> str:
        return self.owner

    @property
    def owner(self) -> str:
        """Public id of the person."""
        return str(self.account_id).partition(":")[2]

    @property
    def minor(self) -> int:
        """Minor units, never negative."""
        return self.balance * self.sign
