"""Bands behind the traces: where the network looks, as deep as the evidence for the class it is asked about."""

from ecg_core.classification import NAMES, Explanation
from ecg_core.reports.layout import Layout, Strip
from ecg_core.reports.paper import FAINT_INK, MM_PER_S, PAPER_MM, ZERO_MM, area, rectangle, words

_, TOP_MM, _, PAPER_HEIGHT_MM = PAPER_MM
# Blue stays apart from the pink of the paper, in grey print too; the trace and the grid are seen through the deepest.
SHADE, DEEPEST = "#2a6fdb", 0.45
# Of the largest evidence: a fainter band is not seen.
FAINTEST = 0.1
# Of a row's height, so that rows stay apart; and at most, where there are few rows.
BAND_SHARE, MAX_BAND_MM = 0.8, 36.0
SWATCH_MM, LEGEND_MM = 3.0, 2.5


def bands(explanation: Explanation, strip: Strip, layout: Layout) -> str:
    """Over each stretch of a segment that speaks for the class, where the strip shows it."""
    largest = explanation.cells[0][0]
    row = explanation.evidence[explanation.about].get(strip.lead, ())
    half_mm = min(BAND_SHARE * layout.spacing_mm, MAX_BAND_MM) / 2
    baseline_mm = layout.baselines_mm[strip.row]
    top_mm, bottom_mm = max(baseline_mm - half_mm, 0.0), min(baseline_mm + half_mm, float(PAPER_HEIGHT_MM))
    shown = []
    for evidence, spans_s in zip(row, explanation.spans_s, strict=False):
        if evidence <= 0 or evidence < FAINTEST * largest:
            continue
        rectangles = [
            rectangle(
                ZERO_MM + (strip.offset_s + start_s) * MM_PER_S,
                TOP_MM + top_mm,
                (end_s - start_s) * MM_PER_S,
                bottom_mm - top_mm,
            )
            for start_s, end_s in _drawn(spans_s, strip)
        ]
        shown.append(area("".join(rectangles), SHADE, DEEPEST * evidence / largest))
    return "".join(shown)


def _drawn(spans_s: tuple[tuple[float, float], ...], strip: Strip) -> list[tuple[float, float]]:
    """The parts of the spans that the strip shows, in seconds from its beginning."""
    cut = [(max(start_s - strip.from_s, 0.0), min(end_s - strip.from_s, strip.length_s)) for start_s, end_s in spans_s]
    return [(start_s, end_s) for start_s, end_s in cut if start_s < end_s]


def legend(explanation: Explanation, layout: Layout, x_mm: float, y_mm: float, width_mm: float) -> str:
    """What the bands are, for which class and part of the recording, and what they are not."""
    value, lead, segment = explanation.cells[0]
    start_s, end_s = explanation.window_s
    part = f"{start_s:g} to {end_s:g} s"
    said = [f"evidence for {explanation.about} ({NAMES[explanation.about]}), {part}"]
    if value <= 0:
        said = [f"nothing of {part} speaks for {explanation.about}"]
    elif any(bands(explanation, strip, layout) for strip in layout.strips):
        said.append(f"deepest: {segment} of {lead}, log-odds {value:+.2f}")
    else:
        said = [f"{said[0]}, which is not drawn"]
    said.append("it shows where the network looks, not why")
    swatch = area(rectangle(x_mm, y_mm - 0.8 * SWATCH_MM, SWATCH_MM, SWATCH_MM), SHADE, DEEPEST)
    left_mm = x_mm + 1.5 * SWATCH_MM
    text = words(left_mm, y_mm, "; ".join(said), LEGEND_MM, width_mm - 1.5 * SWATCH_MM, ink=FAINT_INK)
    return swatch + text
