"""BDF and BDF+ files: EDF with 24-bit samples."""

from ecg_core.readers.edf.header import BDF_VERSION
from ecg_core.readers.edf.reader import open_signals, read

__all__ = ["open_signals", "read", "sniff"]


def sniff(data: bytes) -> bool:
    return data.startswith(BDF_VERSION)
