"""Where the samples of each lead are in time (section 3), and how many each lead has.

The standard numbers samples from 1 on, at the rate of the rhythm, and the last number is that of a sample. Some writers
do it otherwise. The number of samples that is stored decides.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from ecg_core.errors import HeaderInvalid, SignalTruncated
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.scp.rhythm import Stored

_LEAD = struct.Struct("<IIB")
_SUBTRACTED = 1
# At this many times the rate of the rhythm, the reference beat may be stored.
_RATIOS = (2, 3, 4)


@dataclass(frozen=True)
class Lead:
    """start, end: numbers of the first and last sample. code: see lead_codes.py."""

    start: int
    end: int
    code: int


@dataclass(frozen=True)
class Span:
    """first: index of the first sample of a lead in the recording, from 0 on. count: number of its samples."""

    first: int
    count: int


def leads_in(body: memoryview) -> tuple[list[Lead], bool]:
    """(the leads in section 3, whether a reference beat was subtracted from them). Raises HeaderInvalid."""
    if len(body) < 2 or len(body) < 2 + _LEAD.size * body[0]:
        raise HeaderInvalid("The section of the leads is shorter than its leads.")
    leads = [Lead(*_LEAD.unpack_from(body, 2 + _LEAD.size * number)) for number in range(body[0])]
    if not leads:
        raise HeaderInvalid("The section of the leads names no lead.")
    if any(lead.end < lead.start for lead in leads):
        raise HeaderInvalid("A lead ends before it starts.")
    return leads, bool(body[1] & _SUBTRACTED)


def rate_ratio(rhythm_us: int, beat_us: int) -> int:
    """How many samples the reference beat has for one of the rhythm: 2, 3 or 4; else 1."""
    return next((ratio for ratio in _RATIOS if beat_us * ratio == rhythm_us), 1)


def spans_of(leads: Sequence[Lead], found: Sequence[Stored], ratio: int, corrections: Corrections) -> list[Span]:
    """The span of each lead, as its stored samples confirm it. ratio: see rate_ratio.

    Raises SignalTruncated if there are fewer samples than stated, HeaderInvalid if there are more.
    """
    first = min(lead.start for lead in leads)
    stated = [Span(lead.start - first, lead.end - lead.start + 1) for lead in leads]
    fewer = [Span(span.first, span.count - 1) for span in stated]
    # Padding of zeros can look like one more sample, so this is asked first.
    if first == 0 and all(lead.ends_with(span.count) for lead, span in zip(found, fewer, strict=True)):
        corrections.add("samples numbered from 0 on, with the last number not used")
        return fewer
    if _confirmed(found, stated):
        return stated
    scaled = [Span(span.first // ratio, span.count // ratio) for span in stated]
    if ratio > 1 and _confirmed(found, scaled):
        corrections.add("samples numbered at the rate of the reference beat")
        return scaled
    # The bytes of plain samples leave no doubt about their number.
    plain = [Span(span.first, len(lead.stream.values)) for lead, span in zip(found, stated, strict=True)]
    if not found[0].compressed and all(
        abs(has.count - says.count) == 1 for has, says in zip(plain, stated, strict=True)
    ):
        corrections.add("leads have one sample more or less than stated: all that are stored were read")
        return plain
    if not all(lead.has(span.count) for lead, span in zip(found, stated, strict=True)):
        raise SignalTruncated("The leads hold fewer samples than the file states.")
    raise HeaderInvalid("The leads hold more samples than the file states.")


def _confirmed(found: Sequence[Stored], spans: Sequence[Span]) -> bool:
    return all(lead.has_exactly(span.count) for lead, span in zip(found, spans, strict=True))
