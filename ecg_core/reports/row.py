"""An outcome as a row of a table: CSV after RFC 4180, in UTF-8. No cell can be a formula of a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping

from ecg_core.classification import DIAGNOSES, OTHER_ABNORMALITIES
from ecg_core.errors import EcgError
from ecg_core.reports.text import Outcome, printable

Cell = str | int | float | None

CLASSIFIED, REFUSED = "classified", "refused"
MEASUREMENTS = ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "qtc_ms", "axis_deg")
# The columns of an outcome. Codes, leads and corrections of one cell are separated by SEPARATORS.
COLUMNS = (
    *("outcome", "code", "diagnosis", "probability", "findings"),
    *(f"{kind}_{name}" for name in DIAGNOSES for kind in ("probability", "threshold")),
    *(f"probability_{name}" for name in OTHER_ABNORMALITIES),
    *("statements", *MEASUREMENTS, "warnings"),
    *("format", "leads", "fs_hz", "duration_s", "windows", "corrections", "sha256"),
)
BETWEEN_CODES, BETWEEN_SENTENCES = " ", " | "
END = "\r\n"
# A spreadsheet takes text that begins with one of these for a formula. The apostrophe is here so that no two texts
# become the same cell.
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠", "'")
# In some countries a spreadsheet takes it for the end of a cell, even inside quotes.
_OTHER_SEPARATOR = ";"


def row(outcome: Outcome) -> dict[str, Cell]:
    """A cell for each of COLUMNS. None: the outcome does not say it."""
    cells: dict[str, Cell] = dict.fromkeys(COLUMNS)
    if isinstance(outcome, EcgError):
        return {**cells, "outcome": REFUSED, "code": outcome.code}
    said = outcome.to_dict()
    measured, statements = said.get("measurements"), said.get("statements")
    return {
        **cells,
        "outcome": CLASSIFIED,
        "diagnosis": outcome.diagnosis,
        "probability": outcome.probability,
        "findings": BETWEEN_CODES.join(outcome.findings),
        **{f"probability_{name}": value for name, value in outcome.probabilities.items()},
        **{f"threshold_{name}": outcome.thresholds[name] for name in DIAGNOSES},
        "statements": BETWEEN_CODES.join(_found(statements)) if isinstance(statements, list) else None,
        **({name: measured.get(name) for name in MEASUREMENTS} if isinstance(measured, Mapping) else {}),
        "warnings": BETWEEN_CODES.join(warning.code for warning in outcome.warnings),
        "format": outcome.recording.format,
        "leads": BETWEEN_CODES.join(outcome.leads),
        "fs_hz": round(outcome.recording.fs_hz, 3),
        "duration_s": round(outcome.recording.duration_s, 3),
        "windows": outcome.windows,
        "corrections": BETWEEN_SENTENCES.join(outcome.corrections),
        "sha256": outcome.recording.sha256,
    }


def _found(statements: Iterable[Mapping[str, object]]) -> list[str]:
    """The codes of the statements that are at or above their thresholds."""
    return [str(statement["code"]) for statement in statements if statement["finding"]]


def line(cells: Iterable[Cell]) -> bytes:
    """The cells as one line, also where a text has line ends."""
    out = io.StringIO()
    csv.writer(out, lineterminator=END).writerow([cell_text(cell) for cell in cells])
    return out.getvalue().encode()


def cell_text(cell: Cell) -> str:
    """A number as Python writes it, so that nothing is lost; None as nothing; text so that it is no formula."""
    if not isinstance(cell, str):
        return "" if cell is None else repr(cell)
    text = printable(cell, " ").replace(_OTHER_SEPARATOR, ",")
    return "'" + text if text.lstrip().startswith(_FORMULA) else text


def path_text(path: str) -> str:
    """A path in printable characters. Different paths give different texts: a backslash is written twice.

    A file name may hold line ends, and bytes that are no UTF-8.
    """
    if path.isprintable() and "\\" not in path and _OTHER_SEPARATOR not in path:
        return path
    plain = set(path) - {"\\", _OTHER_SEPARATOR}
    return "".join(c if c in plain and c.isprintable() else _escaped(c) for c in path)


def _escaped(character: str) -> str:
    code = ord(character)
    if character == "\\":
        return "\\\\"
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
