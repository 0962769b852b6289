"""A writer of SCP-ECG, with everything that the reader reads and with fields that can be made wrong."""

import binascii
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.synthesis.heart import synthesize

CODES = {
    **dict(zip(("I", "II", "III", "aVR", "aVL", "aVF", "-aVR"), (1, 2, 61, 62, 63, 64, 65), strict=True)),
    **{f"V{chest}": 2 + chest for chest in range(1, 7)},
}
ORDER = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6", "III", "aVR", "aVL", "aVF")
NV_PER_STEP = 1000
# Section 2 states this number for the default table.
DEFAULT_TABLE = struct.pack("<H", 19_999)

Steps = NDArray[np.int64]


def crc(data: bytes) -> int:
    return binascii.crc_hqx(data, 0xFFFF)


@dataclass(frozen=True)
class Code:
    """bits: the prefix, first bit first. more: bits that follow. switch_to: number of a table, from 1 on."""

    bits: str
    value: int = 0
    more: int = 0
    switch_to: int = 0

    def row(self) -> bytes:
        stored = int(self.bits[::-1] or "0", 2)
        mode, value = (0, self.switch_to) if self.switch_to else (1, self.value)
        return struct.pack("<BBBhI", len(self.bits), len(self.bits) + self.more, mode, value, stored)

    def takes(self, value: int) -> bool:
        if self.more:
            return -(2 ** (self.more - 1)) <= value - self.value < 2 ** (self.more - 1)
        return not self.switch_to and value == self.value

    def word(self, value: int) -> str:
        return self.bits + (format((value - self.value) % 2**self.more, f"0{self.more}b") if self.more else "")


Table = Sequence[Code]

DEFAULT: Table = (
    Code("0", 0),
    *(Code("1" * size + "0" + "01"[sign < 0], sign * size) for size in range(1, 9) for sign in (1, -1)),
    Code("1" * 9 + "0", more=8),
    Code("1" * 10, more=16),
)
# The second table is for large numbers. Each has one code that leads to the other. The reader looks up prefixes of up
# to 16 bits, and searches for those of 17 and 18 bits.
SWITCHING: tuple[Table, Table] = (
    (Code("00", 0), Code("01", 1), Code("100", -1), Code("101", 100, more=3), Code("11", switch_to=2)),
    (Code("0", more=6), Code("10", more=16), Code("110", switch_to=1), Code("1" * 18, 77), Code("1" * 17 + "0", -78)),
)


def tables(*rows: Table) -> bytes:
    """The body of section 2."""
    parts = [struct.pack("<H", len(table)) + b"".join(code.row() for code in table) for table in rows]
    return struct.pack("<H", len(rows)) + b"".join(parts)


def packed(values: Sequence[int], codes: Sequence[Table], align: int = 16) -> bytes:
    """Numbers as the codes of tables, padded with zero bits to a multiple of align bits."""
    words, table = [], 0
    known: dict[tuple[int, int], str | None] = {}
    switch = [next((code for code in table if code.switch_to), None) for table in codes]
    for value in values:
        for _ in codes:
            if (table, value) not in known:
                known[table, value] = next((code.word(value) for code in codes[table] if code.takes(value)), None)
            word, leave = known[table, value], switch[table]
            if leave is not None and (word is None or (table and abs(value) <= 1)):
                words.append(leave.bits)
                table = leave.switch_to - 1
            else:
                break
        words.append(known[table, value] or "")
    bits = "".join(words)
    bits += "0" * (-len(bits) % align)
    return int(bits or "0", 2).to_bytes(len(bits) // 8, "big")


def differences(samples: Steps, order: int) -> list[int]:
    """What is stored for samples, in 16-bit arithmetic."""
    stored = samples.copy()
    if order == 1:
        stored[1:] = samples[1:] - samples[:-1]
    if order == 2:
        stored[2:] = samples[2:] - 2 * samples[1:-1] + samples[:-2]
    wrapped: list[int] = stored.astype(np.int16).tolist()
    return wrapped


@dataclass(frozen=True)
class Scp:
    """An SCP-ECG record.

    leads: name (or lead number) and samples in steps. starts: number of the first sample of each lead; the number of
    the last one is what the standard says plus end_shift. codes: Huffman tables; None for plain 16-bit samples. order:
    of differences. beat: samples of the reference beat in beat_nv steps, by lead. zones: type, first, fiducial, last
    sample of each heartbeat. fiducial: of the beat, from 1 on. changes: bodies of sections that replace those written,
    b"" for none.
    """

    leads: Mapping[str | int, Steps]
    nv: int = NV_PER_STEP
    interval_us: int = 2000
    order: int = 0
    codes: Sequence[Table] | None = None
    starts: Sequence[int] = ()
    end_shift: int = 0
    flags: int = 0
    mode: int = 0
    beat: Mapping[str | int, Steps] = field(default_factory=dict)
    beat_nv: int = 2 * NV_PER_STEP
    beat_us: int = 2000
    zones: Sequence[tuple[int, int, int, int]] = ()
    fiducial: int = 1
    protocol: int = 20
    changes: Mapping[int, bytes] = field(default_factory=dict)

    def stored(self, samples: Steps) -> bytes:
        values = differences(samples, self.order)
        if self.codes is None:
            return np.array(values, "<i2").tobytes()
        return packed(values, self.codes)

    def coded(self, leads: Mapping[str | int, Steps], nv: int, interval_us: int, mode: int) -> bytes:
        """The body of section 5 or 6."""
        parts = [self.stored(samples) for samples in leads.values()]
        head = struct.pack("<HHBB", nv, interval_us, self.order, mode)
        return head + struct.pack(f"<{len(parts)}H", *map(len, parts)) + b"".join(parts)

    def placed(self) -> bytes:
        """The body of section 3."""
        rows = []
        for number, (name, samples) in enumerate(self.leads.items()):
            start = self.starts[number] if self.starts else 1
            code = name if isinstance(name, int) else CODES[name]
            rows.append(struct.pack("<IIB", start, start + len(samples) - 1 + self.end_shift, code))
        return struct.pack("<BB", len(rows), self.flags | bool(self.beat)) + b"".join(rows)

    def heartbeats(self) -> bytes:
        """The body of section 4. The protected zones at its end are those of the heartbeats."""
        length_ms = round(len(next(iter(self.beat.values()))) * self.beat_us / 1000)
        rows = [struct.pack("<HIII", *zone) for zone in self.zones]
        protected = [struct.pack("<II", first, last) for _, first, _, last in self.zones]
        return struct.pack("<HHH", length_ms, self.fiducial, len(rows)) + b"".join(rows + protected)

    def bodies(self) -> dict[int, bytes]:
        person = b"\x00\x05\x00Name\x00\xff\x00\x00"
        bodies = {1: person, 2: tables(*self.codes) if self.codes else b"", 3: self.placed()}
        if self.codes is not None and self.codes[0] is DEFAULT:
            bodies[2] = DEFAULT_TABLE
        if self.beat:
            bodies |= {4: self.heartbeats(), 5: self.coded(self.beat, self.beat_nv, self.beat_us, 0)}
        bodies[6] = self.coded(self.leads, self.nv, self.interval_us, self.mode)
        return {number: body for number, body in sorted((bodies | self.changes).items()) if body}

    def bytes(self) -> bytes:
        return record(self.bodies(), self.protocol)


def section(number: int, body: bytes, protocol: int = 20, reserved: bytes = bytes(6)) -> bytes:
    rest = struct.pack("<HIBB", number, 16 + len(body), protocol, protocol) + reserved + body
    return struct.pack("<H", crc(rest)) + rest


def record(bodies: Mapping[int, bytes], protocol: int = 20) -> bytes:
    """A record of sections by number. The table of sections has an entry for each of 0 to 11, and for those above."""
    numbers = sorted({*range(1, 12), *bodies})
    length = 16 + 10 * (len(numbers) + 1)
    index, pointers, parts = 7 + length, [struct.pack("<HII", 0, length, 7)], []
    for number in numbers:
        part = section(number, bodies[number], protocol) if number in bodies else b""
        pointers.append(struct.pack("<HII", number, len(part), index if part else 0))
        parts.append(part)
        index += len(part)
    return sealed(section(0, b"".join(pointers), protocol, b"SCPECG") + b"".join(parts))


def sealed(sections: bytes) -> bytes:
    """The record of these sections: with its size and checksum before them."""
    rest = struct.pack("<I", 6 + len(sections)) + sections
    return struct.pack("<H", crc(rest)) + rest


def steps(
    leads: Sequence[str] = ORDER, *, duration_s: float = 10.0, fs_hz: float = 500.0, seed: int = 0
) -> dict[str | int, Steps]:
    """A synthetic ECG in steps of NV_PER_STEP."""
    signal = synthesize(duration_s=duration_s, fs_hz=fs_hz, seed=seed).signal
    return {lead: np.round(signal[LEADS.index(lead)] * 1e6 / NV_PER_STEP).astype(np.int64) for lead in leads}


def with_reference_beat(scp: Scp, *, every: int = 430, length: int = 300, fiducial: int = 120) -> Scp:
    """The same ECG with a reference beat subtracted at regular places. Its steps are twice as large as the rhythm's.

    The middle one of three heartbeats has another type, so nothing is subtracted there. The first begins before the
    recording does.
    """
    samples = len(next(iter(scp.leads.values())))
    fiducials = range(60, samples - length, every)
    beat = {
        name: np.round(np.mean([row[at - fiducial :][:length] for at in fiducials[1:]], axis=0) / 2).astype(np.int64)
        for name, row in scp.leads.items()
    }
    zones = [
        (number % 3 == 1, at - fiducial + 21, at, at + length - fiducial - 30) for number, at in enumerate(fiducials)
    ]
    zones[0] = (zones[0][0], 1, *zones[0][2:])
    residual = {name: row.copy() for name, row in scp.leads.items()}
    for kind, first, at, last in zones:
        for name, row in residual.items():
            if kind == 0:
                row[first - 1 : last] -= 2 * beat[name][first - at + fiducial - 1 : last - at + fiducial]
    typed = [(int(kind), first, at, last) for kind, first, at, last in zones]
    return replace(scp, leads=residual, beat=beat, zones=typed, fiducial=fiducial)


def examples() -> dict[str, dict[str, bytes]]:
    """Valid files of each variant that is read: title -> files."""
    leads = steps()
    # The chest leads begin and end one second after the others.
    starts = [501 if str(name).startswith("V") else 1 for name in leads]
    apart = {name: row[start - 1 :][:4500] for (name, row), start in zip(leads.items(), starts, strict=True)}
    variants = {
        "plain samples, protocol 1.3": Scp(leads, protocol=13),
        "plain first differences": Scp(leads, order=1),
        "default table, samples": Scp(leads, codes=[DEFAULT]),
        "default table, second differences": Scp(leads, codes=[DEFAULT], order=2),
        "own tables that switch": Scp(leads, codes=SWITCHING, order=2),
        "reference beat": with_reference_beat(Scp(leads, codes=[DEFAULT], order=1)),
        "numbered from 0": Scp(leads, starts=[0] * 12, end_shift=1),
        "chest leads after the others": Scp(apart, starts=starts),
        "eight leads at 1000 Hz": Scp(steps(ORDER[:8], fs_hz=1000), interval_us=1000, codes=[DEFAULT], order=2),
        "short rhythm of version 3": Scp(leads, order=1, protocol=30),
    }
    return {title: {"ecg.scp": scp.bytes()} for title, scp in variants.items()}
