"""Writes CardioSoft XML as GE's program does: averaged beats first, then the strip, under the same element names."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.synthesis.heart import synthesize

Counts = NDArray[np.int64]
UV_PER_COUNT = 5
# In one line of a strip.
_PER_LINE = 300


def counts_of(duration_s: float = 10.0, fs_hz: float = 500.0) -> Counts:
    """[12, samples] counts of 5 uV of a synthetic heart."""
    signal = synthesize(duration_s=duration_s, fs_hz=fs_hz).signal
    return np.round(signal.astype(np.float64) * 1_000 / UV_PER_COUNT).astype(np.int64)


def samples_of(counts: Counts, leads: Sequence[str], attribute: str = "lead") -> str:
    parts = []
    for lead, row in zip(leads, counts, strict=True):
        lines = [",".join(map(str, row[place : place + _PER_LINE])) for place in range(0, len(row), _PER_LINE)]
        text = ",\n\t\t".join(lines)
        parts.append(f'<WaveformData {attribute}="{lead}">\t\t\t{text}</WaveformData>\n')
    return "".join(parts)


def strip(
    counts: Counts,
    leads: Sequence[str] = LEADS,
    *,
    element: str = "StripData",
    fs_hz: float = 500.0,
    rate_units: str = ' units="Hz"',
    resolution: str = f'<Resolution units="uVperLsb">{UV_PER_COUNT}</Resolution>',
    number: int | None = None,
    samples: int | None = None,
    attribute: str = "lead",
) -> str:
    return (
        f"<{element}><NumberOfLeads>{len(counts) if number is None else number}</NumberOfLeads>\n"
        f"<SampleRate{rate_units}>{fs_hz:g}</SampleRate>\n"
        f"<ChannelSampleCountTotal>{counts.shape[1] if samples is None else samples}</ChannelSampleCountTotal>\n"
        f"{resolution}{samples_of(counts, leads, attribute)}</{element}>\n"
    )


def document(*parts: str, encoding: str = "ISO8859-1") -> bytes:
    """The parts behind averaged beats of 600 samples."""
    beats = strip(np.full((12, 600), 1_000), element="MedianSamples")
    text = (
        f'<?xml version="1.0" encoding="{encoding}" ?>\n<CardiologyXML><ObservationType>RestECG</ObservationType>'
        f"<PatientInfo><Name><FamilyName>Müller</FamilyName></Name></PatientInfo>\n"
        f"<RestingECGMeasurements>{beats}</RestingECGMeasurements>\n{''.join(parts)}</CardiologyXML>\n"
    )
    return text.encode(encoding)


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files."""
    counts = counts_of()
    order = [6, 7, 8, 9, 10, 11, 0, 1, 2, 3, 4, 5]
    upper = [LEADS[row].upper() for row in order]
    return {
        "CardioSoft XML": {"cardiosoft.xml": document(strip(counts))},
        "CardioSoft XML, other order, names in capitals": {
            "cardiosoft.xml": document(strip(counts[order], upper), encoding="utf-8")
        },
        "CardioSoft XML, 1000 Hz, eight leads": {
            "cardiosoft.xml": document(
                strip(counts_of(fs_hz=1_000)[[0, 1, *range(6, 12)]], [*LEADS[:2], *LEADS[6:]], fs_hz=1_000)
            )
        },
    }
