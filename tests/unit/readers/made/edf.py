"""Writes EDF and BDF files: valid ones, and ones with the errors of real writers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

EDF, BDF = b"0       ", b"\xffBIOSEMI"


@dataclass(frozen=True)
class Channel:
    """numbers: [records, samples of a record]. Text may be bytes to write what is not ASCII."""

    label: str | bytes
    numbers: NDArray[np.integer]
    unit: str | bytes = "uV"
    physical: tuple[str | bytes, str | bytes] = ("-32768", "32767")
    digital: tuple[str | bytes, str | bytes] = ("-32768", "32767")


@dataclass(frozen=True)
class Edf:
    """A file. stamps: the annotation bytes of each record; None for a file without annotations."""

    channels: Sequence[Channel]
    duration: str | bytes = "1"
    version: bytes = EDF
    reserved: str | bytes = ""
    records: str | bytes | None = None
    header_bytes: str | bytes | None = None
    stamps: Sequence[bytes] | None = None
    stamp_label: str | None = None
    extra: bytes = b""
    patient: bytes = b"X X X X"
    samples: dict[int, str] = field(default_factory=dict)
    count: str | None = None

    @property
    def width(self) -> int:
        return 3 if self.version == BDF else 2

    def bytes(self) -> bytes:
        rows = [_encoded(channel.numbers, self.width) for channel in self.channels]
        channels = list(self.channels)
        if self.stamps is not None:
            size = -(-max(map(len, self.stamps)) // self.width) * self.width
            text = b"".join(stamp.ljust(size, b"\0") for stamp in self.stamps)
            rows.append(np.frombuffer(text, np.uint8).reshape(len(self.stamps), size))
            label = self.stamp_label or ("BDF Annotations" if self.version == BDF else "EDF Annotations")
            low, high = ("-8388608", "8388607") if self.version == BDF else ("-32768", "32767")
            channels.append(Channel(label, np.zeros((0, 0), np.int64), "", ("-1", "1"), (low, high)))
        data = np.concatenate(rows, axis=1) if rows else np.zeros((0, 0), np.uint8)
        samples = [str(row.shape[1] // self.width) for row in rows]
        for place, stated in self.samples.items():
            samples[place] = stated
        header: list[tuple[str | bytes, int]] = [
            (self.version, 8),
            (self.patient, 80),
            ("Startdate X X X X", 80),
            ("01.01.26", 8),
            ("00.00.00", 8),
            (self.header_bytes if self.header_bytes is not None else str(256 * (len(channels) + 1)), 8),
            (self.reserved, 44),
            (self.records if self.records is not None else str(len(data)), 8),
            (self.duration, 8),
            (self.count or str(len(channels)), 4),
            *((channel.label, 16) for channel in channels),
            *(("", 80) for _ in channels),
            *((channel.unit, 8) for channel in channels),
            *((channel.physical[0], 8) for channel in channels),
            *((channel.physical[1], 8) for channel in channels),
            *((channel.digital[0], 8) for channel in channels),
            *((channel.digital[1], 8) for channel in channels),
            *(("", 80) for _ in channels),
            *((text, 8) for text in samples),
            *(("", 32) for _ in channels),
        ]
        return b"".join(_field(text, size) for text, size in header) + data.tobytes() + self.extra


def _field(text: str | bytes, size: int) -> bytes:
    plain = text if isinstance(text, bytes) else text.encode()
    assert len(plain) <= size, plain
    return plain.ljust(size)


def _encoded(numbers: NDArray[np.integer], width: int) -> NDArray[np.uint8]:
    """[records, bytes]."""
    raw = numbers.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :width]
    return np.ascontiguousarray(raw).reshape(len(numbers), -1)


def stamp(seconds: float | str) -> bytes:
    return f"+{seconds}".encode() + b"\x14\x14\0"


def channels_of(recording: Recording, records: int, labels: Sequence[str] | None = None) -> list[Channel]:
    """The leads in whole microvolts."""
    rows = np.round(recording.signal.astype(np.float64) * 1000).astype(np.int64)
    return [
        Channel(label, row.reshape(records, -1)) for label, row in zip(labels or recording.leads, rows, strict=True)
    ]


def wide(channels: Sequence[Channel]) -> list[Channel]:
    """The same channels for BDF: 24-bit samples of 1 uV."""
    limits = ("-8388608", "8388607")
    return [replace(channel, physical=limits, digital=limits) for channel in channels]


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of a valid ECG of each variant."""
    ecg = synthesize("normal", fs_hz=500, seed=3)
    seconds_ = channels_of(ecg, 10)
    tiny = channels_of(ecg, 5000)
    stamps = [stamp(second) for second in range(10)]
    gaps = [stamp(second + (2.5 if second > 5 else 0)) for second in range(10)]
    labels = [f"ECG {lead}" for lead in ecg.leads]
    turned = [replace(channel, physical=("32767", "-32768"), numbers=-1 - channel.numbers) for channel in seconds_]
    made = {
        "EDF": Edf(seconds_),
        "EDF with records of one sample": Edf(tiny, duration="0.002"),
        "EDF with one record": Edf(channels_of(ecg, 1), duration="10"),
        "EDF with a negative gain": Edf(turned),
        "EDF of unknown length": Edf(seconds_, records="-1"),
        "EDF+C": Edf(channels_of(ecg, 10, labels), reserved="EDF+C", stamps=stamps),
        "EDF+D": Edf(seconds_, reserved="EDF+D", stamps=gaps),
        "BDF": Edf(wide(seconds_), version=BDF, reserved="24BIT"),
        "BDF+D": Edf(wide(seconds_), version=BDF, reserved="BDF+D", stamps=gaps),
    }
    return {title: {f"ecg.{'bdf' if edf.version == BDF else 'edf'}": edf.bytes()} for title, edf in made.items()}
