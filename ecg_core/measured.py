"""What is measured on an ECG: rate, rhythm, intervals, axis, amplitudes. The JSON form of it."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field

QTC_FORMULA = "Fridericia"
REGULAR, IRREGULAR = "regular", "irregular"


@dataclass(frozen=True)
class LeadMeasurements:
    """In mV, of the usual beat, against the baseline just before QRS.

    r_mv: height of the highest point of QRS, 0 without an R wave. s_mv: depth of the lowest point after it, 0 without
    an S wave. Without an R wave, s_mv is the depth of QRS (a QS wave). st_mv: the level 60 ms after the end of QRS.
    """

    r_mv: float
    s_mv: float
    st_mv: float

    def to_dict(self) -> dict[str, float]:
        return {"r_mv": self.r_mv, "s_mv": self.s_mv, "st_mv": self.st_mv}


@dataclass(frozen=True)
class Measurements:
    """None: this could not be measured. Intervals in ms are those of all leads together, of the usual beat.

    heart_rate_bpm: ventricular, from the mean RR interval. rhythm: REGULAR or IRREGULAR, from the typical change from
    one RR interval to the next. qtc_ms: QT / RR^(1/3), with the mean RR interval in seconds. axis_deg: of QRS in the
    frontal plane, above -180 to 180. leads: also the limb leads that follow from two others; empty if QRS could not be
    measured.
    """

    heart_rate_bpm: int | None = None
    rhythm: str | None = None
    pr_ms: int | None = None
    qrs_ms: int | None = None
    qt_ms: int | None = None
    qtc_ms: int | None = None
    axis_deg: int | None = None
    leads: Mapping[str, LeadMeasurements] = field(default_factory=dict)

    @property
    def said(self) -> str:
        """One line for people, without what could not be measured: "71/min, regular, PR 164 ms, QRS 98 ms, ..."."""
        rate = "" if self.heart_rate_bpm is None else f"{self.heart_rate_bpm}/min"
        intervals = [("PR", self.pr_ms), ("QRS", self.qrs_ms), ("QT", self.qt_ms)]
        parts = [rate, self.rhythm or "", *(f"{name} {ms} ms" for name, ms in intervals if ms is not None)]
        parts.append("" if self.qtc_ms is None else f"QTc {self.qtc_ms} ms ({QTC_FORMULA})")
        parts.append("" if self.axis_deg is None else f"axis {self.axis_deg}°")
        return ", ".join(filter(None, parts))

    def to_dict(self) -> dict[str, object]:
        return {
            "heart_rate_bpm": self.heart_rate_bpm,
            "rhythm": self.rhythm,
            "pr_ms": self.pr_ms,
            "qrs_ms": self.qrs_ms,
            "qt_ms": self.qt_ms,
            "qtc_ms": self.qtc_ms,
            "qtc_formula": QTC_FORMULA,
            "axis_deg": self.axis_deg,
            "leads": {name: lead.to_dict() for name, lead in self.leads.items()},
        }


@dataclass(frozen=True)
class Rule:
    """A statement needs a measurement within these limits. They are wide: only a clear contradiction is reported."""

    code: str
    name: str
    unit: str
    value: Callable[[Measurements], int | None]
    least: int = -1_000
    most: int = 10_000


# The definitions: a first degree block has a PR interval above 200 ms, a complete bundle branch block a QRS complex of
# 120 ms or more, bradycardia is below 60 and tachycardia above 100 a minute.
RULES = (
    Rule("1AVB", "PR", "ms", lambda measured: measured.pr_ms, least=180),
    Rule("LPR", "PR", "ms", lambda measured: measured.pr_ms, least=180),
    Rule("CLBBB", "QRS", "ms", lambda measured: measured.qrs_ms, least=108),
    Rule("CRBBB", "QRS", "ms", lambda measured: measured.qrs_ms, least=104),
    Rule("STACH", "rate", "/min", lambda measured: measured.heart_rate_bpm, least=92),
    Rule("SBRAD", "rate", "/min", lambda measured: measured.heart_rate_bpm, most=66),
)


def disagreeing(codes: Collection[str], measured: Measurements) -> list[str]:
    """The statements that a measurement contradicts, each with it: "1AVB with PR 150 ms"."""
    return [
        f"{rule.code} with {rule.name} {value} {rule.unit}".replace(" /min", "/min")
        for rule in RULES
        if rule.code in codes and (value := rule.value(measured)) is not None and not rule.least <= value <= rule.most
    ]
