"""One segment of a WFDB record: verified against its files, then decoded, calibrated and summed block by block."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import ChecksumMismatch, HeaderInvalid, SignalTruncated
from ecg_core.readers.wfdb_header import Header, Signal
from ecg_core.readers.wfdb_leads import Lead, leads_of
from ecg_core.readers.wfdb_signals import INVALID, Integers, blocks, frames_in
from ecg_core.records import NULL

# Up to here float32 subtracts a baseline without a rounding error.
EXACT_FLOAT32 = 2**24
# Packed formats fill up their last block with so many samples.
MAX_PADDING = 2


@dataclass(frozen=True, slots=True)
class SignalFile:
    """One file's bytes and signals. first: the position of its first signal in the header."""

    data: bytes
    signals: tuple[Signal, ...]
    first: int
    frames: int

    @property
    def widths(self) -> list[int]:
        return [signal.samples_per_frame for signal in self.signals]


@dataclass(frozen=True, slots=True)
class Part:
    """start, frames: its place in the recording. has_checksums: not all of them are 0."""

    start: int
    frames: int
    files: tuple[SignalFile, ...]
    leads: tuple[Lead, ...]
    has_checksums: bool

    @property
    def samples(self) -> int:
        return self.frames * sum(sum(file.widths) for file in self.files)


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring leads that are decoded in one go. baseline, steps_per_mv: [leads, 1]."""

    rows: slice
    columns: slice
    skew: int
    averaged: bool
    baseline: NDArray[np.float64]
    steps_per_mv: NDArray[np.float64]


def verified(
    start: int,
    expected: int | None,
    header: Header,
    data: Mapping[str, bytes],
    units: str | None,
    corrections: dict[str, None],
) -> Part:
    """expected: the segment's frames by the master header. data: the bytes of each file that the header names.

    Raises HeaderInvalid, SignalTruncated, SignalInvalid, UnsupportedFormat, DuplicateLeads, UnitsUnknown.
    """
    if expected is not None and header.frames not in (None, expected):
        raise HeaderInvalid("A segment is not as long as its record says.")
    files = _signal_files(header, data)
    frames = header.frames or expected
    if frames is None:
        frames = min((file.frames for file in files), default=0)
        corrections["length not stated: taken from the size of the signal file"] = None
    if any(file.frames < max(frames, 1) for file in files):
        raise SignalTruncated("A signal file is shorter than its header says.")
    if any((file.frames - frames) * sum(file.widths) > MAX_PADDING for file in files):
        corrections["signal file longer than its header says: the rest not read"] = None
    if any(signal.skew > frames for signal in header.signals):
        raise HeaderInvalid("A skew of the header is longer than the record.")
    leads = tuple(leads_of(header.signals, units, corrections))
    if any(header.signals[lead.signal].file == NULL for lead in leads):
        raise HeaderInvalid("An ECG lead of the header has no signal file.")
    return Part(start, frames, files, leads, any(signal.checksum for signal in header.signals))


def _signal_files(header: Header, data: Mapping[str, bytes]) -> tuple[SignalFile, ...]:
    groups: dict[str, list[int]] = {}
    for position, signal in enumerate(header.signals):
        if signal.file != NULL:
            groups.setdefault(signal.file, []).append(position)
    files = []
    for name, positions in groups.items():
        signals = header.signals[positions[0] : positions[-1] + 1]
        lead = signals[0]
        alike = all(signal.format == lead.format and signal.offset in (0, lead.offset) for signal in signals)
        if len(signals) != len(positions) or not alike:
            raise HeaderInvalid("The signals of one file are described in contradictory ways.")
        widths = [signal.samples_per_frame for signal in signals]
        held = frames_in(data[name], lead.format, lead.offset, widths)
        files.append(SignalFile(data[name], signals, positions[0], held))
    return tuple(files)


def decode(part: Part, out: NDArray[np.float32], names: Sequence[str], corrections: dict[str, None]) -> None:
    """Fills the part's leads and verifies the checksums. out: [leads of the record, frames of the part] mV.

    Raises ChecksumMismatch, SignalInvalid, SignalTruncated.
    """
    for file in part.files:
        columns = [0, *np.cumsum(file.widths).tolist()]
        runs = _runs(file, part.leads, columns, names)
        storage, initial = file.signals[0], [signal.initial for signal in file.signals]
        sums = np.zeros(columns[-1], np.int64)
        start = 0
        for block in blocks(file.data, storage.format, storage.offset, file.widths, initial, part.frames):
            sums += block.sum(axis=1, dtype=block.dtype)
            for run in runs:
                begin, end = max(start - run.skew, 0), start + block.shape[1] - run.skew
                if begin < end:
                    samples = block[run.columns, begin - end :]
                    _calibrate(samples, INVALID[storage.format], run, out[run.rows, begin:end])
            start += block.shape[1]
        for run in runs:
            if run.skew:
                out[run.rows, part.frames - run.skew :] = np.nan
                corrections["leads stored with a delay aligned, as the header states"] = None
            if run.averaged:
                corrections["samples of one frame averaged"] = None
        _verify(file, np.add.reduceat(sums, columns[:-1]), part.has_checksums, corrections)


def _runs(file: SignalFile, leads: Sequence[Lead], columns: Sequence[int], names: Sequence[str]) -> list[_Run]:
    groups: list[list[Lead]] = []
    for lead in leads:
        if not 0 <= lead.signal - file.first < len(file.signals):
            continue
        last = groups[-1][-1] if groups else None
        signal = file.signals[lead.signal - file.first]
        if (
            last is not None
            and last.signal + 1 == lead.signal
            and names.index(last.name) + 1 == names.index(lead.name)
            and signal.samples_per_frame == 1 == file.signals[last.signal - file.first].samples_per_frame
            and signal.skew == file.signals[last.signal - file.first].skew
        ):
            groups[-1].append(lead)
        else:
            groups.append([lead])
    runs = []
    for group in groups:
        position, row = group[0].signal - file.first, names.index(group[0].name)
        signal = file.signals[position]
        averaged = signal.samples_per_frame > 1
        end = columns[position + len(group)]
        baseline = np.array([[lead.baseline] for lead in group], np.float64)
        steps = np.array([[lead.steps_per_mv] for lead in group])
        rows = slice(row, row + len(group))
        runs.append(_Run(rows, slice(columns[position], end), signal.skew, averaged, baseline, steps))
    return runs


def _calibrate(samples: Integers, invalid: int | None, run: _Run, out: NDArray[np.float32]) -> None:
    """samples: [leads, frames] or, averaged, [samples of a frame, frames] of one lead. out: [leads, frames] mV.

    A frame's mean is cut to an integer and is missing if all its samples are, as in the WFDB library.
    """
    bad = None if invalid is None else samples == invalid
    if run.averaged:
        total = samples.sum(axis=0, dtype=np.int64, keepdims=True)
        count = len(samples)
        samples = np.sign(total) * (np.abs(total) // count)
        bad = None if bad is None else bad.all(axis=0, keepdims=True)
    if samples.dtype.itemsize <= 2 and np.abs(run.baseline).max() < EXACT_FLOAT32:
        np.subtract(samples, run.baseline.astype(np.float32), out=out)
        np.divide(out, run.steps_per_mv.astype(np.float32), out=out)
    else:
        np.divide(samples - run.baseline, run.steps_per_mv, out=out, casting="same_kind")
    if bad is not None and bad.any():
        out[bad] = np.nan


def _verify(file: SignalFile, sums: NDArray[np.int64], has_checksums: bool, corrections: dict[str, None]) -> None:
    """The sums of the raw samples modulo 65536, as the header states them; all zero stands for none."""
    for signal, total in zip(file.signals, sums.tolist(), strict=True):
        if signal.checksum is None or signal.checksum == total & 0xFFFF:
            continue
        if has_checksums:
            raise ChecksumMismatch("The samples of the record are not those that its header was written for.")
        corrections["checksums all 0: the samples could not be verified"] = None
