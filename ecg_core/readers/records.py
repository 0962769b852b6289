"""Which names form one record: a WFDB header and the files that it asks for, or a single file.

Pure functions over names and header bytes; zip archives, folders and the S3 drop all use these. Names may carry folders
("a/b/100.hea"): a record never leaves its folder. A stem must match exactly, an extension in any case.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ecg_core.errors import HeaderInvalid

HEADER_SUFFIX = ".hea"
NULL = "~"

# MIMIC's master headers with hundreds of segments have about 30 kB, CinC's headers with comments 1 kB.
MAX_HEADER_BYTES = 262_144
# The widest recordings, body surface maps and high-density EEG, have 256 channels.
MAX_SIGNALS = 512
# A thousand segments of one second each are parsed, decoded and verified within a second.
MAX_SEGMENTS = 1_000
# Of all segments together: a thousand segments of ten signals, parsed in a tenth of a second.
MAX_SEGMENT_SIGNALS = 10_000
# What file systems allow for one name.
MAX_NAME_LENGTH = 255

# ASCII throughout: \d, \s and \w of Unicode know digits and blanks that no WFDB library does.
_FIELD = re.compile(r"\S+", re.ASCII)
_RECORD_FIELD = re.compile(r"[^\s/]+(?:/(\d{1,9}))?", re.ASCII)
_COUNT = re.compile(r"\d{1,9}", re.ASCII)
_UNSAFE_IN_NAMES = re.compile(r"[/\\:\x00-\x20\x7f]|\.\.")

SIGNAL_SUFFIXES = (".dat", ".mat")
_SYSTEM_NAMES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_DOCUMENTS = re.compile(
    r"(readme|licen[cs]e|copying|notice|changelog|changes|(sha\d*|md5|check)sums?|records|annotators)"
    r"([-_.\w]*)?(\.(txt|md|rst|html?|pdf))?",
    re.IGNORECASE | re.ASCII,
)
_DOCUMENT_SUFFIXES = {".md", ".rst", ".pdf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".svg"}
# The annotators of PhysioNet's ECG databases.
_ANNOTATIONS = {
    *(".atr", ".ari", ".ann", ".qrs", ".wqrs", ".gqrs", ".sqrs", ".xws", ".ecg-qrs", ".pwave", ".event", ".epi"),
    *(".pu", ".pu0", ".pu1", ".q1c", ".q2c", ".qt1", ".qt2", ".man", ".sta", ".stb", ".stc", ".stf", ".apn", ".16a"),
}
# Beside a header of the same stem these are files of their own; anything else there is an annotator's.
_FILE_SUFFIXES = {
    *(".hea", ".csv", ".tsv", ".txt", ".xml", ".edf", ".bdf", ".rec", ".dcm", ".scp", ".ecg", ".mat", ".npy", ".json"),
    *(".dat", ".zip", ".atc", ".mwf", ".hl7"),
}


class Names(Protocol):
    """The names that exist: index() of a listing, or something that looks each up when it is asked for."""

    def get(self, name: str, /) -> str | None: ...


class Layout(NamedTuple):
    """The outline of a header: the fields of its record line, and a line for each signal or segment."""

    record: list[str]
    segmented: bool
    lines: list[str]


@dataclass(frozen=True)
class Group:
    """names: the files of one record that exist, its header first, or one single file (header is None then).

    missing: the names that the record asks for and that are not there, with its folder.
    """

    names: tuple[str, ...]
    header: str | None = None
    missing: tuple[str, ...] = ()


def split(name: str) -> tuple[str, str, str]:
    """(folder with its slash, stem, extension with its dot)."""
    start = name.rfind("/") + 1
    dot = name.rfind(".", start)
    return (name[:start], name[start:], "") if dot <= start else (name[:start], name[start:dot], name[dot:])


def is_header(name: str) -> bool:
    return name[-len(HEADER_SUFFIX) :].lower() == HEADER_SUFFIX


def header_beside(name: str) -> str:
    """The header that a file of this stem may belong to."""
    folder, stem, _ = split(name)
    return folder + stem + HEADER_SUFFIX


def is_junk(name: str) -> bool:
    """What operating systems leave behind: never part of a record, whatever a header says."""
    parts = name.split("/")
    return parts[-1].lower() in _SYSTEM_NAMES | {""} or any(
        part.startswith(".") or part == "__MACOSX" for part in parts
    )


def is_noise(name: str) -> bool:
    """Junk, documents and annotations: no record on their own."""
    _, stem, suffix = split(name)
    return (
        is_junk(name)
        or suffix.lower() in _ANNOTATIONS | _DOCUMENT_SUFFIXES
        or bool(_DOCUMENTS.fullmatch(stem) and suffix.lower() in {"", ".txt"})
    )


def may_be_signal(name: str) -> bool:
    """Whether a header of its stem may ask for it: its extension is that of signals, or of no file format."""
    suffix = split(name)[2].lower()
    return suffix in SIGNAL_SUFFIXES or (bool(suffix) and suffix not in _FILE_SUFFIXES | _DOCUMENT_SUFFIXES)


def layout(header: bytes) -> Layout:
    """The outline of a header, its counts verified. Raises HeaderInvalid."""
    if len(header) > MAX_HEADER_BYTES:
        raise HeaderInvalid(f"The header is larger than {MAX_HEADER_BYTES:,} bytes.")
    if b"\0" in header:
        raise HeaderInvalid("The header is no text.")
    header = header.removeprefix(b"\xef\xbb\xbf").replace(b"\r", b"\n")
    stripped = (line.strip() for line in header.split(b"\n"))
    lines = [line for line in stripped if line and not line.startswith(b"#")]
    record = fields(_decoded(lines[0])) if lines else []
    name = _RECORD_FIELD.fullmatch(record[0]) if len(record) > 1 else None
    if name is None or not _COUNT.fullmatch(record[1]):
        raise HeaderInvalid("The header does not begin with a record name and a number of signals.")
    segmented = name[1] is not None
    expected = int(name[1] if segmented else record[1])
    if int(record[1]) > MAX_SIGNALS or expected > (MAX_SEGMENTS if segmented else MAX_SIGNALS):
        raise HeaderInvalid(f"The header names more than {MAX_SIGNALS} signals or {MAX_SEGMENTS:,} segments.")
    if len(lines) - 1 != expected:
        kind = "segments" if segmented else "signals"
        raise HeaderInvalid(f"The header announces {expected} {kind} and describes {len(lines) - 1}.")
    return Layout(record, segmented, [_decoded(line) for line in lines[1:]])


def fields(line: str) -> list[str]:
    """The fields of a header's line, which blanks of ASCII separate."""
    return _FIELD.findall(line)


def _decoded(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode("latin-1")


def checked_name(name: str) -> str:
    """A file name from a header, if it stays in the header's folder. Raises HeaderInvalid."""
    if not name or len(name) > MAX_NAME_LENGTH or name == "-" or _UNSAFE_IN_NAMES.search(name):
        raise HeaderInvalid("The header names a file outside its own folder.", "Put the record's files in one folder.")
    return name


def signal_names(header: bytes) -> tuple[str, ...]:
    """The file names that a header asks for, in its order, each once: signal files, or headers of segments.

    Raises HeaderInvalid, also for names with a folder, a drive or a URL in them.
    """
    return _asked(layout(header))


def _asked(outline: Layout) -> tuple[str, ...]:
    suffix = HEADER_SUFFIX if outline.segmented else ""
    names = (match[0] for line in outline.lines if (match := _FIELD.search(line)))
    asked = tuple(dict.fromkeys(checked_name(name + suffix) for name in names if name != NULL))
    if not outline.segmented and any(is_header(name) for name in asked):
        raise HeaderInvalid("The header names a header where a signal file should be.")
    return asked


def index(names: Iterable[str]) -> dict[str, str]:
    """For find(): the names by themselves and by their extension in lower case."""
    exact = {name: name for name in names}
    return {folded(name): name for name in exact} | exact


def find(name: str, among: Names) -> str | None:
    """The existing name with this stem and, in any case, this extension."""
    return among.get(name) or among.get(folded(name))


def folded(name: str) -> str:
    """The name with its extension in lower case: the same for all names that a header may mean by one."""
    folder, stem, suffix = split(name)
    return folder + stem + suffix.lower()


def record(header: str, among: Names, read_header: Callable[[str], bytes]) -> Group:
    """The record of one header. among: index() of the names that exist. Raises HeaderInvalid."""
    return _record(header, among, lambda name: _asked(layout(read_header(name))))


def _record(header: str, among: Names, asked: Callable[[str], tuple[str, ...]]) -> Group:
    folder = split(header)[0]
    names: dict[str, None] = {header: None}
    missing: dict[str, None] = {}
    signals = 0
    for name in asked(header):
        found = find(folder + name, among)
        (missing if found is None else names)[found or folder + name] = None
        # Only a segmented record asks for headers.
        for signal in asked(found) if found and is_header(found) else ():
            if is_header(signal):
                raise HeaderInvalid("A segment of the record is made of segments itself.")
            there = find(folder + signal, among)
            (missing if there is None else names)[there or folder + signal] = None
            signals += 1
            if signals > MAX_SEGMENT_SIGNALS:
                raise HeaderInvalid(f"The segments have more than {MAX_SEGMENT_SIGNALS:,} signals.")
    return Group(tuple(names), header, tuple(missing))


def group(names: Iterable[str], read_header: Callable[[str], bytes]) -> Iterator[Group]:
    """The records among names, then the single files; noise is left out.

    Each header is read once. One that is invalid keeps the files of its stem: reading it tells what is wrong.
    """
    names = [name for name in names if not is_junk(name)]
    among = index(names)
    asked: dict[str, tuple[str, ...] | None] = {}
    for name in filter(is_header, names):
        try:
            asked[name] = signal_names(read_header(name))
        except HeaderInvalid:
            asked[name] = None

    def valid(header: str) -> tuple[str, ...]:
        wanted = asked[header]
        if wanted is None:
            raise HeaderInvalid("A header of the record is invalid.")
        return wanted

    segments = set()
    for header, wanted in asked.items():
        for name in wanted or ():
            segment = find(split(header)[0] + name, among) if is_header(name) else None
            if segment and not any(is_header(inner) for inner in asked[segment] or ()):
                segments.add(segment)
    taken: set[str] = set(segments)
    stems: dict[tuple[str, str], bool] = {}
    for header in (name for name in asked if name not in segments):
        try:
            whole = _record(header, among, valid)
        except HeaderInvalid:
            whole = Group((header,), header)
        taken.update(whole.names)
        stems[split(header)[:2]] = len(whole.names) == 1 and not whole.missing
        yield whole
    for name in names:
        if name not in taken and not is_noise(name):
            *stem, suffix = split(name)
            invalid = stems.get((stem[0], stem[1]))
            if invalid is None or (not invalid and suffix.lower() in _FILE_SUFFIXES):
                yield Group((name,))
