"""Reads tar archives in memory. Links, devices and names that lead out of the archive's folder are refused.

The standard library parses each header block. Its reader of whole archives is not used: it parses extended headers with
patterns of quadratic time (CVE-2024-6232), and calls itself for each extended header.
"""

import tarfile
from collections.abc import Iterator

from ecg_core.errors import ArchiveUnsafe, EmptyFile, FileTooLarge
from ecg_core.readers.archive import MAX_MEMBERS, TAR, TAR_AT, checked_name
from ecg_core.readers.names import is_junk
from ecg_core.recording import MAX_BYTES

HEADER_BYTES = tarfile.BLOCKSIZE
# A long name or some pax fields. Those of a record have a few hundred bytes.
_MAX_EXTENSION_BYTES = 16_384
_REGULAR = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_PAX, _PAX_GLOBAL, _LONG_NAME = tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME
# Pax fields that change what a member is.
_UNSAFE_FIELDS = (b"linkpath", b"size", b"hdrcharset", b"GNU.sparse")


def sniff(data: bytes) -> bool:
    return data[TAR_AT : TAR_AT + len(TAR)] == TAR


def extract(data: bytes) -> dict[str, bytes]:
    """The members by their names. Raises ArchiveUnsafe, FileTooLarge, EmptyFile."""
    files: dict[str, bytes] = {}
    folded: set[str] = set()
    for name, start, size in _members(data):
        if name.casefold() in folded:
            raise ArchiveUnsafe("Two files of the archive have the same name, or differ by upper and lower case only.")
        folded.add(name.casefold())
        if not is_junk(name):
            files[name] = data[start : start + size]
    if not files:
        raise EmptyFile("The archive holds no files.")
    if sum(map(len, files.values())) > MAX_BYTES:
        raise FileTooLarge(f"The archive holds more than {MAX_BYTES / 1e6:g} MB.")
    return files


def _members(data: bytes) -> Iterator[tuple[str, int, int]]:
    """Name, byte offset and size of each regular file."""
    position, long_name, count = 0, None, 0
    while position + HEADER_BYTES <= len(data):
        block = data[position : position + HEADER_BYTES]
        if not block.strip(b"\0"):
            return
        count += 1
        # A member with a long name has an extra header.
        if count > 2 * MAX_MEMBERS:
            raise ArchiveUnsafe(f"The archive holds more than {MAX_MEMBERS:,} files.")
        try:
            member = tarfile.TarInfo.frombuf(block, "utf-8", "replace")
        except (tarfile.HeaderError, ValueError, OverflowError):
            raise _damaged() from None
        start = position + HEADER_BYTES
        if not 0 <= member.size <= len(data) - start:
            raise _damaged()
        position = start + -(-member.size // HEADER_BYTES) * HEADER_BYTES
        if member.type in (_PAX, _PAX_GLOBAL, _LONG_NAME):
            if member.size > _MAX_EXTENSION_BYTES:
                raise ArchiveUnsafe("A name in the archive is too long.")
            content = data[start : start + member.size]
            found = content.rstrip(b"\0") if member.type == _LONG_NAME else _path_of(content)
            if member.type != _PAX_GLOBAL and found is not None:
                long_name = found.decode("utf-8", "replace")
            continue
        name, long_name = member.name if long_name is None else long_name, None
        name = name.removeprefix("./")
        if member.isdir() or name.endswith("/"):
            if name not in ("", "."):
                checked_name(name)
            continue
        if member.type not in _REGULAR:
            raise ArchiveUnsafe("The archive holds a link or a device.")
        yield checked_name(name), start, member.size
    if count == 0:
        raise _damaged()


def _path_of(content: bytes) -> bytes | None:
    """The path among pax fields, each "LENGTH KEY=VALUE\\n". None if there is none. Raises ArchiveUnsafe."""
    path, position = None, 0
    while position < len(content):
        blank = content.find(b" ", position, position + 8)
        digits = content[position:blank] if blank > 0 else b""
        if not digits.isdigit() or not blank - position < int(digits) <= len(content) - position:
            raise _damaged()
        key, _, value = content[blank + 1 : position + int(digits) - 1].partition(b"=")
        if key.startswith(_UNSAFE_FIELDS):
            raise ArchiveUnsafe("The archive holds a link or a file in parts.")
        path = value if key == b"path" else path
        position += int(digits)
    return path


def _damaged() -> ArchiveUnsafe:
    return ArchiveUnsafe("The archive is damaged.", "Send the archive again, or pack it anew.")
