from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import action, display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from accounts.contacts import read_contact
from accounts.models import ContactPoint, StaffRole, User
from accounts.models.staffrole import Role
from accounts.services.grant_role import ask_for_role
from accounts.services.lock_person import lock_person
from accounts.services.reset_second_factor import reset_second_factor
from accounts.services.revoke_role import revoke_role
from core import clock
from core.admin.base import ReadOnlyAdmin
from core.masking import mask_mail
from risk.admin.confirm import confirm
from risk.values import NotAValue


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Why"), max_length=200, widget=UnfoldAdminTextInputWidget)


class RoleForm(forms.Form):
    role = forms.ChoiceField(label=_("Role"), choices=Role.choices, widget=UnfoldAdminSelectWidget)


class AskRoleForm(RoleForm, ReasonForm):
    field_order = ["role", "reason"]


class ReadOnlyInline(TabularInline):
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


class StaffRoleInline(ReadOnlyInline):
    model = StaffRole
    fields = ["role", "granted_by", "approval", "granted_at", "revoked_at", "revoked_by"]


class ContactInline(ReadOnlyInline):
    model = ContactPoint
    fields = ["kind", "masked", "verified_at"]


@admin.register(User)
class PersonAdmin(ReadOnlyAdmin):
    """A person: what they hold, which roles, and the acts that staff may do to an account."""

    list_display = [
        "public_id",
        "display_name",
        "mail",
        "is_staff",
        "is_active",
        "joined_at",
        "last_login",
    ]
    list_filter = ["is_staff", "is_active", "language"]
    search_fields = ["=public_id"]
    search_help_text = _("Exact id, whole mail address or whole phone number")
    ordering = ["-joined_at"]
    list_per_page = 50
    show_full_result_count = False
    fields = [
        "public_id",
        "display_name",
        "mail",
        "language",
        "is_active",
        "is_staff",
        "joined_at",
        "last_login",
    ]
    readonly_fields = fields
    inlines = [StaffRoleInline, ContactInline]
    actions_detail = ["give_role", "take_role", "lock", "reset_factor"]

    @display(description=_("E-mail"))
    def mail(self, user: User) -> str:
        return mask_mail(user.email) if user.email else "–"

    def get_search_results(
        self, request: HttpRequest, queryset: Any, search_term: str
    ) -> tuple[Any, bool]:
        found, distinct = super().get_search_results(request, queryset, search_term)
        try:
            contact = read_contact(search_term)
        except NotAValue:
            return found, distinct
        if contact.kind == "mail":
            return found | queryset.filter(email=contact.value), distinct
        return found | queryset.filter(contact_points__value_index=contact.index), True

    @action(description=_("Give a role…"), url_path="give-role")
    def give_role(self, request: HttpRequest, object_id: int) -> HttpResponse:
        person = get_object_or_404(User, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            ask_for_role(
                user=person.public_id,
                role=data["role"],
                by=_me(request),
                reason=data["reason"],
                now=clock.now(),
            )
            return gettext("Asked for. Another person decides in the approvals.")

        return confirm(
            request,
            act="accounts.grant_role",
            title=gettext("Give a role to %(name)s") % {"name": person},
            form=AskRoleForm,
            text=gettext(
                "You ask; another owner, who is not this person, agrees. Then the role holds at once."
            ),
            button=gettext("Ask for it"),
            back=_page(person),
            run=run,
        )

    @action(description=_("Take a role…"), url_path="take-role")
    def take_role(self, request: HttpRequest, object_id: int) -> HttpResponse:
        person = get_object_or_404(User, pk=object_id)

        def run(data: dict[str, Any]) -> str:
            taken = revoke_role(
                user=person.public_id, role=data["role"], by=_me(request), now=clock.now()
            )
            return (
                gettext("The role is taken.")
                if taken
                else gettext("This person does not have that role.")
            )

        return confirm(
            request,
            act="accounts.grant_role",
            title=gettext("Take a role from %(name)s") % {"name": person},
            form=RoleForm,
            text=gettext(
                "It ends at once. Without any role left, the back office is closed to them."
            ),
            button=gettext("Take the role"),
            back=_page(person),
            run=run,
        )

    @action(description=_("Lock or unlock…"), url_path="lock")
    def lock(self, request: HttpRequest, object_id: int) -> HttpResponse:
        person = get_object_or_404(User, pk=object_id)
        locking = person.is_active

        def run(data: dict[str, Any]) -> str:
            lock_person(
                user=person.public_id,
                lock=locking,
                by=_me(request),
                reason=data["reason"],
                now=clock.now(),
            )
            return (
                gettext("The account is locked.")
                if locking
                else gettext("The account is open again.")
            )

        return confirm(
            request,
            act="accounts.lock_person",
            title=str(person),
            form=ReasonForm,
            back=_page(person),
            run=run,
            text=gettext(
                "They are signed out with their next click and cannot sign in. Their orders and goods stay."
            )
            if locking
            else gettext("They can sign in again."),
            button=gettext("Lock the account") if locking else gettext("Unlock the account"),
        )

    @action(description=_("Reset second factor…"), url_path="reset-factor")
    def reset_factor(self, request: HttpRequest, object_id: int) -> HttpResponse:
        person = get_object_or_404(User, pk=object_id)

        def run(_data: dict[str, Any]) -> str:
            reset_second_factor(user=person.public_id, by=_me(request), now=clock.now())
            return gettext(
                "Removed. They set up a new one before they reach the back office again."
            )

        return confirm(
            request,
            act="accounts.reset_second_factor",
            title=str(person),
            button=gettext("Remove the second factor"),
            back=_page(person),
            run=run,
            text=gettext(
                "Be sure that it is really they who ask: see them, or call a number you know."
            ),
        )


def _me(request: HttpRequest) -> str:
    return request.user.public_id  # type: ignore[union-attr]


def _page(person: User) -> str:
    return reverse("admin:accounts_user_change", args=[person.pk])
