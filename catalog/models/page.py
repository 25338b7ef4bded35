from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.channel import Channel
from core.models.base import public_id_field


class PageBlock(models.Model):
    """A piece of a page that operators arrange: what, where, for whom, from when to when."""

    public_id = public_id_field("blk")
    channel = models.ForeignKey(
        Channel, models.CASCADE, related_name="blocks", verbose_name=_("channel")
    )
    page = models.SlugField(_("page"), max_length=48, default="home")
    kind = models.CharField(_("kind"), max_length=24)
    position = models.PositiveIntegerField(_("position"), default=0)
    title = models.CharField(_("title"), max_length=60, blank=True, default="")
    title_en = models.CharField(_("title in English"), max_length=80, blank=True, default="")
    params = models.JSONField(_("settings"), default=dict, blank=True)
    is_visible = models.BooleanField(_("visible"), default=True)
    starts_at = models.DateTimeField(_("shown from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("shown until"), null=True, blank=True)

    class Meta:
        verbose_name = _("page block")
        verbose_name_plural = _("page blocks")
        ordering = ["channel", "page", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="catalog_block_dates",
            )
        ]

    def __str__(self) -> str:
        return f"{self.page} {self.position}: {self.kind}"
