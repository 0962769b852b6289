"""What an answer says, in sentences: the diagnosis, other findings, statements."""

from collections.abc import Iterator

from ecg_core.classification import NAMES, OTHER_ABNORMALITIES, Classification


def conclusion(result: Classification) -> Iterator[str]:
    """The diagnosis, or that there is none; other classes above their thresholds; statements that are findings."""
    others = [name for name in OTHER_ABNORMALITIES if result.probabilities[name] >= result.thresholds[name]]
    above = [name for name in (*result.findings, *others) if name != result.diagnosis]
    yield f"Diagnosis: {_said(result, result.diagnosis)}." if result.diagnosis else "No diagnosis."
    if above:
        yield f"Above the threshold: {'; '.join(_said(result, name) for name in above)}."
    if stated := [statement for statement in result.statements if statement.finding]:
        named = (f"{found.name} ({found.code}), probability {found.probability:.4f}" for found in stated)
        yield f"Statements: {'; '.join(named)}."


def _said(result: Classification, name: str) -> str:
    return f"{NAMES[name]} ({name}), probability {result.probabilities[name]:.4f}"
