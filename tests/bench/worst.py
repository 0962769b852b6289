"""What the most expensive files cost, of those that tests hold against sound ones."""

from collections.abc import Mapping
from contextlib import suppress
from functools import partial

from ecg_core.errors import EcgError
from ecg_core.readers import read
from tests.effort import cpu_s
from tests.unit.readers.bombs import BOMBS
from tests.unit.readers.test_csv_hostile import HOSTILE, SOUND

SHOWN = 6


def print_worst_inputs() -> None:
    """CPU seconds from the bytes to a recording or a refusal, the fastest of three runs."""

    def answered(upload: Mapping[str, bytes]) -> None:
        with suppress(EcgError):
            read(upload, fs_hz=500)

    sound = f"a sound table of {len(SOUND) / 1e6:.2f} MB"
    uploads = {name: {"ecg.csv": data} for name, data in {**HOSTILE, sound: SOUND}.items()}
    uploads |= {name: bomb() for name, bomb in BOMBS.items()}
    costs = {name: min(cpu_s(partial(answered, upload)) for _ in range(3)) for name, upload in uploads.items()}
    worst = sorted(costs, key=costs.__getitem__, reverse=True)[:SHOWN]
    for name in dict.fromkeys([*worst, sound]):
        size = sum(map(len, uploads[name].values()))
        print(f"worst inputs, {name} ({size / 1e6:.1f} MB): {costs[name]:.3f} s of CPU")
