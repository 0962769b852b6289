"""A folder that is searched piece by piece gives the same records as one list of all its files."""

import os
import random
from itertools import islice
from pathlib import Path

import pytest

from ecg_core.readers import names, records
from ecg_core.readers.paths import each_input, find_inputs
from ecg_core.readers.wfdb.header import Header

HEADERS = {
    "a.hea": b"a 1 100 10\na.dat 16\n",
    ".c.hea": b".c 1 100 10\n.c.dat 16\n",
    "d.hea": b"bad",
    "m.hea": b"m/2 1 100 20\nm_1 10\nm_1 10\n",
    "m_1.hea": b"m_1 1 100 10\nm_1.dat 16\n",
    "._a.hea": b"x",
}
OTHERS = (
    "a.dat",
    "b.csv",
    ".h.csv",
    ".c.dat",
    "README.md",
    "x.atr",
    "m_1.dat",
    "records.txt",
    "y.json",
    "a.edf",
    "a.foo",
)
FOLDERS = ("", "s", "s/t", "s-u", ".hidden", "__MACOSX")


@pytest.mark.parametrize("seed", range(60))
def test_a_tree_is_searched_folder_by_folder_with_the_same_result(seed: int, tmp_path: Path) -> None:
    chance = random.Random(seed)
    for folder in FOLDERS:
        for name in chance.sample([*HEADERS, *OTHERS, ".DS_Store"], chance.choice([0, 0, 1, 2, 3, 8])):
            (tmp_path / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / folder / name).write_bytes(HEADERS.get(name, b"x"))
    every = [path.relative_to(tmp_path).as_posix() for path in sorted(tmp_path.rglob("*")) if path.is_file()]
    groups = records.group(names.Listing(every), lambda name: Header((tmp_path / name).read_bytes()))
    expected = {tuple(tmp_path / name for name in group.names) for group in groups}
    found = find_inputs([str(tmp_path)])
    assert {item.paths for item in found if item.refusal is None} == expected
    assert len(found) == max(1, len(expected))


def test_the_first_record_is_found_before_all_folders_are_searched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(50):
        (tmp_path / f"{number:02}").mkdir()
        (tmp_path / f"{number:02}" / "a.csv").write_bytes(b"1")
    searched = 0
    plain = os.scandir

    def counted(path: str) -> object:
        nonlocal searched
        searched += 1
        return plain(path)

    monkeypatch.setattr(os, "scandir", counted)
    (first,) = islice(each_input([str(tmp_path)]), 1)
    assert first.within == "00/a.csv"
    assert searched < 10
