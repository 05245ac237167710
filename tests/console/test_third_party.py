"""The console's third-party files: those of the pinned packages byte for byte, with their licences, and their size."""

from __future__ import annotations

import gzip
import hashlib
import json
from pathlib import Path

import pytest

from local.__main__ import main
from local.errors import SetupError
from local.stack import installation, third_party

RECORD = json.loads((third_party.FOLDER / third_party.RECORD).read_text())
MAX_COMPRESSED = 12 * 1024  # bytes


def committed() -> dict[str, bytes]:
    files = (path for path in third_party.FOLDER.rglob("*") if path.is_file())
    return {path.relative_to(third_party.FOLDER).as_posix(): path.read_bytes() for path in files}


def test_the_files_are_those_of_the_packages() -> None:
    assert committed() == third_party.contents()


def test_the_record_has_the_pinned_version_and_a_licence_for_each_package() -> None:
    pinned = installation.pinned()
    for package in RECORD["packages"]:
        assert package["version"] == pinned[package["name"]]
        assert package["licence"] in {"Apache-2.0", "MIT"}
        assert f"{package['name']}/LICENSE.txt" in {file["path"] for file in package["files"]}


def test_the_record_has_every_file_with_its_digest() -> None:
    recorded = {file["path"]: file["sha256"] for package in RECORD["packages"] for file in package["files"]}
    digests = {path: hashlib.sha256(content).hexdigest() for path, content in committed().items()}
    assert recorded == {path: digest for path, digest in digests.items() if path != third_party.RECORD}


def test_they_are_small() -> None:
    assert sum(len(gzip.compress(content)) for content in committed().values()) <= MAX_COMPRESSED


def test_the_command_replaces_the_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "vendor" / "old").mkdir(parents=True)
    monkeypatch.setattr(third_party, "FOLDER", tmp_path / "vendor")
    before = third_party.contents()
    assert main(["vendor"]) == 0
    assert committed() == before
    assert not (tmp_path / "vendor" / "old").exists()
    assert capsys.readouterr().out == f"{len(before)} files are in {tmp_path / 'vendor'}\n"


def test_without_the_packages_it_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="Run `make setup`"):
        third_party.contents(tmp_path)
