import pgtrigger
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly

BALANCED = """
    IF EXISTS (SELECT 1 FROM core_posting WHERE journal_id = NEW.journal_id
               GROUP BY currency HAVING sum(amount) <> 0) THEN
        RAISE EXCEPTION 'journal % is not balanced', NEW.journal_id USING ERRCODE = 'QY001';
    END IF;
    RETURN NULL;
"""


class LedgerAccount(models.Model):
    """An account of the chart. Debit positive, credit negative; `sign` turns it to its own side."""

    class Kind(models.TextChoices):
        ASSET = "asset", _("Asset")
        LIABILITY = "liability", _("Liability")
        INCOME = "income", _("Income")
        EXPENSE = "expense", _("Expense")

    code = models.CharField(_("account"), max_length=64, primary_key=True)
    kind = models.CharField(_("kind of account"), max_length=12, choices=Kind)
    floored = models.BooleanField(_("has a floor"), default=False)

    class Meta:
        verbose_name = _("account")
        verbose_name_plural = _("accounts")

    def __str__(self) -> str:
        return self.code


class Journal(AppendOnly):
    """One business event's entry. `key` names the event, so that it is posted once for ever."""

    key = models.CharField(_("event"), max_length=80, unique=True)
    kind = models.CharField(_("kind of event"), max_length=40)
    at = models.DateTimeField(_("at"))
    note = models.CharField(_("note"), max_length=200, blank=True, default="")

    class Meta(AppendOnly.Meta):
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        indexes = [models.Index(fields=["at"], name="core_journal_at")]

    def __str__(self) -> str:
        return self.key


class Posting(AppendOnly):
    """One leg: minor units of `currency`, debit positive. `subject` is what it is about."""

    journal = models.ForeignKey(Journal, models.PROTECT, related_name="postings", db_index=True)
    account = models.ForeignKey(
        LedgerAccount, models.PROTECT, db_index=False, verbose_name=_("account")
    )
    amount = models.BigIntegerField(_("amount"))
    currency = models.CharField(max_length=3, default="CNY")
    subject = models.CharField(_("about"), max_length=40, blank=True, default="")

    class Meta(AppendOnly.Meta):
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        constraints = [models.CheckConstraint(condition=~Q(amount=0), name="core_posting_not_zero")]
        indexes = [
            # Sums of an unfloored account for one subject: what an order still owes.
            models.Index(fields=["account", "subject"], name="core_posting_account"),
            models.Index(fields=["subject"], name="core_posting_subject"),
        ]
        triggers = [
            *AppendOnly.Meta.triggers,
            pgtrigger.Trigger(
                name="balanced",
                operation=pgtrigger.Insert,
                when=pgtrigger.After,
                timing=pgtrigger.Deferred,
                func=BALANCED,
            ),
        ]


class AccountBalance(models.Model):
    """The running balance of an account with a floor; the others are summed from postings."""

    account = models.ForeignKey(LedgerAccount, models.PROTECT, verbose_name=_("account"))
    currency = models.CharField(_("currency"), max_length=3, default="CNY")
    balance = models.BigIntegerField(default=0)
    sign = models.SmallIntegerField(default=1)
    floor = models.BigIntegerField(default=0)
    version = models.BigIntegerField(_("version"), default=0)

    class Meta:
        verbose_name = _("kept balance")
        verbose_name_plural = _("kept balances")
        constraints = [
            models.UniqueConstraint(fields=["account", "currency"], name="core_balance_once"),
            models.CheckConstraint(
                condition=Q(floor__lte=F("balance") * F("sign")), name="core_balance_floor"
            ),
        ]
