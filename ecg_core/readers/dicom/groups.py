"""Multiplex groups: which of them hold the rhythm, when each begins, and how its samples are stored (PS3.3 C.10.9)."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ecg_core.errors import HeaderInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.dicom import tags
from ecg_core.readers.dicom.elements import Item
from ecg_core.readers.source import Source

# A median or representative beat lasts 1 to 1.2 s. No rhythm that is of use is so short.
MAX_BEAT_S = 2.0
# Beside a rhythm of this length, the shortest that is classified, a group as short as a beat is one.
MIN_RHYTHM_S = 5.0
# Of all groups together. Twelve are usual. They bound what one window of a long recording needs.
MAX_CHANNELS = 512
# No recording lasts longer (three years). Positions then fit 64 bits.
MAX_SPAN_S = 1e8
# Zeros behind the samples, in bytes.
MAX_ZEROS = 4_000_000

_BEAT = re.compile(r"MEDIAN|REPRESENT|AVERAGE|TEMPLATE|\bBEATS?\b|\bMEAN\b|\bAVG\b")
_RHYTHM = re.compile(r"RHYTHM")
_TYPES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4", "SV": "i8", "UV": "u8"}
_COMPANDED = ("MB", "AB")


@dataclass(frozen=True)
class Layout:
    """How the samples of a group are stored: interleaved, sample by sample.

    offset: of the first sample, in bytes. padding: the number that stands for no sample, None if there is none.
    """

    channels: int
    samples: int
    type: np.dtype[np.signedinteger] | np.dtype[np.unsignedinteger]
    offset: int
    padding: int | None


def rhythms(groups: Sequence[Item], corrections: Corrections) -> list[Item]:
    """The groups that hold the recording itself. Raises UnsupportedFormat if all are beats made from it.

    Originality decides, then the label, then the length. The place of a group says nothing.
    """
    original = [group for group in groups if _is_original(group)]
    if any(_lasts_s(group) >= MIN_RHYTHM_S for group in original):
        original = [group for group in original if _lasts_s(group) >= MAX_BEAT_S]
    # Some systems call a filtered rhythm derived. Only its label tells it from a beat.
    chosen = original or [group for group in groups if _RHYTHM.search(_label(group)) and not _is_beat(group)]
    if not chosen:
        raise UnsupportedFormat(
            "This DICOM file holds no recording, only beats that were derived from one.",
            "Export the ECG with its rhythm, not only with the median beats.",
        )
    if not original:
        corrections.add("rhythm that the file marks as derived used: there is no original one")
    if left_out := len(groups) - len(chosen):
        corrections.add(f"groups of channels left out, such as median beats: {left_out}")
    return chosen


def _label(group: Item) -> str:
    return group.text(tags.GROUP_LABEL).upper()


def _is_beat(group: Item) -> bool:
    return bool(_BEAT.search(_label(group)))


def _is_original(group: Item) -> bool:
    originality = group.text(tags.ORIGINALITY).upper()
    if _is_beat(group) or originality not in ("", "ORIGINAL"):
        return False
    return bool(originality or _RHYTHM.search(_label(group))) or _lasts_s(group) >= MAX_BEAT_S


def _lasts_s(group: Item) -> float:
    """Infinite if the group states no rate: its length is then unknown."""
    rate, samples = group.number(tags.RATE), group.integer(tags.SAMPLES)
    return (samples or 0) / rate if rate else math.inf


def rate_of(groups: Sequence[Item]) -> float | None:
    """The sampling rate in Hz of all groups. None if no group states one. Raises UnsupportedFormat, HeaderInvalid."""
    rates = {group.number(tags.RATE) for group in groups}
    if len(rates) > 1:
        raise UnsupportedFormat(
            "This DICOM file holds leads at several sampling rates.", "Export all leads at one sampling rate."
        )
    return rates.pop() if rates else None


def starts_of(groups: Sequence[Item], fs_hz: float, corrections: Corrections) -> list[int]:
    """The first sample of each group on the common time axis.

    Raises UnsupportedFormat if the file does not say it, HeaderInvalid.
    """
    if len(groups) == 1:
        return [0]
    offsets = [group.number(tags.TIME_OFFSET) for group in groups]
    known = [offset for offset in offsets if offset is not None]
    if len(known) < len(offsets):
        raise UnsupportedFormat(
            "This DICOM file holds its leads in several groups and does not say when each group begins.",
            "Export all leads in one group, or state the time offset (0018,1068) of each group.",
        )
    if max(known) - min(known) > MAX_SPAN_S * 1000:
        raise HeaderInvalid("The time offsets of the DICOM file span more than three years.")
    corrections.add(f"groups of channels put on one time axis by their time offsets: {len(groups)}")
    return [round((offset - min(known)) * fs_hz / 1000) for offset in known]


def layout_of(group: Item, source: Source, corrections: Corrections) -> Layout:
    """How the samples are stored. Raises HeaderInvalid, SignalTruncated, UnsupportedFormat."""
    channels, samples, data = group.integer(tags.CHANNELS), group.integer(tags.SAMPLES), group.data
    if not channels or not samples or data is None:
        raise HeaderInvalid("A group of channels of the DICOM file has no channels or no samples.")
    type_ = _type_of(group, data.representation)
    needed = channels * samples * type_.itemsize
    if data.length < needed or data.offset + needed > source.size:
        raise SignalTruncated("The DICOM file holds fewer samples than it says.")
    # Values have an even length, so one byte may be added. Whole samples more than stated are a contradiction.
    more, frame = data.length - needed, channels * type_.itemsize
    if more >= max(frame, 2):
        if more > MAX_ZEROS or source.read(data.offset + needed, more).strip(b"\0"):
            raise HeaderInvalid("The DICOM file holds more samples than it says.")
        corrections.add(f"zeros behind the stated number of samples left out: {more // frame} of each channel")
    padding = group.values.get(tags.PADDING, b"")[: type_.itemsize]
    value = int(np.frombuffer(padding, type_)[0]) if len(padding) == type_.itemsize else None
    return Layout(channels, samples, type_, data.offset, value)


def _type_of(group: Item, representation: bytes) -> "np.dtype[np.signedinteger] | np.dtype[np.unsignedinteger]":
    name = group.text(tags.INTERPRETATION).upper()
    if name in _COMPANDED:
        raise UnsupportedFormat(
            "This is a DICOM waveform with companded samples (mu-law or A-law), which have no fixed scale.",
            "Export it with linear samples.",
        )
    if name not in _TYPES:
        raise HeaderInvalid("The DICOM file does not say how its samples are stored.")
    type_ = np.dtype(group.encoding.order + _TYPES[name])
    allocated = group.integer(tags.BITS_ALLOCATED)
    if allocated not in (None, 8 * type_.itemsize):
        raise HeaderInvalid("The kind of samples of the DICOM file contradicts their number of bits.")
    # Big endian swaps the bytes of words (OW) and leaves single bytes (OB). Anything else leaves the order open.
    if not group.encoding.little and (type_.itemsize, representation) not in ((1, b"OB"), (2, b"OW")):
        raise UnsupportedFormat(
            "This is a big endian DICOM waveform whose byte order within a sample is open.",
            "Export it in explicit little endian.",
        )
    return type_
