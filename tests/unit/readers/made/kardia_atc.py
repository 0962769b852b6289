"""Writes ATC files of AliveCor's Kardia app."""

import struct
from collections.abc import Sequence

import numpy as np

from ecg_core.leads import LIMB_LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

BLOCKS = dict(zip(LIMB_LEADS, (b"ecg ", b"ecg2", b"ecg3", b"ecg4", b"ecg5", b"ecg6"), strict=True))
INFO = b"2026-01-01T12:00:00+00:00".ljust(264, b"\0")


def block(name: bytes, data: bytes) -> bytes:
    head = name + struct.pack("<I", len(data)) + data
    return head + struct.pack("<I", sum(head) & 0xFFFFFFFF)


def fmt(fs_hz: int = 300, resolution_nv: int = 500, flags: int = 2, kind: int = 1) -> bytes:
    return block(b"fmt ", struct.pack("<BHHBH", kind, fs_hz, resolution_nv, flags, 0))


def start(version: int = 3) -> bytes:
    return b"ALIVE\0\0\0" + struct.pack("<I", version)


def samples(recording: Recording, resolution_nv: int = 500) -> list[bytes]:
    counts = np.round(recording.signal.astype(np.float64) * (1e6 / resolution_nv)).astype("<i2")
    return [block(BLOCKS[lead], row.tobytes()) for lead, row in zip(recording.leads, counts, strict=True)]


def atc(
    recording: Recording,
    *,
    resolution_nv: int = 500,
    flags: int = 2,
    version: int = 3,
    before: Sequence[bytes] = (),
    after: Sequence[bytes] = (),
) -> bytes:
    blocks = [*before, fmt(round(recording.fs_hz), resolution_nv, flags), *samples(recording, resolution_nv), *after]
    return start(version) + block(b"info", INFO) + b"".join(blocks)


def kardia(leads: Sequence[str] = LIMB_LEADS, *, fs_hz: float = 300.0, duration_s: float = 10.0) -> Recording:
    return synthesize(fs_hz=fs_hz, duration_s=duration_s).only(leads)


def examples() -> dict[str, dict[str, bytes]]:
    beats = block(b"ann ", struct.pack("<I", 300) + b"".join(struct.pack("<IH", 300 * n, 1) for n in range(1, 9)))
    average = block(b"avg ", bytes(600))
    return {
        "one lead": {"one.atc": atc(kardia(("I",)), flags=0x2E, after=[average, beats])},
        "six leads": {"six.atc": atc(kardia(), after=[beats])},
        "six leads at 600 Hz, 1 uV a step": {"fast.atc": atc(kardia(fs_hz=600.0), resolution_nv=1000, version=4)},
        "unknown blocks around": {"odd.atc": atc(kardia(), before=[block(b"pre ", b"abc"), block(b"xyz!", b"ecg ")])},
    }
