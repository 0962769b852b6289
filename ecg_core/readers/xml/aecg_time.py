"""The time of a sequence set of an HL7 aECG: when its first sample was taken, and how many samples a second has."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from ecg_core.errors import HeaderInvalid, SeveralRecords, UnsupportedFormat
from ecg_core.readers.text import number_of
from ecg_core.readers.xml.document import Element, local

# Of each unit in a second.
_PER_SECOND = {"s": 1.0, "sec": 1.0, "ms": 1e3, "us": 1e6, "µs": 1e6, "μs": 1e6, "ns": 1e9}
_STAMP = re.compile(r"(\d{14})(\.\d{1,9})?\d*(?:([+-])(\d{2})(\d{2}))?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Of a time increment, in any unit. Rates of electrocardiographs lie far within these bounds.
MIN_STEP, MAX_STEP = 1e-9, 1e9
# Pages of one recording follow each other. After a longer pause, the next page is another recording.
MAX_PAUSE_S = 1.0


@dataclass(frozen=True)
class Time:
    """fs_hz, start_s: None if the file states none. start_s counts from 1970 (absolute) or from the series' begin."""

    fs_hz: float | None = None
    start_s: float | None = None
    absolute: bool = False


def is_time(sequence: Element) -> bool:
    """Whether a sequence is the time of its set, and no lead."""
    code, value = sequence.only("code"), sequence.only("value")
    return bool(
        (code and code.get("code").upper().startswith("TIME_"))
        or (value and local(value.get("type")).upper().startswith("GLIST"))
    )


def time_of(sequences: Sequence[Element]) -> Time:
    """The time of a set from its time sequences. Raises HeaderInvalid."""
    if len(sequences) > 1:
        raise HeaderInvalid("A sequence set of the aECG file has more than one time.")
    value = sequences[0].only("value") if sequences else None
    if value is None:
        return Time()
    head, increment = value.only("head"), value.only("increment")
    absolute = local(value.get("type")).upper() == "GLIST_TS"
    fs_hz = None
    if increment and (per_second := _PER_SECOND.get(increment.get("unit").lower())):
        step = number_of(increment.get("value"))
        if not MIN_STEP <= step <= MAX_STEP:
            raise HeaderInvalid("The time increment of the aECG file is that of no electrocardiograph.")
        fs_hz = per_second / step
    return Time(fs_hz, _start_s(head, absolute) if head else None, absolute)


def _start_s(head: Element, absolute: bool) -> float | None:
    text = head.get("value")
    if not absolute:
        number = number_of(text)
        per_second = _PER_SECOND.get(head.get("unit").lower())
        if number == 0:
            return 0.0
        return number / per_second if per_second and math.isfinite(number) else None
    match = _STAMP.fullmatch(text)
    if not match:
        return None
    try:
        moment = datetime.strptime(match[1] + "+0000", "%Y%m%d%H%M%S%z")
    except ValueError:
        return None
    zone = timedelta(hours=int(match[4] or 0), minutes=int(match[5] or 0))
    since = (moment - _EPOCH).total_seconds() + float(match[2] or 0)
    return since - (-1 if match[3] == "-" else 1) * zone.total_seconds()


def rate_of(times: Sequence[Time]) -> float | None:
    """The sampling rate of all sets. Raises UnsupportedFormat if two differ, HeaderInvalid if only some state one."""
    rates = [time.fs_hz for time in times if time.fs_hz is not None]
    if any(not math.isclose(rates[0], rate, rel_tol=1e-4) for rate in rates):
        raise UnsupportedFormat(
            "This is an aECG file whose sequence sets have different sampling rates. It is not read.",
            "Export one sampling rate.",
        )
    if rates and len(rates) < len(times):
        raise HeaderInvalid("A sequence set of the aECG file has no time increment, another one has.")
    return rates[0] if rates else None


def places_of(times: Sequence[Time], lengths: Sequence[int], fs_hz: float) -> list[int]:
    """Where the first sample of each set stands on one time axis, in samples.

    lengths: samples of each set. Raises SeveralRecords if their times do not say that they are one recording.
    """
    if len(times) == 1:
        return [0]
    starts = [time.start_s for time in times if time.start_s is not None]
    if len(starts) < len(times) or len({time.absolute for time in times}) > 1:
        raise SeveralRecords(
            "The aECG file has several sequence sets, and does not state when each of them began.",
            "Send each of them in a file of its own.",
        )
    first = min(starts)
    end_s = 0.0
    for start, length in sorted((start - first, length) for start, length in zip(starts, lengths, strict=True)):
        if start > end_s + MAX_PAUSE_S:
            raise SeveralRecords("The aECG file holds several recordings with pauses between them.")
        end_s = max(end_s, start + length / fs_hz)
    return [round((start - first) * fs_hz) for start in starts]
