"""What the most expensive files cost, of those that tests hold against sound ones."""

from contextlib import suppress

from ecg_core.errors import EcgError
from ecg_core.readers import read
from tests.effort import cpu_s
from tests.unit.readers.test_csv_hostile import HOSTILE, SOUND

SHOWN = 6


def print_worst_inputs() -> None:
    """CPU seconds from the bytes to a recording or a refusal, the fastest of three runs."""

    def answered(data: bytes) -> None:
        with suppress(EcgError):
            read({"ecg.csv": data}, fs_hz=500)

    inputs = {**HOSTILE, f"a sound table of {len(SOUND) / 1e6:.2f} MB": SOUND}
    costs = {name: min(cpu_s(lambda data=data: answered(data)) for _ in range(3)) for name, data in inputs.items()}  # type: ignore[misc]
    worst = sorted(HOSTILE, key=costs.__getitem__, reverse=True)[:SHOWN]
    for name in [*worst, *(inputs.keys() - HOSTILE.keys())]:
        print(f"worst inputs, {name} ({len(inputs[name]) / 1e6:.1f} MB): {costs[name]:.3f} s of CPU")
