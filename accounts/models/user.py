from collections.abc import Collection
from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.models.base import public_id_field


class Language(models.TextChoices):
    CHINESE = "zh-hans", "简体中文"
    ENGLISH = "en", "English"


class UserManager(BaseUserManager["User"]):
    def create_user(
        self, *, email: str | None = None, password: str | None = None, **fields: Any
    ) -> "User":
        """A person without any staff right. An address given here still has to be verified."""
        user = self.model(email=self.normalize_email(email).lower() if email else None, **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser):
    """A person. Nobody has a username: people sign in by mail address or phone.

    Staff rights are not columns: they follow from StaffRole rows and the role table.
    """

    public_id = public_id_field("usr")
    # A copy of allauth's primary EmailAddress, which is the truth about addresses.
    email = models.EmailField(_("e-mail"), null=True, blank=True, db_index=True)
    display_name = models.CharField(_("name"), max_length=60, blank=True, default="")
    language = models.CharField(
        _("language"), max_length=8, choices=Language, default=Language.CHINESE
    )
    is_active = models.BooleanField(_("active"), default=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    joined_at = models.DateTimeField(_("joined at"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "public_id"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("person")
        verbose_name_plural = _("people")
        indexes = [models.Index(fields=["-joined_at"], name="accounts_user_new")]

    def __str__(self) -> str:
        return self.display_name or self.public_id

    def get_full_name(self) -> str:
        """What the back office calls its reader."""
        return self.display_name

    @property
    def acting(self) -> str:
        """How this person is named as the one who acts."""
        return f"user:{self.public_id}"

    @cached_property
    def role_names(self) -> frozenset[str]:
        """Staff roles held now; one statement for each request."""
        if not (self.is_staff and self.is_active):
            return frozenset()
        return frozenset(
            self.staff_roles.filter(revoked_at__isnull=True).values_list("role", flat=True)
        )

    @cached_property
    def level(self) -> int:
        """The rank of the member level held now, 0 without any; one statement for each request."""
        from accounts.levels import level_of

        return level_of(self.pk)

    @property
    def is_superuser(self) -> bool:
        """What Django and Unfold ask for; it is the owner role and nothing else."""
        return "owner" in self.role_names

    def has_perm(self, perm: str, obj: object = None) -> bool:
        from accounts.roles import has_perm

        return has_perm(self, perm)

    def has_perms(self, perms: Collection[str], obj: object = None) -> bool:
        return all(self.has_perm(perm) for perm in perms)

    def has_module_perms(self, app_label: str) -> bool:
        from accounts.roles import has_module_perms

        return has_module_perms(self, app_label)
