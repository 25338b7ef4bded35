from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import AppendOnly, public_id_field
from risk.states import STOPS, Point, Reason, Verdict


class Assessment(AppendOnly):
    """One request, judged: the facts as hashes and masks, the verdict and the rules that fired."""

    public_id = public_id_field("rsk")
    point = models.CharField(_("point"), max_length=12, choices=Point)
    subject = models.CharField(_("subject"), max_length=64)
    facts = models.JSONField(_("facts"), default=dict)
    verdict = models.CharField(_("verdict"), max_length=12, choices=Verdict)
    reason = models.CharField(_("reason"), max_length=24, choices=Reason)
    rules = models.JSONField(_("rules fired"), default=list)
    at = models.DateTimeField(_("time"))

    class Meta(AppendOnly.Meta):
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        indexes = [
            models.Index(fields=["-at"], name="risk_assessment_at"),
            models.Index(fields=["subject"], name="risk_assessment_subject"),
            # Operators read what was not let through; that is a sliver of all rows.
            models.Index(
                fields=["-at"],
                name="risk_assessment_stopped",
                condition=~models.Q(verdict="allow"),
            ),
        ]

    def __str__(self) -> str:
        return self.public_id

    @property
    def stops(self) -> bool:
        """Whether the request does not go on."""
        return self.verdict in STOPS

    @property
    def message(self) -> str:
        """What the person who was stopped is told."""
        return str(Reason(self.reason).label)
