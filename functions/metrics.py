"""Numbers for CloudWatch: lines of the log in its embedded metric format, which CloudWatch also reads as metrics.

Only on Lambda, and only if METRICS is "on". A line holds counts, times and means, never an id or a key. Diagnoses and
scores are gathered over BATCH records, so no line tells what one record showed.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

import os
import time
from collections.abc import Mapping

from functions import log

NAMESPACE = "EKG"
# Records of one execution environment before their diagnoses and scores are written. The last ones, fewer than this,
# are lost when the environment ends: these numbers show shares and means, they count nothing.
BATCH = 20
LATENCY, COLD_STARTS, REFUSALS = "LatencyMs", "ColdStarts", "Refusals"
# Of a second model: see shadow.py. Agreement is 1 or 0 for a record, difference the largest one of its probabilities.
SHADOW_AGREEMENT, SHADOW_DIFFERENCE = "ShadowAgreement", "ShadowDifference"
SHADOW_MS, SHADOW_ERRORS = "ShadowMs", "ShadowErrors"
# Dimensions, and fields of the line with the same names.
FUNCTION, CODE = "function", "code"
WITHOUT = "none"
_UNITS = {LATENCY: "Milliseconds", SHADOW_MS: "Milliseconds", SHADOW_AGREEMENT: "None", SHADOW_DIFFERENCE: "None"}


class Metrics:
    """function: the name of the Lambda function. None: nothing is written."""

    def __init__(self, function: str | None) -> None:
        self._function = function
        self._cold = True
        self._batch: list[tuple[str, Mapping[str, float]]] = []

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Metrics":
        return cls(environment.get("AWS_LAMBDA_FUNCTION_NAME") if environment.get("METRICS") == "on" else None)

    @property
    def written(self) -> bool:
        return self._function is not None

    def worked(self, ms: float, code: str | None) -> None:
        """After a request for a diagnosis, or a record of the drop. code: of a refusal."""
        numbers: dict[str, float] = {LATENCY: ms}
        if self._cold:
            numbers[COLD_STARTS] = 1
            self._cold = False
        self._write(numbers, code)

    def refused(self, code: str) -> None:
        """After the refusal of any other request."""
        self._write({}, code)

    def classified(self, diagnosis: str | None, probabilities: Mapping[str, float]) -> None:
        """After each result."""
        if not self._function:
            return
        self._batch.append((diagnosis or WITHOUT, probabilities))
        if len(self._batch) < BATCH:
            return
        batch, self._batch = self._batch, []
        diagnoses = [label for label, _ in batch]
        numbers: dict[str, float] = {answers(label): diagnoses.count(label) for label in sorted(set(diagnoses))}
        for label in probabilities:
            numbers[score(label)] = round(sum(scores[label] for _, scores in batch) / BATCH, 4)
        self._write(numbers)

    def shadow_compared(self, agrees: bool, difference: float | None, ms: float) -> None:
        """After the second model's answer. difference: None if it refuses the record."""
        numbers: dict[str, float] = {SHADOW_AGREEMENT: int(agrees), SHADOW_MS: round(ms, 2)}
        if difference is not None:
            numbers[SHADOW_DIFFERENCE] = round(difference, 4)
        self._write(numbers)

    def shadow_failed(self) -> None:
        """After a fault of the second model, or if it was too slow."""
        self._write({SHADOW_ERRORS: 1})

    def _write(self, numbers: dict[str, float], code: str | None = None) -> None:
        if not self._function:
            return
        fields: dict[str, object] = {FUNCTION: self._function, **numbers}
        directives = [_directive([FUNCTION], numbers)] if numbers else []
        if code:
            fields |= {CODE: code, REFUSALS: 1}
            directives.append(_directive([FUNCTION, CODE], {REFUSALS: 1}))
        log.line("metrics", _aws={"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": directives}, **fields)


def answers(label: str) -> str:
    """The name of the metric: how many records of a batch have this diagnosis."""
    return f"Answers.{label}"


def score(label: str) -> str:
    """The name of the metric: the mean probability of this class over a batch."""
    return f"Score.{label}"


def _directive(dimensions: list[str], numbers: Mapping[str, float]) -> dict[str, object]:
    named = [{"Name": name, "Unit": _UNITS.get(name, "None" if "Score" in name else "Count")} for name in numbers]
    return {"Namespace": NAMESPACE, "Dimensions": [dimensions], "Metrics": named}


metrics = Metrics.of()
