"""Uploads too large for memory wait on the disk under a key that only this process has.

Django writes them to a temporary file as they come. A file of codes would then lie there in clear,
and stay after a kill -9. Here every block is sealed before it is written, the file has no name, and
its key is forgotten with it.
"""

import io
import os
import tempfile
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadedfile import UploadedFile
from django.core.files.uploadhandler import FileUploadHandler

BLOCK_BYTES = 64 * 1024
TAG_BYTES = 16
NONCE_BYTES = 12
KEY_BITS = 256


class SealedFile(io.RawIOBase):
    """Written once from start to end, then read anywhere; on the disk it is ciphertext only."""

    def __init__(self, folder: str | None = None) -> None:
        super().__init__()
        self._disk = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115  lives as long as this one
        self._cipher = AESGCM(AESGCM.generate_key(KEY_BITS))
        self._pending = bytearray()
        self._blocks = 0
        self._size = 0
        self._position = 0

    def append(self, data: bytes) -> None:
        """Add to the end. Only before `finish`."""
        self._pending += data
        self._size += len(data)
        while len(self._pending) >= BLOCK_BYTES:
            self._put(bytes(self._pending[:BLOCK_BYTES]))
            del self._pending[:BLOCK_BYTES]

    def finish(self) -> None:
        """Everything has come."""
        if self._pending:
            self._put(bytes(self._pending))
            self._pending.clear()

    def _put(self, block: bytes) -> None:
        # A key serves one file and a number one block, so no nonce comes twice.
        self._disk.write(self._cipher.encrypt(self._blocks.to_bytes(NONCE_BYTES), block, None))
        self._blocks += 1

    def _block(self, number: int) -> bytes:
        self._disk.seek(number * (BLOCK_BYTES + TAG_BYTES))
        sealed = self._disk.read(BLOCK_BYTES + TAG_BYTES)
        return self._cipher.decrypt(number.to_bytes(NONCE_BYTES), sealed, None)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        number, skip = divmod(self._position, BLOCK_BYTES)
        if number >= self._blocks:
            return 0
        piece = self._block(number)[skip : skip + len(buffer)]
        buffer[: len(piece)] = piece
        self._position += len(piece)
        return len(piece)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._size}[whence]
        self._position = max(0, start + offset)
        return self._position

    def tell(self) -> int:
        return self._position

    def close(self) -> None:
        self._disk.close()
        super().close()


class SealedUploadHandler(FileUploadHandler):
    """Takes the place of Django's TemporaryFileUploadHandler. Only staff send files at all."""

    sealed: SealedFile

    def handle_raw_input(
        self,
        input_data: Any,
        META: Any,  # noqa: N803
        content_length: int,
        *_: Any,
        **__: Any,
    ) -> None:
        """Refuse by the announced size, before anything is read. Raises RequestDataTooBig."""
        user = getattr(self.request, "user", None)
        most = (
            settings.UPLOAD_MAX_BYTES
            if user is not None and user.is_staff
            else settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        )
        if content_length > most:
            raise RequestDataTooBig("the upload is too large")

    def new_file(self, *args: Any, **kwargs: Any) -> None:
        super().new_file(*args, **kwargs)
        self.sealed = SealedFile(settings.FILE_UPLOAD_TEMP_DIR)

    def receive_data_chunk(self, raw_data: bytes, start: int) -> None:
        self.sealed.append(raw_data)

    def file_complete(self, file_size: int) -> UploadedFile:
        self.sealed.finish()
        return UploadedFile(
            file=io.BufferedReader(self.sealed, BLOCK_BYTES),
            name=self.file_name,
            content_type=self.content_type,
            size=file_size,
            charset=self.charset,
            content_type_extra=self.content_type_extra,
        )

    def upload_interrupted(self) -> None:
        if hasattr(self, "sealed"):
            self.sealed.close()
