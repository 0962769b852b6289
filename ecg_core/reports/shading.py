"""Bands behind the traces show where the network looks. The stronger the evidence, the darker the band."""

from ecg_core.classification import NAMES, Explanation
from ecg_core.reports.layout import Layout, Strip
from ecg_core.reports.paper import FAINT_INK, PAPER_MM, ZERO_MM, area, rectangle, words

_, TOP_MM, _, PAPER_HEIGHT_MM = PAPER_MM
# Blue differs from the pink of the paper, also in grey print. Trace and grid stay visible through the darkest band.
SHADE, DEEPEST = "#2a6fdb", 0.45
# Share of the largest evidence. A fainter band would not be visible.
FAINTEST = 0.1
# Height of a band: this share of a row, so that rows stay apart, and at most MAX_BAND_MM.
BAND_SHARE, MAX_BAND_MM = 0.8, 36.0
SWATCH_MM, LEGEND_MM = 3.0, 2.5


def bands(explanation: Explanation, strip: Strip, layout: Layout) -> str:
    """A band over each stretch of a segment with positive evidence, in the part that the strip shows."""
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
                ZERO_MM + (strip.offset_s + start_s) * layout.speed,
                TOP_MM + top_mm,
                (end_s - start_s) * layout.speed,
                bottom_mm - top_mm,
            )
            for start_s, end_s in _drawn(spans_s, strip)
        ]
        shown.append(area("".join(rectangles), SHADE, DEEPEST * evidence / largest))
    return "".join(shown)


def _drawn(spans_s: tuple[tuple[float, float], ...], strip: Strip) -> list[tuple[float, float]]:
    """The parts of the spans that the strip shows, in seconds from the start of the strip."""
    cut = [(max(start_s - strip.from_s, 0.0), min(end_s - strip.from_s, strip.length_s)) for start_s, end_s in spans_s]
    return [(start_s, end_s) for start_s, end_s in cut if start_s < end_s]


def legend(explanation: Explanation, layout: Layout, x_mm: float, y_mm: float, width_mm: float) -> str:
    """What the bands mean, for which class, in which part of the recording, and what they do not mean."""
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
