from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.states import CASE_TRANSITIONS, CaseState


class ManualCase(models.Model):
    """A delivery that only persons can settle: one proposes with evidence, another agrees."""

    class Verdict(models.TextChoices):
        DELIVER = "deliver", _("It was delivered")
        FAIL = "fail", _("It was not delivered")
        RETRY = "retry", _("Try again")

    public_id = public_id_field("cas")
    delivery = models.ForeignKey("fulfillment.Delivery", models.PROTECT, related_name="cases")
    attempt = models.ForeignKey("fulfillment.Attempt", models.PROTECT, null=True, blank=True)
    # Key of why a person is needed: unknown_too_long, no_offer, reversed, contradiction, manual.
    why = models.CharField(_("why"), max_length=40)
    state = models.CharField(_("state"), max_length=10, choices=CaseState, default=CaseState.OPEN)
    verdict = models.CharField(_("proposal"), max_length=8, choices=Verdict, blank=True, default="")
    supplier_reference = models.CharField(
        _("supplier's reference"), max_length=64, blank=True, default=""
    )
    note = models.TextField(_("note"), blank=True, default="")
    approval = models.CharField(max_length=24, blank=True, default="")
    assigned_to = models.CharField(_("with"), max_length=48, blank=True, default="")
    opened_at = models.DateTimeField(_("opened at"))
    resolved_at = models.DateTimeField(_("resolved at"), null=True, blank=True)
    resolved_by = models.CharField(max_length=48, blank=True, default="")

    class Meta:
        verbose_name = _("manual case")
        verbose_name_plural = _("manual cases")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["delivery"],
                condition=~Q(state=CaseState.RESOLVED),
                name="fulfillment_case_one_open",
            )
        ]
        triggers = [guard(CASE_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
