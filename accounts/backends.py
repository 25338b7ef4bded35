"""Who signs in, and what they may in the back office: the role table, and nothing else grants."""

from typing import Any

from allauth.account.auth_backends import AuthenticationBackend

from accounts import roles
from accounts.models import User


class RoleBackend(AuthenticationBackend):
    """allauth's sign-in with our allow-list. Django's groups and permission rows do not count."""

    def has_perm(self, user_obj: Any, perm: str, obj: Any = None) -> bool:
        return isinstance(user_obj, User) and roles.has_perm(user_obj, perm)

    def has_module_perms(self, user_obj: Any, app_label: str) -> bool:
        return isinstance(user_obj, User) and roles.has_module_perms(user_obj, app_label)

    def get_user_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_group_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        return set()
