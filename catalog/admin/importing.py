"""The import wizard: upload, read the verdict of every line, confirm."""

import base64
import binascii
import zlib

from django.contrib import admin, messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from catalog.admin.base import require
from catalog.forms import ImportForm
from catalog.importing.rows import MAX_BYTES, UnreadableFile
from catalog.services.import_catalogue import import_catalogue
from core import clock
from core.admin.base import actor

ACT = "catalog.import"
SHOWN_VERDICTS = 500
# The judged file travels in the confirmation form, packed; larger files come by command.
MAX_PACKED = 1024 * 1024


def wizard(request: HttpRequest) -> HttpResponse:
    """One page for the two steps; nothing is kept on the server between them."""
    require(request, ACT)
    if request.method == "POST" and "packed" in request.POST:
        return _take(request)
    form = ImportForm(request.POST or None, request.FILES or None)
    context = {**admin.site.each_context(request), "title": _("Import a catalogue"), "form": form}
    if request.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        content = file.read(MAX_BYTES + 1)
        packed = base64.b64encode(zlib.compress(content, 6)).decode()
        try:
            plan = import_catalogue(
                content=content, now=clock.now(), acting=actor(request), dry_run=True
            )
        except UnreadableFile as error:
            form.add_error("file", str(error))
        else:
            # What needs an eye comes first.
            order = {"refused": 0, "changed": 1, "added": 2, "same": 3}
            verdicts = sorted(
                plan.verdicts, key=lambda verdict: (order[verdict.outcome], verdict.line)
            )
            context |= {
                "plan": plan, "verdicts": verdicts[:SHOWN_VERDICTS], "hidden": len(verdicts) - SHOWN_VERDICTS,
                "packed": packed if len(packed) <= MAX_PACKED else "", "name": file.name[:60],
            }  # fmt: skip
    return TemplateResponse(request, "admin/catalog/import.html", context)


def _take(request: HttpRequest) -> HttpResponse:
    back = HttpResponseRedirect(reverse("admin:catalog_import"))
    try:
        content = _unpack(request.POST["packed"])
        plan = import_catalogue(
            content=content,
            now=clock.now(),
            acting=actor(request),
            source=request.POST.get("name", "")[:60],
        )
    except UnreadableFile as error:
        messages.error(request, str(error))
        return back
    counts = plan.counts
    messages.success(
        request,
        _(
            "Imported: %(added)s added, %(changed)s changed, %(same)s as they were, %(refused)s refused."
        )
        % counts,
    )
    return HttpResponseRedirect(reverse("admin:catalog_product_changelist"))


def _unpack(packed: str) -> bytes:
    """The file again, never more than MAX_BYTES of it. Raises UnreadableFile."""
    try:
        return zlib.decompressobj().decompress(
            base64.b64decode(packed, validate=True), MAX_BYTES + 1
        )
    except (binascii.Error, zlib.error) as error:
        raise UnreadableFile(_("The file did not arrive whole. Please upload it again.")) from error
