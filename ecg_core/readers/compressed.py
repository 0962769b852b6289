"""Unpacks gzip, bzip2 and tar in memory: one file, or the files of one record.

Nothing is written to disk. No size that a file declares is trusted. The limits are the same as for zip archives.
"""

import bz2
import io
import zlib

from ecg_core.errors import ArchiveUnsafe, EmptyFile, FileTooLarge
from ecg_core.readers import tar
from ecg_core.readers.archive import COMPRESSED, MAGIC, MAX_MEMBERS, MAX_RATIO, PIECE_BYTES
from ecg_core.recording import MAX_BYTES

# A gzip file can have several streams. Each has at least 20 bytes.
MAX_STREAMS = 1_024
# A tar archive has one header block for each file.
MAX_CONTENT_BYTES = MAX_BYTES + MAX_MEMBERS * tar.HEADER_BYTES
MAX_PADDING = 1_048_576


def extract(name: str, data: bytes) -> dict[str, bytes]:
    """The members of a tar archive by name, or the one file. Raises ArchiveUnsafe, FileTooLarge, EmptyFile."""
    plain = name
    content = data
    if data.startswith(COMPRESSED):
        content = _inflated(data)
        plain = _without_suffix(name)
        if content.startswith((*COMPRESSED, MAGIC)):
            raise ArchiveUnsafe("The archive holds another archive.", "Send the record's files in one plain zip.")
    if not content:
        raise EmptyFile("The compressed file is empty.")
    if tar.sniff(content):
        return tar.extract(content)
    if len(content) > MAX_BYTES:
        raise FileTooLarge(f"The compressed file holds more than {MAX_BYTES / 1e6:g} MB.")
    return {plain: content}


def _without_suffix(name: str) -> str:
    for suffix in (".gz", ".bz2", ".gzip"):
        if name.lower().endswith(suffix) and len(name) > len(suffix):
            return name[: -len(suffix)]
    return name


def _inflated(data: bytes) -> bytes:
    """The content of all streams. Raises ArchiveUnsafe, FileTooLarge."""
    content, position = io.BytesIO(), 0
    try:
        for _ in range(MAX_STREAMS):
            position = _stream(data, position, content)
            if not data.startswith(COMPRESSED, position):
                break
        # Tape formats fill their last block with zero bytes.
        if data[position : position + MAX_PADDING].strip(b"\0") or len(data) > position + MAX_PADDING:
            raise EOFError
    except (zlib.error, OSError, EOFError, ValueError):
        raise ArchiveUnsafe("The compressed file is damaged.", "Send it again, or compress it anew.") from None
    return content.getvalue()


def _stream(data: bytes, position: int, content: io.BytesIO) -> int:
    """Unpacks the stream that begins at this position, appends it to content, and returns the position after it."""
    gzip = data.startswith(COMPRESSED[0], position)
    inflate = zlib.decompressobj(zlib.MAX_WBITS | 16) if gzip else bz2.BZ2Decompressor()
    left = b""
    while not inflate.eof:
        if not left:
            left = data[position : position + PIECE_BYTES]
            position += len(left)
        made = inflate.decompress(left, PIECE_BYTES)
        content.write(made)
        if content.tell() > MAX_CONTENT_BYTES:
            if MAX_RATIO * len(data) < MAX_CONTENT_BYTES:
                raise ArchiveUnsafe(f"The compressed file expands more than {MAX_RATIO} times.")
            raise FileTooLarge(f"The compressed file holds more than {MAX_BYTES / 1e6:g} MB.")
        if not made and not left and not inflate.eof:
            raise EOFError
        left = getattr(inflate, "unconsumed_tail", b"")
    return position - len(inflate.unused_data)
