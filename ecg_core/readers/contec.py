"""Contec ECG90A (.ECG): a header of 43 bytes, eight columns of counts, a footer of 37 bytes.

The file states neither rate nor scale. This layout is known from one model only, so those of the model are used: 800
Hz, 5 uV per count, zero at 2048. The maker has published nothing; the facts come from the project ecg-contec. The mains
hum of a real file lies at 50.0 Hz, which confirms the rate.
"""

import hashlib
import re
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SignalInvalid, SignalTruncated
from ecg_core.readers.channels import Leads, check_size, leads_of, without_missing
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.signals import whole
from ecg_core.readers.source import Bytes, Source
from ecg_core.recording import Recording

HEADER_BYTES, FOOTER_BYTES = 43, 37
COLUMNS = ("II", "III", "V1", "V2", "V3", "V4", "V5", "V6")
ROW_BYTES = 2 * len(COLUMNS)
FS_HZ, COUNTS_PER_MV, ZERO = 800.0, 200.0, 2048
# Stands for a sample of an electrode that is off, or outside the range of the converter of 12 bits.
MISSING, MAX_COUNT = 0x6800, 4095
# Number of the case, date and time, each filled up with zero bytes; name; sex (255: not given), age, weight.
_HEADER = re.compile(
    rb"(?=[\x20-\x7e]{1,7}\0+\d)[\0\x20-\x7e]{8}\0\0\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\0\0\0.{8}[\0\x01\xff].{2}",
    re.DOTALL,
)
# Rows that are looked at to recognise the format.
_FIRST_ROWS = 32


def sniff(data: bytes) -> bool:
    return _is_header(data[:HEADER_BYTES]) and _in_range(_counts(data[HEADER_BYTES:][: _FIRST_ROWS * ROW_BYTES]))


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """Raises SignalTruncated, SignalInvalid, FileTooLarge."""
    data = bundle[name]
    signals = open_signals(Bytes(data), options)
    bundle.budget.spend_samples(signals.samples * len(COLUMNS))
    recording = whole(signals, hashlib.sha256(data).hexdigest())
    on = [lead for lead, row in zip(recording.leads, recording.signal, strict=True) if not np.isnan(row).all()]
    if not on or len(on) == len(recording.leads):
        return recording
    off = f"leads without any sample left out: {len(recording.leads) - len(on)}"
    return replace(recording.only(on), corrections=(*recording.corrections, off))


def open_signals(source: Source, options: Options) -> "ContecSignals":
    """Raises HeaderInvalid, SignalTruncated."""
    if not _is_header(source.read(0, HEADER_BYTES)):
        raise HeaderInvalid("The header is not that of a Contec recording.")
    samples, rest = divmod(source.size - HEADER_BYTES - FOOTER_BYTES, ROW_BYTES)
    footer = source.read(source.size - FOOTER_BYTES, ROW_BYTES)
    # A row of zeros ends the samples. The footer begins with it.
    if samples < 1 or rest or any(footer):
        raise SignalTruncated("The recording does not end with its footer: bytes are missing or too many.")
    corrections = Corrections()
    leads = leads_of(COLUMNS, options, corrections)
    if options.fs_hz is None:
        corrections.add(f"sampling rate taken as {FS_HZ:g} Hz, that of the model ECG90A: the file states none")
    if options.gain is None:
        corrections.add(f"gain taken as {COUNTS_PER_MV:g} per mV, that of the model ECG90A: the file states none")
    else:
        corrections.add(f"gain as given with the file: {options.gain:g} per mV")
    if options.unit is not None:
        corrections.add("unit given with the file not used: its numbers are counts of a converter")
    rate = FS_HZ if options.fs_hz is None else choose_rate(None, options.fs_hz, corrections)
    return ContecSignals(source, leads, samples, rate, options.gain or COUNTS_PER_MV, corrections)


@dataclass(frozen=True)
class ContecSignals:
    """The samples of an open file. per_mv: counts per mV."""

    format: ClassVar[str] = "contec"
    source: Source
    channels: Leads
    samples: int
    fs_hz: float
    per_mv: float
    corrections: Corrections

    @property
    def leads(self) -> tuple[str, ...]:
        return self.channels.names

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """[leads, stop - start] mV, NaN where a sample is missing. Raises SignalTruncated, SignalInvalid."""
        check_size(len(COLUMNS), stop - start)
        wanted = (stop - start) * ROW_BYTES
        data = self.source.read(HEADER_BYTES + start * ROW_BYTES, wanted)
        if len(data) < wanted:
            raise SignalTruncated("The recording has fewer samples than its size says.")
        counts = _counts(data)
        if not _in_range(counts):
            raise SignalInvalid("The recording holds numbers that its converter cannot give.")
        signal = (counts.T.astype(np.float32) - ZERO) / np.float32(self.per_mv)
        # A row of zeros is the end of the samples, too.
        missing = (counts == MISSING) | ~counts.any(axis=1, keepdims=True)
        without_missing(signal, missing.T, self.corrections)
        return signal


def _is_header(header: bytes) -> bool:
    return bool(_HEADER.fullmatch(header))


def _counts(data: bytes) -> NDArray[np.uint16]:
    """[samples, columns]"""
    rows = len(data) // ROW_BYTES
    return np.frombuffer(data, "<u2", rows * len(COLUMNS)).reshape(rows, len(COLUMNS))


def _in_range(counts: NDArray[np.uint16]) -> bool:
    return bool(np.all((counts <= MAX_COUNT) | (counts == MISSING)))
