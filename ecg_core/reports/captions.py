"""The text above and below the ECG paper: the answer, and how the sheet was drawn."""

import html

from ecg_core.classification import DIAGNOSES, DISCLAIMER, NAMES, Classification
from ecg_core.errors import EcgError
from ecg_core.recording import Recording
from ecg_core.reports.layout import NOT_RECORDED, Layout
from ecg_core.reports.paper import (
    FAINT_INK,
    INK,
    PAPER_MM,
    PER_MM,
    box,
    path,
    words,
    wrapped,
)
from ecg_core.reports.text import Outcome, printable

LEFT_MM, TOP_MM, WIDTH_MM, HEIGHT_MM = PAPER_MM
RIGHT_MM = LEFT_MM + WIDTH_MM
HEADLINE_MM, TEXT_MM, SMALL_MM = 5.0, 3.0, 2.5
LINE_MM = 3.5
HEADLINE_Y_MM, TEXT_Y_MM, SMALL_Y_MM, STATEMENTS_Y_MM = 14.0, 19.5, 24.5, 31.5
# The header's three columns: diagnosis, bars, warnings.
DIAGNOSIS_WIDTH_MM, BARS_LEFT_MM, WARNINGS_LEFT_MM = 84, 101, 204
BAR_LEFT_MM, BAR_WIDTH_MM, BAR_HEIGHT_MM, BAR_STEP_MM = 13.0, 46.0, 3.6, 6.5
ABOVE, BELOW, EMPTY = "#333", "#aaa", "#fff"
MAX_WARNING_LINES = 6
SHA256_DIGITS = 12
# The footer's outer columns.
SCALE_WIDTH_MM, RECORD_WIDTH_MM, MODEL_WIDTH_MM = 38, 34, 80


def title(layout: Layout) -> str:
    return f"ECG, {_leads(layout)}, {_scale(layout)}"


def description(outcome: Outcome | None) -> str:
    """The answer for screen readers, escaped."""
    said = ""
    if isinstance(outcome, EcgError):
        said = f"Not classified: {outcome.message} ({outcome.code}) "
    elif outcome is not None:
        probabilities = ", ".join(f"{label} {outcome.probabilities[label]:.3f}" for label in DIAGNOSES)
        measured = f"Measured: {outcome.measurements.said}. " if outcome.measurements.said else ""
        said = f"{_diagnosis(outcome)}. Probabilities: {probabilities}. {_statements(outcome, '. ')}{measured}"
    return html.escape(printable(said + DISCLAIMER, " "))


def header(outcome: Outcome | None, title: str) -> str:
    if outcome is None:
        return words(LEFT_MM, HEADLINE_Y_MM, title, HEADLINE_MM, WIDTH_MM, bold=True)
    if isinstance(outcome, EcgError):
        reason = f"{outcome.message} ({outcome.code})"
        return (
            words(LEFT_MM, HEADLINE_Y_MM, "Not classified", HEADLINE_MM, WIDTH_MM, bold=True)
            + words(LEFT_MM, TEXT_Y_MM, reason, TEXT_MM, WIDTH_MM)
            + words(LEFT_MM, SMALL_Y_MM, outcome.hint, SMALL_MM, WIDTH_MM, ink=FAINT_INK)
        )
    return _answer(outcome) + "".join(_bar(outcome, label, row) for row, label in enumerate(DIAGNOSES)) + _said(outcome)


def _diagnosis(result: Classification) -> str:
    return f"{result.diagnosis} · {NAMES[result.diagnosis]}" if result.diagnosis else "No diagnosis"


def _answer(result: Classification) -> str:
    shown = words(LEFT_MM, HEADLINE_Y_MM, _diagnosis(result), HEADLINE_MM, DIAGNOSIS_WIDTH_MM, bold=True)
    if result.diagnosis:
        others = [label for label in result.findings if label != result.diagnosis]
        also = f"; also above its threshold: {', '.join(others)}" if others else ""
        probability = f"probability {result.probability:.3f}{also}"
        shown += words(LEFT_MM, TEXT_Y_MM, probability, TEXT_MM, DIAGNOSIS_WIDTH_MM)
    if expected := result.expected_performance:
        said = f"AUC expected with these leads{', at least' if expected.at_least else ''}:"
        shown += _lines(LEFT_MM, SMALL_Y_MM, [said, expected.areas], DIAGNOSIS_WIDTH_MM, 2)
    if stated := ". ".join(filter(None, (result.measurements.said, _statements(result)))):
        shown += words(LEFT_MM, STATEMENTS_Y_MM, stated, SMALL_MM, WIDTH_MM)
    return shown


def _statements(result: Classification, end: str = "") -> str:
    """The statements that are findings, by name. Empty without one."""
    found = [f"{statement.name} {statement.probability:.2f}" for statement in result.statements if statement.finding]
    return f"Statements: {', '.join(found)}{end}" if found else ""


def _bar(result: Classification, label: str, row: int) -> str:
    """The label, a bar from 0 to 1 with a tick at the threshold, and both as numbers."""
    # Rounded as printed. Processors differ in later digits, and the picture must not.
    probability, threshold = (round(values[label], 3) for values in (result.probabilities, result.thresholds))
    found = label in result.findings
    left, top = BARS_LEFT_MM + BAR_LEFT_MM, HEADLINE_Y_MM - BAR_HEIGHT_MM + row * BAR_STEP_MM
    base = top + 0.8 * BAR_HEIGHT_MM
    right = left + BAR_WIDTH_MM + 2
    tick = round((left + threshold * BAR_WIDTH_MM) * PER_MM)
    return (
        words(BARS_LEFT_MM, base, label, TEXT_MM, BAR_LEFT_MM, bold=found)
        + box(left, top, BAR_WIDTH_MM, BAR_HEIGHT_MM, EMPTY)
        + box(left, top, probability * BAR_WIDTH_MM, BAR_HEIGHT_MM, ABOVE if found else BELOW)
        + box(left, top, BAR_WIDTH_MM, BAR_HEIGHT_MM, "none", INK)
        + path(f"M{tick} {round((top - 0.8) * PER_MM)}v{round((BAR_HEIGHT_MM + 1.6) * PER_MM)}", 0.5)
        + words(right, base, f"{probability:.3f}", TEXT_MM, 9, bold=found)
        + words(right + 12, base, f"threshold {threshold:.3f}", SMALL_MM, 24, ink=FAINT_INK)
    )


def _said(result: Classification) -> str:
    warnings = [f"{warning.message} ({warning.code})" for warning in result.warnings]
    return _lines(WARNINGS_LEFT_MM, HEADLINE_Y_MM - 3.5, warnings, RIGHT_MM - WARNINGS_LEFT_MM, MAX_WARNING_LINES)


def _lines(x_mm: float, y_mm: float, texts: list[str], width_mm: float, most: int) -> str:
    """Texts in small type, each starting on a new line. At most this many lines; the rest is cut."""
    lines = [line for text in texts for line in wrapped(printable(text, " "), width_mm / SMALL_MM)]
    if len(lines) > most:
        lines[most - 1] += " …"
    return "".join(
        words(x_mm, y_mm + number * LINE_MM, line, SMALL_MM, width_mm) for number, line in enumerate(lines[:most])
    )


def _leads(layout: Layout) -> str:
    leads = list(dict.fromkeys(strip.lead for strip in layout.strips if strip.note != NOT_RECORDED))
    return f"lead {leads[0]}" if len(leads) == 1 else f"{len(leads)} leads"


def _scale(layout: Layout) -> str:
    return f"{layout.speed} mm/s, {layout.gain:g} mm/mV"


def footer(recording: Recording, layout: Layout, outcome: Outcome | None) -> str:
    """Two lines. First: speed, gain, sampling rate, the part shown, the record. Second: the disclaimer, the model."""
    first, second = TOP_MM + HEIGHT_MM + 4.5, TOP_MM + HEIGHT_MM + 8.5
    made = [_leads(layout), f"{recording.fs_hz:.7g} Hz", "no filter", layout.shown]
    if layout.cut:
        made.append(f"cut off at the edge of its row: {', '.join(layout.cut)}")
    record = f"record {recording.sha256[:SHA256_DIGITS]}" if recording.sha256 else ""
    shown = (
        words(LEFT_MM, first, _scale(layout), TEXT_MM, SCALE_WIDTH_MM, bold=True)
        + words(
            LEFT_MM + SCALE_WIDTH_MM,
            first,
            " · ".join(made),
            SMALL_MM,
            RIGHT_MM - LEFT_MM - SCALE_WIDTH_MM - RECORD_WIDTH_MM,
        )
        + words(RIGHT_MM, first, record, SMALL_MM, RECORD_WIDTH_MM, anchor="end")
        + words(LEFT_MM, second, DISCLAIMER, SMALL_MM, WIDTH_MM - MODEL_WIDTH_MM)
    )
    if isinstance(outcome, Classification):
        model = f"model {printable(outcome.model.said)}"
        shown += words(RIGHT_MM, second, model, SMALL_MM, MODEL_WIDTH_MM, anchor="end")
    return shown
