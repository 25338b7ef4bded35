"""People, roles and messages in the back office; sign-in goes through allauth, with its second factor."""

from allauth.account.decorators import secure_admin_login
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.contrib import admin
from django.contrib.auth.models import Group

from accounts.admin import contacts, levels, messages, people

# Rights come from roles; seeds, sessions and "mark as verified" are nothing to edit here.
for _model in (EmailAddress, Authenticator, UserSession, Group):
    if admin.site.is_registered(_model):
        admin.site.unregister(_model)

admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

__all__ = ["contacts", "levels", "messages", "people"]
