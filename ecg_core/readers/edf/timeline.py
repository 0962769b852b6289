"""Where each record stands in time. EDF+ writes a time stamp, "+onset", at the start of each record's annotations.

A gap between two records stays a gap: the samples after it keep their time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import FileTooLarge, HeaderInvalid, SamplingRateUnknown
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.edf.header import Header
from ecg_core.readers.edf.records import Bytes2D, Records
from ecg_core.recording import MAX_BYTES

# Longer than any stamp, such as "+1234567.123456".
STAMP_BYTES = 32
# Stamps are rounded. A step between records that differs by more than this is a gap or an overlap.
TOLERANCE_S, TOLERANCE_SHARE = 0.005, 0.01
# Many small differences must not add up to more than this share of the time.
MAX_DRIFT_SHARE = 0.01
# A record with a gap after each beat of a day has as many. Each takes 32 bytes of memory.
MAX_GAPS = 100_000
# No recording lasts longer (three years). Positions then fit 64 bits.
MAX_SPAN_S = 1e8
# Of a longer file that says it is continuous, only the first and the last stamp are compared.
SCANNED_BYTES = MAX_BYTES


class _Unusable(Exception):
    """The stamps tell nothing about gaps. The text says why. A file that is marked as continuous is read without."""


@dataclass(frozen=True)
class Timeline:
    """Runs of records without a gap. firsts: the first record of each. starts: the position of its first sample.

    samples: of one record.
    """

    firsts: NDArray[np.int64]
    starts: NDArray[np.int64]
    records: int
    samples: int

    @property
    def total(self) -> int:
        """Samples from the first to the last one, gaps included."""
        return int(self.starts[-1]) + (self.records - int(self.firsts[-1])) * self.samples

    @property
    def missing(self) -> int:
        return self.total - self.records * self.samples

    def starts_of(self, first: int, count: int) -> NDArray[np.int64]:
        """The position of the first sample of each of these records."""
        records = np.arange(first, first + count)
        run = np.searchsorted(self.firsts, records, "right") - 1
        return np.asarray(self.starts[run] + (records - self.firsts[run]) * self.samples)

    def records_of(self, start: int, stop: int) -> tuple[int, int]:
        """The records that hold samples from start to stop: the first one, and the one after the last."""
        return self._record(start, 0), self._record(stop, self.samples - 1)

    def _record(self, sample: int, more: int) -> int:
        run = max(int(np.searchsorted(self.starts, sample)) - 1, 0)
        end = int(self.firsts[run + 1]) if run + 1 < len(self.firsts) else self.records
        return min(int(self.firsts[run]) + (sample - int(self.starts[run]) + more) // self.samples, end)


def continuous(header: Header, samples: int) -> Timeline:
    return Timeline(np.zeros(1, np.int64), np.zeros(1, np.int64), header.records, samples)


def timeline_of(header: Header, records: Records, samples: int, corrections: Corrections) -> Timeline:
    """samples: of a record of the leads. Raises HeaderInvalid, FileTooLarge, SamplingRateUnknown, SignalTruncated."""
    stamped = (channel for channel in header.channels if channel.is_annotations and channel.samples)
    place = next(((channel.offset, channel.samples * header.width) for channel in stamped), None)
    if header.has_gaps and header.duration is None:
        raise SamplingRateUnknown(
            "The records have gaps between them, and the header does not state their duration.", ""
        )
    if header.duration is None or place is None:
        if header.has_gaps:
            raise HeaderInvalid("The file says that it has gaps, and no time stamps tell where.")
        return continuous(header, samples)
    stamps = _Stamps(records, header.records, place[0], min(place[1], STAMP_BYTES))
    duration = float(header.duration)
    tolerance = max(min(TOLERANCE_S, TOLERANCE_SHARE * duration), 0.5 * duration / samples)
    try:
        long = header.records * header.record_bytes > SCANNED_BYTES
        if long and not header.has_gaps and stamps.ends_agree(duration, tolerance):
            return continuous(header, samples)
        firsts, times = _runs(stamps, duration, tolerance)
    except _Unusable as unusable:
        if header.has_gaps:
            raise HeaderInvalid(str(unusable)) from None
        corrections.add("time stamps of the records not used, read as continuous as the file says")
        return continuous(header, samples)
    base = firsts * samples
    after_gaps = np.rint((times - times[0]) * (samples / duration)).astype(np.int64) - base
    made = Timeline(firsts, base + np.maximum.accumulate(after_gaps), header.records, samples)
    if made.missing:
        if not header.has_gaps:
            corrections.add("the file says it is continuous, its time stamps show gaps: the time stamps counted")
        corrections.add(f"samples without a value in gaps between records: {made.missing}")
    return made


@dataclass(frozen=True)
class _Stamps:
    """The time stamps of all records. offset, width: of the stamp in a record, in bytes."""

    records: Records
    count: int
    offset: int
    width: int

    def times(self, first: int, stop: int) -> Iterator[tuple[int, NDArray[np.float64]]]:
        for record, stamps in self.records.columns(first, stop, self.offset, self.width):
            times = seconds(stamps)
            if np.isnan(times).any():
                raise _Unusable("A record has no time stamp.")
            yield record, times

    def ends_agree(self, duration: float, tolerance: float) -> bool:
        ends = [next(self.times(record, record + 1))[1][0] for record in (0, self.count - 1)]
        return bool(abs(ends[1] - ends[0] - (self.count - 1) * duration) <= tolerance)


def _runs(stamps: _Stamps, duration: float, tolerance: float) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """(the first record of each run without gap, its time). Raises HeaderInvalid, FileTooLarge, _Unusable."""
    firsts = [np.zeros(1, np.int64)]
    times: list[NDArray[np.float64]] = []
    ends: list[NDArray[np.float64]] = []
    last = np.zeros(0)
    gaps = 0
    for record, onsets in stamps.times(0, stamps.count):
        if not times:
            times.append(onsets[:1])
        joined = np.concatenate((last, onsets))
        steps = np.diff(joined) - duration
        if (steps < -tolerance).any():
            _refuse_overlap(joined, steps, tolerance)
        after = np.flatnonzero(steps > tolerance)
        firsts.append(after + 1 + record - len(last))
        times.append(joined[after + 1])
        ends.append(joined[after])
        last = onsets[-1:]
        gaps += len(after)
        if gaps > MAX_GAPS:
            raise FileTooLarge(f"The file has more than {MAX_GAPS:,} gaps.")
    starts, begun = np.concatenate(firsts), np.concatenate(times)
    if last[0] - begun[0] > MAX_SPAN_S:
        raise HeaderInvalid("The time stamps of the file span more than three years.")
    elapsed = np.concatenate((*ends, last)) - begun
    stated = (np.diff(starts, append=stamps.count) - 1) * duration
    if (np.abs(elapsed - stated) > MAX_DRIFT_SHARE * stated + tolerance).any():
        raise HeaderInvalid("The time stamps of the file contradict the duration of a record.")
    return starts, begun


def _refuse_overlap(onsets: NDArray[np.float64], steps: NDArray[np.float64], tolerance: float) -> None:
    """Raises _Unusable if the clock was set, or never ran; HeaderInvalid if the duration of a record may be wrong."""
    if np.ptp(onsets) == 0 or np.mean(np.abs(steps) <= tolerance) > 0.5:
        raise _Unusable("Records of the file overlap in time or run backwards.")
    raise HeaderInvalid("Records of the file overlap in time or run backwards.")


def seconds(stamps: Bytes2D) -> NDArray[np.float64]:
    """The onset in each row, such as "+12.5" before a byte 20 or 21. NaN for a row that does not begin with one."""
    count, width = stamps.shape
    columns = np.ascontiguousarray(stamps.T)
    valid = (columns[0] == ord("+")) | (columns[0] == ord("-"))
    value, divisor = np.zeros(count), np.ones(count)
    digits, seen_point, done = np.zeros(count, bool), np.zeros(count, bool), np.zeros(count, bool)
    for column in columns[1:width]:
        live = valid & ~done
        if not live.any():
            break
        digit = live & (column - np.uint8(48) < 10)
        point = live & (column == ord(".")) & ~seen_point
        end = live & ((column == 20) | (column == 21)) & digits
        value[digit] = 10 * value[digit] + (column[digit] - np.uint8(48))
        divisor[digit & seen_point] *= 10
        digits |= digit
        seen_point |= point
        done |= end
        valid &= done | digit | point
    value[columns[0] == ord("-")] *= -1
    return np.where(valid & done, value / divisor, np.nan)
