"""A recording on ECG paper as SVG: an A4 sheet, usually 25 mm/s and 10 mm/mV, with the answer above it.

The sheet shows the signal, canonical lead names, sampling rate, duration and sha256, and nothing else from the file.
"""

import numpy as np

from ecg_core.classification import Classification
from ecg_core.recording import Recording
from ecg_core.reports import captions
from ecg_core.reports.layout import NOT_RECORDED, Layout, Strip, lay_out
from ecg_core.reports.paper import (
    FAINT_INK,
    FONT,
    INK,
    PAPER_MM,
    PER_MM,
    SHEET_MM,
    ZERO_MM,
    box,
    grid,
    path,
    pulse,
    trace,
    words,
)
from ecg_core.reports.shading import bands, legend
from ecg_core.reports.sheet import USUAL, Sheet
from ecg_core.reports.text import Outcome

LEFT_MM, TOP_MM, WIDTH_MM, HEIGHT_MM = PAPER_MM
# Below the paper, under the two lines of the footer.
LEGEND_BELOW_MM = 12.3
TRACE_INK_MM, SEPARATOR_INK_MM = 0.25, 0.3
LABEL_MM, NOTE_MM = 3.6, 2.4
# Height of a lead's label above the baseline. It is raised if a beat starts below it, within LABEL_S.
LABEL_HEIGHT_MM, LABEL_S = 14.0, 0.35
# A separator stands 4 to 7 mm above and below the baseline, so that it does not touch the trace.
SEPARATOR_MM = (4, 7)


def plot(recording: Recording, outcome: Outcome | None = None, start_s: float = 0.0, sheet: Sheet = USUAL) -> bytes:
    """The whole document. The same arguments give the same bytes.

    outcome: a result or a refusal, printed above the paper. If the result has an explanation, it is shaded behind the
    traces. start_s: where in the recording the paper begins. sheet: how it is drawn.
    """
    layout = lay_out(recording, HEIGHT_MM, start_s, sheet)
    explanation = outcome.explanation if isinstance(outcome, Classification) else None
    title = captions.title(layout)
    width, height = SHEET_MM
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}mm" height="{height}mm" '
        f'viewBox="0 0 {width * PER_MM} {height * PER_MM}" role="img" font-family="{FONT}">',
        f"<title>{title}</title>",
        f"<desc>{captions.description(outcome)}</desc>",
        box(0, 0, width, height, "#fff"),
        grid(),
        captions.header(outcome, title),
        *(bands(explanation, strip, layout) for strip in layout.strips if explanation),
        path(
            "".join(pulse(TOP_MM + baseline, layout.gain, layout.speed) for baseline in layout.baselines_mm),
            TRACE_INK_MM,
        ),
        *(_strip(strip, layout, recording.fs_hz) for strip in layout.strips),
        captions.footer(recording, layout, outcome),
        legend(explanation, layout, LEFT_MM, TOP_MM + HEIGHT_MM + LEGEND_BELOW_MM, WIDTH_MM) if explanation else "",
        "</svg>",
    ]
    return "\n".join(part for part in parts if part).encode() + b"\n"


def _strip(strip: Strip, layout: Layout, fs_hz: float) -> str:
    baseline_mm = TOP_MM + layout.baselines_mm[strip.row]
    left_mm = ZERO_MM + strip.offset_s * layout.speed
    label_mm = baseline_mm - _label_height_mm(strip, layout, fs_hz)
    # "I" alone would look like a stroke.
    label = f"lead {strip.lead}" if layout.of_one_lead else strip.lead
    missing = strip.note == NOT_RECORDED
    parts = [words(left_mm + 1, label_mm, label, LABEL_MM, 14, bold=True, ink=FAINT_INK if missing else INK)]
    if strip.note:
        parts.append(words(left_mm + 3 + 2.6 * len(label), label_mm, strip.note, NOTE_MM, 30, ink=FAINT_INK))
    if layout.of_one_lead:
        parts.append(words(ZERO_MM - 2.5, label_mm, f"{strip.from_s:g} s", NOTE_MM, 12, anchor="end"))
    if strip.offset_s:
        x = round(left_mm * PER_MM)
        near, far = SEPARATOR_MM
        marks = (baseline_mm - far, baseline_mm + near)
        parts.append(
            path("".join(f"M{x} {round(y * PER_MM)}v{(far - near) * PER_MM}" for y in marks), SEPARATOR_INK_MM)
        )
    start_mm = left_mm + strip.first_s * layout.speed
    reach_mm = layout.reach_mm[strip.row]
    line = trace(strip.samples, fs_hz, start_mm, baseline_mm, layout.gain, reach_mm, layout.speed)
    return f'<g data-lead="{strip.lead}">{"".join(parts)}{path(line, TRACE_INK_MM)}</g>'


def _label_height_mm(strip: Strip, layout: Layout, fs_hz: float) -> float:
    first = strip.samples[: round(LABEL_S * fs_hz)]
    beat_mm = layout.gain * float(np.max(first, initial=0.0, where=~np.isnan(first)))
    half_mm = layout.spacing_mm / 2
    return min(max(min(LABEL_HEIGHT_MM, 0.9 * half_mm), beat_mm + 1.5), half_mm)
