"""Crash points, clock moves and switched-off guards exist only where this is on."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.accounts import STAFF_MFA_REQUIRED
from config.settings.base import DEBUG, SITE_URL
from config.settings.environment import env

TEST_HOOKS = env.bool("TEST_HOOKS", default=False)
# What would be a hole in a shop that strangers reach; on this machine it helps.
for _why in (
    "TEST_HOOKS is for tests on this machine" if TEST_HOOKS else "",
    "DEBUG shows strangers our insides" if DEBUG else "",
    "STAFF_MFA_REQUIRED may be off on this machine only" if not STAFF_MFA_REQUIRED else "",
):
    if _why and urlsplit(SITE_URL).hostname not in {"127.0.0.1", "localhost"}:
        raise ImproperlyConfigured(f"{_why}; a shop with an address refuses to start with it")

# A file named after a crash point lying here kills the first process that reaches it.
CRASH_DIR = env.str("CRASH_DIR", default="")
# Guards a negative control runs without, in every process.
GUARDS_OFF = frozenset(env.list("GUARDS_OFF", default=[]))
