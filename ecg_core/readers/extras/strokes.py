"""The lines that a page of a PDF draws: long ones may be traces of an ECG, straight ones may be zero lines.

Only what a plain drawing needs is understood: saved states, matrices, lines, strokes. Curves, fills and pictures are
passed over.
"""

import re
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]
Matrix = tuple[float, float, float, float, float, float]

# Fewer points are a calibration pulse, a mark or a part of a letter.
MIN_POINTS = 40
# A page with six leads has 14,000 points.
MAX_POINTS = 100_000

# It cannot begin inside a number. Otherwise a long number would be searched again from each digit.
_N = rb"(?<![-+\d.])[-+]?+(?:\d++\.?+\d*+|\.\d++)"
_TOKEN = re.compile(
    rb"((?:%s\s++%s\s++l\s++){%d,}+)" % (_N, _N, MIN_POINTS)
    + rb"|\((?:\\.|[^()\\])*+\)|<[0-9A-Fa-f\s]*+>|/[^\s()<>\[\]{}/%%]*+|%%[^\r\n]*+|(%s)(?![\w.])|([A-Za-z'\"*]+)" % _N
)
_IDENTITY: Matrix = (1.0, 0.0, 0.0, 1.0, 0.0, 0.0)


@dataclass
class Drawing:
    """traces: lines of many points, each [points, 2] in points of the page, y upward. levels: (y, left, right)."""

    traces: list[Points] = field(default_factory=list)
    levels: list[tuple[float, float, float]] = field(default_factory=list)


def drawing_of(content: bytes) -> Drawing:
    """What a content stream strokes. Raises ValueError if it has more than MAX_POINTS points."""
    drawn = Drawing()
    matrix, saved = _IDENTITY, [_IDENTITY]
    paths: list[list[Points]] = []
    numbers: list[float] = []
    left = MAX_POINTS
    for match in _TOKEN.finditer(content):
        run, number, operator = match.groups()
        if number is not None:
            numbers.append(float(number))
            continue
        if run is not None:
            left -= run.count(b"l")
            if left < 0:
                raise ValueError
            points = np.array(run.replace(b"l", b" ").split(), np.float64).reshape(-1, 2)
            if paths:
                paths[-1].append(points)
        elif operator in (b"m", b"l") and len(numbers) >= 2:
            left -= 1
            point = np.array([numbers[-2:]])
            if operator == b"m":
                paths.append([point])
            elif paths:
                paths[-1].append(point)
        elif operator in (b"S", b"s"):
            for path in paths:
                _stroke(np.concatenate(path), matrix, drawn)
            paths = []
        elif operator in (b"f", b"F", b"f*", b"B", b"B*", b"b", b"b*", b"n"):
            paths = []
        elif operator == b"q":
            saved.append(matrix)
        elif operator == b"Q":
            matrix = saved.pop() if len(saved) > 1 else _IDENTITY
        elif operator == b"cm" and len(numbers) >= 6:
            matrix = _product(numbers[-6:], matrix)
        if left < 0:
            raise ValueError
        numbers.clear()
    return drawn


def _product(one: list[float], other: Matrix) -> Matrix:
    a, b, c, d, e, f = one
    A, B, C, D, E, F = other  # noqa: N806
    return (a * A + b * C, a * B + b * D, c * A + d * C, c * B + d * D, e * A + f * C + E, e * B + f * D + F)


def _stroke(points: Points, matrix: Matrix, drawn: Drawing) -> None:
    a, b, c, d, e, f = matrix
    x, y = points.T
    # Drawn wider or higher than it was made.
    if not np.isclose(a * a + b * b, c * c + d * d, rtol=0.01) or abs(a * c + b * d) > 0.01 * (a * a + b * b):
        return
    with np.errstate(over="ignore", invalid="ignore"):
        placed = np.stack([a * x + c * y + e, b * x + d * y + f], axis=1)
    if not np.isfinite(placed).all():
        return
    if len(placed) >= MIN_POINTS:
        drawn.traces.append(placed)
    elif len(placed) == 2 and abs(placed[0, 1] - placed[1, 1]) < 0.05:
        start, end = sorted(placed[:, 0].tolist())
        drawn.levels.append((float(placed[0, 1]), start, end))
