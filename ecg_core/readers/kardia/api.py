"""The JSON of a recording from the Kardia API: one or six leads, unfiltered (raw) and with the app's filter (enhanced).

Fields: https://developers.kardia.com. frequency is in Hz, amplitudeResolution in nanovolts per count, duration in ms.
"""

import hashlib
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SeveralRecords, SignalInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.channels import check_size, leads_of, mv_per_number, without_missing
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.json_document import Element, child, number, parse, plain
from ecg_core.readers.kardia.filters import ENHANCED
from ecg_core.readers.options import Options
from ecg_core.readers.rates import choose_rate
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

# The stated duration and the number of samples may differ by this much: the app rounds, and cuts the first beats.
_DURATION_TOLERANCE, _DURATION_SLACK_S = 0.1, 1.0
# A larger number is no ECG, and is beyond float32.
_MAX_MV = 1e6


def sniff(data: bytes) -> bool:
    text = plain(data)
    blocks = b'"samples"' in text and b'"leadI"' in text and (b'"raw"' in text or b'"enhanced"' in text)
    return (blocks or b'"data12L"' in text) and b'"resourceType"' not in text


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a Kardia JSON. The unfiltered samples if there are any, else the filtered ones.

    Raises HeaderInvalid, SeveralRecords, SignalInvalid, SignalTruncated, UnsupportedFormat, NoEcgLeads, DuplicateLeads,
    UnitsUnknown, SamplingRateUnknown, SamplingRateOutOfRange, FileTooLarge.
    """
    record = _only_recording(parse(bundle[name]))
    corrections = Corrections()
    block = _block(record, corrections)
    channels = _channels(block)
    leads = leads_of(list(channels), options, corrections)
    rate = choose_rate(number(block, "frequency"), options.fs_hz, corrections)
    resolution_nv = number(block, "amplitudeResolution")
    if resolution_nv is not None and resolution_nv <= 0:
        raise HeaderInvalid("The Kardia recording states a resolution that is not above 0.")
    scale = mv_per_number(None if resolution_nv is None else "nV", options, corrections) * (resolution_nv or 1.0)
    lengths = {len(samples) for samples in channels.values()}
    if len(lengths) > 1:
        raise SignalTruncated("The leads of the Kardia recording have different numbers of samples.")
    samples = lengths.pop()
    _check_duration(record, samples / rate)
    check_size(len(leads.names), samples)
    bundle.budget.spend_samples(len(leads.names) * samples)
    values = list(channels.values())
    signal = np.empty((len(leads.names), samples), np.float32)
    for row, (position, sign) in enumerate(zip(leads.positions, leads.signs, strict=True)):
        signal[row] = _decoded(values[position], sign * scale)
    without_missing(signal, np.isnan(signal), corrections)
    digest = hashlib.sha256(bundle[name]).hexdigest()
    return Recording(signal, rate, leads.names, "kardia_json", digest, tuple(corrections))


def _only_recording(document: object) -> Element:
    found = list(_recordings(document))
    if len(found) > 1:
        raise SeveralRecords("The JSON file holds several Kardia recordings.")
    if not found:
        raise HeaderInvalid("The Kardia JSON has no recording with samples.", "Fetch the recording with its data.")
    record = found[0]
    if record.get("data12L"):
        raise UnsupportedFormat(
            "This is a recording of a Kardia 12L (data12L), which states no resolution of its samples.",
            "Export it as PDF for a person to read, or ask AliveCor for a file of another format.",
        )
    if any(record.get(key) is True for key in ("inverted", "isInverted", "is_inverted")):
        raise UnsupportedFormat(
            "The Kardia recording is marked as inverted, and does not say whether its samples were turned.",
            "Send a recording that was made the right way round.",
        )
    return record


def _recordings(document: object) -> Iterator[Element]:
    """The objects with samples, at any depth: an answer of the API may wrap them."""
    waiting = [document]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            data = node.get("data")
            if node.get("data12L") or (isinstance(data, dict) and (child(data, "raw") or child(data, "enhanced"))):
                yield node
            else:
                waiting.extend(node.values())
        elif isinstance(node, list) and node and isinstance(node[0], dict | list):
            waiting.extend(node)


def _block(record: Element, corrections: Corrections) -> Element:
    """The object with samples, rate and resolution."""
    raw, enhanced = child(child(record, "data"), "raw"), child(child(record, "data"), "enhanced")
    if _has_samples(raw):
        if _has_samples(enhanced):
            corrections.add("unfiltered samples (raw) read, not those with Kardia's enhanced filter")
        return raw
    if not _has_samples(enhanced):
        raise HeaderInvalid("The Kardia JSON has no samples.", "Fetch the recording with its data.")
    corrections.add(ENHANCED)
    return enhanced


def _has_samples(block: Element) -> bool:
    return any(child(block, "samples").values())


def _channels(block: Element) -> dict[str, list[object]]:
    """The samples of each lead. Leads that the device does not have are left out."""
    found: dict[str, list[object]] = {}
    for key, values in child(block, "samples").items():
        if values is None or values == []:
            continue
        if not isinstance(values, list):
            raise SignalInvalid("A lead of the Kardia recording is no list of samples.")
        found[key] = values
    count = number(block, "numLeads")
    if count is not None and count != len(found):
        raise HeaderInvalid("The Kardia recording has another number of leads than it states.")
    return found


def _check_duration(record: Element, found_s: float) -> None:
    """Raises HeaderInvalid if the samples at their rate do not last as long as the recording states."""
    stated_ms = number(record, "duration")
    if stated_ms is None or stated_ms <= 0:
        return
    if abs(found_s - stated_ms / 1000) > _DURATION_SLACK_S + _DURATION_TOLERANCE * stated_ms / 1000:
        raise HeaderInvalid("The samples of the Kardia recording do not last as long as the recording states.")


def _decoded(values: list[object], scale: float) -> NDArray[np.float64]:
    """[samples] mV, NaN for null."""
    if not set(map(type, values)) <= {int, float, type(None)}:
        raise SignalInvalid("A sample of the Kardia recording is no number.")
    try:
        with np.errstate(over="ignore"):
            decoded = np.array(values, np.float64) * scale
            largest = np.nanmax(np.abs(decoded), initial=0.0)
    except OverflowError:
        largest = np.inf
    if largest > _MAX_MV:
        raise SignalInvalid("A sample of the Kardia recording is out of range.")
    return decoded
