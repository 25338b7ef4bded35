from django.db import models
from django.db.models import Q


class OpenBudget(models.Model):
    """What one subject (an order) has taken from reservation budgets and not given back yet.

    Giving back closes this row, so it happens once however often it is asked for.
    """

    subject = models.CharField(max_length=64, unique=True)
    # Budget key to amount, as taken: rules may change while the order is open.
    counters = models.JSONField()
    taken_at = models.DateTimeField()
    given_back_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["taken_at"],
                name="risk_openbudget_open",
                condition=Q(given_back_at__isnull=True),
            )
        ]

    def __str__(self) -> str:
        return self.subject
