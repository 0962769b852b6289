"""Recording -> heart rate, rhythm, PR, QRS, QT, axis, and R, S and ST of each lead; marks of the waves in each beat."""

from ecg_core.measured import LeadMeasurements, Measurements
from ecg_core.measurements.measure import measure

__all__ = ["LeadMeasurements", "Measurements", "measure"]
