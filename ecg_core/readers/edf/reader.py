"""EDF and EDF+ files."""

import hashlib
import re

from ecg_core.readers import signals
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.edf.header import CHANNEL_BYTES, EDF_VERSION, FIXED_BYTES, number
from ecg_core.readers.edf.signals import EdfSignals
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.source import Bytes, Source
from ecg_core.recording import Recording

# The fields of numbers: size of the header, records, duration of a record, channels. One of them may be damaged.
_NUMBERS = ((184, 192), (236, 244), (244, 252), (252, 256))
_DATE = re.compile(rb"\d\d[.\-/:]\d\d[.\-/:]\d\d")


def sniff(data: bytes) -> bool:
    """Whether the version is that of EDF, and numbers stand where EDF has them. A table of numbers has neither mark."""
    fixed = data[:FIXED_BYTES]
    if len(fixed) < FIXED_BYTES or fixed[:8].replace(b"\0", b" ") != EDF_VERSION or b"\n" in fixed[168:]:
        return False
    numbers = [number(fixed[start:stop], Corrections()) for start, stop in _NUMBERS]
    size, *_, channels = numbers
    marked = fixed[192:195] == b"EDF" or _DATE.match(fixed[168:176]) or size == CHANNEL_BYTES * ((channels or 0) + 1)
    return bool(marked) and numbers.count(None) <= 1


def open_signals(source: Source, options: Options) -> EdfSignals:
    """The leads of a file, read piece by piece. Raises what EdfSignals raises."""
    return EdfSignals(source, options)


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in an EDF or BDF file. Raises what EdfSignals raises, and FileTooLarge."""
    leads = open_signals(Bytes(bundle[name]), options)
    bundle.budget.spend_samples(leads.recorded * len(leads.leads))
    return signals.whole(leads, hashlib.sha256(bundle[name]).hexdigest())
