"""What production refuses to start with, and what Django's own deployment check says."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PUBLIC = {
    "SITE_URL": "https://shop.example.com",
    "SECRET_KEY": "k" * 25 + "0123456789abcdefghijklmnopqrstuvwxyz",
    "TEST_HOOKS": "",
    "DEBUG": "",
    "TRUSTED_PROXY_HOPS": "1",
    "STATIC_MANIFEST": "0",
}


def check(**changes: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **PUBLIC, **changes}
    for ours in ("GUARDS_OFF", "DJANGO_ALLOW_ASYNC_UNSAFE"):
        environment.pop(ours, None)
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING"],
        cwd=ROOT, env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_the_deployment_check_has_nothing_to_say() -> None:
    done = check()
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [("DEBUG", "1"), ("TEST_HOOKS", "1"), ("SECRET_KEY", ""), ("STAFF_MFA_REQUIRED", "0")],
)
def test_a_shop_with_an_address_refuses_to_start(name: str, value: str) -> None:
    done = check(**{name: value})
    assert done.returncode != 0
    assert "ImproperlyConfigured" in done.stderr
