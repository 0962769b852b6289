"""Finds the records that paths on a disk name. Each record is read only when its turn comes."""

import os
import stat
import sys
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid, UnsupportedFormat
from ecg_core.readers import names, records
from ecg_core.readers.source import FileSource
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header
from ecg_core.recording import MAX_BYTES, Source

STDIN = "-"


@dataclass(frozen=True)
class Input:
    """shown: its name in the output. paths: the record's files, header first. refusal: an error of the search."""

    shown: str
    paths: tuple[Path, ...]
    refusal: EcgError | None = None

    def files(self) -> dict[str, bytes | Source]:
        """The files by name. Those that would exceed MAX_BYTES are not loaded.

        Raises FileTooLarge, UnsupportedFormat or the refusal.
        """
        if self.refusal:
            raise self.refusal
        if self.shown == STDIN:
            return {STDIN: _bounded(sys.stdin.buffer, MAX_BYTES)}
        files: dict[str, bytes | Source] = {}
        left = MAX_BYTES
        for path in self.paths:
            if large := _large(path, left):
                files[path.name] = large
            else:
                files[path.name] = data = read_bounded(path, left)
                left -= len(data)
        return files


def _large(path: Path, limit: int) -> FileSource | None:
    """A regular file above the limit."""
    with suppress(OSError):
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size > limit:
            return FileSource(path)
    return None


def read_bounded(path: Path, limit: int = MAX_BYTES) -> bytes:
    """The bytes of a file. Raises UnsupportedFormat, and FileTooLarge before it reads more than the limit."""
    try:
        # Without O_NONBLOCK, opening a named pipe waits for a writer without end. Windows has no such pipes.
        flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        with open(os.open(path, flags), "rb") as file:  # noqa: PTH123
            return _bounded(file, limit)
    except OSError as error:
        raise UnsupportedFormat("The file cannot be read.", "Check the path and your permission to read it.") from error


def _bounded(file: BinaryIO, limit: int) -> bytes:
    data = file.read(limit + 1)
    if len(data) > limit:
        raise too_large()
    return data


def too_large() -> FileTooLarge:
    """The error for a record whose files were not read to their end."""
    return FileTooLarge(f"The record's files are larger than {MAX_BYTES // 1_000_000} MB.")


def find_inputs(paths: Iterable[str]) -> list[Input]:
    """The records that the paths name, in order.

    A path is a file, a WFDB name without extension, a folder, or "-" for standard input.

    Several files of one WFDB record are one input. Any other path that occurs twice is answered twice.
    """
    found: list[Input] = []
    seen: set[tuple[Path, ...]] = set()
    listed: dict[Path, names.Listing] = {}
    for path in paths:
        for item in _inputs_of(path, listed):
            is_record = bool(item.paths) and names.is_header(item.paths[0].name)
            if not (is_record and item.paths in seen):
                found.append(item)
            seen.add(item.paths)
    return found


def _inputs_of(shown: str, listed: dict[Path, names.Listing]) -> Sequence[Input]:
    if shown == STDIN:
        return [Input(shown, ())]
    path = Path(shown)
    try:
        if shown and path.is_dir():
            found = _inputs_in(path)
            return found or [Input(shown, (), UnsupportedFormat("No record was found in this folder."))]
        header = path.with_name(path.name + names.HEADER_SUFFIX) if path.name else path
        path = header if header.is_file() and not path.exists() else path
        exists = bool(shown) and path.exists()
    except (OSError, ValueError):
        exists = False
    if not exists:
        return [Input(shown, (), UnsupportedFormat("No such file.", "Check the path."))]
    folder = path.parent
    if folder not in listed:
        listed[folder] = names.Listing(os.listdir(folder))
    if names.is_header(path.name):
        return [_record(shown, path, listed[folder])]
    header_name = names.find(names.header_beside(path.name), listed[folder])
    if header_name is None:
        return [Input(shown, (path,))]
    owner = _record(shown, folder / header_name, listed[folder])
    return [owner if path in owner.paths else Input(shown, (path,))]


def _record(shown: str, header: Path, siblings: names.Listing) -> Input:
    folder = header.parent
    try:
        group = records.record(header.name, siblings, lambda name: _header(folder / name))
    except HeaderInvalid:
        # The header is broken. Reading it alone gives the error message.
        return Input(shown, (header,))
    return Input(shown, tuple(folder / name for name in group.names))


def _inputs_in(folder: Path) -> list[Input]:
    found = [
        (Path(place) / name).relative_to(folder).as_posix()
        for place, _, files in sorted(os.walk(folder))
        for name in sorted(files)
    ]
    groups = records.group(names.Listing(found), lambda name: _header(folder / name))
    return [Input(str(folder / group.names[0]), tuple(folder / name for name in group.names)) for group in groups]


def _header(path: Path) -> Header:
    """Raises HeaderInvalid."""
    try:
        return Header(read_bounded(path, MAX_HEADER_BYTES))
    except HeaderInvalid:
        raise
    except EcgError as error:
        raise HeaderInvalid("The header is too large or cannot be read.") from error
