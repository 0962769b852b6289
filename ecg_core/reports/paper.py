"""The parts of an ECG sheet in SVG: grid, calibration pulse, trace, text. Units are hundredths of a millimetre, A4.

Everything is set by attributes, not by styles, so that pages with a strict content security policy can show it.
"""

import html
from collections.abc import Iterable
from itertools import accumulate, pairwise

import numpy as np
from numpy.typing import NDArray

from ecg_core.reports.text import printable

SHEET_MM = (297, 210)
PER_MM = 100
# The usual speed.
MM_PER_S = 25
MAJOR_MM = 5
MINOR_LINE_MM, MAJOR_LINE_MM = 0.1, 0.18
# The part with the grid, in whole major squares: left, top, width, height.
PAPER_MM = (11, 34, 275, 160)
# Where time starts. The calibration pulse is to the left of it.
ZERO_MM = 26
PULSE_S, PULSE_MV = 0.2, 1.0
PULSE_LEFT_MM, PULSE_LEAD_MM = 13.5, 2.5

INK, FAINT_INK = "#000", "#666"
# Light enough to stand back behind the trace when printed in grey.
MINOR_INK, MAJOR_INK = "#f7d0d0", "#e99a9a"
FONT = "Helvetica, Arial, 'Liberation Sans', sans-serif"
# Widths of characters in em, never less than in the fonts above. What fits by these widths fits in each font.
NARROW_EM, LETTER_EM, CAPITAL_EM, WIDE_EM = 0.4, 0.58, 0.74, 1.0
NARROW, WIDE = frozenset(" ijltfI.,:;'|!()[]-/"), frozenset("MW@%—…mw")

# Points per mm of a trace: finer than a printer's dot of 0.08 mm. At higher sampling rates only the extremes of short
# pieces are drawn.
POINTS_PER_MM = 20


def grid() -> str:
    """Minor lines every 0.04 s and, at standard gain, 0.1 mV; major lines every 0.2 s and 0.5 mV."""
    _, _, width, height = PAPER_MM
    minor = _lines([mm for mm in range(width) if mm % MAJOR_MM], [mm for mm in range(height) if mm % MAJOR_MM])
    major = _lines(range(0, width + 1, MAJOR_MM), range(0, height + 1, MAJOR_MM))
    return path(minor, MINOR_LINE_MM, MINOR_INK) + path(major, MAJOR_LINE_MM, MAJOR_INK)


def _lines(columns: Iterable[int], rows: Iterable[int]) -> str:
    left, top, width, height = PAPER_MM
    upright = "".join(f"M{(left + mm) * PER_MM} {top * PER_MM}v{height * PER_MM}" for mm in columns)
    level = "".join(f"M{left * PER_MM} {(top + mm) * PER_MM}h{width * PER_MM}" for mm in rows)
    return upright + level


def pulse(baseline_mm: float, gain: float, speed: int) -> str:
    """The path of 1 mV for 0.2 s, to the left of where time starts. Its edges stand on major lines."""
    width, height, lead = (
        round(PULSE_S * speed * PER_MM),
        round(PULSE_MV * gain * PER_MM),
        int(PULSE_LEAD_MM * PER_MM),
    )
    left = int(PULSE_LEFT_MM * PER_MM)
    end = min(lead, ZERO_MM * PER_MM - left - lead - width)
    return f"M{left} {round(baseline_mm * PER_MM)}h{lead}v-{height}h{width}v{height}" + (f"h{end}" if end else "")


def trace(
    samples: NDArray[np.float64],
    fs_hz: float,
    start_mm: float,
    baseline_mm: float,
    gain: float,
    reach_mm: tuple[float, float],
    speed: int,
) -> str:
    """The path of samples in mV (NaN in gaps) from start_mm on. reach_mm: (above, below), the limits of the drawing."""
    at = _kept(samples, fs_hz, speed)
    if not at.size:
        return ""
    above, below = reach_mm
    heights = np.clip(samples[at] * gain, -below, above)
    x = np.rint((start_mm + at * (speed / fs_hz)) * PER_MM).astype(np.int64)
    y = np.rint((baseline_mm - heights) * PER_MM).astype(np.int64)
    gaps_before = np.cumsum(np.isnan(samples))[at]
    starts = [0, *(np.flatnonzero(np.diff(gaps_before)) + 1).tolist(), at.size]
    steps = np.stack([np.diff(x), np.diff(y)], axis=1).tolist()
    pieces = []
    for start, end in pairwise(starts):
        line = " ".join(f"{dx} {dy}" for dx, dy in steps[start : end - 1])
        # A single sample between gaps becomes a dot: a line of length zero with round ends.
        pieces.append(f"M{x[start]} {y[start]}" + (f"l{line}" if line else "h0"))
    return "".join(pieces).replace(" -", "-")


def _kept(samples: NDArray[np.float64], fs_hz: float, speed: int) -> NDArray[np.intp]:
    """Indices of the samples to draw, without gaps: all, or the lowest and the highest of each short piece."""
    known = ~np.isnan(samples)
    size = round(2 * fs_hz / (POINTS_PER_MM * speed))
    if size <= 2:
        return np.flatnonzero(known)
    missing = -samples.size % size
    pieces = np.pad(samples, (0, missing), constant_values=np.nan).reshape(-1, size)
    start = np.arange(len(pieces)) * size
    lowest = start + np.where(np.isnan(pieces), np.inf, pieces).argmin(axis=1)
    highest = start + np.where(np.isnan(pieces), -np.inf, pieces).argmax(axis=1)
    at = np.unique(np.concatenate((lowest, highest)))
    kept: NDArray[np.intp] = at[known[at]]
    return kept


def path(d: str, thickness_mm: float, ink: str = INK) -> str:
    if not d:
        return ""
    return (
        f'<path d="{d}" fill="none" stroke="{ink}" stroke-width="{round(thickness_mm * PER_MM)}" '
        'stroke-linejoin="round" stroke-linecap="round"/>'
    )


def box(x_mm: float, y_mm: float, width_mm: float, height_mm: float, fill: str, ink: str = "none") -> str:
    x, y, width, height = (round(mm * PER_MM) for mm in (x_mm, y_mm, width_mm, height_mm))
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" fill="{fill}" stroke="{ink}" stroke-width="15"/>'


def rectangle(x_mm: float, y_mm: float, width_mm: float, height_mm: float) -> str:
    """The path of a rectangle."""
    x, y, width, height = (round(mm * PER_MM) for mm in (x_mm, y_mm, width_mm, height_mm))
    return f"M{x} {y}h{width}v{height}h{-width}z"


def area(d: str, fill: str, opacity: float) -> str:
    return f'<path d="{d}" fill="{fill}" fill-opacity="{opacity:.2f}"/>' if d else ""


def words(
    x_mm: float,
    y_mm: float,
    text: str,
    size_mm: float,
    width_mm: float,
    *,
    bold: bool = False,
    ink: str = INK,
    anchor: str = "start",
) -> str:
    """One line of text. If it is wider than width_mm, it is cut and ends with an ellipsis."""
    shown = html.escape(shortened(printable(text, " "), width_mm / size_mm))
    weight = ' font-weight="bold"' if bold else ""
    end = f' text-anchor="{anchor}"' if anchor != "start" else ""
    place = f'x="{round(x_mm * PER_MM)}" y="{round(y_mm * PER_MM)}" font-size="{round(size_mm * PER_MM)}"'
    return f'<text {place}{weight}{end} fill="{ink}">{shown}</text>'


def wrapped(text: str, ems: float) -> list[str]:
    """The text in lines of this width, broken at blanks. A wider word gets a line of its own."""
    lines: list[str] = []
    for word in text.split():
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width_em(longer) <= ems:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def shortened(text: str, ems: float) -> str:
    """The text if it fits into this width; otherwise its beginning and an ellipsis."""
    if width_em(text) <= ems:
        return text
    fitting = sum(end <= ems - WIDE_EM for end in accumulate(map(_em, text)))
    return text[:fitting].rstrip() + "…"


def width_em(text: str) -> float:
    return sum(map(_em, text))


def _em(char: str) -> float:
    if char in WIDE or ord(char) > 0x24F:
        return WIDE_EM
    return NARROW_EM if char in NARROW else CAPITAL_EM if char.isupper() else LETTER_EM
