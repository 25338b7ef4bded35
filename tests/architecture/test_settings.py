"""Production settings are strict, and refuse what belongs to tests."""

import os
import subprocess
import sys

import pytest

from tests.architecture.tree import ROOT

PRODUCTION = {
    "SITE_URL": "https://shop.example.com",
    "SECRET_KEY": "k" * 30 + "ey-with-many-different-Letters-0123456789",
    "DATABASE_URL": "postgresql://quanyi_app@127.0.0.1/quanyi",
    "PATH": os.environ["PATH"],
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


def _manage(*arguments: str, **env: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(
        command, cwd=ROOT, env=PRODUCTION | env, text=True, capture_output=True, check=False
    )


def test_the_deployment_check_has_nothing_to_say() -> None:
    done = _manage("check", "--deploy", "--fail-level", "WARNING", SECURE_HSTS_PRELOAD="1")
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("flag", [{"TEST_HOOKS": "1"}, {"SECRET_KEY": ""}])
def test_production_refuses_to_start(flag: dict[str, str]) -> None:
    done = _manage("check", **flag)
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr


def test_cookies_are_closed() -> None:
    code = (
        "from django.conf import settings as s\n"
        "assert not s.DEBUG and not s.TEST_HOOKS\n"
        "for n in ('SESSION', 'CSRF', 'LANGUAGE'):\n"
        "    assert getattr(s, n + '_COOKIE_SECURE') and getattr(s, n + '_COOKIE_HTTPONLY')\n"
        "    assert getattr(s, n + '_COOKIE_SAMESITE') == 'Lax'\n"
        "policy = s.CONTENT_SECURITY_POLICY['DIRECTIVES']\n"
        "assert not any('unsafe' in v for vs in policy.values() for v in vs)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=PRODUCTION,
        text=True,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
