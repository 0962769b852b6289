"""What a file name says: its folder, stem and extension, and whether the file may be part of a record.

Names may have folders ("a/b/100.hea"). Two names mean the same file if their stems are equal in Unicode form NFC and
their extensions are equal in lower case.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Literal, Protocol
from unicodedata import normalize

from ecg_core.readers import registry

HEADER_SUFFIX = ".hea"
SIGNAL_SUFFIXES = registry.WFDB_SIGNALS
_SYSTEM_NAMES = {".ds_store", ".localized", "thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r"}
_DOCUMENTS = re.compile(
    r"(readme|licen[cs]e|copying|notice|changelog|changes|(sha\d*|md5|check)sums?|records|annotators)"
    r"([-_.\w]*)?(\.(txt|md|rst|html?|pdf))?",
    re.IGNORECASE | re.ASCII,
)
_DOCUMENT_SUFFIXES = {".md", ".rst", ".pdf", ".html", ".htm", ".png", ".jpg", ".jpeg", ".gif", ".svg"}
# Extensions of annotation files in PhysioNet's ECG databases.
_ANNOTATIONS = {
    *(".atr", ".ari", ".ann", ".qrs", ".wqrs", ".gqrs", ".sqrs", ".xws", ".ecg-qrs", ".pwave", ".event", ".epi"),
    *(".pu", ".pu0", ".pu1", ".q1c", ".q2c", ".qt1", ".qt2", ".man", ".sta", ".stb", ".stc", ".stf", ".apn", ".16a"),
}
# Extensions of file formats, also of those that are not read.
_FOREIGN_SUFFIXES = {
    *(".xml", ".edf", ".bdf", ".rec", ".dcm", ".scp", ".ecg", ".mat", ".npy", ".json", ".zip", ".atc", ".mwf", ".hl7"),
    *(".gz", ".bz2", ".tar", ".tgz", ".tbz2"),
}


Noise = Literal["folder", "system", "document", "annotation", "hidden"]


class Names(Protocol):
    """The names that exist: a Listing, or an object that looks up each name when asked."""

    def get(self, name: str, /) -> str | None: ...


def split(name: str) -> tuple[str, str, str]:
    """(folder with its slash, stem, extension with its dot)."""
    start = name.rfind("/") + 1
    dot = name.rfind(".", start)
    return (name[:start], name[start:], "") if dot <= start else (name[:start], name[start:dot], name[dot:])


def is_header(name: str) -> bool:
    return name[-len(HEADER_SUFFIX) :].lower() == HEADER_SUFFIX


def composed(name: str) -> str:
    """The name in form NFC. macOS writes an umlaut as two characters (NFD), most other systems as one (NFC)."""
    return name if name.isascii() else normalize("NFC", name)


def spellings(name: str) -> tuple[str, ...]:
    """The name itself, then with folder and file name in form NFC or NFD. An ASCII name has one spelling."""
    if name.isascii():
        return (name,)
    folder, file = name[: name.rfind("/") + 1], name[name.rfind("/") + 1 :]
    forms = ((part, normalize("NFC", part), normalize("NFD", part)) for part in (folder, file))
    return tuple(dict.fromkeys(map("".join, product(*forms))))


def stem_of(name: str) -> tuple[str, str]:
    """(folder, stem). Equal for all files that may belong to one header."""
    return split(composed(name))[:2]


def header_beside(name: str) -> str:
    """The name of the header that may own this file: same folder and stem."""
    folder, stem = stem_of(name)
    return folder + stem + HEADER_SUFFIX


def folded(name: str) -> str:
    """The name in form NFC with its extension in lower case. Equal for all names that a header cannot tell apart."""
    folder, stem, suffix = split(composed(name))
    return folder + stem + suffix.lower()


def find(name: str, among: Names) -> str | None:
    """The existing name with this stem and this extension. The case of the extension does not matter."""
    return among.get(name) or among.get(folded(name))


def noise(name: str) -> Noise | None:
    """Why a file of this name can be ignored if it holds no ECG. None: a refusal must be reported.

    The name alone is not enough to ignore a file: a table may be called "records_0001.txt".
    """
    if is_junk(name):
        return "system" if name.rpartition("/")[2] else "folder"
    _, stem, suffix = split(name)
    if suffix.lower() in _ANNOTATIONS:
        return "annotation"
    if suffix.lower() in _DOCUMENT_SUFFIXES or (_DOCUMENTS.fullmatch(stem) and suffix.lower() in {"", ".txt"}):
        return "document"
    return "hidden" if _is_hidden(name) else None


def is_junk(name: str) -> bool:
    """Whether operating systems made this file. It is never part of a record, even if a header names it."""
    *folders, file = name.split("/")
    return not file or file.lower() in _SYSTEM_NAMES or file.startswith("._") or "__MACOSX" in folders


def is_noise(name: str) -> bool:
    """Junk, documents, annotations and hidden files. Beside a record they are ignored; without one they are read."""
    return noise(name) is not None


def _is_hidden(name: str) -> bool:
    return any(part.startswith(".") for part in name.split("/"))


def may_be_signal(name: str) -> bool:
    """Whether a header of the same stem may name this file: its extension is that of signals, or of no known format."""
    suffix = split(name)[2].lower()
    return suffix in SIGNAL_SUFFIXES or (
        bool(suffix) and suffix not in _DOCUMENT_SUFFIXES and not is_file_of_its_own(suffix)
    )


def is_file_of_its_own(suffix: str) -> bool:
    """Whether a file format has this extension. Beside a header, a file without one is an annotation."""
    suffix = suffix.lower()
    return suffix in _FOREIGN_SUFFIXES or any(suffix in format_.suffixes for format_ in registry.FORMATS)


@dataclass(frozen=True)
class Beside:
    """What a whole tree of files holds. visible: a file that may be a record. headers: a header, hidden or not."""

    visible: bool
    headers: bool

    @classmethod
    def of(cls, names: Iterable[str]) -> "Beside":
        """Reads the names up to the first visible file that may be a record."""
        headers = False
        for name in names:
            if not is_noise(name):
                return cls(visible=True, headers=True)
            headers = headers or (is_header(name) and not is_junk(name))
        return cls(visible=False, headers=headers)


class Listing:
    """The names that were sent together, in their order. headers: the headers among them.

    names: without junk. Hidden files are left out too if a visible file may be a record.

    beside: what else was sent, if these names are only a part of it.
    """

    def __init__(self, names: Iterable[str], beside: "Beside | None" = None) -> None:
        some = [name for name in names if not is_junk(name)]
        plain = [name for name in some if not _is_hidden(name)]
        visible = beside.visible if beside else not all(map(is_noise, plain))
        self.names = plain if visible else some
        self.headers = [name for name in self.names if is_header(name)]
        # Without a visible record, every name that is left is noise.
        self._quiet = not (visible or (beside.headers if beside else self.headers))
        self._index = {folded(name): name for name in self.names} | {name: name for name in self.names}

    def get(self, name: str, /) -> str | None:
        """The name itself, or a name that differs only in the case of its extension or its form of Unicode."""
        return self._index.get(name)

    def singles(self, taken: Collection[str], headed: Mapping[tuple[str, str], bool]) -> Iterator[str]:
        """The names that no record has taken and that may hold a recording. Noise only if nothing else exists.

        headed: (folder, stem) of each header that is not a segment, and whether it names no file. Such a header is
        invalid: the files of its stem stay with it.
        """
        by_stem = {(composed(folder), composed(stem)): invalid for (folder, stem), invalid in headed.items()}
        for name in self.names:
            if name not in taken and (self._quiet or not is_noise(name)):
                invalid = by_stem.get(stem_of(name))
                if invalid is None or (not invalid and is_file_of_its_own(split(name)[2])):
                    yield name
