"""BDF and BDF+ files: EDF with 24-bit samples."""

from ecg_core.readers.edf.header import BDF_VERSION
from ecg_core.readers.edf.reader import open_signals, read_as
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

__all__ = ["open_signals", "read", "sniff"]


def sniff(data: bytes) -> bool:
    return data.startswith(BDF_VERSION)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a BDF file. Raises what EdfSignals raises, and FileTooLarge."""
    return read_as("bdf", name, bundle, options)
