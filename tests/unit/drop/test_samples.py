"""Folders of real files, dropped in any order, have the outcomes that `ekg classify` gives."""

import random
from pathlib import Path

import pytest

from tests.unit.drop.command import classified
from tests.unit.drop.conftest import Place

# Of masters that are refused: one is too long, of the other's leads all but one are buried in artefacts.
SEGMENTS = ("p000878/3269321_", "041s/041s0")
FOLDERS = ["wfdb", "wfdb_multiseg", "wfdb_mat", "wfdb_ptbxl", "csv", "csv_apple", "wfdb_egm"]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_a_folder_of_real_files_in_any_order(place: Place, samples: Path, name: str, seed: int) -> None:
    folder = samples / name
    files = {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}
    keys = list(files)
    random.Random(seed).shuffle(keys)
    for key in keys:
        place.inbox[key] = files[key].read_bytes()
        place.told(key)
    place.clock.passes(hours=25)
    swept = place.sweep()
    assert (swept.faults, place.waiting) == ([], set())
    expected = classified(folder)
    # The segments of a record that is no result are answered; the folder's listing leaves them out.
    segments = {key for key in place.outcomes if key.startswith(SEGMENTS) and key not in expected}
    assert {key: body for key, body in place.outcomes.items() if key not in segments} == expected
    assert bool(segments) == (name == "wfdb_multiseg")
