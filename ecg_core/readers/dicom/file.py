"""Finds the data set of a DICOM file and how it is encoded (DICOM PS3.10, PS3.5).

Some archives write files without preamble or file meta information. The first element of the data set then tells the
encoding.
"""

import zlib
from dataclasses import dataclass

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.corrections import Corrections
from ecg_core.readers.dicom import tags
from ecg_core.readers.dicom.elements import BIG_ENDIAN, EXPLICIT, IMPLICIT, REPRESENTATIONS, Encoding, Item, Parser
from ecg_core.readers.dicom.kinds import refuse_others
from ecg_core.readers.source import Bytes, Source
from ecg_core.recording import MAX_BYTES

_PREAMBLE_BYTES, _MARK = 128, b"DICM"
_DEFLATED = "1.2.840.10008.1.2.1.99"
_SYNTAXES = {
    "1.2.840.10008.1.2": IMPLICIT,
    "1.2.840.10008.1.2.1": EXPLICIT,
    _DEFLATED: EXPLICIT,
    "1.2.840.10008.1.2.2": BIG_ENDIAN,
}


@dataclass(frozen=True)
class DicomFile:
    """source: where the offsets of the data set lie. It is the file, or what was inflated."""

    source: Source
    data_set: Item


def start_of(head: bytes) -> int | None:
    """Where the elements of a file begin, from its first bytes. None if this is no DICOM file."""
    if head[_PREAMBLE_BYTES : _PREAMBLE_BYTES + 4] == _MARK:
        return _PREAMBLE_BYTES + 4
    # Without the mark: file meta information, or a data set whose first group is 0008.
    meta = head[:2] == b"\x02\0" and head[4:6] in REPRESENTATIONS
    return 0 if meta or _encoding(head, 8) else None


def open_file(source: Source, corrections: Corrections) -> DicomFile:
    """Raises UnsupportedFormat, HeaderInvalid, SignalTruncated, SignalInvalid, FileTooLarge."""
    start = start_of(source.read(0, _PREAMBLE_BYTES + 16))
    if start is None:
        raise HeaderInvalid("The DICOM file does not begin with an element.")
    parser, meta = Parser(source), Item(EXPLICIT)
    look = source.read(start, 8)
    if look[:2] == b"\x02\0":
        meta, start = parser.meta(start, EXPLICIT if look[4:6] in REPRESENTATIONS else IMPLICIT)
    sop_class, syntax = meta.text(tags.META_SOP_CLASS), meta.text(tags.TRANSFER_SYNTAX)
    if sop_class:
        refuse_others(sop_class)
    if syntax and syntax not in _SYNTAXES:
        raise UnsupportedFormat(
            "This is a DICOM file in a transfer syntax that is not read.",
            "Export it in implicit or explicit little endian, the usual transfer syntaxes of waveforms.",
        )
    if syntax == _DEFLATED:
        source, start = Bytes(_inflated(source, start)), 0
        parser = Parser(source)
    look = source.read(start, 8)
    if len(look) < 8:
        raise SignalTruncated("The DICOM file ends before its data set.")
    data_set = parser.data_set(start, _checked(_SYNTAXES.get(syntax), look, corrections))
    refuse_others(data_set.text(tags.SOP_CLASS) or sop_class, data_set.text(tags.MODALITY))
    return DicomFile(source, data_set)


def _encoding(look: bytes, group: int) -> Encoding | None:
    """The encoding in which the first element belongs to this group. None if it belongs to it in none."""
    explicit = look[4:6] in REPRESENTATIONS
    if look[:2] == group.to_bytes(2, "little"):
        return EXPLICIT if explicit else IMPLICIT
    return BIG_ENDIAN if look[:2] == group.to_bytes(2, "big") and explicit else None


def _checked(stated: Encoding | None, look: bytes, corrections: Corrections) -> Encoding:
    """The stated encoding, or that of the first element if it shows another one. look: its first 8 bytes."""
    found = _encoding(look, 8)
    if stated is None and found is None:
        raise HeaderInvalid("The DICOM file states no transfer syntax, and its first element does not show it.")
    if stated is None or found is None or stated == found:
        return stated or found or IMPLICIT
    if stated.little != found.little:
        raise HeaderInvalid("The DICOM file has another byte order than its transfer syntax says.")
    corrections.add("transfer syntax of the DICOM file taken from its first element: it is another than stated")
    return found


def _inflated(source: Source, start: int) -> bytes:
    """The data set of a deflated file. It has no zlib header. Raises FileTooLarge before it is too large."""
    if source.size > MAX_BYTES:
        raise FileTooLarge(f"Of a deflated DICOM file, {MAX_BYTES // 1_000_000} MB are read at most.")
    inflater = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        data = inflater.decompress(source.read(start, source.size - start), MAX_BYTES + 1)
    except zlib.error:
        raise SignalInvalid("The deflated data set of the DICOM file cannot be inflated.") from None
    if len(data) > MAX_BYTES:
        raise FileTooLarge(f"The DICOM file inflates to more than {MAX_BYTES // 1_000_000} MB.")
    if not inflater.eof:
        raise SignalTruncated("The deflated data set of the DICOM file ends too early.")
    return data
