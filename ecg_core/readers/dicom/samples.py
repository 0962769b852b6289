"""From stored numbers to mV: bits, missing samples, calibration, skew."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SignalInvalid, SignalTruncated
from ecg_core.readers.dicom.channels import Calibration
from ecg_core.readers.dicom.groups import Layout
from ecg_core.readers.source import Source

# Numbers for no sample are looked for in runs: 0 is a common one, and every lead crosses 0. No lead of a living person
# rests on one number for a second, and three channels or more do not rest on it together for a tenth of a second.
MIN_RUN_S, MIN_COMMON_RUN_S, MIN_COMMON_CHANNELS = 1.0, 0.1, 3
# No lead leaps this far from one sample to the next. A number at such a distance from its neighbours is no sample,
# however short its run is. A clipped peak is reached in smaller steps.
MIN_LEAP_MV = 5.0
# Samples in the wrong byte order are noise: they change hundreds of times as much from one to the next.
_MAX_ROUGHNESS, _COMPARED = 4.0, 2_000

# Memory for one piece of a group. It lasts at least this long, for the margins on both sides.
_BLOCK_BYTES, _MIN_BLOCK_S = 4_000_000, 4.0

Numbers = NDArray[np.integer]


@dataclass(frozen=True)
class Row:
    """One channel that is a lead. lead: its index. channel: its index in the group. skew: samples. bits: stored."""

    lead: int
    channel: int
    calibration: Calibration
    skew: int
    bits: int


@dataclass(frozen=True)
class Part:
    """The leads of one group. start: of the group on the time axis, in samples."""

    start: int
    layout: Layout
    rows: tuple[Row, ...]


def read_part(
    part: Part,
    source: Source,
    start: int,
    fs_hz: float,
    signal: NDArray[np.float32],
    missing: NDArray[np.bool_],
    note: Callable[[str], None],
) -> None:
    """Fills in the leads of a group, from its sample start on. signal (mV) and missing (marks): [leads, samples].

    What is not stored or is marked as missing stays as it is in signal. note: takes a correction. Raises
    SignalTruncated, HeaderInvalid.
    """
    frame = part.layout.channels * part.layout.type.itemsize
    step = max(_BLOCK_BYTES // frame, int(_MIN_BLOCK_S * fs_hz))
    for begin in range(0, signal.shape[1], step):
        piece = slice(begin, begin + step)
        _read_block(part, source, start + begin, fs_hz, signal[:, piece], missing[:, piece], note)


def _read_block(
    part: Part,
    source: Source,
    start: int,
    fs_hz: float,
    signal: NDArray[np.float32],
    missing: NDArray[np.bool_],
    note: Callable[[str], None],
) -> None:
    """See read_part(). All samples of the block are held in memory."""
    layout, stop = part.layout, start + signal.shape[1]
    # So much more is read on each side that every run of missing samples is seen in its length.
    margin = int(MIN_RUN_S * fs_hz) + 1
    first = max(start - max(row.skew for row in part.rows) - margin, 0)
    last = min(stop - min(row.skew for row in part.rows) + margin, layout.samples)
    if first >= last:
        return
    numbers = _numbers(layout, source, first, last)
    common = _common(numbers, layout)
    for row in part.rows:
        # The stored samples that lie in the block.
        begin, end = max(start - row.skew, first), min(stop - row.skew, last)
        if begin >= end:
            continue
        column = np.ascontiguousarray(numbers[:, row.channel])
        gaps = _gaps(column, common, layout, row, fs_hz)
        values = _stored(column, gaps, row.bits, note)[begin - first : end - first]
        place = slice(begin + row.skew - start, end + row.skew - start)
        values = values * row.calibration.scale_mv + row.calibration.offset_mv
        present = ~gaps[begin - first : end - first]
        np.copyto(signal[row.lead, place], values.astype(np.float32), where=present)
        missing[row.lead, place] |= ~present


def check_byte_order(layout: Layout, channel: int, source: Source) -> None:
    """Raises SignalInvalid if the other byte order gives a much smoother lead. For big endian, which is often wrong."""
    numbers = _numbers(layout, source, 0, min(layout.samples, _COMPARED))[:, channel]
    stated, swapped = (np.abs(np.diff(order.astype(np.float64))).sum() for order in (numbers, numbers.byteswap()))
    if stated > _MAX_ROUGHNESS * swapped:
        raise SignalInvalid("The samples of the DICOM file are not in the byte order of its transfer syntax.")


def _numbers(layout: Layout, source: Source, first: int, last: int) -> Numbers:
    """[samples, channels] as they are stored."""
    frame = layout.channels * layout.type.itemsize
    data = source.read(layout.offset + first * frame, (last - first) * frame)
    if len(data) < (last - first) * frame:
        raise SignalTruncated("The DICOM file holds fewer samples than it says.")
    return np.frombuffer(data, layout.type).reshape(-1, layout.channels)


def _common(numbers: Numbers, layout: Layout) -> NDArray[np.bool_]:
    """[samples] whether all channels hold the padding."""
    if layout.padding is None or layout.channels < MIN_COMMON_CHANNELS:
        return np.zeros(len(numbers), np.bool_)
    common: NDArray[np.bool_] = numbers[:, 0] == layout.padding
    return (numbers == layout.padding).all(axis=1) if common.any() else common


def _gaps(column: Numbers, common: NDArray[np.bool_], layout: Layout, row: Row, fs_hz: float) -> NDArray[np.bool_]:
    """[samples] whether a sample is missing: the padding, or the lowest number of 16 bits and more, in runs."""
    gaps = np.zeros(len(column), np.bool_)
    marks = {layout.padding}
    if layout.type.kind == "i" and layout.type.itemsize > 1:
        marks.add(int(np.iinfo(layout.type).min))
    for mark in marks:
        if mark is None:
            continue
        hits = column == mark
        if not hits.any():
            continue
        starts, stops = _runs(hits)
        near = np.fmin(_leaps_mv(column, starts - 1, mark, row), _leaps_mv(column, stops, mark, row))
        _mark(gaps, starts, stops, (near >= MIN_LEAP_MV) | (stops - starts >= MIN_RUN_S * fs_hz))
        if mark == layout.padding and common.any():
            starts, stops = _runs(common)
            _mark(gaps, starts, stops, stops - starts >= MIN_COMMON_RUN_S * fs_hz)
    return gaps


def _runs(hits: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """(first index, index after the last) of each run of True."""
    edges = np.flatnonzero(np.diff(np.r_[False, hits, False]))
    return edges[::2], edges[1::2]


def _leaps_mv(column: Numbers, places: NDArray[np.intp], mark: int, row: Row) -> NDArray[np.float64]:
    """From the mark to the samples in these places. NaN before the first and after the last sample."""
    there = (places >= 0) & (places < len(column))
    leaps = np.full(len(places), np.nan)
    leaps[there] = np.abs(column[places[there]].astype(np.float64) - mark) * abs(row.calibration.scale_mv)
    return leaps


def _mark(gaps: NDArray[np.bool_], starts: NDArray[np.intp], stops: NDArray[np.intp], which: NDArray[np.bool_]) -> None:
    """Sets the chosen runs to True, in place."""
    steps = np.zeros(len(gaps) + 1, np.int8)
    steps[starts[which]] = 1
    steps[stops[which]] = -1
    gaps |= np.cumsum(steps[:-1], dtype=np.int8).view(np.bool_)


def _stored(column: Numbers, gaps: NDArray[np.bool_], bits: int, note: Callable[[str], None]) -> NDArray[np.float64]:
    """The samples as numbers. Only if one lies outside the range of the stored bits are the other bits removed.

    The standard wants the sign in all bits. Writers without it leave them 0. Raises HeaderInvalid if the samples do not
    become smoother: then the number of bits is wrong.
    """
    values = column.astype(np.float64)
    if bits == 8 * column.dtype.itemsize:
        return values
    present = np.where(gaps, 0, values)
    signed = column.dtype.kind == "i"
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if signed else (0, (1 << bits) - 1)
    if not len(present) or (low <= present.min() and present.max() <= high):
        return values
    kept = (column.astype(np.int64) & ((1 << bits) - 1)).astype(np.float64)
    if signed:
        kept[kept > high] -= float(1 << bits)
    kept[gaps] = 0
    if np.abs(np.diff(kept)).sum() >= np.abs(np.diff(present)).sum():
        raise HeaderInvalid("The samples of a channel exceed the number of bits that the file says are stored.")
    note("bits above the stored ones removed, sign extended")
    return kept
