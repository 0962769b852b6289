"""The reliability diagram: predicted probability and observed frequency. Its data, and the drawing made from them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ecg_core.classification import DIAGNOSES, NAMES, SUPERCLASSES
from ecg_core.metrics import ECE_BINS, Bools, Floats, wilson

RELIABILITY_FILE = "reliability.svg"
# Pixels: a panel's side, the space around it, the histogram below it.
SIDE, LEFT, TOP, GAP, BELOW = 300, 60, 66, 64, 60
WIDTH = LEFT + len(DIAGNOSES) * SIDE + (len(DIAGNOSES) - 1) * GAP + 20
HEIGHT = TOP + SIDE + BELOW + 108
INK, GRID, MODEL, BARS = "#1a1a1a", "#dddddd", "#0b5fa5", "#c9d7e4"


def reliability(truth: Bools, probability: Floats) -> dict[str, dict[str, list[float | None]]]:
    """For each diagnosis and bin: n, mean probability, frequency (None if empty). truth, probability: [n, 5]."""
    return {label: _bins(truth[:, k], probability[:, k]) for k, label in enumerate(SUPERCLASSES) if label in DIAGNOSES}


def _bins(truth: Bools, probability: Floats) -> dict[str, list[float | None]]:
    place = np.minimum((probability * ECE_BINS).astype(int), ECE_BINS - 1)
    n = np.bincount(place, minlength=ECE_BINS)
    sums = [np.bincount(place, values, ECE_BINS) for values in (probability, truth.astype(float))]
    means = [
        [round(float(total / count), 4) if count else None for total, count in zip(s, n, strict=True)] for s in sums
    ]
    return {"n": n.tolist(), "probability": means[0], "frequency": means[1]}


def draw(card: Mapping[str, Any]) -> str:
    """The diagram as SVG. card: model.json, of which "reliability" and "performance" are used."""
    panels = [_panel(label, card["reliability"]["classes"][label], k) for k, label in enumerate(DIAGNOSES)]
    figures = [f"{label}: ECE {card['performance']['12']['classes'][label]['ece']['value']:.3f}" for label in DIAGNOSES]
    title = f"Reliability on fold {card['data']['calibration_fold']}, twelve leads, calibration cross-fitted by patient"
    described = f"{title}. {'; '.join(figures)}."
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
            f'font-family="Helvetica, Arial, sans-serif" font-size="12" fill="{INK}" role="img">',
            f"<title>{described}</title>",
            f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
            f'<text x="{LEFT}" y="24" font-size="15" font-weight="bold">{title}</text>',
            *panels,
            _legend(HEIGHT - 14),
            "</svg>\n",
        ]
    )


def _panel(label: str, bins: Mapping[str, Sequence[float]], index: int) -> str:
    left, bottom = LEFT + index * (SIDE + GAP), TOP + SIDE
    marks: list[str] = []
    for tick in (0, 0.25, 0.5, 0.75, 1):
        x, y = left + tick * SIDE, bottom - tick * SIDE
        marks += [
            _line(x, TOP, x, bottom, GRID),
            _line(left, y, left + SIDE, y, GRID),
            f'<text x="{left - 6}" y="{y + 4:.1f}" text-anchor="end" font-size="10">{tick:g}</text>',
            f'<text x="{x:.1f}" y="{bottom + BELOW + 30}" text-anchor="middle" font-size="10">{tick:g}</text>',
        ]
    marks.append(_line(left, bottom, left + SIDE, TOP, INK, 'stroke-dasharray="4 4"'))
    middle = left + SIDE / 2
    marks += [
        f'<text x="{middle}" y="{TOP - 12}" text-anchor="middle" font-size="13" font-weight="bold">'
        f"{label} ({NAMES[label]})</text>",
        f'<text x="{middle}" y="{bottom + BELOW + 48}" text-anchor="middle">predicted probability</text>',
    ]
    if index == 0:
        y = TOP + SIDE / 2
        marks.append(
            f'<text x="18" y="{y}" text-anchor="middle" transform="rotate(-90 18 {y})">observed frequency</text>'
        )
    return "\n".join(
        ["<g>", *marks, *_histogram(bins["n"], left, bottom + BELOW + 14), *_points(bins, left, bottom), "</g>"]
    )


def _points(bins: Mapping[str, Sequence[float]], left: float, bottom: float) -> list[str]:
    """A line through the bins that are not empty, and the frequency of each with its 95 % interval."""
    marks, path = [], []
    for n, probability, frequency in zip(bins["n"], bins["probability"], bins["frequency"], strict=True):
        interval = wilson(round(n * (frequency or 0)), int(n))
        if interval is None:
            continue
        x, y = left + probability * SIDE, bottom - frequency * SIDE
        low, high = (bottom - bound * SIDE for bound in interval["ci95"])
        marks += [_line(x, low, x, high, MODEL), f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{MODEL}"/>']
        path.append(f"{x:.1f},{y:.1f}")
    return [f'<polyline points="{" ".join(path)}" fill="none" stroke="{MODEL}" stroke-width="1.5"/>', *marks]


def _histogram(counts: Sequence[float], left: float, base: float) -> list[str]:
    """Bars of the records in each bin, with their number."""
    width, tallest = SIDE / ECE_BINS, max(counts) or 1
    marks = [_line(left, base, left + SIDE, base, INK)]
    for index, n in enumerate(counts):
        height, x = (BELOW - 20) * n / tallest, left + index * width
        top = base - height
        marks += [
            f'<rect x="{x + 1:.1f}" y="{top:.1f}" width="{width - 2:.1f}" height="{height:.1f}" fill="{BARS}"/>',
            f'<text x="{x + width / 2:.1f}" y="{top - 3:.1f}" text-anchor="middle" font-size="8">{n:.0f}</text>',
        ]
    return marks


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, more: str = "") -> str:
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" {more}/>'


def _legend(y: float) -> str:
    return "\n".join(
        [
            f'<circle cx="{LEFT + 6}" cy="{y - 4}" r="3.5" fill="{MODEL}"/>',
            f'<text x="{LEFT + 16}" y="{y}">observed in a bin, with its 95 % interval (Wilson)</text>',
            _line(LEFT + 330, y - 4, LEFT + 360, y - 4, INK, 'stroke-dasharray="4 4"'),
            f'<text x="{LEFT + 366}" y="{y}">perfect calibration</text>',
            f'<rect x="{LEFT + 510}" y="{y - 10}" width="14" height="10" fill="{BARS}"/>',
            f'<text x="{LEFT + 530}" y="{y}">records in each of the {ECE_BINS} bins of equal width</text>',
        ]
    )
