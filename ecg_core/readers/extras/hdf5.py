"""HDF5 files and MATLAB files of version 7.3 (extra "hdf5", package pyfive): the one array that is an ECG.

Groups, attributes and MATLAB's structs become the tree of values that other files of arrays have too. What they state
beside the array (rate, unit, names) counts by the same rules.
"""

import hashlib
import logging
import warnings

from ecg_core.errors import EcgError, HeaderInvalid, UnsupportedFormat
from ecg_core.readers.arrays.channels import recording_of
from ecg_core.readers.extras import missing
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.recording import Recording

MAGIC = b"\x89HDF\r\n\x1a\n"
# MATLAB writes its own header before the HDF5 file.
MATLAB, MATLAB_BYTES = b"MATLAB 7.3", 512
_INSTEAD = "Save the samples as CSV, or as an array of NumPy or MATLAB 7 (-v7)."


def sniff(data: bytes) -> bool:
    return data.startswith(MAGIC) or (data.startswith(MATLAB) and data.startswith(MAGIC, MATLAB_BYTES))


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The ECG among the arrays of the file.

    Raises UnsupportedFormat, HeaderInvalid, SignalTruncated, SignalInvalid, ChecksumMismatch, FileTooLarge,
    SeveralRecords, NoEcgLeads, DuplicateLeads, SamplingRateUnknown, SamplingRateOutOfRange, UnitsUnknown.
    """
    data = bundle[name]
    kind = "a MATLAB file of version 7.3" if data.startswith(MATLAB) else "an HDF5 file"
    try:
        from ecg_core.readers.extras import tree
    except ImportError:
        raise missing(kind, "hdf5", _INSTEAD) from None
    # pyfive prints names of the file in warnings and log lines.
    warnings.filterwarnings("ignore", module="pyfive")
    logging.getLogger("pyfive").setLevel(logging.ERROR)
    try:
        values = tree.values_of(data, MATLAB_BYTES if data.startswith(MATLAB) else 0)
    except EcgError:
        raise
    except (NotImplementedError, RuntimeError, AssertionError):
        raise UnsupportedFormat(
            f"This is {kind} with links or storage that are not read, such as links to other files.", _INSTEAD
        ) from None
    except Exception:
        # pyfive checks little: a damaged file ends in an error of any kind.
        raise HeaderInvalid(f"This is {kind}, and it is damaged.", "Write it again.") from None
    return recording_of(values, options, bundle.budget, "hdf5", hashlib.sha256(data).hexdigest())
