"""An ECG file in, calibrated probabilities of NORM, CD and STTC out. Research use only, no medical device.

The names in __all__ are public: they keep their meaning within a major version. Nothing else is promised; it may change
in any release.
"""

from ecg_core.classification import Classification
from ecg_core.errors import EcgError
from ecg_core.model.classifier import Classifier, classify
from ecg_core.readers import read
from ecg_core.recording import Recording

__version__ = "1.0.0"

__all__ = ["Classification", "Classifier", "EcgError", "Recording", "classify", "read"]
