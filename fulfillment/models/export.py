from django.db import models
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field
from core.transitions import guard
from fulfillment.states import EXPORT_TRANSITIONS, ExportState


class CodeExport(models.Model):
    """Codes handed out as a file: agreed by two persons, sealed at rest, downloaded once."""

    public_id = public_id_field("exp")
    approval = models.CharField(max_length=24, unique=True)
    sku = models.ForeignKey("catalog.Sku", models.PROTECT)
    batch = models.ForeignKey("fulfillment.CodeBatch", models.PROTECT, null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"))
    requested_by = models.CharField(_("for"), max_length=48)
    agreed_by = models.CharField(_("agreed by"), max_length=48)
    stored = models.CharField(max_length=80, blank=True, default="", editable=False)
    # The file's password, sealed with context `fulfillment_codeexport:password:<public_id>`:
    # shown to the second person only, typed by the first.
    password = models.BinaryField(null=True, editable=False)
    wrong_tries = models.PositiveSmallIntegerField(default=0, editable=False)
    state = models.CharField(
        _("state"), max_length=8, choices=ExportState, default=ExportState.READY
    )
    created_at = models.DateTimeField(_("made at"))
    expires_at = models.DateTimeField(_("download until"))
    taken_at = models.DateTimeField(_("downloaded at"), null=True, blank=True)

    class Meta:
        verbose_name = _("code export")
        verbose_name_plural = _("code exports")
        ordering = ["-id"]
        triggers = [guard(EXPORT_TRANSITIONS)]

    def __str__(self) -> str:
        return self.public_id
