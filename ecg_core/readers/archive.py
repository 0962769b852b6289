"""Unpacks archives in memory and trusts no size that they declare. Zip is here, the others are in compressed.py."""

import stat
import zipfile
import zlib
from io import BytesIO

from ecg_core.errors import ArchiveUnsafe, EmptyFile, FileTooLarge, SeveralRecords
from ecg_core.readers.choice import reader_of
from ecg_core.readers.names import is_junk, is_noise
from ecg_core.readers.records import Bundle
from ecg_core.recording import MAX_BYTES

MAGIC = b"PK\x03\x04"
# gzip, bzip2 and tar.
COMPRESSED = (b"\x1f\x8b\x08", b"BZh")
TAR, TAR_AT = b"ustar", 257
_EMPTY_MAGIC = b"PK\x05\x06"
_ENTRY_MAGIC = b"PK\x01\x02"
# Excel's workbooks have their files in this folder. An OpenDocument file begins with its type, not compressed.
_EXCEL_FOLDER = "xl/"
_OPEN_DOCUMENT, _OPEN_DOCUMENT_AT = b"mimetypeapplication/vnd.oasis.opendocument.spreadsheet", 30

# A record of a thousand segments has 2,001 files.
MAX_MEMBERS = 2_048
# Longer than the path of any record, and short enough for every file system.
MAX_NAME_LENGTH = 512
# The ratio of unpacked to packed size. ECG samples reach 10, a flat line reaches 1000. An archive above this ratio and
# above the size limit is a bomb.
MAX_RATIO = 200
# Unpacked in one step. Larger pieces would leave gaps in the process's heap after they are freed.
PIECE_BYTES = 65_536

_ENCRYPTED = 0x1 | 0x40 | 0x2000
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError, RuntimeError, OverflowError, MemoryError)


def unpacked(bundle: Bundle) -> Bundle:
    """The files in the archive that was sent. Without an archive, the bundle itself.

    Raises SeveralRecords, ArchiveUnsafe, FileTooLarge, EmptyFile.
    """
    archives = _archives(bundle)
    if not archives:
        return bundle
    if sum(len(bundle) == 1 or not is_noise(name) for name in bundle) > 1:
        raise SeveralRecords(
            "An archive came together with other files.", "Send one archive, or the files of one record."
        )
    name = archives[0]
    inner = Bundle(extract(bundle[name]) if sniff(bundle[name]) else _decompressed(name, bundle[name]), bundle.budget)
    if not any(inner.values()):
        raise EmptyFile("The files of the archive are empty.")
    if _archives(inner):
        raise ArchiveUnsafe("The archive holds another archive.", "Send the record's files in one plain zip.")
    return inner


def _decompressed(name: str, data: bytes) -> dict[str, bytes]:
    from ecg_core.readers import compressed

    return compressed.extract(name, data)


def _archives(bundle: Bundle) -> list[str]:
    """The names of archives. A file that a header names is a signal, even if its first bytes look like an archive."""
    found = [name for name in bundle if is_archive(bundle[name]) and (len(bundle) == 1 or not is_noise(name))]
    if not found or len(bundle) == 1:
        return found
    signals = bundle.signals()
    # A report beside the ECG is an archive only in its form.
    return [name for name in found if name not in signals and not is_document(bundle[name])]


def sniff(data: bytes) -> bool:
    return data.startswith((MAGIC, _EMPTY_MAGIC))


def is_archive(data: bytes) -> bool:
    """Zip, gzip, bzip2 or tar. A zip that a format has for itself, such as .npz, is no archive."""
    if sniff(data):
        return reader_of(data) is None
    return data.startswith(COMPRESSED) or data[TAR_AT : TAR_AT + len(TAR)] == TAR


def is_workbook(data: bytes) -> bool:
    """Whether a zip is a workbook of Excel or OpenDocument. Its reader takes it as one file."""
    if not sniff(data):
        return False
    if data.startswith(_OPEN_DOCUMENT, _OPEN_DOCUMENT_AT):
        return True
    if _EXCEL_FOLDER.encode() not in data:
        return False
    names = _names(data)
    return "[Content_Types].xml" in names and any(name.startswith(_EXCEL_FOLDER) for name in names)


def is_document(data: bytes) -> bool:
    """Whether a zip is a document of Word or PowerPoint, or one of OpenDocument that is no spreadsheet."""
    from ecg_core.readers.magic_numbers import OPEN_DOCUMENT, SLIDES, WORD
    from ecg_core.readers.recognised import package

    return sniff(data) and package(_names(data)) in (WORD, SLIDES, OPEN_DOCUMENT)


def _names(data: bytes) -> set[str]:
    """The names in a zip. Empty if it is damaged or has too many."""
    if data.count(_ENTRY_MAGIC) > MAX_MEMBERS:
        return set()
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return {entry.filename for entry in archive.infolist()}
    except _DAMAGED:
        return set()


def extract(data: bytes, limit: int = MAX_BYTES) -> dict[str, bytes]:
    """The members by name, with folders. Files that operating systems add are left out.

    limit: bytes of all members together. Raises ArchiveUnsafe, FileTooLarge, EmptyFile.
    """
    # Each entry of the directory begins with these bytes. They are counted first, because zipfile makes an object of
    # each entry.
    if data.count(_ENTRY_MAGIC) > MAX_MEMBERS:
        raise ArchiveUnsafe(f"The archive holds more than {MAX_MEMBERS:,} files.")
    try:
        with zipfile.ZipFile(BytesIO(data)) as archive:
            return _members(archive, len(data), limit)
    except _DAMAGED:
        raise ArchiveUnsafe("The archive is damaged.", "Send the archive again, or pack it anew.") from None


def _members(archive: zipfile.ZipFile, packed: int, limit: int) -> dict[str, bytes]:
    entries = {}
    folded = set()
    for entry in archive.infolist():
        name = _checked(entry)
        if name.endswith("/"):
            continue
        if name.casefold() in folded:
            raise ArchiveUnsafe("Two files of the archive have the same name, or differ by upper and lower case only.")
        folded.add(name.casefold())
        if not is_junk(name):
            entries[name] = entry
    if not entries:
        raise EmptyFile("The archive holds no files.")
    files, left = {}, limit
    for name, entry in entries.items():
        content = _inflated(archive, entry, left)
        if content is None:
            if MAX_RATIO * packed < MAX_BYTES:
                raise ArchiveUnsafe(f"The archive expands more than {MAX_RATIO} times.")
            raise FileTooLarge(f"The archive holds more than {MAX_BYTES / 1e6:g} MB.")
        left -= len(content)
        files[name] = content
    return files


def checked_name(name: str) -> str:
    """A member's name with forward slashes. Raises ArchiveUnsafe for a name that leads out of the archive's folder."""
    name = name.replace("\\", "/")
    parts = name.removesuffix("/").split("/")
    if (
        not name
        or len(name) > MAX_NAME_LENGTH
        or any(part in ("", ".", "..") or part.endswith(":") or part[1:2] == ":" for part in parts)
        or any(ord(character) < 32 for character in name.removesuffix("Icon\r"))
    ):
        raise ArchiveUnsafe("A file of the archive has a name that leaves its folder.")
    return name


def _checked(entry: zipfile.ZipInfo) -> str:
    """The member's name. Raises ArchiveUnsafe unless it is a regular file with a safe name."""
    name = checked_name(entry.orig_filename)
    mode = stat.S_IFMT(entry.external_attr >> 16)
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ArchiveUnsafe("The archive holds a link or a device.")
    if entry.flag_bits & _ENCRYPTED:
        raise ArchiveUnsafe("The archive is encrypted.")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ArchiveUnsafe("The archive is compressed by another method than deflate.")
    return name


def _inflated(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, left: int) -> bytes | None:
    """The bytes of a member. None if it has more than `left` bytes. zipfile verifies the CRC at the end."""
    content = BytesIO()
    with archive.open(entry) as member:
        while piece := member.read(PIECE_BYTES):
            if content.tell() + len(piece) > left:
                return None
            content.write(piece)
    if content.tell() != entry.file_size:
        raise ArchiveUnsafe("The archive is damaged.", "Send the archive again, or pack it anew.")
    return content.getvalue()
