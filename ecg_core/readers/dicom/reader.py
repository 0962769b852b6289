"""Reads the ECG waveforms of a DICOM file: 12-lead, general (16 and 32 bits) and ambulatory ECG."""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import DuplicateLeads, FileTooLarge, HeaderInvalid
from ecg_core.readers.channels import without_missing
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.dicom import tags
from ecg_core.readers.dicom.channels import Calibration, bits_stored, calibration_of, skew_of
from ecg_core.readers.dicom.elements import Item
from ecg_core.readers.dicom.file import open_file, start_of
from ecg_core.readers.dicom.groups import Layout, layout_of, rate_of, rhythms, starts_of
from ecg_core.readers.dicom.kinds import DIRECTORY, ROOT
from ecg_core.readers.dicom.leads import Found, Place, find_leads
from ecg_core.readers.dicom.samples import Part, Row, check_byte_order, read_part
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.registry import LOOK_BYTES
from ecg_core.readers.signals import whole
from ecg_core.readers.source import Bytes, Source
from ecg_core.recording import Recording

# Each group costs some work, however short it is.
MAX_GROUPS = 1_000
# Where groups overlap in time, the samples of a lead must be equal but for the rounding of a coarse converter.
MAX_DIFFERENCE_MV = 0.01


class DicomSignals:
    """The leads of the rhythm groups on one time axis. Where no group has a lead, its samples are NaN."""

    format = "dicom"

    def __init__(self, source: Source, parts: tuple[Part, ...], fs_hz: float, found: Found, said: Corrections) -> None:
        self._source, self._parts, self._found = source, parts, found
        self.fs_hz, self.leads, self.corrections = fs_hz, found.names, said
        self.samples = max(part.start + part.layout.samples for part in parts)
        rows = [row.lead for part in parts for row in part.rows]
        self._repeated = len(set(rows)) < len(rows)

    @property
    def stored(self) -> int:
        """Samples of all channels of all groups that are decoded."""
        return sum(part.layout.channels * part.layout.samples for part in self._parts)

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """See Signals. Raises SignalTruncated, HeaderInvalid, DuplicateLeads, NoEcgLeads."""
        signal = np.full((len(self.leads), stop - start), np.nan, np.float32)
        missing = np.zeros(signal.shape, np.bool_)
        for part in self._parts:
            begin, end = max(start, part.start), min(stop, part.start + part.layout.samples)
            if begin < end:
                there = slice(begin - start, end - start)
                self._fill(part, begin - part.start, signal[:, there], missing[:, there])
        without_missing(signal, missing & np.isnan(signal), self.corrections)
        self._found.choice.verify(signal, self.corrections)
        return signal

    def _fill(self, part: Part, start: int, signal: NDArray[np.float32], missing: NDArray[np.bool_]) -> None:
        """Fills in the leads of one group, from this sample of the group on. Both arrays are [leads, samples]."""
        if not self._repeated:
            read_part(part, self._source, start, self.fs_hz, signal, missing, self.corrections.add)
            return
        new = np.full(signal.shape, np.nan, np.float32)
        read_part(part, self._source, start, self.fs_hz, new, missing, self.corrections.add)
        if bool(np.any(np.abs(new - signal) > MAX_DIFFERENCE_MV)):
            raise DuplicateLeads("Two groups of the DICOM file hold different samples of one lead at the same time.")
        np.copyto(signal, new, where=np.isfinite(new))


def sniff(data: bytes) -> bool:
    """Whether this is a DICOM file. A directory of other files is none: it may stand beside the ECG."""
    look = data[:LOOK_BYTES]
    start = start_of(look)
    if start is None or DIRECTORY.encode() in look[start : start + 512]:
        return False
    return start > 0 or ROOT.encode() in look


def open_signals(source: Source, options: Options) -> DicomSignals:
    """The leads of a DICOM ECG, without loading its samples (a deflated file is inflated).

    Raises UnsupportedFormat, HeaderInvalid, SignalTruncated, SignalInvalid, FileTooLarge, NoEcgLeads, DuplicateLeads,
    UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange.
    """
    corrections = Corrections()
    file = open_file(source, corrections)
    groups = file.data_set.sequences.get(tags.WAVEFORMS)
    if not groups:
        raise HeaderInvalid("The DICOM file holds no waveform.")
    if len(groups) > MAX_GROUPS:
        raise FileTooLarge(f"The DICOM file holds more than {MAX_GROUPS:,} groups of channels.")
    chosen = rhythms(groups, corrections)
    found = find_leads(chosen, options, corrections)
    used = [(group, places) for group, places in zip(chosen, found.places, strict=True) if places]
    fs_hz = choose_rate(rate_of([group for group, _ in used]), options.fs_hz, corrections)
    starts = starts_of([group for group, _ in used], fs_hz, corrections)
    parts = []
    for (group, places), start in zip(used, starts, strict=True):
        layout = layout_of(group, file.source, corrections)
        if not group.encoding.little:
            check_byte_order(layout, places[0].channel, file.source)
        rows = tuple(_row(group, place, layout, fs_hz, options, corrections) for place in places)
        parts.append(Part(start, layout, rows))
    if skewed := sum(row.skew != 0 for part in parts for row in part.rows):
        corrections.add(f"channels that begin before or after their group aligned: {skewed}")
    return DicomSignals(file.source, tuple(parts), fs_hz, found, corrections)


def _row(group: Item, place: Place, layout: Layout, fs_hz: float, options: Options, corrections: Corrections) -> Row:
    channel = group.sequences[tags.DEFINITIONS][place.channel]
    stated = calibration_of(channel, options, corrections)
    calibration = Calibration(place.sign * stated.scale_mv, place.sign * stated.offset_mv)
    bits = bits_stored(channel, 8 * layout.type.itemsize)
    return Row(place.lead, place.channel, calibration, skew_of(channel, fs_hz), bits)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a DICOM file. Raises what open_signals() and DicomSignals.block() raise."""
    data = bundle[name]
    signals = open_signals(Bytes(data), options)
    bundle.budget.spend_samples(signals.stored)
    return whole(signals, hashlib.sha256(data).hexdigest())
