"""The environment variables under which our programs run."""

import os
from pathlib import Path

from launcher.keys import keys, port, rsa_pair
from launcher.places import ROOT, VENV

# Tests see minutes pass in seconds.
SCALED = {"SWEEP_SECONDS": "1", "LEASE_SECONDS": "3", "VISIBILITY_SECONDS": "5"}


def base_env(state: Path) -> dict[str, str]:
    """What every program needs, whichever servers it talks to."""
    private, public = rsa_pair(state, "merchant")
    _, gateway = rsa_pair(state, "localpay")
    return {
        **os.environ,
        **{name: value for name, value in keys(state).items() if name not in os.environ},
        "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONUNBUFFERED": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "STATE_DIR": str(state),
        "STATIC_ROOT": str(state / "static"),
        "MEDIA_ROOT": str(state / "media"),
        "LOCALPAY_URL": f"http://127.0.0.1:{port(state, 'localpay')}",
        "LOCALPAY_PRIVATE_KEY": str(private),
        "LOCALPAY_PUBLIC_KEY": str(public),
        "LOCALPAY_GATEWAY_PUBLIC_KEYS": str(gateway),
        **{
            f"SUPPLIER_{letter.upper()}_URL": f"http://127.0.0.1:{port(state, f'supplier_{letter}')}"
            for letter in "abc"
        },
    }


def test_env(state: Path) -> dict[str, str]:
    """Scaled clocks, crash points allowed, no collected static files, mail kept in memory."""
    # A simulator that a test starts by itself makes keys of its own.
    theirs = {f"SUPPLIER_{letter}_{part}" for letter in "ABC" for part in ("KEY", "SECRET")}
    (state / "static").mkdir(exist_ok=True)
    return {
        **{name: value for name, value in base_env(state).items() if name not in theirs},
        **SCALED,
        "TEST_HOOKS": "1",
        "STATIC_MANIFEST": "0",
        "EMAIL_BACKEND": "django.core.mail.backends.locmem.EmailBackend",
        "DJANGO_ALLOW_ASYNC_UNSAFE": "true",
        "LOG_LEVEL": "WARNING",
        "PYTHONPATH": str(ROOT),
    }
