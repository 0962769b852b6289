"""Mortara XML, also Welch Allyn and Hillrom: ELI recorders and ELI Link. The recording is in the `CHANNEL` elements.

`TYPICAL_CYCLE` is an averaged beat and is not read. Not documented by the maker: this reader follows what the readers
ECGDataKit, BRAVEHEART and EDFbrowser agree on. It was not tested with a real file.
"""

import hashlib

import numpy as np

from ecg_core.errors import HeaderInvalid, UnsupportedFormat
from ecg_core.readers import channels
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.stated import check_channels, check_count, common_count, positive, rate
from ecg_core.readers.xml.values import base64_bytes
from ecg_core.recording import Recording

_BYTES_PER_SAMPLE = 2
_MARKS = ("CHANNEL", "SAMPLE_FREQ")
_HINT = "Export the ECG from the recorder in another format, such as DICOM."


def sniff(data: bytes) -> bool:
    if root_of(data)[0] != "ECG":
        return False
    return any(
        all(mark.encode(encoding) in data for mark in _MARKS) for encoding in ("ascii", "utf-16-le", "utf-16-be")
    )


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a Mortara XML file.

    Raises HeaderInvalid, UnsupportedFormat, NoEcgLeads, DuplicateLeads, UnitsUnknown, SamplingRateUnknown,
    SamplingRateOutOfRange, SignalInvalid, SignalTruncated, FileTooLarge.
    """
    data = bundle[name]
    corrections = Corrections()
    found = list(parse(data).all("CHANNEL"))
    if not found:
        raise HeaderInvalid("The Mortara XML holds no channels of a recording. Averaged beats are not read.", _HINT)
    check_channels(len(found))
    leads = channels.leads_of([channel.get("NAME") for channel in found], options, corrections)
    chosen = [found[position] for position in leads.positions]
    rates = {rate(channel.get("SAMPLE_FREQ")) for channel in chosen}
    if len(rates) > 1:
        raise HeaderInvalid("The leads of the Mortara XML have different sampling rates.")
    fs_hz = choose_rate(rates.pop(), options.fs_hz, corrections)
    samples = common_count((channel.get("DURATION") for channel in chosen), "The number of samples")
    channels.check_size(len(chosen), samples)
    bundle.budget.spend_samples(len(chosen) * samples)
    rows = []
    for channel, sign in zip(chosen, leads.signs, strict=True):
        _check_samples(channel)
        scale = sign * _mv_per_count(channel, options, corrections)
        packed = base64_bytes(channel.get("DATA"))
        check_count(-(-len(packed) // _BYTES_PER_SAMPLE), samples)
        if len(packed) % _BYTES_PER_SAMPLE:
            raise HeaderInvalid("The samples of a lead are no numbers of 16 bits.")
        rows.append((np.frombuffer(packed, "<i2") * scale).astype(np.float32))
    signal = np.stack(rows)
    leads.verify(signal, corrections)
    return Recording(signal, fs_hz, leads.names, "mortara_xml", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _check_samples(channel: Element) -> None:
    """Raises UnsupportedFormat."""
    kind = tuple(channel.get(attribute).upper() for attribute in ("BITS", "FORMAT", "ENCODING"))
    if kind != ("16", "SIGNED", "BASE64"):
        raise UnsupportedFormat(
            "This is a Mortara XML whose samples are not signed numbers of 16 bits in base64, which is not read.", _HINT
        )
    if channel.get("OFFSET").strip("+-0."):
        raise UnsupportedFormat("This is a Mortara XML with an offset of the samples, which is not read.", _HINT)


def _mv_per_count(channel: Element, options: Options, corrections: Corrections) -> float:
    stated = channel.get("UNITS_PER_MV")
    if not stated:
        return channels.mv_per_number(None, options, corrections)
    return channels.mv_per_number("mV", options, corrections) / positive(stated, "The number of units per mV")
