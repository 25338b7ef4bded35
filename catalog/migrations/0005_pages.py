import functools

import django.core.validators
import django.db.models.deletion
from django.apps.registry import Apps
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import F, Q

import core.ids
from core.ids import new_id


def give_pages(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Every page that had blocks becomes a row, open as it was."""
    page, block = apps.get_model("catalog", "Page"), apps.get_model("catalog", "PageBlock")
    for channel_id, slug in (
        block.objects.order_by().values_list("channel_id", "old_page").distinct()
    ):
        named = (
            block.objects.filter(channel_id=channel_id, old_page=slug)
            .exclude(title="")
            .order_by("position", "id")
            .first()
        )
        made = page.objects.create(
            public_id=new_id("pag"),
            channel_id=channel_id,
            slug=slug,
            title="首页" if slug == "home" else (named.title if named else slug),
            title_en="Home" if slug == "home" else (named.title_en if named else ""),
            state="live",
        )
        block.objects.filter(channel_id=channel_id, old_page=slug).update(page=made)
    # Checked now, so that the table can be altered in this transaction.
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


def give_names(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """The way back: a block names its channel and its page's address."""
    block = apps.get_model("catalog", "PageBlock")
    for row in block.objects.select_related("page"):
        block.objects.filter(pk=row.pk).update(
            channel_id=row.page.channel_id, old_page=row.page.slug
        )
    schema_editor.execute("SET CONSTRAINTS ALL IMMEDIATE")


class Migration(migrations.Migration):
    """Pages become rows that blocks belong to."""

    dependencies = [("catalog", "0004_shelves")]

    operations = [
        migrations.CreateModel(
            name="Page",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.CharField(default=functools.partial(core.ids.new_id, *("pag",), **{}), editable=False, max_length=24, unique=True)),
                ("slug", models.SlugField(help_text="Small letters, digits and dashes: summer-sale is shown at /page/summer-sale/.", max_length=48, verbose_name="address")),
                ("title", models.CharField(max_length=60, verbose_name="title")),
                ("title_en", models.CharField(blank=True, default="", max_length=80, verbose_name="title in English")),
                ("description", models.CharField(blank=True, default="", max_length=160, verbose_name="description for search engines")),
                ("description_en", models.CharField(blank=True, default="", max_length=200, verbose_name="description in English")),
                ("hue", models.PositiveSmallIntegerField(blank=True, help_text="Color of the page's head, 0 to 355 in steps of five: 25 red, 90 gold, 145 green, 255 blue. Empty: no head, the blocks begin at once.", null=True, validators=[django.core.validators.MaxValueValidator(355)], verbose_name="accent")),
                ("state", models.CharField(choices=[("draft", "Draft"), ("live", "Live")], default="draft", editable=False, max_length=8, verbose_name="state")),
                ("starts_at", models.DateTimeField(blank=True, null=True, verbose_name="open from")),
                ("ends_at", models.DateTimeField(blank=True, null=True, verbose_name="open until")),
                ("channel", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="pages", to="catalog.channel", verbose_name="channel")),
            ],
            options={
                "verbose_name": "page",
                "verbose_name_plural": "pages",
                "ordering": ["channel", "slug"],
                "constraints": [
                    models.UniqueConstraint(fields=("channel", "slug"), name="catalog_page_once"),
                    models.CheckConstraint(condition=Q(("starts_at__isnull", True), ("ends_at__isnull", True), ("starts_at__lt", F("ends_at")), _connector="OR"), name="catalog_page_dates"),
                    models.CheckConstraint(condition=Q(("hue__isnull", True), ("hue__lt", 360), _connector="OR"), name="catalog_page_hue"),
                    models.CheckConstraint(condition=Q(("state__in", ["draft", "live"])), name="catalog_page_state"),
                    models.CheckConstraint(condition=Q(Q(("slug", "home"), _negated=True), Q(("ends_at__isnull", True), ("starts_at__isnull", True), ("state", "live")), _connector="OR"), name="catalog_page_home_open"),
                ],
            },
        ),
        migrations.AlterModelOptions(
            name="pageblock",
            options={"verbose_name": "page block", "verbose_name_plural": "page blocks"},
        ),
        migrations.RenameField(model_name="pageblock", old_name="page", new_name="old_page"),
        migrations.AlterField(
            model_name="pageblock", name="old_page",
            field=models.CharField(default="home", max_length=48),
        ),
        migrations.AlterField(
            model_name="pageblock", name="channel",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="+", to="catalog.channel"),
        ),
        migrations.AddField(
            model_name="pageblock", name="page",
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name="blocks", to="catalog.page", verbose_name="page"),
        ),
        migrations.RunPython(give_pages, give_names),
        migrations.AlterField(
            model_name="pageblock", name="page",
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="blocks", to="catalog.page", verbose_name="page"),
        ),
        migrations.RemoveField(model_name="pageblock", name="channel"),
        migrations.RemoveField(model_name="pageblock", name="old_page"),
        migrations.AlterModelOptions(
            name="pageblock",
            options={"ordering": ["page", "position", "id"], "verbose_name": "page block", "verbose_name_plural": "page blocks"},
        ),
    ]  # fmt: skip
