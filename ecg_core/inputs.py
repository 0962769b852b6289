"""Paths on a disk -> the records to classify, each read when its turn comes."""

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ecg_core import records
from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid, RecordIncomplete, UnsupportedFormat
from ecg_core.recording import MAX_BYTES


@dataclass(frozen=True)
class Input:
    """shown: what to call it. paths: the record's files, its header first. missing: how many of them are not there."""

    shown: str
    paths: tuple[Path, ...]
    missing: int = 0
    refusal: EcgError | None = None

    def files(self) -> dict[str, bytes]:
        """Raises RecordIncomplete, FileTooLarge, UnsupportedFormat or what was found wrong on the way here."""
        if self.refusal:
            raise self.refusal
        if self.missing:
            raise RecordIncomplete(f"{self.missing} of the files that the header names are not there.")
        files = {}
        left = MAX_BYTES
        for path in self.paths:
            data = read_bounded(path, left)
            left -= len(data)
            files[path.name] = data
        return files


def read_bounded(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a regular file. Raises FileTooLarge before reading more than the limit, UnsupportedFormat."""
    try:
        # Without O_NONBLOCK a named pipe would wait for a writer for ever.
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:  # noqa: PTH123
            data = file.read(limit + 1)
    except OSError as error:
        raise UnsupportedFormat("The file cannot be read.", "Check the path and your permission to read it.") from error
    if len(data) > limit:
        raise FileTooLarge(f"The record's files are larger than {MAX_BYTES // 1_000_000} MB.")
    return data


def find_inputs(paths: Iterable[Path]) -> list[Input]:
    """The records that the paths name, in order, each once: files, WFDB names without extension, folders."""
    found: dict[tuple[Path, ...], Input] = {}
    listed: dict[Path, Mapping[str, str]] = {}
    for path in paths:
        for item in _inputs_of(path, listed):
            found.setdefault(item.paths or (path,), item)
    return list(found.values())


def _inputs_of(path: Path, listed: dict[Path, Mapping[str, str]]) -> Sequence[Input]:
    if path.is_dir():
        return _inputs_in(path) or [
            Input(str(path), (), refusal=UnsupportedFormat("No record was found in this folder."))
        ]
    header = path.with_name(path.name + records.HEADER_SUFFIX)
    if not path.exists() and header.is_file():
        path = header
    if not path.is_file():
        return [Input(str(path), (), refusal=UnsupportedFormat("No such file.", "Check the path."))]
    folder = path.parent
    if folder not in listed:
        listed[folder] = records.index(os.listdir(folder))
    if records.is_header(path.name):
        return [_record(path, listed[folder])]
    header_name = records.find(records.split(path.name)[1] + records.HEADER_SUFFIX, listed[folder])
    if header_name is None:
        return [Input(str(path), (path,))]
    owner = _record(folder / header_name, listed[folder])
    return [owner if path in owner.paths else Input(str(path), (path,))]


def _record(header: Path, siblings: Mapping[str, str]) -> Input:
    folder = header.parent
    try:
        group = records.record(header.name, siblings, lambda name: _header(folder / name))
    except EcgError as error:
        return Input(str(header), (header,), refusal=error)
    return Input(str(header), tuple(folder / name for name in group.names), len(group.missing))


def _inputs_in(folder: Path) -> list[Input]:
    names = [
        (Path(place) / name).relative_to(folder).as_posix()
        for place, _, files in sorted(os.walk(folder))
        for name in sorted(files)
    ]
    groups = records.group(names, lambda name: _header(folder / name))
    return [
        Input(str(folder / group.names[0]), tuple(folder / name for name in group.names), len(group.missing))
        for group in groups
    ]


def _header(path: Path) -> bytes:
    try:
        return read_bounded(path, records.MAX_HEADER_BYTES)
    except EcgError as error:
        raise HeaderInvalid("The header is too large or cannot be read.") from error
