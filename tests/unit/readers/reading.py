"""Each reader on its own, without the search for the one record."""

from collections.abc import Mapping

from ecg_core.readers import apple
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.table import reader as table
from ecg_core.readers.wfdb import reader as wfdb
from ecg_core.recording import Recording


def read_table(name: str, data: bytes, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    return table.read(name, Bundle({name: data}), Options(fs_hz, units))


def read_apple(name: str, data: bytes, *, fs_hz: float | None = None, units: str | None = None) -> Recording:
    return apple.read(name, Bundle({name: data}), Options(fs_hz, units))


def read_wfdb(
    header: str, files: Mapping[str, bytes], *, fs_hz: float | None = None, units: str | None = None
) -> Recording:
    return wfdb.read(header, Bundle(files), Options(fs_hz, units))
