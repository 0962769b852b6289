"""Writes GE MUSE XML files. Any field of a lead or of the rhythm can be replaced or left out (None)."""

import base64
import zlib
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

STORED = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")
Fields = Mapping[str, str | None]
DECLARATION = '<?xml version="1.0" encoding="ISO-8859-1"?>\n<!DOCTYPE RestingECG SYSTEM "restecg.dtd">\n'


def counts_of(recording: Recording, leads: Sequence[str], step_uv: float = 4.88) -> dict[str, NDArray[np.int16]]:
    """The counts of each lead."""
    rows = {lead: recording.signal[row].astype(np.float64) for row, lead in enumerate(recording.leads)}
    return {lead: np.round(rows[lead] * 1e3 / step_uv).astype("<i2") for lead in leads}


def lead(name: str, counts: NDArray[np.int16], fields: Fields | None = None) -> str:
    data = counts.astype("<i2").tobytes()
    lines = base64.encodebytes(data).decode()
    written = {
        "LeadByteCountTotal": str(len(data)),
        "LeadTimeOffset": "0",
        "LeadSampleCountTotal": str(len(counts)),
        "LeadAmplitudeUnitsPerBit": "4.88",
        "LeadAmplitudeUnits": "MICROVOLTS",
        "LeadHighLimit": "32767",
        "LeadLowLimit": "-32768",
        "LeadID": name,
        "LeadOffsetFirstSample": "0",
        "FirstSampleBaseline": "0",
        "LeadSampleSize": "2",
        "LeadOff": "FALSE",
        "BaselineSway": "FALSE",
        "LeadDataCRC32": str(zlib.crc32(data)),
        "WaveFormData": f"\n{lines}",
    } | dict(fields or {})
    return f"<LeadData>{elements(written)}</LeadData>"


def elements(fields: Fields) -> str:
    return "\n".join(f"<{name}>{text}</{name}>" for name, text in fields.items() if text is not None)


def waveform(
    counts: Mapping[str, NDArray[np.int16]],
    kind: str = "Rhythm",
    fields: Fields | None = None,
    lead_fields: Mapping[str, Fields] | None = None,
) -> str:
    """fields: of the waveform. lead_fields: of each lead by name; "" is for all leads."""
    written = {
        "WaveformType": kind,
        "WaveformStartTime": "0",
        "NumberofLeads": str(len(counts)),
        "SampleType": "CONTINUOUS_SAMPLES",
        "SampleBase": "500",
        "SampleExponent": "0",
        "HighPassFilter": "16",
        "LowPassFilter": "150",
        "ACFilter": "60",
    } | dict(fields or {})
    every = dict((lead_fields or {}).get("", {}))
    leads = "\n".join(
        lead(name, values, every | dict((lead_fields or {}).get(name, {}))) for name, values in counts.items()
    )
    return f"<Waveform>{elements(written)}\n{leads}</Waveform>"


def document(*waveforms: str, before: str = "", after: str = "", declaration: str = DECLARATION) -> bytes:
    text = f"{declaration}<RestingECG>\n{before}\n" + "\n".join(waveforms) + f"\n{after}</RestingECG>\n"
    return text.encode("iso-8859-1")


def median(counts: Mapping[str, NDArray[np.int16]]) -> str:
    """A median beat of 600 samples that looks unlike the rhythm."""
    return waveform({name: (values[:600] * 3).astype("<i2") for name, values in counts.items()}, "Median")


def file_of(recording: Recording, leads: Sequence[str] = STORED, step_uv: float = 4.88) -> bytes:
    counts = counts_of(recording, leads, step_uv)
    rhythm = waveform(
        counts,
        fields={"SampleBase": f"{recording.fs_hz:g}"},
        lead_fields={"": {"LeadAmplitudeUnitsPerBit": f"{step_uv:g}"}},
    )
    return document(median(counts), rhythm)


def examples() -> dict[str, dict[str, bytes]]:
    """Valid ECGs of each variant."""
    twelve = synthesize("normal", seed=4)
    slow = synthesize("normal", fs_hz=250, seed=5)
    counts = counts_of(twelve, STORED)
    more = counts_of(twelve, twelve.leads) | {"V3R": counts["V1"], "V4R": counts["V2"], "V7": counts["V6"]}
    utf_8 = '<?xml version="1.0" encoding="UTF-8"?>\n'
    plain = document(waveform(counts), declaration=utf_8)
    return {
        "8 leads at 500 Hz, median first": {"muse.xml": file_of(twelve)},
        "8 leads at 250 Hz": {"muse.xml": file_of(slow)},
        "12 leads": {"muse.xml": file_of(twelve, twelve.leads, 5.0)},
        "15 leads": {"muse.xml": document(waveform(more))},
        "UTF-8 with a mark, no median": {"muse.xml": b"\xef\xbb\xbf" + plain},
        "UTF-16": {"muse.xml": plain.decode().replace("UTF-8", "UTF-16").encode("utf-16")},
        "stray bytes first, rate with an exponent": {
            "muse.xml": b"?" + document(waveform(counts, fields={"SampleBase": "5", "SampleExponent": "2"}))
        },
        "an electrode off, a comma as decimal mark": {
            "muse.xml": document(
                waveform(counts, lead_fields={"": {"LeadAmplitudeUnitsPerBit": "4,88"}, "V6": {"LeadOff": "TRUE"}})
            )
        },
    }
