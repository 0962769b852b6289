"""GE MUSE XML: the export of GE's archive of resting ECGs.

A file has a median beat and a rhythm, in any order, and 8 leads or more: III, aVR, aVL and aVF follow from I and II.
Element names from GE's restecg.dtd: https://github.com/Refactoring/ECGToolkit/tree/master/libs/ECGConversion/MUSEXML
"""

import hashlib
import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import (
    ChecksumMismatch,
    HeaderInvalid,
    SeveralRecords,
    SignalInvalid,
    SignalTruncated,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.readers.channels import Leads, check_size, leads_of, mv_per_number
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import GAIN_HINT, Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.text import number_of
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.values import base64_bytes, whole_number
from ecg_core.recording import Recording

ROOT = "RestingECG"
# A cart records up to 16 leads. More channels than this are refused before they are named.
MAX_CHANNELS = 512
# uV per bit. GE's carts write 4.88; a step outside these bounds is no electrocardiograph's.
MIN_STEP, MAX_STEP = 1e-6, 1e6
_SAMPLE_BYTES = 2
# Samples at the ends of 16 bits: the amplifier was overloaded, 160 mV away from any ECG.
_RAILS = (-32_768, 32_767)
_EXPORT_HINT = "Export the ECG from MUSE again, with its waveforms."
# Elements that must be 0, and what another value would mean.
_MUST_BE_ZERO = {
    "LeadOffsetFirstSample": "with samples at the begin of a lead that do not count",
    "FirstSampleBaseline": "with a baseline of its own for each lead",
}


def sniff(data: bytes) -> bool:
    return root_of(data)[0] == ROOT


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The rhythm of a GE MUSE XML file, never its median beat.

    Raises HeaderInvalid, UnsupportedFormat, SeveralRecords, SignalTruncated, SignalInvalid, ChecksumMismatch,
    UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, NoEcgLeads, DuplicateLeads, FileTooLarge.
    """
    data = bundle[name]
    waveform, channels = _rhythm(parse(data))
    corrections = Corrections()
    fs_hz = choose_rate(_rate_hz(waveform), options.fs_hz, corrections)
    leads = leads_of([channel.value("LeadID") for channel in channels], options, corrections)
    if 0 < (absent := number_of(waveform.value("NumberofLeads")) - len(channels)) <= MAX_CHANNELS:
        corrections.add(f"leads that the file announces and does not hold: {absent:.0f}")
    channels = [channels[position] for position in leads.positions]
    _refuse_variants(waveform, channels)
    counts = [None if _is_off(channel) else _samples_of(channel) for channel in channels]
    samples = _length(counts)
    check_size(len(channels), samples)
    bundle.budget.spend_samples(len(channels) * samples)
    signal = _signal(channels, counts, samples, leads, options, corrections)
    leads.verify(signal, corrections)
    digest = hashlib.sha256(data).hexdigest()
    return Recording(signal, fs_hz, leads.names, "muse_xml", digest, tuple(corrections))


def _rhythm(root: Element) -> tuple[Element, list[Element]]:
    """(the rhythm, its channels). Raises UnsupportedFormat, SeveralRecords, HeaderInvalid."""
    waveforms = list(root.all("Waveform"))
    rhythms = [waveform for waveform in waveforms if waveform.value("WaveformType").lower() == "rhythm"]
    filled = [waveform for waveform in rhythms if any(waveform.all("LeadData"))]
    if len(filled) > 1:
        raise SeveralRecords("The GE MUSE file holds more than one rhythm.", "Send one rhythm in each file.")
    if filled:
        channels = list(filled[0].all("LeadData"))
        if len(channels) > MAX_CHANNELS:
            raise HeaderInvalid(f"The rhythm of the GE MUSE file has more than {MAX_CHANNELS} channels.")
        return filled[0], channels
    if rhythms:
        raise UnsupportedFormat("The rhythm of the GE MUSE file is empty.", _EXPORT_HINT)
    if waveforms:
        raise UnsupportedFormat(
            "The GE MUSE file has no rhythm, only other waveforms such as a median beat.", _EXPORT_HINT
        )
    if root.find("Image"):
        raise UnsupportedFormat("The GE MUSE file has a picture of the ECG, not its waveforms.", _EXPORT_HINT)
    raise UnsupportedFormat("The GE MUSE file has measurements only, not the waveforms of the ECG.", _EXPORT_HINT)


def _rate_hz(waveform: Element) -> float | None:
    """SampleBase x 10^SampleExponent. None if the file states no base. Raises HeaderInvalid."""
    base, exponent = waveform.value("SampleBase"), waveform.value("SampleExponent") or "0"
    if not base:
        return None
    size = exponent.removeprefix("-")
    rate = number_of(f"{base}e{exponent}") if len(size) == 1 and size.isdecimal() else np.nan
    if not 0 < rate < np.inf:
        raise HeaderInvalid("The sampling rate of the GE MUSE file is no number.")
    return rate


def _refuse_variants(waveform: Element, channels: Sequence[Element]) -> None:
    """Raises UnsupportedFormat for what was never seen, and HeaderInvalid for what is stated twice."""
    for element in (waveform, *channels):
        stated = [child.name for child in element.children if child.name != "LeadData"]
        if len(set(stated)) < len(stated):
            raise HeaderInvalid("The GE MUSE file states a property of a lead or of the rhythm twice.")
    if waveform.value("SampleType").upper() not in ("", "CONTINUOUS_SAMPLES"):
        raise UnsupportedFormat(
            "This is a GE MUSE file whose samples are not continuous. It is not read.", _EXPORT_HINT
        )
    for channel in channels:
        for field, meaning in _MUST_BE_ZERO.items():
            if (value := channel.value(field)) and number_of(value) != 0:
                raise UnsupportedFormat(f"This is a GE MUSE file {meaning} ({field}). It is not read.", _EXPORT_HINT)
        if (size := channel.value("LeadSampleSize")) and number_of(size) != _SAMPLE_BYTES:
            raise UnsupportedFormat(
                "This is a GE MUSE file whose samples do not have two bytes (LeadSampleSize). It is not read.",
                _EXPORT_HINT,
            )
    if len({channel.value("LeadTimeOffset") or "0" for channel in channels}) > 1:
        raise UnsupportedFormat(
            "This is a GE MUSE file whose leads begin at different times (LeadTimeOffset). It is not read.",
            _EXPORT_HINT,
        )


def _is_off(channel: Element) -> bool:
    return channel.value("LeadOff").upper() in ("TRUE", "1", "YES")


def _samples_of(channel: Element) -> NDArray[np.int16]:
    """Raises SignalTruncated, SignalInvalid, ChecksumMismatch, HeaderInvalid."""
    data = base64_bytes(channel.data("WaveFormData"))
    counted = whole_number(channel.value("LeadSampleCountTotal"))
    for stated in (whole_number(channel.value("LeadByteCountTotal")), counted and counted * _SAMPLE_BYTES):
        if stated is not None and len(data) < stated:
            raise SignalTruncated("A lead of the GE MUSE file has fewer samples than the file states.")
        if stated is not None and len(data) > stated:
            raise SignalInvalid("A lead of the GE MUSE file has more samples than the file states.")
    if len(data) % _SAMPLE_BYTES:
        raise SignalTruncated("A lead of the GE MUSE file ends within a sample.")
    if (checksum := _checksum(channel)) and checksum != zlib.crc32(data):
        raise ChecksumMismatch(
            "The samples of a lead of the GE MUSE file do not have the checksum that the file states."
        )
    return np.frombuffer(data, "<i2")


def _checksum(channel: Element) -> int | None:
    """Unsigned, as CRC-32 is; some programs write it with a sign. None if the file has none, or 0 for none."""
    stated = channel.value("LeadDataCRC32")
    number = whole_number(stated.removeprefix("-"))
    return (-number if stated.startswith("-") else number) % 2**32 if number else None


def _length(counts: Sequence[NDArray[np.int16] | None]) -> int:
    """The number of samples of every lead. Raises SignalTruncated, UnsupportedFormat."""
    lengths = {len(count) for count in counts if count is not None}
    if len(lengths) > 1:
        raise SignalTruncated("The leads of the GE MUSE file have different numbers of samples.")
    if not any(lengths):
        raise UnsupportedFormat("The rhythm of the GE MUSE file is empty.", _EXPORT_HINT)
    return lengths.pop()


def _signal(
    channels: Sequence[Element],
    counts: Sequence[NDArray[np.int16] | None],
    samples: int,
    leads: Leads,
    options: Options,
    corrections: Corrections,
) -> NDArray[np.float32]:
    """[leads, samples] mV. Raises UnitsUnknown."""
    signal = np.full((len(channels), samples), np.nan, np.float32)
    overloaded = 0
    for row, (channel, count) in enumerate(zip(channels, counts, strict=True)):
        if count is None:
            corrections.add(f"{leads.names[row]} read as missing: the file marks it as off")
            continue
        np.multiply(count, leads.signs[row] * _mv_per_count(channel, options, corrections), signal[row])
        rails = (count == _RAILS[0]) | (count == _RAILS[1])
        signal[row, rails] = np.nan
        overloaded += int(np.count_nonzero(rails))
    if overloaded:
        corrections.add(f"samples at the end of the converter's range read as gaps: {overloaded}")
    return signal


def _mv_per_count(channel: Element, options: Options, corrections: Corrections) -> float:
    """Raises UnitsUnknown. The usual 4.88 uV is never assumed."""
    unit, step = channel.value("LeadAmplitudeUnits"), channel.value("LeadAmplitudeUnitsPerBit")
    if not step:
        if unit and options.gain is None:
            raise UnitsUnknown("The GE MUSE file states no amplitude per bit.", GAIN_HINT)
        return mv_per_number(None, options, corrections)
    size = number_of(step)
    if not MIN_STEP <= size <= MAX_STEP:
        raise UnitsUnknown("The amplitude per bit of the GE MUSE file is that of no electrocardiograph.", GAIN_HINT)
    if not unit and options.gain is not None:
        return mv_per_number(None, options, corrections)
    return size * mv_per_number(unit, options, corrections)
