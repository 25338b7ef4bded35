from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import action, display

from accounts.models import Message
from accounts.services.resend_message import resend_message
from core import clock
from core.admin.base import Badge, ReadOnlyAdmin, actor
from risk.admin.confirm import confirm


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """What was told to whom. Recipient masked, text not kept."""

    list_display = [
        "created_at",
        "kind",
        "template",
        "masked",
        "state_badge",
        "tries",
        "sent_at",
        "last_error",
    ]
    list_filter = ["state", "kind", "template"]
    search_fields = ["=public_id", "=masked"]
    search_help_text = _("Exact message id or masked recipient")
    ordering = ["-created_at"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "public_id",
        "kind",
        "template",
        "language",
        "masked",
        "state",
        "tries",
        "created_at",
        "not_before",
        "expires_at",
        "sent_at",
        "last_error",
    ]
    readonly_fields = fields
    actions_detail = ["resend"]

    @display(
        description=_("State"),
        label={"queued": "info", "sent": "success", "failed": "danger", "dead": "danger"},
    )
    def state_badge(self, message: Message) -> Badge:
        return Badge(message.state, message.get_state_display())

    @action(description=_("Send again…"), url_path="resend")
    def resend(self, request: HttpRequest, object_id: int) -> HttpResponse:
        message = get_object_or_404(Message, pk=object_id)

        def run(_data: dict[str, object]) -> str:
            queued = resend_message(
                message_id=message.public_id, by=actor(request), now=clock.now()
            )
            return (
                gettext("Queued again.")
                if queued
                else gettext("Only a failed or given-up message is sent again.")
            )

        return confirm(
            request,
            act="accounts.resend_message",
            title=str(message),
            button=gettext("Send again"),
            run=run,
            text=gettext("The same message goes to the same recipient once more."),
            back=reverse("admin:accounts_message_change", args=[message.pk]),
        )
