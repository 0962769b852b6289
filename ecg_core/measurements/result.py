"""The result of a measurement, and its JSON form."""

from collections.abc import Mapping
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
