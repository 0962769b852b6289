"""Recording -> heart rate, rhythm, PR, QRS, QT, axis, and R, S and ST of each lead."""

from ecg_core.measurements.measure import measure
from ecg_core.measurements.result import LeadMeasurements, Measurements

__all__ = ["LeadMeasurements", "Measurements", "measure"]
