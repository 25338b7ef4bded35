"""A stranger's script checks a certificate; whatever is altered in it, the script says so."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from core.tx import step
from fulfillment.models import Certificate
from fulfillment.queries.editions import claim_of, is_sound, record_file
from fulfillment.services.editions.link_certificate import link_certificate
from tests.factories.accounts import make_user
from tests.factories.editions import make_edition, sell
from tests.factories.wallet import claim, given

pytestmark = pytest.mark.django_db
SCRIPT = Path(__file__).resolve().parents[3] / "docs" / "clients" / "verify_edition.py"


@pytest.fixture
def passed_on() -> Certificate:
    """Number 1 of 10, given on to a friend."""
    (one,) = sell(make_edition(), owner="usr_A")
    claim(given(one.entitlement), "usr_B")
    return Certificate.objects.select_related("edition", "entitlement").get()


def verdict(record: Any, folder: Path, *more: str) -> subprocess.CompletedProcess[str]:
    """What the script says of a file, run as a stranger runs it."""
    file = folder / "certificate.json"
    file.write_text(record if isinstance(record, str) else json.dumps(record))
    return subprocess.run(
        [sys.executable, str(SCRIPT), str(file), *more],
        capture_output=True, text=True, check=False, cwd=folder, env={"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip


def test_the_downloaded_file_is_good(passed_on: Certificate, tmp_path: Path) -> None:
    client = Client()
    answer = client.get(f"/editions/{passed_on.public_id}/record.json")
    assert answer["Content-Disposition"].endswith(f'"{passed_on.public_id}.json"')
    (key,) = client.get("/editions/keys.json").json()["keys"].values()
    said = verdict(answer.content.decode(), tmp_path, "--key", key)
    assert (said.returncode, said.stderr) == (0, "")
    assert "1 of 10, 2 links, given" in said.stdout


def test_its_holder_can_prove_to_be_the_last(passed_on: Certificate, tmp_path: Path) -> None:
    mine = claim_of(passed_on)
    proof = ("--salt", mine.salt, "--owner", mine.owner)
    assert verdict(record_file(passed_on), tmp_path, *proof).returncode == 0
    for other in (("--salt", mine.salt, "--owner", "usr_A"), ("--salt", "00" * 32, *proof[2:])):
        said = verdict(record_file(passed_on), tmp_path, *other)
        assert (said.returncode, "not the last holder" in said.stdout) == (1, True)


def _said(file: dict[str, Any], link: int, **changed: Any) -> None:
    record = {**json.loads(file["links"][link]["record"]), **changed}
    text = json.dumps(record, sort_keys=True, separators=(",", ":"))
    file["links"][link]["record"] = text


def _rehash(file: dict[str, Any]) -> None:
    import hashlib

    _said(file, 0, number=7)
    first = hashlib.sha256(file["links"][0]["record"].encode()).hexdigest()
    file["links"][0]["hash"] = first
    _said(file, 1, number=7, previous=first)
    file["links"][1]["hash"] = hashlib.sha256(file["links"][1]["record"].encode()).hexdigest()


ALTERED: dict[str, Callable[[dict[str, Any]], Any]] = {
    "another number": lambda file: _said(file, 0, number=7),
    "another size": lambda file: _said(file, 1, of=5),
    "another holder": lambda file: _said(file, 1, holder="0" * 64),
    "another time": lambda file: _said(file, 0, at="2020-01-01T00:00:00Z"),
    "all hashes made anew": _rehash,
    "a link left out": lambda file: file["links"].pop(0),
    "links in another order": lambda file: file["links"].reverse(),
    "no links": lambda file: file["links"].clear(),
    "a link twice": lambda file: file["links"].append(file["links"][-1]),
    "another hash": lambda file: file["links"][0].update(hash="0" * 64),
    "another signature": lambda file: file["links"][0].update(
        signature=file["links"][1]["signature"]
    ),
    "another key": lambda file: file["keys"].update(dict.fromkeys(file["keys"], "A" * 43 + "=")),
    "half a file": lambda file: file.pop("keys"),
}


@pytest.mark.parametrize("how", ALTERED)
def test_an_altered_record_fails(how: str, passed_on: Certificate, tmp_path: Path) -> None:
    file = record_file(passed_on)
    ALTERED[how](file)
    said = verdict(file, tmp_path)
    assert said.returncode == 1, said.stdout
    assert said.stdout.startswith("NOT GOOD:")


def test_a_forgery_by_another_key_fails_at_the_shops_key(
    passed_on: Certificate, tmp_path: Path
) -> None:
    file = record_file(passed_on)
    said = verdict(file, tmp_path, "--key", "A" * 43 + "=")
    assert (said.returncode, "another key" in said.stdout) == (1, True)


def test_nothing_in_public_names_anybody(client: Client) -> None:
    person = make_user(email="collector@example.com")
    (one,) = sell(make_edition(), owner=person.public_id)
    told = ""
    for address in (f"/editions/{one.public_id}/", f"/editions/{one.public_id}/record.json"):
        told += client.get(address).content.decode()
    owned = one.entitlement
    secrets = (person.public_id, owned.public_id, owned.reference, "collector")
    assert not [secret for secret in secrets if secret in told]
    marks = [json.loads(link["record"])["holder"] for link in record_file(one)["links"]]
    # The same person's mark is another one on every piece and every link.
    (other,) = sell(one.edition, owner=person.public_id)
    assert json.loads(record_file(other)["links"][0]["record"])["holder"] not in marks


def test_only_its_holder_sees_the_proof(client: Client) -> None:
    person, other = make_user(email="a@example.com"), make_user(email="b@example.com")
    (one,) = sell(make_edition(), owner=person.public_id)
    salt = claim_of(one).salt.encode()
    for who, sees in ((person, True), (other, False)):
        client.force_login(who)
        assert (salt in client.get(f"/editions/{one.public_id}/").content) is sees
    assert salt not in Client().get(f"/editions/{one.public_id}/").content
    assert client.get("/editions/crt_0000000000000000/").status_code == 404


def test_a_retired_number_says_so_and_has_no_holder(passed_on: Certificate, tmp_path: Path) -> None:
    with step():
        link_certificate(
            passed_on.entitlement, what="retired", by="system", now=passed_on.issued_at
        )
    said = verdict(record_file(passed_on), tmp_path)
    assert (said.returncode, "3 links, retired" in said.stdout) == (0, True)
    page = Client().get(f"/editions/{passed_on.public_id}/", headers={"accept-language": "en"})
    assert b"retired" in page.content


def test_the_page_itself_notices_what_was_altered(passed_on: Certificate) -> None:
    links = list(passed_on.links.select_related("key").order_by("number"))
    assert is_sound(links)
    links[0].record = links[0].record.replace('"of":10', '"of":9')
    assert not is_sound(links)
    assert not is_sound(links[1:])
    assert not is_sound([])
