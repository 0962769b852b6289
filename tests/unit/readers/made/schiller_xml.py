"""Writes Schiller XML as SEMA does: averaged beats first, then the recording."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.synthesis.heart import synthesize

UPPER = tuple(lead.upper() for lead in LEADS)


def uv_of(duration_s: float = 10.0, fs_hz: float = 500.0) -> NDArray[np.int64]:
    """[12, samples] uV of a synthetic heart."""
    return np.round(synthesize(duration_s=duration_s, fs_hz=fs_hz).signal.astype(np.float64) * 1_000).astype(np.int64)


def channel(name: str, row: NDArray[np.int64], *, datatype: str = "COMMASEPARATE", count: int | None = None) -> str:
    note = "<annotation_lead><name>P_POS_AMPL</name><value>0.02</value></annotation_lead>"
    return (
        f"<channel>{note}<name>{name}</name><data>{','.join(map(str, row))}</data><datastype>{datatype}</datastype>"
        f"<samplecount>{len(row) if count is None else count}</samplecount></channel>\n"
    )


def waves(
    values: NDArray[np.int64],
    names: Sequence[str] = UPPER,
    *,
    kind: str = "ECG_RHYTHMS",
    rate: str = "500",
    exponent: str = "<exponent>1</exponent>",
    resolution: str = "<unitperbit>1.0</unitperbit><units>UV</units>",
    datatype: str = "COMMASEPARATE",
    count: int | None = None,
) -> str:
    parts = (channel(name, row, datatype=datatype, count=count) for name, row in zip(names, values, strict=True))
    return (
        f"<wavedata><type>{kind}</type><resolution><samplerate>{exponent}<value>{rate}</value></samplerate>"
        f"<yres>{resolution}</yres></resolution>{''.join(parts)}"
        "<channelconfiguration>ECG_STANDARD</channelconfiguration></wavedata>\n"
    )


def document(*parts: str) -> bytes:
    """The parts behind averaged beats of 580 samples."""
    beats = waves(np.full((12, 580), 5_000), kind="ECG_AVERAGES")
    text = (
        '\ufeff<?xml version="1.0" encoding="UTF-8"?>\n<com.xiriuz.sema.xml.schillerEDI.SchillerEDI>\n'
        "<patdata><lastname>Müller</lastname></patdata><examdescript><rectype>RESTING_ECG</rectype></examdescript>\n"
        f"<eventdata><event><offset>0</offset>{beats}{''.join(parts)}</event></eventdata>\n"
        "</com.xiriuz.sema.xml.schillerEDI.SchillerEDI>"
    )
    return text.encode()


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files."""
    half = np.round(uv_of(fs_hz=1_000) / 2.5).astype(np.int64)
    return {
        "Schiller XML": {"schiller.xml": document(waves(uv_of(9.996)))},
        "Schiller XML, 1000 Hz, 2.5 uV": {
            "schiller.xml": document(
                waves(half, rate="1000", resolution="<unitperbit>2.5</unitperbit><units>UV</units>")
            )
        },
    }
