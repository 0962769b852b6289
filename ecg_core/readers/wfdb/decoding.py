"""Samples of a verified segment -> mV, block by block. The sums of the raw samples are compared with the header."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import ChecksumMismatch
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.wfdb.segment import Lead, Part, SignalFile
from ecg_core.readers.wfdb.signals import INVALID, Integers

# Below this limit float32 subtracts a baseline without rounding.
EXACT_FLOAT32 = 2**24


@dataclass(frozen=True, slots=True)
class _Run:
    """Neighbouring leads with one sample a frame, or one lead. skew: frames. baseline, steps_per_mv: [leads, 1]."""

    rows: slice
    columns: slice
    skew: int
    samples_per_frame: int
    baseline: NDArray[np.float64]
    steps_per_mv: NDArray[np.float64]


def decode(
    part: Part,
    out: NDArray[np.float32],
    names: Sequence[str],
    per_frame: int,
    corrections: Corrections,
    first: int | None = None,
) -> None:
    """Fills the part's leads and verifies the checksums. out: [leads of the record, frames * per_frame] mV.

    first: read only the frames from this one on that out has room for, and verify nothing. It must be a multiple of
    FRAMES_OF_BLOCKS. per_frame: samples per frame of each lead in out. If a lead has more, they are averaged.
    Raises ChecksumMismatch, SignalInvalid, SignalTruncated.
    """
    frames = part.frames if first is None else out.shape[1] // per_frame
    for file in part.files:
        columns = [0, *np.cumsum(file.widths).tolist()]
        runs = _runs(file, part.leads, columns, names)
        invalid = INVALID[file.signals[0].format]
        sums = np.zeros(columns[-1], np.int64)
        start = 0
        for block in file.samples.blocks(frames, first or 0):
            if start == 0 and first is None:
                _verify_first(file, block[columns[:-1]])
            sums += block.sum(axis=1, dtype=block.dtype)
            for run in runs:
                begin, end = max(start - run.skew, 0), start + block.shape[1] - run.skew
                if begin < end:
                    samples = block[run.columns, begin - end :]
                    target = out[run.rows, begin * per_frame : end * per_frame]
                    _calibrate(samples, invalid, run, per_frame, target)
            start += block.shape[1]
        for run in runs:
            if run.skew:
                out[run.rows, (frames - run.skew) * per_frame :] = np.nan
                corrections.add("leads stored with a delay aligned, as the header states")
            if run.samples_per_frame > per_frame:
                corrections.add("samples of one frame averaged")
        if first is None:
            _verify(file, np.add.reduceat(sums, columns[:-1]), part, corrections)


def _runs(file: SignalFile, leads: Sequence[Lead], columns: Sequence[int], names: Sequence[str]) -> list[_Run]:
    row_of = {name: row for row, name in enumerate(names)}
    groups: list[list[Lead]] = []
    for lead in leads:
        if not 0 <= lead.signal - file.first < len(file.signals):
            continue
        last = groups[-1][-1] if groups else None
        signal = file.signals[lead.signal - file.first]
        if (
            last is not None
            and last.signal + 1 == lead.signal
            and row_of[last.name] + 1 == row_of[lead.name]
            and lead.samples_per_frame == 1 == last.samples_per_frame
            and signal.skew == file.signals[last.signal - file.first].skew
        ):
            groups[-1].append(lead)
        else:
            groups.append([lead])
    runs = []
    for group in groups:
        position, row = group[0].signal - file.first, row_of[group[0].name]
        end = columns[position + len(group)]
        baseline = np.array([[lead.baseline] for lead in group], np.float64)
        steps = np.array([[lead.steps_per_mv] for lead in group])
        rows = slice(row, row + len(group))
        skew, width = file.signals[position].skew, group[0].samples_per_frame
        runs.append(_Run(rows, slice(columns[position], end), skew, width, baseline, steps))
    return runs


def _calibrate(samples: Integers, invalid: int | None, run: _Run, per_frame: int, out: NDArray[np.float32]) -> None:
    """samples: [leads, frames], or [samples of a frame, frames] of one lead. out: [leads, frames * per_frame] mV."""
    bad = None if invalid is None else samples == invalid
    if run.samples_per_frame > 1:
        samples = samples.T.reshape(out.size, -1)
        bad = None if bad is None else bad.T.reshape(out.size, -1)
        if run.samples_per_frame > per_frame:
            np.divide(_means(samples, bad) - run.baseline, run.steps_per_mv, out=out, casting="same_kind")
            return
        samples, bad = samples.T, None if bad is None else bad.T
    if samples.dtype.itemsize <= 2 and np.abs(run.baseline).max() < EXACT_FLOAT32:
        np.subtract(samples, run.baseline.astype(np.float32), out=out)
        np.divide(out, run.steps_per_mv.astype(np.float32), out=out)
    else:
        np.divide(samples - run.baseline, run.steps_per_mv, out=out, casting="same_kind")
    if bad is not None and bad.any():
        out[bad] = np.nan


def _means(samples: Integers, bad: NDArray[np.bool_] | None) -> NDArray[np.float64]:
    """The mean of each row's valid samples, NaN where it has none. samples, bad: [means, samples]."""
    valid = np.True_ if bad is None else ~bad
    held = np.broadcast_to(valid, samples.shape).sum(axis=1)
    means = np.full(len(samples), np.nan)
    np.divide(samples.sum(axis=1, dtype=np.int64, where=valid), held, out=means, where=held > 0)
    return means


def _verify_first(file: SignalFile, rows: Integers) -> None:
    """Compares the first samples with the header. This finds rotated samples, because their sum does not change.

    rows: [signals, frames] first sample of each frame. If the header states only zeros, it states nothing. Format 8
    (differences) always begins at the stated value. With a skew, the first sample before or after alignment may match.
    """
    storage = file.signals[0].format
    if storage == 8 or not any(signal.initial for signal in file.signals):
        return
    for signal, first, row in zip(file.signals, rows[:, 0].tolist(), rows, strict=True):
        if signal.initial in (None, first) or first == INVALID[storage]:
            continue
        if signal.skew >= len(row) or signal.initial != row[signal.skew]:
            raise ChecksumMismatch("The first samples of the record are not those that its header states.")


def _verify(file: SignalFile, sums: NDArray[np.int64], part: Part, corrections: Corrections) -> None:
    """Compares the sums of the raw samples modulo 65536 with the header. If all are 0, the header states none."""
    for position, (signal, total) in enumerate(zip(file.signals, sums.tolist(), strict=True), file.first):
        if signal.checksum is None:
            if any(lead.signal == position for lead in part.leads):
                corrections.add("no checksum stated: the samples could not be verified")
        elif signal.checksum != total & 0xFFFF:
            if part.has_checksums:
                raise ChecksumMismatch("The samples of the record are not those that its header was written for.")
            corrections.add("checksums all 0: the samples could not be verified")
