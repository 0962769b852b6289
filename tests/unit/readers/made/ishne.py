"""Writes ISHNE Holter files: valid ones, and ones with the errors of real writers."""

import binascii
import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.synthesis.heart import synthesize

CODES = {lead: code for code, lead in enumerate(("I", "II", "III", "aVR", "aVL", "aVF"), 5)}
CODES |= {f"V{number}": 10 + number for number in range(1, 7)}


@dataclass(frozen=True)
class Ishne:
    """numbers: [leads, samples]. codes, resolutions: the first of the twelve fields; the rest is filled with 0.

    checksum: "<" or ">" for a right one in this byte order, or its value.
    """

    numbers: NDArray[np.integer]
    codes: Sequence[int]
    resolutions: Sequence[int]
    rate: int = 500
    text: bytes = b""
    checksum: str | int = "<"
    count: int | None = None
    offset: int | None = None
    text_size: int | None = None
    stated: int | None = None
    extra: bytes = b""
    absent: int = -9

    def bytes(self) -> bytes:
        size = len(self.text)
        fixed = struct.pack(
            "<iiiih",
            size if self.text_size is None else self.text_size,
            self.numbers.shape[1] if self.stated is None else self.stated,
            522,
            522 + size if self.offset is None else self.offset,
            1,
        )
        fixed += b"NAME".ljust(40, b"\0") * 2 + b"ID".ljust(20, b"\0") + struct.pack("<14h", *([1] * 14))
        fixed += struct.pack("<h", len(self.numbers) if self.count is None else self.count)
        fixed += struct.pack("<12h", *self.codes, *([self.absent] * (12 - len(self.codes)))) + bytes(24)
        fixed += struct.pack("<12h", *self.resolutions, *([0] * (12 - len(self.resolutions))))
        fixed += struct.pack("<h", 0) + b"digital".ljust(40, b"\0") + struct.pack("<h", self.rate)
        fixed = fixed.ljust(512, b"\0") + self.text
        crc = binascii.crc_hqx(fixed, 0xFFFF)
        stored = (
            struct.pack("<H", self.checksum)
            if isinstance(self.checksum, int)
            else struct.pack(f"{self.checksum}H", crc)
        )
        return b"ISHNE1.0" + stored + fixed + np.ascontiguousarray(self.numbers.T).astype("<i2").tobytes() + self.extra


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of a valid ECG of each variant."""
    ecg = synthesize("normal", fs_hz=500, seed=3)
    numbers = np.round(ecg.signal.astype(np.float64) * 1000).astype(int)
    codes = [CODES[lead] for lead in ecg.leads]
    three = [1, 6, 10]
    made = {
        "twelve leads": Ishne(numbers, codes, [1000] * 12),
        "checksum with the high byte first": Ishne(numbers, codes, [1000] * 12, checksum=">"),
        "without checksum": Ishne(numbers, codes, [1000] * 12, checksum=0),
        "three leads with text": Ishne(
            numbers[three], [codes[lead] for lead in three], [1000] * 3, text=b"a note " * 9
        ),
        "absent leads between": Ishne(numbers[[0, 6]], [5, -9, 11], [1000, 1000, 1000]),
    }
    return {title: {"ecg.ecg": ishne.bytes()} for title, ishne in made.items()}
