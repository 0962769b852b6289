"""Long recordings: a file that is not in memory is read from its windows, by random access."""

from typing import Protocol, cast

from ecg_core.readers.options import Options
from ecg_core.readers.records import too_large
from ecg_core.readers.registry import Reader
from ecg_core.readers.signals import Signals, whole
from ecg_core.readers.source import LARGE, digest
from ecg_core.recording import Recording, Source


class LayoutReader(Protocol):
    """The module of a format with a fixed layout."""

    def open_signals(self, source: Source, options: Options) -> Signals:
        """The leads of a file. Raises EcgError."""


def read_large(reader: Reader, source: Source, options: Options) -> Recording:
    """The recording in a file that is not in memory. Raises FileTooLarge unless its format has a fixed layout."""
    if not hasattr(reader, "open_signals"):
        raise too_large()
    signals = cast("LayoutReader", reader).open_signals(source, options)
    signals.corrections.add(LARGE)
    return whole(signals, digest(source))
