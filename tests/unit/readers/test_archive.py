"""Zip archives: safe ones are unpacked; others are refused before they cost much."""

import contextlib
import io
import stat
import tracemalloc
import warnings
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core.errors import ArchiveUnsafe, EcgError, EmptyFile, FileTooLarge
from ecg_core.readers import archive
from ecg_core.recording import MAX_BYTES
from tests.effort import times_as_costly
from tests.unit.readers.wfdb_records import make_record, make_zip

# These tests compare costs. Coverage would slow Python code but not zlib.
pytestmark = pytest.mark.no_cover

# CPU time as a multiple of unpacking a sound archive of 10 MB. Measured: at most 10.
SOUND = make_zip({"rec.hea": b"header", "rec.dat": bytes(range(250)) * 40_000})
MAX_COST = 50


def make_entry(
    name: str, data: bytes = b"data", *, mode: int = 0, method: int = zipfile.ZIP_STORED
) -> tuple[zipfile.ZipInfo, bytes, int]:
    entry = zipfile.ZipInfo("placeholder")
    entry.filename = name
    entry.external_attr = mode << 16
    return entry, data, method


def make_archive(*entries: tuple[zipfile.ZipInfo, bytes, int]) -> bytes:
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as packed:
        warnings.simplefilter("ignore")
        for entry, data, method in entries:
            packed.writestr(entry, data, method)
    return buffer.getvalue()


def refusal(data: bytes) -> EcgError:
    def refused() -> EcgError:
        with pytest.raises(EcgError) as raised:
            archive.extract(data)
        return raised.value

    # Memory is measured separately, because tracing slows Python code.
    assert times_as_costly(refused, lambda: archive.extract(SOUND), enough=MAX_COST) <= MAX_COST
    tracemalloc.start()
    try:
        error = refused()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 1.25 * MAX_BYTES + 1_000_000
    return error


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_members_are_unpacked_with_their_folders(method: int) -> None:
    files = {"a/rec.hea": b"header", "a/rec.dat": bytes(1000)}
    assert archive.sniff(make_zip(files, method))
    assert archive.extract(make_zip(files, method)) == files


def test_folder_entries_and_files_of_operating_systems_are_left_out() -> None:
    noise = ["a/", "__MACOSX/a/._rec.hea", "a/.DS_Store", "Thumbs.db", "a/desktop.ini", "._rec.hea"]
    packed = make_zip({"a/rec.hea": b"header"} | {name: b"" if name.endswith("/") else b"noise" for name in noise})
    assert archive.extract(packed) == {"a/rec.hea": b"header"}


def test_backslashes_of_windows_programs_separate_folders() -> None:
    assert archive.extract(make_archive(make_entry("a\\rec.hea"))) == {"a/rec.hea": b"data"}


def test_a_flat_line_deflates_to_a_thousandth_and_is_no_bomb() -> None:
    files = make_record() | {"rec.dat": bytes(1_000_000)}
    assert archive.extract(make_zip(files)) == files


@pytest.mark.parametrize(
    "name",
    [
        "../rec.dat",
        "a/../../rec.dat",
        "/etc/passwd",
        "C:/rec.dat",
        "C:\\rec.dat",
        "..\\rec.dat",
        "a//b",
        "./a",
        "a\nb",
        "x" * 600,
        "..",
    ],
)
def test_a_name_that_leaves_its_folder_is_refused(name: str) -> None:
    assert refusal(make_archive(make_entry("rec.hea"), make_entry(name))).code == "archive_unsafe"


def test_a_name_cut_short_by_nul_is_refused() -> None:
    assert refusal(make_zip({"rec.hea?.txt": b"x"}).replace(b"rec.hea?", b"rec.hea\0")).code == "archive_unsafe"


@pytest.mark.parametrize(
    "names", [("rec.dat", "rec.dat"), ("rec.dat", "REC.dat"), ("a/rec.dat", "A/rec.dat"), ("ß", "SS")]
)
def test_names_that_differ_only_in_case_are_refused(names: tuple[str, str]) -> None:
    assert refusal(make_archive(*map(make_entry, names))).code == "archive_unsafe"


@pytest.mark.parametrize("mode", [stat.S_IFLNK | 0o777, stat.S_IFCHR, stat.S_IFIFO])
def test_links_and_devices_are_refused(mode: int) -> None:
    assert refusal(make_archive(make_entry("rec.dat", b"/etc/passwd", mode=mode))).code == "archive_unsafe"


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_compression_other_than_deflate_is_refused(method: int) -> None:
    assert refusal(make_archive(make_entry("rec.dat", method=method))).code == "archive_unsafe"


def test_encrypted_members_are_refused() -> None:
    packed = bytearray(make_zip({"rec.dat": b"secret"}))
    for magic, offset in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.index(magic) + offset] |= 1
    assert refusal(bytes(packed)).message == "The archive is encrypted."


def test_a_bomb_is_refused() -> None:
    packed = make_zip({"rec.hea": b"header", "rec.dat": bytes(60_000_000)})
    assert len(packed) < 100_000
    assert isinstance(refusal(packed), ArchiveUnsafe)


def test_a_bomb_of_many_members_is_refused() -> None:
    members = {f"{number}.dat": bytes(1_000_000) for number in range(60)}
    assert isinstance(refusal(make_zip(members | {"rec.hea": b"header"})), ArchiveUnsafe)


def test_the_size_limit_is_that_of_a_record() -> None:
    data = b"0.123,0.456\n" * (MAX_BYTES // 12)
    assert archive.extract(make_zip({"ecg.dcm": data}))["ecg.dcm"] == data
    assert isinstance(refusal(make_zip({"ecg.dcm": data + b"1"})), ArchiveUnsafe)
    assert isinstance(refusal(make_zip({"ecg.dcm": data + b"1"}, zipfile.ZIP_STORED)), FileTooLarge)


def test_a_sound_archive_that_is_too_large_is_refused_as_too_large() -> None:
    packed = make_zip({"rec.hea": bytes(1), "rec.dat": bytes(MAX_BYTES)}, zipfile.ZIP_STORED)
    assert isinstance(refusal(packed), FileTooLarge)


def test_a_declared_size_is_not_trusted() -> None:
    packed = bytearray(make_zip({"rec.dat": bytes(1_000_000)}))
    size = packed.index(b"PK\x01\x02") + 24
    for declared in (10, 999_999, 1_000_001, 2**31):
        packed[size : size + 4] = declared.to_bytes(4, "little")
        assert refusal(bytes(packed)).code == "archive_unsafe"


def test_too_many_members_are_refused_before_they_are_listed() -> None:
    packed = make_zip({str(number): b"" for number in range(archive.MAX_MEMBERS + 1)}, zipfile.ZIP_STORED)
    assert refusal(packed).code == "archive_unsafe"


def test_a_changed_byte_fails_the_check_sum() -> None:
    packed = make_zip({"rec.dat": b"x" * 100}, zipfile.ZIP_STORED).replace(b"xxxxx", b"xxxxy", 1)
    assert refusal(packed).message == "The archive is damaged."


def test_a_truncated_archive_is_refused() -> None:
    packed = make_zip(make_record())
    for end in range(4, len(packed), max(len(packed) // 50, 1)):
        assert refusal(packed[:end]).code == "archive_unsafe"


def test_an_archive_without_files_is_empty() -> None:
    for files in ({}, {"a/": b""}, {".DS_Store": b"x"}):
        assert isinstance(refusal(make_zip(files)), EmptyFile)


@settings(max_examples=200, deadline=None)
@given(data=st.data())
def test_an_archive_with_a_few_bytes_changed_is_unpacked_or_refused_with_a_code(data: st.DataObject) -> None:
    packed = bytearray(make_zip({"rec.hea": b"header" * 9, "a/rec.dat": bytes(99)}))
    for position in data.draw(st.lists(st.integers(0, len(packed) - 1), min_size=1, max_size=4)):
        packed[position] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ArchiveUnsafe, EmptyFile, FileTooLarge):
        archive.extract(bytes(packed))
