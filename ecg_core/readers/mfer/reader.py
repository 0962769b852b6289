"""Reads the ECG leads of an MFER file. Other signals of a monitor, such as SpO2, are left out.

Value: (sample + offset) x sensitivity. Facts from MFER Part 1 and 3, https://www.mfer.org/en/document.htm
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import (
    HeaderInvalid,
    NoEcgLeads,
    SeveralRecords,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.readers.channels import NO_VOLTAGE_HINT, Leads, check_size, leads_of, mv_per_number, without_missing
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.mfer.frames import Channel, Frame, frames
from ecg_core.readers.options import LEADS_HINT, Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.signals import whole
from ecg_core.readers.source import Bytes, Source
from ecg_core.recording import Recording

# The preamble: tag 0x40, a length, and this word.
_MARK = b"MFR "
# Counts by the standard if a file states no sampling interval.
DEFAULT_FS_HZ = 1000.0
# Up to this many sequences, the blocks of the leads are read one by one; more are read as a whole.
_FEW_SEQUENCES = 2


def sniff(data: bytes) -> bool:
    return data[:1] == b"\x40" and data[2 : 2 + len(_MARK)] == _MARK


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """Raises EcgError."""
    data = bundle[name]
    signals = open_signals(Bytes(data), options)
    bundle.budget.spend_samples(signals.samples * len(signals.leads))
    return whole(signals, hashlib.sha256(data).hexdigest())


def open_signals(source: Source, options: Options) -> "MferSignals":
    """Raises HeaderInvalid, SignalTruncated, SeveralRecords, UnsupportedFormat, FileTooLarge, NoEcgLeads,
    DuplicateLeads, UnitsUnknown, SamplingRateOutOfRange.
    """
    corrections = Corrections()
    every = list(frames(source))
    rhythm = [frame for frame in every if any(channel.rhythm for channel in frame.channels)]
    if not rhythm:
        raise UnsupportedFormat("This is an MFER file without a rhythm ECG.", "Send the file with the recording.")
    _check_continuous(rhythm)
    if len(rhythm) < len(every):
        corrections.add(f"waveforms that are no rhythm ECG left out: {len(every) - len(rhythm)}")
    channels = rhythm[0].channels
    leads = _leads(channels, options, corrections)
    chosen = [channels[position] for position in leads.positions]
    if len({channel.fs_hz for channel in chosen}) > 1:
        raise UnsupportedFormat("The leads of this MFER file are sampled at different rates.", LEADS_HINT)
    if len({channel.block for channel in chosen}) > 1:
        raise HeaderInvalid("Leads of the file have the same rate and different numbers of samples.")
    rate = _rate(chosen[0].fs_hz, options, corrections)
    scales = [_scale(channel.mv, options, corrections) for channel in chosen]
    return MferSignals(source, tuple(rhythm), leads, tuple(scales), rate, corrections)


@dataclass(frozen=True)
class MferSignals:
    """The leads of an open file. scales: mV per number of each lead."""

    format: ClassVar[str] = "mfer"
    source: Source
    frames: tuple[Frame, ...]
    channels: Leads
    scales: tuple[float, ...]
    fs_hz: float
    corrections: Corrections

    @property
    def leads(self) -> tuple[str, ...]:
        return self.channels.names

    @property
    def samples(self) -> int:
        return sum(map(self._length, self.frames))

    def _length(self, frame: Frame) -> int:
        return frame.sequences * frame.channels[self.channels.positions[0]].block

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """[leads, stop - start] mV, NaN where a sample is missing. Raises SignalTruncated, FileTooLarge."""
        check_size(len(self.leads), stop - start)
        signal = np.empty((len(self.leads), stop - start), np.float32)
        missing = np.zeros(signal.shape, np.bool_)
        position = 0
        for frame in self.frames:
            length = self._length(frame)
            low, high = max(start - position, 0), min(stop - position, length)
            if low < high:
                at = slice(position + low - start, position + high - start)
                self._decode(frame, low, high, signal[:, at], missing[:, at])
            position += length
        without_missing(signal, missing, self.corrections)
        return signal

    def _decode(
        self, frame: Frame, low: int, high: int, signal: NDArray[np.float32], missing: NDArray[np.bool_]
    ) -> None:
        """Fills the rows with the samples of a frame from low to high."""
        chosen = [frame.channels[position] for position in self.channels.positions]
        first, last = low // chosen[0].block, -(-high // chosen[0].block)
        if last - first > _FEW_SEQUENCES:
            data = self._bytes(frame.offset + first * frame.sequence_bytes, (last - first) * frame.sequence_bytes)
            table = np.frombuffer(data, np.uint8).reshape(last - first, frame.sequence_bytes)
        for row, (channel, scale, sign) in enumerate(zip(chosen, self.scales, self.channels.signs, strict=True)):
            if last - first > _FEW_SEQUENCES:
                part = table[:, channel.start : channel.start + channel.bytes]
                raw = np.frombuffer(part.tobytes(), channel.dtype)[low - first * channel.block :][: high - low]
            else:
                raw = self._blocks(frame, channel, low, high)
            with np.errstate(over="ignore", invalid="ignore"):
                signal[row] = (raw.astype(np.float64) + channel.offset) * (scale * sign)
            missing[row] = ~np.isfinite(signal[row]) | (raw == channel.null if channel.null is not None else False)

    def _blocks(self, frame: Frame, channel: Channel, low: int, high: int) -> NDArray[np.generic]:
        """The numbers of one channel, read from its blocks only."""
        size = np.dtype(channel.dtype).itemsize
        pieces = []
        for sequence in range(low // channel.block, -(-high // channel.block)):
            begin = max(low - sequence * channel.block, 0)
            end = min(high - sequence * channel.block, channel.block)
            offset = frame.offset + sequence * frame.sequence_bytes + channel.start + begin * size
            pieces.append(self._bytes(offset, (end - begin) * size))
        return np.frombuffer(b"".join(pieces), channel.dtype)

    def _bytes(self, offset: int, length: int) -> bytes:
        data = self.source.read(offset, length)
        if len(data) < length:
            raise SignalTruncated("The file has fewer samples than its definitions say.")
        return data


def _check_continuous(parts: Sequence[Frame]) -> None:
    """Raises SeveralRecords, UnsupportedFormat unless the frames are pieces of one recording."""
    if any(frame.channels != parts[0].channels for frame in parts):
        raise SeveralRecords("The file holds several waveforms with different channels.", "Send one of them.")
    if any(frame.time != parts[0].time for frame in parts):
        raise SeveralRecords("The file holds waveforms of several times.", "Send one of them.")
    block = parts[0].channels[0].block
    expected = parts[0].pointer or 0
    for frame in parts:
        if frame.pointer not in (None, expected):
            raise UnsupportedFormat("This is an MFER file with gaps between its waveforms.", "Send one piece of it.")
        expected += frame.sequences * block


def _leads(channels: Sequence[Channel], options: Options, corrections: Corrections) -> Leads:
    names = [channel.lead for channel in channels]
    if not any(names) and options.names is None:
        raise NoEcgLeads("No channel of the file has the code of an ECG lead.", LEADS_HINT)
    return leads_of(names, options, corrections)


def _rate(stated: float | None, options: Options, corrections: Corrections) -> float:
    if stated is not None and isnan(stated):
        raise HeaderInvalid("The leads of the file are not sampled in time.")
    if stated is None and options.fs_hz is None:
        corrections.add(f"sampling rate taken as {DEFAULT_FS_HZ:g} Hz, the default of the format: the file states none")
        return DEFAULT_FS_HZ
    return choose_rate(stated, options.fs_hz, corrections)


def _scale(stated: float | None, options: Options, corrections: Corrections) -> float:
    """mV per number of a lead. Raises UnitsUnknown."""
    if stated is not None and isnan(stated):
        raise UnitsUnknown("A lead is measured in a unit that is no voltage.", NO_VOLTAGE_HINT)
    return mv_per_number(None if stated is None else "mV", options, corrections) * (1 if stated is None else stated)
