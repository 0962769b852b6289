"""Philips XML (Sierra ECG): PageWriter, TraceMasterVue, IntelliSpace ECG. Versions 1.03 to 1.04.02.

The recording is in `parsedwaveforms`. `repbeats` are averaged beats with another rate and scale; they are not read.
Not documented by Philips. Facts: https://github.com/sixlettervariables/sierra-ecg-tools.
"""

import hashlib

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SeveralRecords, SignalTruncated, UnsupportedFormat
from ecg_core.leads import LEADS, LIMB_LEADS, canonical_leads
from ecg_core.readers import channels
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate, rates_agree
from ecg_core.readers.records import Bundle
from ecg_core.readers.xml import xli
from ecg_core.readers.xml.calibration import in_mv
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.stated import check_channels, mv_per_count, positive, rate, whole
from ecg_core.readers.xml.values import base64_bytes
from ecg_core.recording import Recording

VERSIONS = ("1.03", "1.04", "1.04.01", "1.04.02")
_TYPES = ("SierraECG", "PhilipsECG")
# Version 1.03 names no leads. These acquisitions have the twelve leads in their order.
_TWELVE_LEADS = ("STD-12", "10-WIRE")
_UNCOMPRESSED = ("", "none", "uncompressed")
_HINT = "Export the ECG from the recorder or its archive in another format, such as DICOM."


class _Waveforms:
    """parsedwaveforms, and what signalcharacteristics state for it."""

    def __init__(self, root: Element) -> None:
        found = list(root.all("waveforms/parsedwaveforms")) or list(root.below("parsedwaveforms"))
        if len(found) > 1:
            raise SeveralRecords("The Philips XML holds several recordings.")
        if not found:
            raise HeaderInvalid("The Philips XML holds no waveforms.", _HINT)
        self.element = found[0]
        self._shared = root.find("dataacquisition/signalcharacteristics") or Element("", {})

    def stated(self, attribute: str, *elements: str) -> str:
        """An attribute of the waveforms, or else the first of these elements that is there."""
        texts = (self.element.get(attribute), *map(self._shared.value, elements))
        return next((text for text in texts if text), "")

    @property
    def method(self) -> str:
        """The compression in lower case: "xli", or "" for none. Raises UnsupportedFormat."""
        method = (self.element.get("compression") or self.element.get("compressmethod")).lower()
        flag = self.element.get("compressflag").lower()
        if method in _UNCOMPRESSED and flag != "true":
            return ""
        if method != "xli" or flag == "false":
            raise UnsupportedFormat(
                "This is a Philips XML with a compression that is not read: XLI and none are.", _HINT
            )
        return method

    def names(self) -> list[str]:
        """The channels' names, "" for one without a name."""
        labels = self.element.get("leadlabels").replace(",", " ").split()
        stated = self.stated("numberofleads", "numberchannelsallocated")
        twelve = not labels and self._shared.value("acquisitiontype").upper() in _TWELVE_LEADS
        count = whole(stated, "The number of leads") if stated else len(LEADS) if twelve else len(labels)
        check_channels(count)
        # Fewer channels than twelve are not the first ones of the twelve leads: V1 may follow II.
        if twelve and count >= len(LEADS):
            labels = list(LEADS)
        return [*labels[:count], *[""] * (count - len(labels))]


def sniff(data: bytes) -> bool:
    return root_of(data)[0] == "restingecgdata"


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a Philips XML file.

    Raises HeaderInvalid, UnsupportedFormat, SeveralRecords, NoEcgLeads, DuplicateLeads, UnitsUnknown,
    SamplingRateUnknown, SamplingRateOutOfRange, SignalInvalid, SignalTruncated, FileTooLarge.
    """
    data = bundle[name]
    root = parse(data)
    _check_document(root)
    corrections = Corrections()
    waveforms = _Waveforms(root)
    _check_samples(waveforms)
    fs_hz = _rate(waveforms, options, corrections)
    scale = mv_per_count(waveforms.stated("resolution", "signalresolution", "resolution"), "uV", options, corrections)
    duration_ms = positive(waveforms.element.get("durationperchannel"), "The duration of the leads")
    # The largest recording that is read has fewer samples.
    samples = round(min(duration_ms * fs_hz / 1_000, 1e9))
    names = waveforms.names()
    leads = channels.leads_of(names, options, corrections)
    named = names if any(names) else [name or "" for name in options.names or ()]
    counts = _counts(waveforms, named, samples, corrections)
    bundle.budget.spend_samples(counts.size)
    signal = in_mv(counts, fs_hz, scale, corrections)[list(leads.positions)]
    signal *= np.array(leads.signs, np.float32)[:, None]
    leads.verify(signal, corrections)
    return Recording(signal, fs_hz, leads.names, "philips_xml", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _check_document(root: Element) -> None:
    """Raises HeaderInvalid, UnsupportedFormat."""
    kind, version = root.value("documentinfo/documenttype"), root.value("documentinfo/documentversion")
    if not kind or not version:
        raise HeaderInvalid("The Philips XML states no document type or no version.")
    if kind not in _TYPES:
        which = (
            "the ECG of a Mortara recorder (MortaraECG)" if kind == "MortaraECG" else "an ECG that is not Philips' own"
        )
        raise UnsupportedFormat(f"This is a Philips XML with {which}, which is not read.", _HINT)
    if version not in VERSIONS:
        raise UnsupportedFormat(
            f"This is a Philips XML of a version that is not read: {', '.join(VERSIONS)} are.", _HINT
        )


def _check_samples(waveforms: _Waveforms) -> None:
    """Raises UnsupportedFormat unless the samples are signed numbers of 16 bits in base64."""
    encoding = waveforms.element.get("dataencoding").lower()
    if encoding != "base64":
        raise UnsupportedFormat("This is a Philips XML whose samples are not base64, which is not read.", _HINT)
    if (waveforms.stated("bitspersample", "bitspersample") or waveforms.element.get("nbitspersample") or "16") != "16":
        raise UnsupportedFormat("This is a Philips XML whose samples do not have 16 bits, which is not read.", _HINT)
    if waveforms.stated("signalsigned", "signalsigned").lower() not in ("true", "yes", "1", ""):
        raise UnsupportedFormat("This is a Philips XML with unsigned samples, which is not read.", _HINT)
    if waveforms.stated("signaloffset", "signaloffset").strip("+-0."):
        raise UnsupportedFormat("This is a Philips XML with an offset of the samples, which is not read.", _HINT)


def _rate(waveforms: _Waveforms, options: Options, corrections: Corrections) -> float:
    own, shared = rate(waveforms.element.get("samplespersecond")), rate(waveforms.stated("", "samplingrate"))
    if own and shared and not rates_agree(own, shared):
        # The number of samples and their duration verify the rate.
        corrections.add("sampling rate of the acquisition not used: the waveforms state another")
    return choose_rate(own or shared, options.fs_hz, corrections)


def _counts(waveforms: _Waveforms, names: list[str], samples: int, corrections: Corrections) -> NDArray[np.int32]:
    """[names, samples] counts, without channels at the end that are empty."""
    method, packed = waveforms.method, base64_bytes(waveforms.element.text)
    if not method:
        channels.check_size(len(names), samples)
        return _uncompressed(packed, len(names), samples)
    if tuple(canonical_leads(names[:6])) != LIMB_LEADS:
        raise UnsupportedFormat("This is a Philips XML with compressed leads in an order that is not read.", _HINT)
    chunks = xli.chunks(packed)
    if len(chunks) < len(names):
        # Of the allocated channels, some recorders store only the twelve leads.
        if len(chunks) < len(LEADS) or tuple(names[: len(LEADS)]) != LEADS or any(names[len(chunks) :]):
            raise SignalTruncated("The Philips XML has fewer leads than it states.")
        corrections.add(f"channels behind the twelve leads stated and not stored: {len(names) - len(chunks)}")
    if zeros := len(packed) - sum(map(len, chunks)):
        corrections.add(f"zero bytes behind the compressed samples left out: {zeros}")
    # Recorders store sixteen channels. Those behind the stated number are empty.
    counts = xli.decode(chunks[: len(names)], samples)
    xli.rebuild_limb_leads(counts)
    return counts


def _uncompressed(packed: bytes, leads: int, samples: int) -> NDArray[np.int32]:
    count = len(packed) // 2 // leads
    if count < samples - 1:
        raise SignalTruncated("The leads have fewer samples than the file states.")
    if len(packed) != 2 * leads * count or count > samples + 1:
        raise HeaderInvalid("The leads do not have as many samples as the file states.")
    return np.frombuffer(packed, "<i2").reshape(leads, count).astype(np.int32)
