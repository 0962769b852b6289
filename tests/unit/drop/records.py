"""Records for tests of the drop: files by name, and the refusal that classify() raises for them."""

from collections.abc import Mapping

import numpy as np
import pytest

from ecg_core import EcgError, classify
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files

Files = dict[str, bytes]


def refusal(files: Mapping[str, bytes]) -> EcgError:
    with pytest.raises(EcgError) as caught:
        classify(files)
    return caught.value


def segmented(count: int = 2, name: str = "whole", seed: int = 0) -> Files:
    """A record of several segments, each with its own header and signal, the master header first."""
    parts = [wfdb_files(synthesize("normal", seed=seed + index), f"{name}_{index:04}") for index in range(count)]
    lines = [f"{name}_{index:04} 5000" for index in range(count)]
    master = f"{name}/{count} 12 500 {5000 * count}\n" + "\n".join(lines) + "\n"
    return {f"{name}.hea": master.encode(), **{key: body for part in parts for key, body in part.items()}}


def two_signals() -> Files:
    """A record whose leads lie in two signal files, one with another stem."""
    limb, chest = synthesize("normal").only(("I", "II")), synthesize("normal").only(("V1", "V2"))
    first, second = wfdb_files(limb, "record"), wfdb_files(chest, "chest")
    lines = second["chest.hea"].decode().splitlines()[1:3]
    head, *rest = first["record.hea"].decode().splitlines()
    header = "\n".join([head.replace("record 2", "record 4"), *rest[:2], *lines]) + "\n"
    return {"record.hea": header.encode(), "record.dat": first["record.dat"], "chest.dat": second["chest.dat"]}


def renamed_segments() -> Files:
    """As MIMIC-IV names them: the signal of a segment has another stem than its header."""
    files = {}
    for name, body in segmented().items():
        files[name.replace(".dat", "e.dat")] = body.replace(b"0.dat", b"0e.dat").replace(b"1.dat", b"1e.dat")
    return files


def holter(leads: tuple[str, ...] = ("I", "II", "V5"), fs_hz: int = 250) -> Files:
    """A WFDB record of five hours: 27 MB."""
    minute = synthesize("normal", duration_s=60, fs_hz=fs_hz, seed=1).only(leads).signal
    signal = np.round(minute * 200).astype("<i2").T.tobytes() * 300
    lines = "".join(f"record.dat 16 200 12 0 0 0 0 {lead}\n" for lead in leads)
    return {"record.hea": f"record 3 {fs_hz} {300 * 60 * fs_hz}\n{lines}".encode(), "record.dat": signal}
