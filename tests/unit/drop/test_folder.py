"""A folder as a store, and the watcher of an inbox folder."""

import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ecg_core import classify
from ecg_core.cli import main
from ecg_core.drop import Answer, Conflict
from ecg_core.drop.addresses import FORMS, IGNORED, NAMED, NOTES
from ecg_core.drop.folder import NOTE, OWN, FolderStore
from ecg_core.drop.watch import Arrivals, Watcher
from ecg_core.synthesis.writers import write_files
from tests.conftest import ROOT
from tests.unit.drop.conftest import Place

Files = dict[str, bytes]


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    (tmp_path / "inbox").mkdir()
    return tmp_path / "inbox"


def results_of(folder: Path) -> dict[str, bytes]:
    """The outcomes, by their paths."""
    paths = {path.relative_to(folder).as_posix(): path for path in folder.rglob("*") if path.is_file()}
    return {name: path.read_bytes() for name, path in paths.items() if not name.startswith((OWN, *NOTES, IGNORED))}


def appears(path: Path) -> None:
    """Waits until the file exists."""
    deadline = time.monotonic() + 30
    while not path.exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)


@pytest.mark.parametrize("key", ["../x", "a/../../x", "/etc/passwd", "a//b", "a/./b", "a\0b"])
def test_no_key_leads_out_of_the_folder(tmp_path: Path, key: str) -> None:
    store = FolderStore(tmp_path)
    for call in (lambda: store.get(key, 9), lambda: store.head(key)):
        with pytest.raises(ValueError, match="relative path"):
            call()


def test_an_address_that_is_too_long_for_a_name_is_found_again(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    key = "k" * 255 + ".json"
    store.put(key, b"body", replaces=None, content_type="", metadata={"a": "b"})
    found = store.get(key, 9)
    assert found is not None
    assert (found.body, found.metadata) == (b"body", {"a": "b"})


def test_metadata_do_not_survive_a_change_by_hand(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    store.put("a", b"body", replaces=None, content_type="", metadata={"a": "b"})
    (tmp_path / "a").write_bytes(b"by hand")
    found = store.head("a")
    assert found is not None
    assert found.metadata == {}


def test_only_one_of_many_writers_succeeds(tmp_path: Path) -> None:
    def write(number: int) -> bool:
        try:
            FolderStore(tmp_path).put("a", str(number).encode(), replaces=None, content_type="", metadata={})
        except Conflict:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        won = [number for number, ahead in enumerate(pool.map(write, range(40))) if ahead]
    assert (tmp_path / "a").read_bytes() == str(won[0]).encode()
    assert len(won) == 1


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_named_pipe_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.dat")
    assert FolderStore(tmp_path).get("pipe.dat", 9) is None


def test_settled_notes_expire_and_open_notes_stay(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)
    for key, body in (("waiting/a", b""), ("waiting/b", b"[]")):
        store.put(key, body, replaces=None, content_type="", metadata={})
    store.expire("waiting/", datetime.now(UTC) - timedelta(hours=1))
    assert len(list(store.list("waiting/"))) == 2
    store.expire("waiting/", datetime.now(UTC) + timedelta(hours=1))
    assert [entry.key for entry in store.list("waiting/")] == ["waiting/b"]


def test_a_file_that_is_still_growing_has_not_arrived(inbox: Path) -> None:
    arrivals = Arrivals(FolderStore(inbox))
    (inbox / "a.csv").write_bytes(b"1")
    assert arrivals.settled() == []
    (inbox / "a.csv").write_bytes(b"12")
    assert arrivals.settled() == []
    assert arrivals.settled() == ["a.csv"]
    assert arrivals.settled() == []
    (inbox / "a.csv").write_bytes(b"123")
    assert [arrivals.settled(), arrivals.settled()] == [[], ["a.csv"]]
    arrivals.again("a.csv")
    assert arrivals.settled() == ["a.csv"]


def watched(watcher: Watcher) -> tuple[list[Answer], list[Exception]]:
    answers: list[Answer] = []
    faults: list[Exception] = []
    watcher.look(answers.append, faults.append)
    watcher.look(answers.append, faults.append)
    return answers, faults


def test_the_watcher_answers_each_record_once(
    place: Place, inbox: Path, tmp_path: Path, pair: Files, table: bytes
) -> None:
    write_files(pair, inbox / "a")
    write_files({"b.csv": table, "README.md": b""}, inbox)
    watcher = Watcher(FolderStore(inbox), FolderStore(tmp_path / "out"), place.classifier)
    answers, faults = watched(watcher)
    assert [(answer.key, answer.state, answer.diagnosis) for answer in answers if answer.state != "ignored"] == [
        ("a/record.hea", "written", "NORM"),
        ("b.csv", "written", "CD"),
    ]
    assert results_of(tmp_path / "out") == {
        "a/record.hea.json": classify(pair).to_json(),
        "b.csv.json": classify({"b.csv": table}).to_json(),
    }
    assert faults == []
    # A second watcher finds every outcome unchanged.
    again, _ = watched(Watcher(FolderStore(inbox), FolderStore(tmp_path / "out"), place.classifier))
    assert {answer.state for answer in again} == {"unchanged", "ignored"}


def test_a_file_that_fails_is_tried_again(
    place: Place, inbox: Path, tmp_path: Path, table: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files({"a.csv": table, "b.csv": table}, inbox)
    watcher = Watcher(FolderStore(inbox), FolderStore(tmp_path / "out"), place.classifier)
    read = FolderStore.get

    def denied(store: FolderStore, key: str, limit: int) -> object:
        if key == "a.csv":
            raise PermissionError
        return read(store, key, limit)

    monkeypatch.setattr(FolderStore, "get", denied)
    answers, faults = watched(watcher)
    assert [answer.key for answer in answers] == ["b.csv"]
    assert [type(fault) for fault in faults] == [PermissionError]
    monkeypatch.setattr(FolderStore, "get", read)
    answers, faults = watched(watcher)
    assert ([answer.key for answer in answers], faults) == (["a.csv"], [])


def test_the_watcher_answers_records_that_wait_too_long(place: Place, inbox: Path, tmp_path: Path, pair: Files) -> None:
    write_files({"record.hea": pair["record.hea"]}, inbox)
    watcher = Watcher(FolderStore(inbox), FolderStore(tmp_path / "out"), place.classifier, patience=timedelta(0))
    watched(watcher)
    answers: list[Answer] = []
    watcher.sweep(answers.append, lambda fault: pytest.fail(repr(fault)))
    assert [(answer.key, answer.code) for answer in answers] == [("record.hea", "record_incomplete")]


def test_a_file_name_that_is_not_utf_8_is_answered(place: Place, inbox: Path, tmp_path: Path, table: bytes) -> None:
    try:
        (Path(os.fsdecode(os.fsencode(inbox) + b"/\xff.csv"))).write_bytes(table)
    except OSError:
        pytest.skip("this file system takes no such name")
    answers, faults = watched(Watcher(FolderStore(inbox), FolderStore(tmp_path / "out"), place.classifier))
    assert ([answer.state for answer in answers], faults) == (["written"], [])


def test_the_command_with_once_answers_all_files_and_ends(
    inbox: Path, tmp_path: Path, pair: Files, table: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    noise = {"README.md": b"text", ".DS_Store": b"\0"}
    write_files({**pair, "b.csv": table, "c.csv": b"no ecg", **noise}, inbox)
    write_files({"notice-of-visit.txt": table}, inbox / ".clinic")
    asked = [f"--{name}" for name in NAMED]
    command = ["watch", str(inbox), str(tmp_path / "out"), "--once", *asked, "--interval", "0.05"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "record.hea  NORM" in shown
    assert "c.csv  refused, unsupported_format" in shown
    assert "README.md  ignored, document" in shown
    assert ".DS_Store" not in shown
    listed = (tmp_path / "out/ignored").rglob("*.json")
    assert {json.loads(path.read_text())["key"] for path in listed} == {"README.md", ".DS_Store"}
    found = results_of(tmp_path / "out")
    assert set(found) == {
        *(f"record.hea{form}" for form in (".json", *FORMS)),
        *(f"b.csv{form}" for form in (".json", *FORMS)),
        "c.csv.json",
        *(f".clinic/notice-of-visit.txt{form}" for form in (".json", *FORMS)),
    }
    assert main(["classify", "--json", str(inbox / "record.hea")]) == 0
    assert capsys.readouterr().out.encode() == found["record.hea.json"] + b"\n"


@pytest.mark.parametrize("results", ["inbox", "inbox/out", "."])
def test_the_results_folder_must_not_be_or_contain_or_lie_in_the_inbox(
    inbox: Path, tmp_path: Path, results: str
) -> None:
    assert main(["watch", str(inbox), str(tmp_path / results), "--once"]) == 2
    assert main(["watch", str(tmp_path / "none"), str(tmp_path / "out"), "--once"]) == 2
    assert list(inbox.iterdir()) == []


def test_the_command_watches_until_it_is_interrupted(inbox: Path, tmp_path: Path, pair: Files) -> None:
    out = tmp_path / "out"
    command = [sys.executable, "-m", "ecg_core", "watch", str(inbox), str(out), "--interval", "0.1"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        (inbox / "record.hea").write_bytes(pair["record.hea"])
        appears(out / f"waiting/record.dat{NOTE}")
        (inbox / "record.dat").write_bytes(pair["record.dat"])
        appears(out / "record.hea.json")
        assert json.loads((out / "record.hea.json").read_bytes())["diagnosis"] == "NORM"
        # The line comes just after the outcome.
        assert process.stdout is not None
        assert "record.hea  NORM\n" in iter(process.stdout.readline, "")
    finally:
        process.send_signal(2)
        process.communicate(timeout=30)
    assert process.returncode == 130
