"""Static files under hashed names; an address is worked out once per process."""

from functools import cache
from typing import Any

from whitenoise.storage import CompressedManifestStaticFilesStorage


class RememberingStaticStorage(CompressedManifestStaticFilesStorage):
    """A page names the same dozen files every time, and their hashes cannot change while we run."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._remembered = cache(super().url)

    def url(self, name: str, force: bool = False) -> str:  # noqa: FBT001, FBT002  Django's signature
        """The address of a static file. Raises ValueError for one that was not collected."""
        return str(super().url(name, force=True) if force else self._remembered(name))
