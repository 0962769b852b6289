"""ISHNE Holter files: a header of fixed layout, a block of text, then 16-bit samples, one of each lead in turn.

Badilini F. The ISHNE Holter Standard Output File Format. Ann Noninvasive Electrocardiol 1998;3:263-266. Names and birth
date in the header are not used.
"""

import binascii
import hashlib
import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import ChecksumMismatch, HeaderInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers import channels, signals
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.source import Bytes, Source
from ecg_core.readers.transfer import SAMPLE_BYTES, refuse_text_transfer
from ecg_core.recording import Recording

MAGIC = b"ISHNE1.0"
# The beats of a recording in a file of their own. They hold no samples.
ANNOTATIONS = b"ANN  1.0"
FIXED_BYTES = 522
# The checksum covers everything after itself up to the samples.
_CHECKED_FROM = 10
_CRC_START = 0xFFFF
MAX_LEADS = 12
# "Lead fault" by the standard.
MISSING = -32768
# The place is free. It may stand between leads that are there.
_ABSENT = -9
# 0 is unknown, 1 a bipolar lead without a name; 17 to 19 are the leads ES, AS and AI.
_NAMES = {
    **dict(enumerate(("X", "Y", "Z", "I", "II", "III", "aVR", "aVL", "aVF"), 2)),
    **{10 + number: f"V{number}" for number in range(1, 7)},
}
# Far more than the text of a Holter report. It is read to verify the checksum.
MAX_TEXT_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class _Header:
    """codes, resolutions (nV per step): of each lead that is stored. start: offset of the first sample."""

    codes: tuple[int, ...]
    resolutions: tuple[int, ...]
    rate: int
    start: int
    frames: int


class IshneSignals:
    """See ecg_core.readers.signals.Signals."""

    format = "ishne"

    def __init__(self, source: Source, options: Options) -> None:
        """Raises UnsupportedFormat, HeaderInvalid, ChecksumMismatch, SignalTruncated, SignalInvalid, NoEcgLeads,
        DuplicateLeads, UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange.
        """
        self.corrections = Corrections()
        header = _header(source, self.corrections)
        names = [_NAMES.get(code, "") for code in header.codes]
        found = channels.leads_of(names, options, self.corrections)
        steps = [_mv_per_step(header.resolutions[place], options, self.corrections) for place in found.positions]
        self.leads = found.names
        self.fs_hz = choose_rate(header.rate if header.rate > 0 else None, options.fs_hz, self.corrections)
        self.samples = header.frames
        self._source, self._start, self._width = source, header.start, len(names)
        self._positions = list(found.positions)
        self._scale = np.array(steps, np.float64)[:, None]

    def block(self, start: int, stop: int) -> NDArray[np.float32]:
        """[leads, stop - start] mV. Raises SignalTruncated."""
        size = 2 * self._width
        data = self._source.read(self._start + start * size, (stop - start) * size)
        if len(data) < (stop - start) * size:
            raise SignalTruncated("The file became shorter while it was read.")
        numbers = np.frombuffer(data, "<i2").reshape(-1, self._width)
        signal = np.empty((len(self._positions), stop - start), np.float32)
        for row, position, scale in zip(signal, self._positions, self._scale, strict=True):
            np.multiply(numbers[:, position], scale, out=row, casting="same_kind")
            if (missing := numbers[:, position] == MISSING).any():
                row[missing] = np.nan
                self.corrections.add("samples that the file marks as faults of a lead read as gaps")
        return signal


def sniff(data: bytes) -> bool:
    return data.startswith((MAGIC, ANNOTATIONS))


def open_signals(source: Source, options: Options) -> IshneSignals:
    """The leads of a file, read piece by piece. Raises what IshneSignals raises."""
    return IshneSignals(source, options)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in an ISHNE file. Raises what IshneSignals raises, and FileTooLarge."""
    leads = open_signals(Bytes(bundle[name]), options)
    bundle.budget.spend_samples(leads.samples * len(leads.leads))
    return signals.whole(leads, hashlib.sha256(bundle[name]).hexdigest())


def _mv_per_step(resolution: int, options: Options, corrections: Corrections) -> float:
    """resolution: nV per step; 0 or less if the header states none."""
    if resolution > 0:
        return resolution * channels.mv_per_number("nV", options, corrections)
    return channels.mv_per_number(None, options, corrections)


def _header(source: Source, corrections: Corrections) -> _Header:
    fixed = source.read(0, FIXED_BYTES)
    if fixed.startswith(ANNOTATIONS):
        raise UnsupportedFormat(
            "This is an ISHNE file of annotations, without samples.", "Send the file of the recording (.ecg)."
        )
    if len(fixed) < FIXED_BYTES:
        raise HeaderInvalid("The file ends within its header.")
    checksum, text, stated, _, offset = struct.unpack_from("<Hiiii", fixed, 8)
    count, rate = (*struct.unpack_from("<h", fixed, 156), *struct.unpack_from("<h", fixed, 272))
    if not 1 <= count <= MAX_LEADS:
        raise HeaderInvalid(f"The header states another number of leads than 1 to {MAX_LEADS}.")
    start = _start(source.size, text, offset, 2 * count, corrections)
    _verify(checksum, source, fixed, start)
    codes, resolutions = _stored(count, struct.unpack_from("<12h", fixed, 158), struct.unpack_from("<12h", fixed, 206))
    frames, rest = divmod(source.size - start, 2 * count)
    if not frames:
        raise SignalTruncated("The file ends before its first sample.")
    if rest:
        corrections.add(f"part of a sample at the end left out: {rest} bytes")
    if stated not in (frames, frames * count):
        refuse_text_transfer(source.read(start, SAMPLE_BYTES))
        corrections.add("number of samples taken from the size of the file: the header states another")
    return _Header(codes, resolutions, rate, start, frames)


def _start(size: int, text: int, offset: int, frame: int, corrections: Corrections) -> int:
    """The offset of the first sample. text: bytes of the text block. offset: as stated. frame: bytes of a sample of
    all leads.

    Some writers state a wrong offset. One byte too many would be read as noise, one sample as the wrong lead.
    """
    last = min(size, FIXED_BYTES + MAX_TEXT_BYTES)
    places = [place for place in (FIXED_BYTES + text, offset) if FIXED_BYTES <= place <= last]
    if not places:
        raise HeaderInvalid("The header does not tell where the samples begin.")
    if text == offset - FIXED_BYTES:
        return offset
    whole = [place for place in places if (size - place) % frame == 0]
    if not whole:
        raise HeaderInvalid("The header does not tell where the samples begin.")
    corrections.add("the offset of the samples in the header contradicts the size of its text; the one that fits used")
    return whole[0]


def _verify(stated: int, source: Source, fixed: bytes, start: int) -> None:
    """Raises ChecksumMismatch. 0 means that none was computed. The standard does not say which byte is first."""
    if not stated:
        return
    whole = fixed[_CHECKED_FROM:] + source.read(FIXED_BYTES, start - FIXED_BYTES)
    computed = binascii.crc_hqx(whole, _CRC_START)
    if stated not in (computed, computed >> 8 | (computed & 0xFF) << 8):
        raise ChecksumMismatch(
            "The checksum of the header is wrong: scale, rate or leads may have been changed.",
            "Copy or export the record again. If only names were removed, set the checksum to 0.",
        )


def _stored(
    count: int, codes: tuple[int, ...], resolutions: tuple[int, ...]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """(codes, resolutions) of the leads that are stored. count: their number."""
    if _ABSENT not in codes[:count]:
        return codes[:count], resolutions[:count]
    present = [place for place, code in enumerate(codes) if code != _ABSENT]
    if len(present) != count:
        raise HeaderInvalid("The header states another number of leads than it lists.")
    # The standard does not say whether the resolutions skip the free places too. A free place has no resolution.
    readings = {resolutions[:count], tuple(resolutions[place] for place in present)}
    possible = {reading for reading in readings if min(reading) > 0} or readings
    if len(possible) > 1:
        raise HeaderInvalid("Absent leads stand between the others, and it is open which resolution belongs to which.")
    return tuple(codes[place] for place in present), possible.pop()
