"""Schiller XML (SEMA, "SchillerEDI"). The recording is the `wavedata` of type ECG_RHYTHMS.

ECG_AVERAGES come first in the file. They are averaged beats and are not read. Not documented by Schiller: this reader
was made from one export.
"""

import hashlib

import numpy as np

from ecg_core.errors import HeaderInvalid, SeveralRecords, UnsupportedFormat
from ecg_core.readers import channels
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.readers.xml.document import Element, parse, root_of
from ecg_core.readers.xml.stated import check_channels, common_count, listed, mv_per_count, rate
from ecg_core.recording import Recording

# An exponent of 1 stands beside 500 in a file of 500 Hz, so it is no power of ten. 0 would change nothing as a power of
# ten either. No other one is understood.
_EXPONENTS = ("1", "0", "")


def sniff(data: bytes) -> bool:
    return root_of(data)[0].rpartition(".")[2] == "SchillerEDI"


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a Schiller XML file.

    Raises HeaderInvalid, UnsupportedFormat, SeveralRecords, NoEcgLeads, DuplicateLeads, UnitsUnknown,
    SamplingRateUnknown, SamplingRateOutOfRange, SignalInvalid, SignalTruncated, FileTooLarge.
    """
    data = bundle[name]
    corrections = Corrections()
    rhythm = _rhythm(parse(data))
    found = list(rhythm.all("channel"))
    check_channels(len(found))
    fs_hz = choose_rate(_rate(rhythm), options.fs_hz, corrections)
    resolution = rhythm.find("resolution/yres") or Element("", {})
    unit = resolution.value("units") or resolution.value("unit")
    scale = mv_per_count(resolution.value("unitperbit"), unit, options, corrections)
    leads = channels.leads_of([channel.value("name") for channel in found], options, corrections)
    chosen = [found[position] for position in leads.positions]
    samples = common_count((channel.value("samplecount") for channel in chosen), "The number of samples")
    channels.check_size(len(chosen), samples)
    bundle.budget.spend_samples(len(chosen) * samples)
    rows = []
    for channel, sign in zip(chosen, leads.signs, strict=True):
        if channel.value("datastype").upper() != "COMMASEPARATE":
            raise UnsupportedFormat(
                "This is a Schiller XML whose samples are no list with commas (COMMASEPARATE), which is not read.",
                "Export the ECG with its samples as text.",
            )
        rows.append((listed(channel.value("data"), samples) * (sign * scale)).astype(np.float32))
    signal = np.stack(rows)
    leads.verify(signal, corrections)
    return Recording(signal, fs_hz, leads.names, "schiller_xml", hashlib.sha256(data).hexdigest(), tuple(corrections))


def _rhythm(root: Element) -> Element:
    """Raises SeveralRecords, UnsupportedFormat, HeaderInvalid."""
    waves = list(root.below("wavedata"))
    rhythms = [wave for wave in waves if wave.value("type").upper() == "ECG_RHYTHMS"]
    if len(rhythms) > 1:
        raise SeveralRecords("The Schiller XML holds several recordings.")
    if not rhythms and waves:
        raise UnsupportedFormat(
            "This is a Schiller XML without the recording (ECG_RHYTHMS). Averaged beats are not read.",
            "Export the ECG with its whole recording.",
        )
    if not rhythms:
        raise HeaderInvalid("The Schiller XML holds no waves.", "Export the ECG with its whole recording.")
    return rhythms[0]


def _rate(rhythm: Element) -> float | None:
    element = rhythm.find("resolution/samplerate")
    if element is None:
        return None
    if element.value("exponent") not in _EXPONENTS:
        raise HeaderInvalid("The sampling rate of the Schiller XML has an exponent that is not understood.")
    return rate(element.value("value"))
