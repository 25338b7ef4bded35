"""Batches of codes: upload, verdicts, progress, and what can be done with a whole batch."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.contrib.filters.admin import RelatedDropdownFilter
from unfold.decorators import display

from accounts.roles import may
from catalog.admin.base import require
from core import clock
from core.admin.base import ReadOnlyAdmin, actor
from core.admin.who import who
from core.money import format_minor
from fulfillment.admin.words import problem
from fulfillment.codefiles.store import FileRefused
from fulfillment.forms import ExportForm, UploadForm, WhyForm
from fulfillment.models import CodeBatch
from fulfillment.services.imports.cancel_import import cancel_import
from fulfillment.services.imports.import_codes import ImportRefused, ImportRequest, import_codes
from fulfillment.services.imports.pause_import import pause_import
from fulfillment.services.imports.start_import import start_import
from fulfillment.services.pool.export_codes import request_export
from fulfillment.services.pool.quarantine_codes import freeze_batch
from fulfillment.services.pool.restore_codes import thaw_batch
from fulfillment.states import BatchState, CodeState, Verdict
from risk.admin.confirm import Nothing, confirm

LINES_A_PAGE = 100
BADGES = {
    "queued": "info", "running": "info", "checked": "warning", "paused": "warning",
    "finished": "success", "canceled": "default", "failed": "danger",
}  # fmt: skip
# Act on a batch → what it needs, what it is called, what will happen.
ACTS: dict[str, tuple[str, Any, Any]] = {
    "start": (
        "codes.import", gettext_lazy("Import now"),
        gettext_lazy("The accepted lines go into the vault and on sale. What is in the vault already stays as it is."),
    ),
    "pause": (
        "codes.import", gettext_lazy("Pause"),
        gettext_lazy("The import stops after the lines it is writing now. It can go on later."),
    ),
    "cancel": (
        "codes.import", gettext_lazy("Cancel the import"),
        gettext_lazy("The uploaded file is destroyed. Codes that were imported already stay in stock."),
    ),
    "freeze": (
        "codes.quarantine", gettext_lazy("Take the batch out of sale"),
        gettext_lazy(
            "Every code of this batch that is not sold goes into quarantine, also those held for an"
            " order; their buyers get others."
        ),
    ),
    "thaw": (
        "codes.quarantine", gettext_lazy("Put the batch back on sale"),
        gettext_lazy("The codes of this batch that are in quarantine can be sold again."),
    ),
    "export": (
        "codes.export", gettext_lazy("Ask for an export"),
        gettext_lazy(
            "Another person must agree. The codes leave the stock; the file carries your mark on every"
            " line and can be downloaded once."
        ),
    ),
}  # fmt: skip


@admin.register(CodeBatch)
class CodeBatchAdmin(ReadOnlyAdmin):
    """What was imported, from which file, at which cost."""

    list_display = [
        "public_id", "sku", "file_name", "state_badge", "progress", "accepted", "duplicate",
        "rejected", "cost", "created_at", "uploaded_by",
    ]  # fmt: skip
    list_filter = ["state", "dry_run", ("supplier", RelatedDropdownFilter)]
    list_select_related = ["sku"]
    search_fields = ["=public_id", "sku__code", "file_name"]
    ordering = ["-id"]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return may(request.user, "codes.import")  # type: ignore[arg-type]

    @display(description=gettext_lazy("State"), label=BADGES)
    def state_badge(self, batch: CodeBatch) -> tuple[str, str]:
        return batch.state, batch.get_state_display()

    @display(description=gettext_lazy("Progress"))
    def progress(self, batch: CodeBatch) -> str:
        return f"{batch.percent} %"

    @display(description=gettext_lazy("by"))
    def uploaded_by(self, batch: CodeBatch) -> str:
        return who(batch.created_by)

    @display(description=gettext_lazy("Cost per code"))
    def cost(self, batch: CodeBatch) -> str:
        return format_minor(batch.cost_minor, batch.currency)

    def get_urls(self) -> list[Any]:
        act = path(
            "<int:pk>/<slug:name>/act/",
            self.admin_site.admin_view(self.act),
            name="fulfillment_codebatch_act",
        )
        return [act, *super().get_urls()]

    def add_view(self, request: HttpRequest, *_args: Any, **_kwargs: Any) -> HttpResponse:
        """The upload form. The file is sealed while it is read; a worker does the rest."""
        require(request, "codes.import")
        form = UploadForm(request.POST or None, request.FILES or None)
        if request.method == "POST" and form.is_valid():
            try:
                batch = self._take(request, form.cleaned_data)
            except (FileRefused, ImportRefused) as error:
                form.add_error("file", problem(str(error)))
            else:
                return HttpResponseRedirect(
                    reverse("admin:fulfillment_codebatch_change", args=[batch.pk])
                )
        context = {**admin.site.each_context(request), "title": _("Import codes"), "form": form}
        return TemplateResponse(request, "admin/fulfillment/upload.html", context)

    def _take(self, request: HttpRequest, data: dict[str, Any]) -> CodeBatch:
        supplier = data["supplier"]
        return import_codes(
            ImportRequest(
                sku_id=data["sku"].pk,
                file_name=data["file"].name,
                supplier_id=supplier.pk if supplier else None,
                cost_minor=data["cost"],
                paid_from=data["paid_from"],
                expires_on=data["expires_on"],
                layout=data["layout"],
                dry_run=data["check_only"],
            ),
            chunks=data["file"].chunks(),
            by=actor(request),
            now=clock.now(),
        )

    def change_view(
        self, request: HttpRequest, object_id: str, *_args: Any, **_kwargs: Any
    ) -> HttpResponse:
        """One batch: progress, counts, the verdict of every line that was not taken."""
        batch = self.get_object(request, object_id)
        if batch is None or not self.has_view_permission(request, batch):
            raise Http404
        chosen = request.GET.get("verdict", "")
        lines = batch.refused_lines.all()
        if chosen in Verdict.values:
            lines = lines.filter(verdict=chosen)
        page = Paginator(lines, LINES_A_PAGE).get_page(request.GET.get("page"))
        context = {
            **admin.site.each_context(request),
            "title": f"{batch.sku.code} · {batch.file_name}",
            "batch": batch,
            "cost": format_minor(batch.cost_minor, batch.currency),
            "badge": BADGES[batch.state],
            "uploaded_by": who(batch.created_by),
            "moving": batch.state in (BatchState.QUEUED, BatchState.RUNNING),
            "problem": problem(batch.problem) if batch.problem else "",
            "verdicts": _verdicts(batch, chosen),
            "chosen": chosen,
            "page": page,
            "acts": [(name, ACTS[name][1]) for name in _possible(batch, request)],
        }
        return TemplateResponse(request, "admin/fulfillment/batch.html", context)

    def act(self, request: HttpRequest, pk: int, name: str) -> HttpResponse:
        """A page that says what will happen, then the service."""
        batch = get_object_or_404(CodeBatch, pk=pk)
        if name not in ACTS or name not in _possible(batch, request):
            raise Http404
        needed, title, text = ACTS[name]
        require(request, needed)
        forms = {"freeze": WhyForm, "thaw": WhyForm, "export": ExportForm}
        back = reverse("admin:fulfillment_codebatch_change", args=[batch.pk])

        def run(data: dict[str, Any]) -> str:
            return _carry_out(name, batch, request, data)

        return confirm(
            request, title=f"{title}: {batch.sku.code} · {batch.file_name}", text=str(text),
            button=str(title), back=back, form=forms.get(name, Nothing), run=run,
        )  # fmt: skip


def _carry_out(name: str, batch: CodeBatch, request: HttpRequest, data: dict[str, Any]) -> str:
    now, by, batch_id = clock.now(), actor(request), batch.public_id
    if name == "export":
        try:
            request_export(
                batch_id=batch_id, rows=data["rows"], reason=data["why"], now=now,
                by=by.removeprefix("user:"), channel=data["channel"],
            )  # fmt: skip
        except ValueError as error:
            raise ValidationError(problem(str(error))) from error
        return _("Asked. It waits for a second person in the inbox.")
    if name == "freeze":
        taken = freeze_batch(batch_id=batch_id, by=by, why=data["why"], now=now)
        return _("%(n)d codes are in quarantine.") % {"n": taken}
    if name == "thaw":
        taken = thaw_batch(batch_id=batch_id, by=by, why=data["why"], now=now)
        return _("%(n)d codes are back on sale.") % {"n": taken}
    service = {"start": start_import, "pause": pause_import, "cancel": cancel_import}[name]
    try:
        done = service(batch_id=batch_id, by=by, now=now)
    except ImportRefused as error:
        raise ValidationError(problem(str(error))) from error
    if not done:
        raise ValidationError(_("The import has moved on meanwhile. Look again."))
    return _("Done.")


def _verdicts(batch: CodeBatch, chosen: str) -> list[dict[str, Any]]:
    return [
        {"key": key, "label": label, "count": batch.counts[key], "chosen": key == chosen,
         "listed": key not in (Verdict.ACCEPTED, Verdict.HEADER)}
        for key, label in Verdict.choices
        if batch.counts.get(key)
    ]  # fmt: skip


def _possible(batch: CodeBatch, request: HttpRequest) -> list[str]:
    """Acts that make sense now and that this person may do."""
    waiting = (BatchState.CHECKED, BatchState.PAUSED, BatchState.FAILED)
    codes = batch.codes
    free = codes.filter(state__in=[CodeState.AVAILABLE, CodeState.HELD])
    sensible = {
        "start": batch.state in waiting and bool(batch.stored),
        "pause": batch.state == BatchState.RUNNING,
        "cancel": batch.state in (*waiting, BatchState.QUEUED, BatchState.RUNNING),
        "freeze": free.exists(),
        "thaw": codes.filter(state=CodeState.QUARANTINED).exists(),
        "export": codes.filter(state=CodeState.AVAILABLE).exists(),
    }
    return [n for n, ok in sensible.items() if ok and may(request.user, ACTS[n][0])]  # type: ignore[arg-type]
