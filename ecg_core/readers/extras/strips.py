"""From drawn traces to an ECG: rows of true size, their zero lines, their leads, their order in time."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, NoEcgLeads, UnsupportedFormat
from ecg_core.leads import canonical_lead
from ecg_core.readers.channels import leads_of
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.extras.strokes import Drawing, Points
from ecg_core.readers.options import LEADS_HINT, Options
from ecg_core.readers.rates import choose_rate
from ecg_core.recording import Recording

POINTS_PER_MM = 72 / 25.4
POINTS_PER_S, POINTS_PER_MV = 25 * POINTS_PER_MM, 10 * POINTS_PER_MM
# The distance of points against that of the device. A page that was printed smaller differs by 3 % and more.
SCALE_TOLERANCE = 0.01
# A point lies on its place in the grid of samples up to this share of a step.
_OFF_GRID = 0.3
# Points of a straight line may be left out, up to one second.
_MAX_LEFT_OUT_S = 1.0
# A page is 11 inches wide: 11 s.
_MAX_ROW_S = 12.0
# Pieces of a trace begin where the last one ended.
_JOINED = 0.03
# The zero line of a row, from the middle of its samples.
_ZERO_WITHIN = 8 * POINTS_PER_MM
# Kardia records 30 s to 5 min, a watch 30 s. The last row may be shorter.
_DURATION_TOLERANCE, _DURATION_TOLERANCE_S = 0.02, 0.5
APPLE_S = 30.5
_SHAPE_HINT = "Only unchanged PDFs of these apps are read, not printed or edited ones. Export the ECG again."


@dataclass(frozen=True)
class Page:
    """labels: texts and the heights at which they stand."""

    drawing: Drawing
    labels: tuple[tuple[str, float], ...]

    @property
    def text(self) -> str:
        return "\n".join(text for text, _ in self.labels)


@dataclass(frozen=True)
class Device:
    """durations: numbers of seconds that the PDF states; one of them may be that of the recording."""

    name: str
    fs_hz: float
    durations: tuple[float, ...]


@dataclass(frozen=True)
class _Row:
    """values: samples in mV. rate: Hz, from the distance of its points."""

    page: int
    middle: float
    values: NDArray[np.float64]
    rate: float
    lead: str | None


def recording_of(pages: Sequence[Page], device: Device, options: Options, sha256: str) -> Recording:
    """Raises UnsupportedFormat, HeaderInvalid, NoEcgLeads, DuplicateLeads."""
    corrections = Corrections()
    rows = [row for number, page in enumerate(pages) for row in _rows(number, page, device)]
    leads = _leads(rows, device, options)
    lengths = {sum(len(row.values) for row in own) for own in leads.values()}
    if len(lengths) > 1:
        raise _other_shape()
    rate = float(np.mean([row.rate for row in rows])) if device.name != "Kardia" else device.fs_hz
    seconds = lengths.pop() / rate
    _check_duration(seconds, device)
    chosen = leads_of(list(leads), Options(), corrections)
    fs_hz = choose_rate(rate, options.fs_hz, corrections)
    signal = np.stack([np.concatenate([row.values for row in own]) for own in leads.values()]).astype(np.float32)
    corrections.add("samples measured on the drawing of a PDF: 25 mm/s, 10 mm/mV")
    corrections.add("the app may have filtered the ECG before it drew it")
    return Recording(signal[list(chosen.positions)], fs_hz, chosen.names, "pdf", sha256, tuple(corrections))


def _other_shape() -> UnsupportedFormat:
    return UnsupportedFormat("The PDF does not draw its ECG as Kardia or the Apple Watch do.", _SHAPE_HINT)


def _check_duration(seconds: float, device: Device) -> None:
    """Raises HeaderInvalid if the rows are longer or shorter than the recording that the PDF describes."""
    if device.name != "Kardia":
        if seconds > APPLE_S:
            raise _other_shape()
        return
    most = max(_DURATION_TOLERANCE * seconds, _DURATION_TOLERANCE_S)
    if not any(abs(stated - seconds) <= most for stated in device.durations):
        raise HeaderInvalid("The rows of the PDF are not as long as the recording that it states.", _SHAPE_HINT)


def _rows(number: int, page: Page, device: Device) -> list[_Row]:
    """The rows of a page, from top to bottom."""
    traces = _joined(page.drawing.traces)
    middles = [float(np.median(trace[:, 1])) for trace in traces]
    found = []
    for trace, middle in sorted(zip(traces, middles, strict=True), key=lambda pair: -pair[1]):
        y, rate = _sampled(trace, device.fs_hz)
        zero = _zero(trace, middle, page.drawing) if device.name == "Kardia" else middle
        beside = [lead for lead, height in _lead_labels(page) if _nearest(middles, height) == middle]
        if len(beside) > 1:
            raise _other_shape()
        found.append(_Row(number, middle, (y - zero) / POINTS_PER_MV, rate, beside[0] if beside else None))
    return found


def _nearest(middles: Sequence[float], height: float) -> float:
    return min(middles, key=lambda middle: abs(middle - height))


def _joined(traces: Sequence[Points]) -> list[Points]:
    """Traces whose pieces are put together. A piece begins at the last point of the one before it."""
    whole: list[list[Points]] = []
    for trace in sorted(traces, key=lambda points: float(points[0, 0])):
        for pieces in whole:
            if np.all(np.abs(pieces[-1][-1] - trace[0]) <= _JOINED):
                pieces.append(trace[1:])
                break
        else:
            whole.append([trace])
    return [np.concatenate(pieces) for pieces in whole]


def _sampled(trace: Points, fs_hz: float) -> tuple[NDArray[np.float64], float]:
    """(the height of each sample, the rate that the distance of the points gives). Raises UnsupportedFormat."""
    steps = np.diff(trace[:, 0]) * fs_hz / POINTS_PER_S
    counts = np.round(steps)
    if counts.min() < 1 or counts.max() > _MAX_LEFT_OUT_S * fs_hz or np.abs(steps - counts).max() > _OFF_GRID:
        raise _other_shape()
    places = np.concatenate([[0.0], np.cumsum(counts)])
    if places[-1] > _MAX_ROW_S * fs_hz:
        raise _other_shape()
    rate = float(places[-1] * POINTS_PER_S / (trace[-1, 0] - trace[0, 0]))
    if abs(rate / fs_hz - 1) > SCALE_TOLERANCE:
        raise UnsupportedFormat("The ECG of the PDF is not drawn in true size.", _SHAPE_HINT)
    return np.interp(np.arange(places[-1] + 1), places, trace[:, 1]), rate


def _zero(trace: Points, middle: float, drawing: Drawing) -> float:
    """The height of the zero line that goes through the whole row. Raises UnsupportedFormat."""
    through = [y for y, left, right in drawing.levels if left <= trace[0, 0] + 1 and right >= trace[-1, 0] - 1]
    nearest = min(through, key=lambda y: abs(y - middle), default=float("inf"))
    if abs(nearest - middle) > _ZERO_WITHIN:
        raise _other_shape()
    return nearest


def _lead_labels(page: Page) -> list[tuple[str, float]]:
    return [(lead, height) for text, height in page.labels if len(text) <= 12 and (lead := canonical_lead(text))]


def _leads(rows: Sequence[_Row], device: Device, options: Options) -> dict[str, list[_Row]]:
    """The rows of each lead, in order of time. Raises NoEcgLeads, UnsupportedFormat."""
    if not rows:
        raise _other_shape()
    named = {row.lead for row in rows}
    if device.name != "Kardia":
        return {"I": list(rows)} if len(named - {"I", None}) == 0 else _refuse()
    if None not in named:
        found: dict[str, list[_Row]] = {}
        for row in rows:
            found.setdefault(str(row.lead), []).append(row)
        orders = {tuple(row.lead for row in page) for _, page in groupby(rows, key=lambda row: row.page)}
        return found if len(orders) == 1 or len(found) == 1 else _refuse()
    if len(named) == 2:
        return {str(next(lead for lead in named if lead)): list(rows)} if _named_once(rows) else _refuse()
    given = options.names
    if named != {None} or given is None or None in given:
        raise NoEcgLeads("The rows of the PDF have no names of leads beside them.", LEADS_HINT)
    if len(given) == 1:
        return {str(given[0]): list(rows)}
    pages = [list(page) for _, page in groupby(rows, key=lambda row: row.page)]
    if any(len(page) != len(given) for page in pages):
        raise NoEcgLeads("The leads given with the file are not as many as the rows of each page.", LEADS_HINT)
    return {str(lead): [page[place] for page in pages] for place, lead in enumerate(given)}


def _named_once(rows: Sequence[_Row]) -> bool:
    """Whether one name stands beside the first row of a page, for all rows."""
    return all(row.lead is None or row.middle == max(r.middle for r in rows if r.page == row.page) for row in rows)


def _refuse() -> dict[str, list[_Row]]:
    raise _other_shape()
