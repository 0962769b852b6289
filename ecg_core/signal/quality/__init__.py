"""Is a recording good enough to classify? Refusals are EcgErrors, warnings are Notices. Both have stable codes."""

from ecg_core.signal.quality.recording import FLAT_MV, usable
from ecg_core.signal.quality.windows import judge, unreadable

__all__ = ["FLAT_MV", "judge", "unreadable", "usable"]
