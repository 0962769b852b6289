"""The query parameters that say how to read a record, and how to draw it. OpenAPI shows their descriptions."""

import math
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import Query

from functions.api.body import MAX_FILENAME, MAX_LEADS
from functions.api.problems import RequestInvalid

if TYPE_CHECKING:
    from ecg_core.recording import Recording
    from ecg_core.reports.sheet import Sheet

Filename = Annotated[
    str | None,
    Query(max_length=MAX_FILENAME, description="The file's name, if the body is the bare file. Not for multipart."),
]
FsHz = Annotated[float | None, Query(description="Sampling rate in Hz, for a file that does not state it.")]
Units = Annotated[
    str | None, Query(description="Unit of the samples, nV, uV, mV or V, for a file that does not state it.")
]
Leads = Annotated[
    str | None,
    Query(
        max_length=MAX_LEADS,
        description="Leads of the channels in order, such as I,II,V1, for a file that does not name them. "
        "- stands for a channel that is no lead.",
    ),
]
Gain = Annotated[
    float | None, Query(description="Counts per mV, for a file of raw converter values that does not state it.")
]
Speed = Annotated[int | None, Query(description="SVG only: mm per second, 25 or 50. Usually 25.")]
GainMm = Annotated[
    float | None, Query(description="SVG only: mm per mV, 5, 10 or 20. Usually 10, and less if the leads do not fit.")
]
LayoutForm = Annotated[
    str | None,
    Query(
        max_length=8,
        description="SVG only: 3x4 (with a rhythm strip), 6x2, 12x1 (a row for each lead), or one lead, such as II.",
    ),
]
StartS = Annotated[float | None, Query(description="SVG only: where the sheet begins, in seconds of the recording.")]

StretchStartS = Annotated[float | None, Query(description="Where to begin, in seconds of the recording.")]
StretchLengthS = Annotated[
    float | None, Query(description="How many seconds. Without it, as many as one answer may hold.")
]
Marks = Annotated[
    bool | None,
    Query(description="Also say where P, QRS and T begin and end in each beat. Then at most 120 s are given."),
]


def stretch_of(start_s: float | None, length_s: float | None, marks: bool | None) -> Callable[["Recording"], bytes]:
    """What makes the answer of a recording. Raises RequestInvalid for times that are none."""
    for name, value in (("start_s", start_s), ("length_s", length_s)):
        if value is not None and not (math.isfinite(value) and value >= 0):
            raise RequestInvalid(f"A parameter is not valid: {name}.")
    from ecg_core.reports.samples import samples

    return lambda recording: samples(recording, start_s or 0.0, length_s, bool(marks))


def sheet_of(speed: int | None, gain_mm: float | None, layout: str | None, start_s: float | None) -> "Sheet":
    """Raises RequestInvalid for values that no sheet has."""
    from ecg_core.reports.sheet import USUAL, Sheet

    sheet = Sheet(USUAL.speed if speed is None else speed, gain_mm, layout)
    bad = (*sheet.invalid, *(["start_s"] if start_s is not None and not 0 <= start_s < math.inf else []))
    if bad:
        raise RequestInvalid(f"A parameter is not valid: {', '.join(bad)}.")
    return sheet
