"""The frames of an MFER file: which channels a waveform has, and how their samples lie in it.

A frame is SEQ sequences. In each, the channels follow one another with BLK samples each. A definition counts from where
it stands; that of a channel counts before that for all channels.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite, nan

import numpy as np

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.leads import canonical_lead
from ecg_core.readers.lead_codes import lead_of_code
from ecg_core.readers.mfer import definitions as tags
from ecg_core.readers.mfer.definitions import Definition, definitions
from ecg_core.readers.source import Source

# As in the option `leads`: more than any recorder has.
MAX_CHANNELS = 512
# Channels of all waveforms that are described anew. Describing one takes some microseconds.
MAX_DESCRIBED = 20_000
_TYPES = ("i2", "u2", "i4", "u1", "u2", "i1", "u4", "f4", "f8")
_STATUS, _AHA = 4, 9
# Standard, long-term, vector and stress ECG, and what a monitor shows. Others are averaged beats, spectra, trends.
_RHYTHMS = (0, 1, 2, 3, 4, 20, 21)
_OF_A_CHANNEL = (tags.BLK, tags.SEQ, tags.WFM, tags.LDN, tags.DTP, tags.IVL, tags.SEN, tags.OFF, tags.NUL)
_VOLT, _HERTZ, _SECOND = 0, 0, 1
_PLAIN_HINT = "Export the ECG without compression, or in another format such as DICOM or HL7 aECG."


@dataclass(frozen=True)
class Channel:
    """block: samples in each sequence. start: its offset in bytes within a sequence.

    fs_hz: None if not stated. mv: mV per number; None if not stated, NaN if it is no voltage. null: the number of a
    missing sample. lead: "" if the channel is no ECG lead. rhythm: whether it is an ECG, and no averaged beat.
    """

    dtype: str
    block: int
    start: int
    fs_hz: float | None
    mv: float | None
    offset: float
    null: float | None
    lead: str
    rhythm: bool

    @property
    def bytes(self) -> int:
        """Of its block in each sequence."""
        return self.block * np.dtype(self.dtype).itemsize


@dataclass(frozen=True)
class Frame:
    """offset: of the samples in the file. pointer: number of the first sample, if stated. time: as stated."""

    channels: tuple[Channel, ...]
    offset: int
    sequences: int
    sequence_bytes: int
    pointer: int | None
    time: bytes


def frames(source: Source) -> Iterator[Frame]:
    """Raises HeaderInvalid, SignalTruncated, FileTooLarge, UnsupportedFormat."""
    state = _State()
    for definition in definitions(source):
        if definition.tag == tags.WAV:
            if definition.length:
                yield state.frame(definition)
        else:
            state.define(definition)


@dataclass
class _State:
    """The definitions that count now. Values keep the byte order that counted where they stood."""

    order: str = ">"
    count: int = 1
    pointer: int | None = None
    time: bytes = b""
    described: int = 0
    common: dict[int, "_Bytes"] = field(default_factory=dict)
    own: dict[int, dict[int, "_Bytes"]] = field(default_factory=dict)

    def define(self, definition: Definition) -> None:
        tag, value = definition.tag, _Bytes(definition.value, self.order)
        if tag in _OF_A_CHANNEL:
            target = self.common if definition.channel is None else self.own.setdefault(definition.channel, {})
            # A definition without a value brings the default back.
            target.pop(tag, None)
            if definition.length:
                target[tag] = value
        elif tag == tags.BLE:
            if value.data not in (b"", b"\0", b"\1"):
                raise HeaderInvalid("The file states a byte order that does not exist.")
            self.order = "<" if value.data == b"\1" else ">"
        elif tag == tags.CHN and definition.channel is None:
            self.count = value.unsigned() if definition.length else 1
            if not 0 < self.count <= MAX_CHANNELS:
                raise HeaderInvalid(f"The file has no channel, or more than {MAX_CHANNELS}.")
            self.own = {}
        elif tag == tags.PNT:
            self.pointer = value.unsigned() if definition.length else None
        elif tag == tags.TIM:
            self.time = value.data
        elif tag == tags.CMP and any(value.data[:2]):
            raise UnsupportedFormat("This is an MFER file with compressed waveforms.", _PLAIN_HINT)

    def frame(self, wave: Definition) -> Frame:
        self.described += self.count
        if self.described > MAX_DESCRIBED:
            raise FileTooLarge(f"The file describes more than {MAX_DESCRIBED:,} channels.")
        channels: list[Channel] = []
        stated: set[int] = set()
        start = 0
        for number in range(self.count):
            said = {**self.common, **self.own.get(number, {})}
            if number and tags.LDN not in self.own.get(number, {}):
                # A lead that is stated for all channels is that of the first.
                said.pop(tags.LDN, None)
            channel = _channel(said, start, self.order)
            channels.append(channel)
            start += channel.bytes
            if tags.SEQ in said:
                stated.add(said[tags.SEQ].unsigned())
        if len(stated) > 1:
            raise UnsupportedFormat(
                "This is an MFER file whose channels have different numbers of blocks.", _PLAIN_HINT
            )
        sequences = stated.pop() if stated else -(-wave.length // start)
        if sequences * start > wave.length:
            raise SignalTruncated("A waveform of the file has fewer samples than its definitions say.")
        if sequences * start < wave.length:
            raise HeaderInvalid("A waveform of the file has more samples than its definitions say.")
        pointer, self.pointer = self.pointer, None
        return Frame(tuple(channels), wave.offset, sequences, start, pointer, self.time)


@dataclass(frozen=True)
class _Bytes:
    """The value of a definition, and its byte order."""

    data: bytes
    order: str

    def unsigned(self) -> int:
        if len(self.data) > 4:
            raise HeaderInvalid("A number of the file has more than four bytes.")
        return int.from_bytes(self.data, "little" if self.order == "<" else "big")

    def scaled(self) -> tuple[int, float]:
        """(code of the unit, number) of a sampling interval or a sensitivity: unit, exponent of ten, mantissa."""
        if not 3 <= len(self.data) <= 10:
            raise HeaderInvalid("A sampling interval or a sensitivity of the file cannot be read.")
        exponent = int.from_bytes(self.data[1:2], signed=True)
        mantissa = int.from_bytes(self.data[2:], "little" if self.order == "<" else "big", signed=True)
        # A power of ten with a negative exponent is not exact, dividing by one is.
        number = mantissa * 10.0**exponent if exponent >= 0 else mantissa / 10.0**-exponent
        if not (isfinite(number) and number > 0):
            raise HeaderInvalid("A sampling interval or a sensitivity of the file is not above 0.")
        return self.data[0], number

    def sample(self, dtype: str) -> float:
        """A number of the type of the samples."""
        type_ = np.dtype(self.order + dtype[1:])
        if len(self.data) != type_.itemsize:
            raise HeaderInvalid("An offset or a null value of the file is of another type than its samples.")
        return float(np.frombuffer(self.data, type_)[0])


def _channel(said: Mapping[int, _Bytes], start: int, order: str) -> Channel:
    code = said[tags.DTP].unsigned() if tags.DTP in said else 0
    if code == _AHA:
        raise UnsupportedFormat("This is an MFER file with samples compressed by the method of the AHA.", _PLAIN_HINT)
    if code >= len(_TYPES):
        raise HeaderInvalid("The file states a type of samples that does not exist.")
    block = said[tags.BLK].unsigned() if tags.BLK in said else 1
    if not block:
        raise HeaderInvalid("A channel of the file has blocks without samples.")
    dtype = order + _TYPES[code]
    fs_hz, mv = None, None
    if tags.IVL in said:
        unit, number = said[tags.IVL].scaled()
        fs_hz = number if unit == _HERTZ else 1 / number if unit == _SECOND else nan
    if tags.SEN in said:
        unit, number = said[tags.SEN].scaled()
        mv = number * 1e3 if unit == _VOLT else nan
    rhythm = tags.WFM not in said or _Bytes(said[tags.WFM].data[:2], said[tags.WFM].order).unsigned() in _RHYTHMS
    return Channel(
        dtype=dtype,
        block=block,
        start=start,
        fs_hz=fs_hz,
        mv=mv,
        offset=said[tags.OFF].sample(dtype) if tags.OFF in said else 0.0,
        null=said[tags.NUL].sample(dtype) if tags.NUL in said else None,
        lead=_lead(said[tags.LDN]) if tags.LDN in said and rhythm and code != _STATUS else "",
        rhythm=rhythm,
    )


def _lead(value: _Bytes) -> str:
    """The lead of a code of one or two bytes. If the code says nothing, the name after it counts."""
    name = lead_of_code(_Bytes(value.data[:2], value.order).unsigned())
    return name or canonical_lead(value.data[2:].decode("ascii", "replace").strip(" \0")) or ""
