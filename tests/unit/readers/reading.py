"""Calls each reader directly, without the search for the record among the files."""

from collections.abc import Mapping
from typing import Any

from ecg_core.readers import apple
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.table import reader as table
from ecg_core.readers.wfdb import reader as wfdb
from ecg_core.recording import Recording


def read_table(name: str, data: bytes, **options: Any) -> Recording:
    return table.read(name, Bundle({name: data}), Options(**options))


def read_apple(name: str, data: bytes, **options: Any) -> Recording:
    return apple.read(name, Bundle({name: data}), Options(**options))


def read_wfdb(header: str, files: Mapping[str, bytes], **options: Any) -> Recording:
    return wfdb.read(header, Bundle(files), Options(**options))
