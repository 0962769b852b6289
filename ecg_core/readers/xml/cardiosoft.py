"""CardioSoft XML (GE CardioSoft and CASE; the resting ECGs of UK Biobank). The recording is in `StripData`.

`MedianSamples` are averaged beats under the same names of elements; they are not read. Not documented by GE.
"""

import hashlib

import numpy as np

from ecg_core.errors import HeaderInvalid, SeveralRecords, SignalTruncated, UnitsUnknown, UnsupportedFormat
from ecg_core.readers import channels
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.stated import check_channels, listed, mv_per_count, rate, whole
from ecg_core.recording import Recording

_SAMPLES = "WaveformData"
_PER_COUNT = "perlsb"


def sniff(data: bytes) -> bool:
    return root_of(data)[0] == "CardiologyXML"


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The strip of a CardioSoft XML file.

    Raises HeaderInvalid, UnsupportedFormat, SeveralRecords, NoEcgLeads, DuplicateLeads, UnitsUnknown,
    SamplingRateUnknown, SamplingRateOutOfRange, SignalInvalid, SignalTruncated, FileTooLarge.
    """
    data = bundle[name]
    root = parse(data)
    corrections = Corrections()
    strip = _strip(root, corrections)
    waves = list(strip.all(_SAMPLES))
    check_channels(len(waves))
    _check_leads(strip, len(waves))
    fs_hz = choose_rate(_rate(strip), options.fs_hz, corrections)
    scale = mv_per_count(strip.value("Resolution"), _unit(strip), options, corrections)
    leads = channels.leads_of([_lead(wave) for wave in waves], options, corrections)
    samples = whole(strip.value("ChannelSampleCountTotal"), "The number of samples")
    channels.check_size(len(leads.names), samples)
    bundle.budget.spend_samples(len(leads.names) * samples)
    rows = []
    for position, sign in zip(leads.positions, leads.signs, strict=True):
        rows.append((listed(waves[position].text, samples) * (sign * scale)).astype(np.float32))
    signal = np.stack(rows)
    leads.verify(signal, corrections)
    return Recording(signal, fs_hz, leads.names, "cardiosoft_xml", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _strip(root: Element, corrections: Corrections) -> Element:
    """The one strip with samples. Raises SeveralRecords, UnsupportedFormat, HeaderInvalid."""
    strips = [
        part
        for strip in root.below("StripData")
        for part in (strip, *(child for child in strip.children if child.name != "StripData"))
        if part.find(_SAMPLES) is not None
    ]
    exercise = next(root.below("FullDisclosure"), None) is not None
    if len(strips) > 1:
        raise SeveralRecords("The CardioSoft XML holds several strips.", "Export the strip to be read on its own.")
    if not strips and exercise:
        raise UnsupportedFormat(
            "This is a CardioSoft XML of an exercise ECG (FullDisclosure), which is not read.",
            "Export one strip of it, or its resting ECG.",
        )
    if not strips:
        raise HeaderInvalid("The CardioSoft XML holds no strip with samples.", "Export the ECG with its waveforms.")
    if exercise:
        corrections.add("full disclosure of the exercise ECG not read: only its strip is")
    return strips[0]


def _check_leads(strip: Element, found: int) -> None:
    """Raises HeaderInvalid, SignalTruncated."""
    stated = strip.value("NumberOfLeads")
    if stated and whole(stated, "The number of leads") != found:
        wrong = HeaderInvalid if int(float(stated)) < found else SignalTruncated
        raise wrong("The CardioSoft XML does not have as many leads as it states.")


def _rate(strip: Element) -> float | None:
    element = strip.find("SampleRate")
    if element is None:
        return None
    if element.get("units").lower() not in ("hz", ""):
        raise HeaderInvalid("The sampling rate of the CardioSoft XML is not in Hz.")
    return rate(element.text)


def _unit(strip: Element) -> str:
    """The unit of the resolution: "uV" for "uVperLsb". Raises UnitsUnknown."""
    element = strip.find("Resolution")
    unit = element.get("units") if element else ""
    if unit and not unit.lower().endswith(_PER_COUNT):
        raise UnitsUnknown("The resolution of the CardioSoft XML is not in volts per count.")
    return unit[: -len(_PER_COUNT)]


def _lead(wave: Element) -> str:
    return next((text for key, text in wave.attributes.items() if key.lower() == "lead"), "")
