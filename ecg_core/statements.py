"""The statements of an answer: which of them are shown, and which contradict the superclasses."""

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

NORMAL = "NORM"
# The values of the option `statements` of classify().
FINDINGS, ALL = "findings", "all"
SHOWN = (FINDINGS, ALL)


class Statement(NamedTuple):
    """A statement that is published for the leads of a recording, such as CLBBB.

    kind: the superclass of a diagnostic statement, else "form" or "rhythm". probability: calibrated, rounded.
    snomed: code of SNOMED CT, empty if none is known.
    """

    code: str
    name: str
    name_de: str
    kind: str
    probability: float
    threshold: float
    snomed: str = ""

    @property
    def finding(self) -> bool:
        return self.probability >= self.threshold

    def to_dict(self) -> dict[str, object]:
        return {
            "code": self.code,
            "name": self.name,
            "name_de": self.name_de,
            "kind": self.kind,
            "probability": self.probability,
            "threshold": self.threshold,
            "finding": self.finding,
        }


def in_order(published: Sequence[Statement]) -> tuple[Statement, ...]:
    """Findings first, the most probable first."""
    return tuple(sorted(published, key=lambda statement: (not statement.finding, -statement.probability)))


def selected(published: Sequence[Statement], findings: Collection[str]) -> tuple[Statement, ...]:
    """The statements that are findings; of a superclass that is a finding without one of them, its most probable one.

    findings: superclasses.
    """
    chosen = [statement for statement in published if statement.finding]
    explained = {statement.kind for statement in chosen}
    for superclass in findings:
        candidates = [statement for statement in published if statement.kind == superclass]
        if candidates and superclass not in explained:
            chosen.append(max(candidates, key=lambda statement: statement.probability))
    return in_order(chosen)


def contradicting(
    published: Sequence[Statement], probabilities: Mapping[str, float], thresholds: Mapping[str, float]
) -> tuple[Statement, ...]:
    """The diagnostic statements that are findings although their superclass is none, and that do not fit the answer.

    A statement does not fit if NORM is a finding, or if it is more probable than its superclass, which it implies.
    probabilities, thresholds: of the superclasses.
    """
    above = {name for name, probability in probabilities.items() if probability >= thresholds[name]}
    alone = [found for found in published if found.finding and found.kind in probabilities and found.kind not in above]
    return tuple(found for found in alone if NORMAL in above or found.probability > probabilities[found.kind])
