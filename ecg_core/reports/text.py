"""An outcome as a line of JSON or as text for a person."""

import json

from ecg_core.classification import DIAGNOSES, DISCLAIMER, NAMES, Classification, Explanation
from ecg_core.errors import EcgError
from ecg_core.statements import Statement

Outcome = Classification | EcgError

BAR_WIDTH = 30
# Show at most MOST leads and segments, none with less evidence than LEAST: it changes a probability by less than 0.02.
MOST, LEAST = 4, 0.05


def json_line(outcome: Outcome, **before: object) -> bytes:
    """to_json() and a line end. before: fields that come first in the object; None is left out."""
    body = outcome.to_json()
    fields = {name: value for name, value in before.items() if value is not None}
    return (json.dumps(fields).encode()[:-1] + b", " + body[1:] if fields else body) + b"\n"


def printable(text: str, instead: str = "?") -> str:
    """The text with every unprintable character replaced: control characters, and what XML cannot hold."""
    return text if text.isprintable() else "".join(c if c.isprintable() else instead for c in text)


def answer_text(outcome: Outcome, path: str | None = None) -> str:
    """A result: diagnosis, three bars, statements, warnings. A refusal: its message and hint."""
    head = [printable(path)] if path else []
    if isinstance(outcome, EcgError):
        return "\n".join([*head, f"  refused: {outcome.message}", f"  {outcome.hint} ({outcome.code})", ""])
    if outcome.diagnosis:
        head.append(f"  {outcome.diagnosis}  {NAMES[outcome.diagnosis]}, probability {outcome.probability:.3f}")
        if len(outcome.findings) > 1:
            head.append(f"  also above its threshold: {', '.join(outcome.findings[1:])}")
    else:
        head.append("  no diagnosis")
    stated = [_statement(statement) for statement in outcome.statements]
    measured = [f"  {outcome.measurements.said}"] if outcome.measurements.said else []
    looked = _looked(outcome.explanation) if outcome.explanation else []
    bars = [_bar(outcome, label) for label in DIAGNOSES]
    said = [f"  ! {warning.message} ({warning.code})" for warning in outcome.warnings]
    expected = outcome.expected_performance
    if expected:
        prefix = "at least " if expected.at_least else ""
        said.append(f"  expected with these leads ({expected.lead_set}): AUC {prefix}{expected.areas}")
    if local := outcome.model.calibration:
        said.append(f"  calibration: {printable(local.said)}, for {', '.join(local.classes) or 'none of the classes'}")
    return "\n".join([*head, "", *bars, "", *stated, *measured, *looked, *said, f"  {DISCLAIMER}", ""])


def _statement(statement: Statement) -> str:
    below = "" if statement.finding else ", below its threshold"
    return f"  {statement.code:8}{statement.name} {statement.probability:.3f}{below}"


def _looked(explanation: Explanation) -> list[str]:
    start_s, end_s = explanation.window_s
    most = [cell for cell in explanation.cells[:MOST] if cell[0] >= LEAST]
    spoken = ", ".join(f"{lead} {segment} {value:+.2f}" for value, lead, segment in most) or "nothing"
    return [
        f"  speaks most for {explanation.about}, {start_s:g} to {end_s:g} s: {spoken}",
        "  (log-odds; where the network looks, not why)",
    ]


def _bar(outcome: Classification, label: str) -> str:
    probability, threshold = outcome.probabilities[label], outcome.thresholds[label]
    filled = round(probability * BAR_WIDTH)
    cells = ["█"] * filled + ["·"] * (BAR_WIDTH - filled)
    place = min(round(threshold * BAR_WIDTH), BAR_WIDTH - 1)
    cells[place] = "┃"
    mark = "  above its threshold" if label in outcome.findings else ""
    return f"  {label:5}{''.join(cells)} {probability:.3f}{mark}"
