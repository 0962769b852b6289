"""`ekg classify --csv`: one row for each record, whatever happens on the way. Shards and manifests."""

import csv
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ecg_core import classify
from ecg_core.cli import batch, main
from ecg_core.cli.selection import Shard
from ecg_core.readers.paths import Input, find_inputs
from ecg_core.reports.row import COLUMNS, row
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, write_files
from tests.conftest import ROOT

COUNT = 60
KILLS = 4


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """COUNT records in two folders; one of them lacks its signal."""
    root = tmp_path_factory.mktemp("records")
    kinds = [wfdb_files(synthesize(kind, fs_hz=100), "x") for kind in ("normal", "lbbb", "st_depression")]
    for index in range(COUNT):
        files = kinds[index % 3]
        name = f"r{index:03}"
        header = files["x.hea"].replace(b"x", name.encode())
        record = {f"{name}.hea": header, f"{name}.dat": files["x.dat"]}
        if index == 7:
            del record[f"{name}.dat"]
        write_files(record, root / f"{index % 2}")
    return root


@pytest.fixture(scope="module")
def whole(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The table of an uninterrupted run in one process."""
    out = tmp_path_factory.mktemp("whole") / "out.csv"
    assert main(["classify", str(folder), "--csv", str(out), "--workers", "1"]) == 2
    return out.read_bytes()


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(table.decode().splitlines()))


def test_each_record_has_one_row_with_what_the_core_says(folder: Path, whole: bytes) -> None:
    found = rows(whole)
    inputs = find_inputs([str(folder)])
    assert [line["path"] for line in found] == [item.shown for item in inputs]
    assert [line["code"] for line in found if line["outcome"] == "refused"] == ["record_incomplete"]
    for item, line in list(zip(inputs, found, strict=True))[:3]:
        said = row(classify(item.files()))
        assert {name: line[name] for name in COLUMNS} == {
            name: "" if cell is None else str(cell) for name, cell in said.items()
        }
        assert (line["model_version"], len(line["model_sha256"])) == (classify(item.files()).model.version, 64)


def test_several_processes_write_the_same_bytes(folder: Path, whole: bytes, tmp_path: Path) -> None:
    out = tmp_path / "new" / "out.csv"
    assert main(["classify", str(folder), "--csv", str(out), "--workers", "2"]) == 2
    assert out.read_bytes() == whole


def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(
    folder: Path, whole: bytes, tmp_path: Path
) -> None:
    out = tmp_path / "out.csv"
    command = [sys.executable, "-m", "ecg_core", "classify", str(folder), "--csv", str(out), "--workers", "2"]
    sizes = [0]
    for kill in range(1, KILLS + 1):
        run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        # Kill it at some place of the table, soon after it has written something new.
        place = max(sizes[-1], random.uniform(kill - 1, kill) * len(whole) / (KILLS + 2))
        while run.poll() is None and (not out.exists() or out.stat().st_size <= place):
            time.sleep(0.002)
        workers = children(run.pid)
        run.kill()
        run.wait()
        until_gone(workers)
        sizes.append(out.stat().st_size)
        # The system writes whole lines. Cut one more, as a failure of the machine could.
        out.write_bytes(out.read_bytes()[:-3])
    assert sizes == sorted(set(sizes)), "each run must add rows before it is killed"
    assert sizes[1] < len(whole), "the first run must be killed before its end"
    assert subprocess.run(command, cwd=ROOT, check=False, capture_output=True).returncode == 2
    assert out.read_bytes() == whole


def test_a_worker_that_is_killed_loses_and_doubles_nothing(folder: Path, whole: bytes, tmp_path: Path) -> None:
    """A system without memory kills one process, not all of them."""
    out = tmp_path / "out.csv"
    command = [sys.executable, "-m", "ecg_core", "classify", str(folder), "--csv", str(out), "--workers", "2"]
    place, workers = random.uniform(0.1, 0.5) * len(whole), list[int]()
    run = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
    while run.poll() is None and (not out.exists() or out.stat().st_size <= place):
        workers = [child for child in children(run.pid) if b"spawn_main" in command_of(child)]
        time.sleep(0.002)
    assert len(workers) == 2
    os.kill(random.choice(workers), signal.SIGKILL)
    assert run.wait() == 2
    assert out.read_bytes() == whole


def command_of(process: int) -> bytes:
    """One child of the run is no worker: it watches over semaphores."""
    with suppress(OSError):
        return Path(f"/proc/{process}/cmdline").read_bytes()
    return b""


def children(process: int) -> list[int]:
    with suppress(OSError):
        return [int(child) for child in Path(f"/proc/{process}/task/{process}/children").read_text().split()]
    return []


def until_gone(processes: list[int]) -> None:
    """A worker whose parent was killed must end."""
    for _ in range(3000):
        if not any(Path(f"/proc/{process}").exists() and not is_zombie(process) for process in processes):
            return
        time.sleep(0.01)
    raise AssertionError("a process is left over")


def is_zombie(process: int) -> bool:
    with suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    return True


def test_a_finished_table_is_not_computed_again(
    folder: Path, whole: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(whole)
    monkeypatch.setattr(batch, "answer", None)
    assert main(["classify", str(folder), "--csv", str(out)]) == 2
    assert out.read_bytes() == whole
    assert (
        f"{COUNT} rows: {COUNT - 1} classified, 1 refused, {COUNT} of them by earlier runs" in capsys.readouterr().err
    )


def test_records_that_came_later_are_added(tmp_path: Path) -> None:
    out, records = tmp_path / "out.csv", tmp_path / "records"
    for name in ("b.csv", "a.csv"):
        write_files({name: csv_bytes(synthesize("normal", fs_hz=100))}, records)
        assert main(["classify", str(records), "--csv", str(out)]) == 0
    assert [Path(line["path"]).name for line in rows(out.read_bytes())] == ["b.csv", "a.csv"]


@pytest.mark.parametrize("options", [["--units", "mV"], ["--fs", "500"], ["--leads", "I,-"], ["--gain", "200"]])
def test_other_options_are_refused_and_the_table_stays(
    folder: Path, whole: bytes, tmp_path: Path, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(whole)
    assert main(["classify", str(folder), "--csv", str(out), *options]) == 2
    assert "another option_" in capsys.readouterr().err
    assert out.read_bytes() == whole
    new = tmp_path / "new.csv"
    main(["classify", str(folder / "0/r000.hea"), "--csv", str(new), *options])
    first = new.read_bytes()
    main(["classify", str(folder / "0/r000.hea"), "--csv", str(new), *options])
    assert new.read_bytes() == first


def test_another_model_is_refused(
    folder: Path, whole: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    sha256 = rows(whole)[0]["model_sha256"].encode()
    out.write_bytes(whole.replace(sha256, b"0" * 64))
    assert main(["classify", str(folder), "--csv", str(out)]) == 2
    assert "another model_sha256" in capsys.readouterr().err


@pytest.mark.parametrize("options", [["--json"], ["--timeline"], ["--explain"], ["--paths"]])
def test_options_of_other_outputs_are_refused(
    options: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.csv"
    assert main(["classify", "examples/normal.zip", "--csv", str(out), *options]) == 2
    assert "cannot be combined" in capsys.readouterr().err
    assert not out.exists()


def test_the_table_does_not_lie_among_the_records(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = folder / "0" / "out.csv"
    assert main(["classify", str(folder), "--csv", str(out)]) == 2
    assert "outside" in capsys.readouterr().err
    assert not out.exists()


def test_a_record_is_not_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "ecg.csv"
    path.write_bytes(data := csv_bytes(synthesize("normal")))
    assert main(["classify", str(path), "--csv", str(path)]) == 2
    assert path.read_bytes() == data


def test_a_file_name_cannot_break_the_table(tmp_path: Path) -> None:
    out, records = tmp_path / "out.csv", tmp_path / "records"
    data = csv_bytes(synthesize("normal", fs_hz=100))
    names = [b'=cmd|"x",1.csv', b"a\r\nb,classified.csv", b"\xff.csv", b"a\\x0ab.csv"]
    records.mkdir()
    for name in names:
        Path(os.fsdecode(os.fsencode(records) + b"/" + name)).write_bytes(data)
    for _ in range(2):
        assert main(["classify", str(records), "--csv", str(out)]) == 0
        assert len(rows(out.read_bytes())) == len(names)
        assert out.read_bytes().count(b"\n") == 1 + len(names)


def test_a_fault_in_one_record_does_not_stop_the_others(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ecg_core.model.classifier import Classifier

    plain = Classifier.classify

    def faulty(self: Classifier, source: Any, **options: Any) -> Any:
        if "r001.hea" in source:
            raise ZeroDivisionError
        return plain(self, source, **options)

    monkeypatch.setattr(Classifier, "classify", faulty)
    out = tmp_path / "out.csv"
    paths = [str(folder / "0/r000.hea"), str(folder / "1/r001.hea")]
    assert main(["classify", *paths, "--csv", str(out)]) == 2
    assert [line["code"] for line in rows(out.read_bytes())] == ["", "internal_error"]


def test_shards_are_disjoint_and_complete(folder: Path, whole: bytes, tmp_path: Path) -> None:
    found: list[bytes] = []
    for number in (1, 2, 3):
        out = tmp_path / f"{number}.csv"
        main(["classify", str(folder), "--csv", str(out), "--shard", f"{number}/3"])
        lines = out.read_bytes().splitlines(keepends=True)[1:]
        assert 5 < len(lines) < 40
        found += lines
    assert sorted(found) == sorted(whole.splitlines(keepends=True)[1:])


def test_a_shard_does_not_depend_on_where_the_folder_is(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shard = Shard.parse("1/3")
    monkeypatch.chdir(folder)
    absolute = {item.within for item in find_inputs([str(folder)]) if item in shard}
    assert absolute == {item.within for item in find_inputs(["."]) if item in shard}
    monkeypatch.chdir(folder.parent)
    assert absolute == {item.within for item in find_inputs([folder.name]) if item in shard}


def test_a_shard_does_not_depend_on_which_file_of_a_record_is_named(folder: Path) -> None:
    for number in range(20):
        shard = Shard(1 + number % 4, 4)
        named = [find_inputs([str(folder / "0" / f"r{2 * number:03}{suffix}")]) for suffix in ("", ".hea", ".dat")]
        assert len({item in shard for (item,) in named}) == 1


def test_the_shard_of_a_name_never_changes() -> None:
    """Runs of different releases may work on the shards of one folder."""
    names = ["records/00000/1.hea", "ä.csv", "a\u0308.csv", "\udcff.edf", "1.dcm", "2.dcm"]
    found = [[Input("", (), within=name) in Shard(number, 5) for number in range(1, 6)].index(True) for name in names]
    assert found == [0, 2, 2, 2, 1, 2]


def test_a_wrong_shard_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    for text in ("0/2", "3/2", "1", "1/0", "-1/2", "a/b", "1/2/3"):
        with pytest.raises(SystemExit):
            main(["classify", "examples", "--shard", text])
        assert "K/N" in capsys.readouterr().err


def test_a_manifest_names_the_records(folder: Path, whole: bytes, tmp_path: Path) -> None:
    out, manifest = tmp_path / "out.csv", tmp_path / "list.txt"
    paths = [str(path) for path in sorted(folder.rglob("*")) if path.is_file()]
    # Windows writes such lists with a mark at the start and CR LF. Every file of a record is named.
    manifest.write_text("\ufeff" + "\r\n".join(paths) + "\r\n\r\n", newline="")
    assert main(["classify", "--manifest", str(manifest), "--csv", str(out)]) == 2
    assert {line["sha256"] for line in rows(out.read_bytes())} == {line["sha256"] for line in rows(whole)}
    assert len(rows(out.read_bytes())) == COUNT


def test_a_manifest_may_come_through_standard_input(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    command = [sys.executable, "-m", "ecg_core", "classify", "--manifest", "-", "--csv", str(out)]
    lines = f"{folder}/0/r000.hea\n-\n{folder}/nothing\n".encode()
    for _ in range(2):
        run = subprocess.run(command, cwd=ROOT, input=lines, capture_output=True, check=False)
        assert run.returncode == 2, run.stderr
        assert [line["outcome"] for line in rows(out.read_bytes())] == ["classified", "refused", "refused"]


def test_shard_and_manifest_work_without_a_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = tmp_path / "list.txt"
    manifest.write_text(f"{folder}/0/r000\n{folder}/0/r002\n{folder}/0/r004\n{folder}/0/r006\n")
    count = 0
    for number in (1, 2):
        assert main(["classify", "--json", "--manifest", str(manifest), "--shard", f"{number}/2"]) == 0
        count += len(capsys.readouterr().out.splitlines())
    assert count == 4


def test_a_missing_manifest_is_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["classify", "--manifest", str(tmp_path / "none")]) == 2
    assert main(["classify", "--manifest", str(tmp_path / "none"), "--csv", str(tmp_path / "o.csv")]) == 2
    assert "Traceback" not in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["classify", "-", "--manifest", "-"])


def test_a_full_disk_ends_the_run_and_the_table_can_be_continued(folder: Path, whole: bytes, tmp_path: Path) -> None:
    """A limit of the file's size stands for the full disk."""
    out = tmp_path / "out.csv"
    command = f"ulimit -f 4; exec {sys.executable} -m ecg_core classify {folder} --csv {out} --workers 1"
    run = subprocess.run(["bash", "-c", command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode != 0
    assert "Traceback" not in run.stderr
    assert 0 < out.stat().st_size < len(whole)
    assert main(["classify", str(folder), "--csv", str(out), "--workers", "1"]) == 2
    assert out.read_bytes() == whole


def test_the_page_names_every_column(whole: bytes) -> None:
    page = (ROOT / "docs/batch.md").read_text()
    of_classes = {f"{kind}_{name}" for kind in ("probability", "threshold") for name in ("CD", "STTC")}
    columns = set(whole.decode().splitlines()[0].split(",")) - of_classes
    assert [name for name in sorted(columns) if f"`{name}`" not in page] == []
