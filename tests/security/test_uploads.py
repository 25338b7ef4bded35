"""Files of codes on their way in: never in clear on the disk, and only from staff."""

import os
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client, RequestFactory
from django.urls import reverse

from accounts.models import User
from core.uploads import BLOCK_BYTES, SealedFile
from fulfillment.models import CodeBatch
from fulfillment.services.imports.run_import import run_import
from tests.factories.accounts import make_staff
from tests.factories.fulfillment import make_goods

CANARY = b"CANARY-ON-DISK"
LARGE = b"".join(b"%016d %s-%08d\n" % (10**15 + n, CANARY, n) for n in range(60_000))


def open_files() -> list[bytes]:
    """The head of every file of the disk that this process has open."""
    found = []
    for path in Path("/proc/self/fd").iterdir():
        if path.is_file():
            with path.open("rb") as file:
                found.append(file.read(1 << 20))
    return found


def post(user: User | None, content: bytes) -> Any:
    request = RequestFactory().post("/", {"file": SimpleUploadedFile("c.txt", content)})
    if user is not None:
        request.user = user
    return request


@pytest.mark.django_db
def test_a_large_upload_is_sealed_on_the_disk() -> None:
    request = post(make_staff("operator"), LARGE)
    file = request.FILES["file"]
    assert file.size == len(LARGE) > 2 * 1024 * 1024
    on_disk = open_files()
    assert not [1 for content in on_disk if CANARY in content]
    assert b"".join(file.chunks()) == LARGE
    file.seek(BLOCK_BYTES - 5)
    assert file.read(10) == LARGE[BLOCK_BYTES - 5 : BLOCK_BYTES + 5]


def test_blocks_are_bound_to_their_place() -> None:
    sealed = SealedFile()
    sealed.append(b"a" * BLOCK_BYTES + b"b" * BLOCK_BYTES + b"c")
    sealed.finish()
    assert sealed.seek(-1, os.SEEK_END) == 2 * BLOCK_BYTES
    assert sealed.read(9) == b"c"
    assert sealed.read(9) == b""


@pytest.mark.django_db
@pytest.mark.parametrize("who", ["nobody", "shopper"])
def test_only_staff_may_fill_the_disk(who: str, client: Client) -> None:
    if who == "shopper":
        client.force_login(User.objects.create(email="a@example.com"))
    answer = client.post(reverse("orders:cart_add"), {"file": SimpleUploadedFile("c.txt", LARGE)})
    assert answer.status_code in (400, 413)


@pytest.mark.django_db
def test_a_large_file_is_imported_through_the_page() -> None:
    client = Client()
    client.force_login(make_staff("operator"))
    data = {
        "sku": make_goods().pk,
        "file": SimpleUploadedFile("f.txt", LARGE),
        "layout": "pair",
        "paid_from": "bank",
        "check_only": "on",
    }
    assert client.post(reverse("admin:fulfillment_codebatch_add"), data).status_code == 302
    batch = CodeBatch.objects.get()
    run_import(batch_id=batch.public_id)
    batch.refresh_from_db()
    assert batch.accepted == 60_000
