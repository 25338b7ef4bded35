from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from catalog.models.channel import Channel
from catalog.states import PageState
from core.models.base import public_id_field

HOME = "home"


class Page(models.Model):
    """A page that operators build of blocks: a channel's home page, or a campaign's."""

    public_id = public_id_field("pag")
    channel = models.ForeignKey(
        Channel, models.CASCADE, related_name="pages", verbose_name=_("channel")
    )
    slug = models.SlugField(
        _("address"),
        max_length=48,
        help_text=_(
            "Small letters, digits and dashes: summer-sale is shown at /page/summer-sale/."
        ),
    )
    title = models.CharField(_("title"), max_length=60)
    title_en = models.CharField(_("title in English"), max_length=80, blank=True, default="")
    description = models.CharField(
        _("description for search engines"), max_length=160, blank=True, default=""
    )
    description_en = models.CharField(
        _("description in English"), max_length=200, blank=True, default=""
    )
    hue = models.PositiveSmallIntegerField(
        _("accent"),
        null=True,
        blank=True,
        validators=[MaxValueValidator(355)],
        help_text=_(
            "Color of the page's head, 0 to 355 in steps of five: 25 red, 90 gold, 145 green, 255 blue. "
            "Empty: no head, the blocks begin at once."
        ),
    )
    state = models.CharField(
        _("state"),
        max_length=8,
        choices=PageState.choices,
        default=PageState.DRAFT,
        editable=False,
    )
    starts_at = models.DateTimeField(_("open from"), null=True, blank=True)
    ends_at = models.DateTimeField(_("open until"), null=True, blank=True)

    class Meta:
        verbose_name = _("page")
        verbose_name_plural = _("pages")
        ordering = ["channel", "slug"]
        constraints = [
            models.UniqueConstraint(fields=["channel", "slug"], name="catalog_page_once"),
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="catalog_page_dates",
            ),
            models.CheckConstraint(
                condition=Q(hue__isnull=True) | Q(hue__lt=360), name="catalog_page_hue"
            ),
            models.CheckConstraint(
                condition=Q(state__in=PageState.values), name="catalog_page_state"
            ),
            # The door of the shop is never shut.
            models.CheckConstraint(
                condition=~Q(slug=HOME)
                | Q(state=PageState.LIVE, starts_at__isnull=True, ends_at__isnull=True),
                name="catalog_page_home_open",
            ),
        ]

    def __str__(self) -> str:
        return self.title


class PageBlock(models.Model):
    """A piece of a page that operators arrange: what, where, from when to when."""

    public_id = public_id_field("blk")
    page = models.ForeignKey(Page, models.CASCADE, related_name="blocks", verbose_name=_("page"))
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
        ordering = ["page", "position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(starts_at__isnull=True)
                | Q(ends_at__isnull=True)
                | Q(starts_at__lt=F("ends_at")),
                name="catalog_block_dates",
            )
        ]

    def __str__(self) -> str:
        return f"{self.page_id} {self.position}: {self.kind}"
