"""Finds the records that paths on a disk name. Each record is read only when its turn comes."""

import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import BinaryIO

from ecg_core.errors import EcgError, HeaderInvalid, UnsupportedFormat
from ecg_core.readers import names, records
from ecg_core.readers.source import FileSource
from ecg_core.readers.wfdb.header import MAX_HEADER_BYTES, Header
from ecg_core.recording import MAX_BYTES, Source

STDIN = "-"
# Folders whose names are kept while paths of several folders are looked up.
MAX_LISTINGS = 64


@dataclass(frozen=True)
class Input:
    """shown: its name in the output. paths: the record's files, header first. refusal: an error of the search.

    within: the name of its first file in the folder that was given, with "/" between folders. For a path that was given
    itself: this path. Empty for a record without files.
    """

    shown: str
    paths: tuple[Path, ...]
    refusal: EcgError | None = None
    within: str = ""

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
        raise records.too_large()
    return data


def find_inputs(paths: Iterable[str]) -> list[Input]:
    """The records that the paths name, in order.

    A path is a file, a WFDB name without extension, a folder, or "-" for standard input.

    Several files of one WFDB record are one input. Any other path that occurs twice is answered twice.
    """
    return list(each_input(paths))


def each_input(paths: Iterable[str]) -> Iterator[Input]:
    """find_inputs(), one after the other. At any time it holds the names of few folders, and 16 bytes of each record.

    A folder is searched before the folders within it. In a folder, records with a header come first.
    """
    seen: set[bytes] = set()
    listed = lru_cache(MAX_LISTINGS)(_listing)
    for path in paths:
        for item in _inputs_of(path, listed):
            if item.paths and names.is_header(item.paths[0].name):
                record = blake2b(b"\0".join(map(os.fsencode, item.paths)), digest_size=16).digest()
                if record in seen:
                    continue
                seen.add(record)
            yield item


def _listing(folder: Path) -> names.Listing:
    return names.Listing(os.listdir(folder))


def _inputs_of(shown: str, listed: Callable[[Path], names.Listing]) -> Iterator[Input]:
    if shown == STDIN:
        yield Input(shown, ())
        return
    path = Path(shown)
    try:
        if shown and path.is_dir():
            yield from _inputs_in(path)
            return
        header = path.with_name(path.name + names.HEADER_SUFFIX) if path.name else path
        path = header if header.is_file() and not path.exists() else path
        exists = bool(shown) and path.exists()
    except (OSError, ValueError):
        exists = False
    yield (
        _input_at(shown, path, listed)
        if exists
        else Input(shown, (), UnsupportedFormat("No such file.", "Check the path."))
    )


def _input_at(shown: str, path: Path, listed: Callable[[Path], names.Listing]) -> Input:
    folder, single = path.parent, Input(shown, (path,), within=path.as_posix())
    if names.is_header(path.name):
        return _record(shown, path, listed(folder))
    header_name = names.find(names.header_beside(path.name), listed(folder))
    if header_name is None:
        return single
    owner = _record(shown, folder / header_name, listed(folder))
    return owner if path in owner.paths else single


def _record(shown: str, header: Path, siblings: names.Listing) -> Input:
    folder = header.parent
    try:
        group = records.record(header.name, siblings, lambda name: _header(folder / name))
    except HeaderInvalid:
        # The header is broken. Reading it alone gives the error message.
        return Input(shown, (header,), within=header.as_posix())
    return Input(shown, tuple(folder / name for name in group.names), within=header.as_posix())


def _inputs_in(folder: Path) -> Iterator[Input]:
    beside = names.Beside.of(name for found in _names_in(folder) for name in found)
    empty = True
    for found in _names_in(folder):
        for group in records.group(names.Listing(found, beside), lambda name: _header(folder / name)):
            empty = False
            first = folder / group.names[0]
            yield Input(str(first), tuple(folder / name for name in group.names), within=group.names[0])
    if empty:
        yield Input(str(folder), (), UnsupportedFormat("No record was found in this folder."))


def _names_in(folder: Path) -> Iterator[list[str]]:
    """For each folder of the tree: the names of its files, relative to the tree."""
    for place, folders, files in os.walk(folder):
        folders.sort()
        # Once for each folder: for each name, pathlib would take a tenth of the time of the search.
        within = Path(place).relative_to(folder).as_posix()
        yield [name if within == "." else f"{within}/{name}" for name in sorted(files)]


def _header(path: Path) -> Header:
    """Raises HeaderInvalid."""
    try:
        return Header(read_bounded(path, MAX_HEADER_BYTES))
    except HeaderInvalid:
        raise
    except EcgError as error:
        raise HeaderInvalid("The header is too large or cannot be read.") from error
