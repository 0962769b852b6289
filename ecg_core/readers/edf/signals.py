"""The leads of an EDF or BDF file, read piece by piece."""

import math

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import SamplingRateUnknown
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.edf.header import header_of
from ecg_core.readers.edf.leads import Lead, select
from ecg_core.readers.edf.records import RUN_BYTES, Records
from ecg_core.readers.edf.timeline import timeline_of
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.source import Source

# A record is filled up to its length if a recording ends within it. A shorter constant end may be an ECG.
MIN_PADDING_S = 0.05
# Of leads with numbers, this much is compared with Einthoven's law.
VERIFIED_S = 30.0


class EdfSignals:
    """See ecg_core.readers.signals.Signals. recorded: samples of each lead without those in gaps."""

    def __init__(self, source: Source, options: Options) -> None:
        """Raises HeaderInvalid, SignalTruncated, SignalInvalid, NoEcgLeads, DuplicateLeads, UnitsUnknown,
        SamplingRateUnknown, SamplingRateOutOfRange, FileTooLarge.
        """
        self.corrections = Corrections()
        header = header_of(source, self.corrections)
        selection = select(header, options, self.corrections)
        self._leads, self._samples = selection.leads, selection.samples
        self.leads = tuple(lead.name for lead in self._leads)
        stated = float(self._samples / header.duration) if header.duration else None
        if stated is None and options.fs_hz is None:
            raise SamplingRateUnknown("The header states no duration of a record, so the sampling rate is not known.")
        self.fs_hz = choose_rate(stated, options.fs_hz, self.corrections)
        self._width = header.width
        self.format = "edf" if header.width == 2 else "bdf"
        self._records = Records(source, header)
        self._timeline = timeline_of(header, self._records, self._samples, self.corrections)
        self.recorded = header.records * self._samples
        self.samples = self._timeline.total
        self._cut_padding()
        selection.chosen.verify(self.block(0, min(self.samples, round(VERIFIED_S * self.fs_hz))), self.corrections)

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """[leads, stop - start] mV. Raises SignalTruncated."""
        signal = np.full((len(self._leads), stop - start), np.nan, np.float32)
        first, last = self._timeline.records_of(start, stop)
        if self._records.small:
            for record, run in self._records.runs(first, last):
                places = self._timeline.starts_of(record, len(run)) - start
                for row, lead in zip(signal, self._leads, strict=True):
                    _put(self._decode(run[:, lead.offset :][:, : self._samples * self._width], lead), places, row)
        else:
            for record in range(first, last):
                self._large(record, int(self._timeline.starts_of(record, 1)[0]) - start, signal)
        return signal

    def _large(self, record: int, place: int, signal: NDArray[np.float32]) -> None:
        """Reads one large record into signal [leads, samples]. place: of its first sample."""
        step = RUN_BYTES // self._width
        for row, lead in zip(signal, self._leads, strict=True):
            for begin in range(max(0, -place), min(self._samples, len(row) - place), step):
                end = min(begin + step, self._samples, len(row) - place)
                data = self._records.part(record, lead.offset + begin * self._width, (end - begin) * self._width)
                row[place + begin : place + end] = self._decode(data[None], lead)[0]

    def _decode(self, data: NDArray[np.uint8], lead: Lead) -> NDArray[np.float32]:
        """[records, samples] mV. data: [records, bytes]."""
        if self._width == 2:
            numbers = np.ascontiguousarray(data).view("<i2")
        else:
            # The three bytes become the high ones of four. The shift down keeps the sign.
            wide = np.zeros((len(data), data.shape[1] // 3, 4), np.uint8)
            wide[:, :, 1:] = data.reshape(len(data), -1, 3)
            numbers = wide.view("<i4")[:, :, 0] >> 8
        values = (numbers * lead.gain + lead.shift).astype(np.float32)
        if lead.missing is not None and (missing := numbers == lead.missing).any():
            values[missing] = np.nan
            self.corrections.add("samples of the lowest code, outside the range of the header, read as gaps")
        return values

    def _cut_padding(self) -> None:
        """Leaves out the end of the last record if no lead changes there."""
        least = max(math.ceil(MIN_PADDING_S * self.fs_hz), 2)
        end = self.block(self.samples - 1, self.samples)
        constant, size = 0, least
        while constant < self._samples:
            stop = self.samples - constant
            size = min(size, self._samples - constant)
            equal = (self.block(stop - size, stop) == end).all(axis=0)
            run = size if equal.all() else int(np.argmin(equal[::-1]))
            constant += run
            if run < size:
                break
            size = min(2 * size, RUN_BYTES)
        # A whole constant record is no padding: the electrodes were off, or there is no signal at all.
        if least <= constant < self._samples:
            self.samples -= constant
            self.recorded -= constant
            self.corrections.add(f"constant end of the last record left out: {constant} samples")


def _put(values: NDArray[np.float32], places: NDArray[np.int64], row: NDArray[np.float32]) -> None:
    """Writes values [records, samples] into row. places: of the first sample of each record; parts may lie outside."""
    count, samples = values.shape
    flat = values.reshape(-1)
    begin = int(places[0])
    if int(places[-1]) - begin == (count - 1) * samples:
        inside = slice(max(0, -begin), max(min(len(flat), len(row) - begin), 0))
        row[begin + inside.start : begin + inside.stop] = flat[inside]
        return
    positions = (places[:, None] + np.arange(samples)).reshape(-1)
    within = (positions >= 0) & (positions < len(row))
    row[positions[within]] = flat[within]
