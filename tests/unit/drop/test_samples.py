"""Folders of real files, dropped in any order, get the outcomes that `ekg classify` gives."""

import random
from pathlib import Path

import pytest

from tests.unit.drop.command import classified
from tests.unit.drop.conftest import Place

# Segments of two records that are refused: one is too long, the other has one usable lead only.
SEGMENTS = ("p000878/3269321_", "041s/041s0")
FOLDERS = ["wfdb", "wfdb_multiseg", "wfdb_mat", "wfdb_ptbxl", "csv", "csv_apple", "wfdb_egm"]


@pytest.mark.parametrize("name", FOLDERS)
@pytest.mark.parametrize("seed", [1, 2])
def test_real_files_in_any_order_get_the_outcomes_of_the_command(
    place: Place, samples: Path, name: str, seed: int
) -> None:
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
    # The drop also answers the segments of a refused record. `ekg classify` does not list them.
    segments = {key for key in place.outcomes if key.startswith(SEGMENTS) and key not in expected}
    assert {key: body for key, body in place.outcomes.items() if key not in segments} == expected
    assert bool(segments) == (name == "wfdb_multiseg")
