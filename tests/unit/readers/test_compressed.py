"""gzip, bzip2 and tar: one file or one record is unpacked; others are refused before they cost much."""

import bz2
import contextlib
import gzip
import io
import tarfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core.errors import ArchiveUnsafe, EcgError, EmptyFile, FileTooLarge, SeveralRecords
from ecg_core.readers import compressed, read, tar
from ecg_core.recording import MAX_BYTES
from tests.effort import times_as_costly
from tests.unit.readers.tables import make_csv
from tests.unit.readers.wfdb_records import make_record, make_segmented, make_zip

pytestmark = pytest.mark.no_cover

CSV = make_csv()
FORMATS = {"pax": tarfile.PAX_FORMAT, "gnu": tarfile.GNU_FORMAT, "ustar": tarfile.USTAR_FORMAT}
# Measured: at most 13 times. Unpacking a bomb to its end would cost hundreds.
MAX_COST = 100


def make_tar(files: dict[str, bytes], format_: int = tarfile.PAX_FORMAT, **fields: object) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=format_) as archive:
        for name, data in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            for field, value in fields.items():
                setattr(member, field, value)
            archive.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def refused(data: bytes) -> EcgError:
    """The refusal. It costs no more than MAX_COST sound tables."""
    found = []

    def refuse() -> None:
        with pytest.raises(EcgError) as refusal:
            read({"x": data})
        found.append(refusal.value)

    assert times_as_costly(refuse, lambda: read({"x": CSV}), enough=MAX_COST) <= MAX_COST
    return found[0]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gz", "bz2"])
@pytest.mark.parametrize("name", ["table.csv.gz", "table.csv.bz2", "x", ".gz"])
def test_a_compressed_table_is_read_as_the_table(pack: object, name: str) -> None:
    recording = read({name: pack(CSV)})  # type: ignore[operator]

    np.testing.assert_array_equal(recording.signal, read({"x": CSV}).signal)


def test_a_file_of_several_streams_is_read_to_its_end() -> None:
    half = len(CSV) // 2

    assert read({"x": gzip.compress(CSV[:half]) + gzip.compress(CSV[half:]) + b"\0" * 100}).signal.shape[1] == 1000


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress], ids=["tar", "tar.gz", "tar.bz2"])
@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
@pytest.mark.parametrize("folder", ["", "./", "a/b/", "x" * 90 + "/" + "y" * 40 + "/"])
def test_a_record_in_a_tar_is_read(pack: object, format_: int, folder: str) -> None:
    files = make_record()
    packed = make_tar({folder + name: data for name, data in {**files, "._rec.hea": b"junk"}.items()}, format_)

    recording = read({"record": pack(packed)})  # type: ignore[operator]

    np.testing.assert_array_equal(recording.signal, read(files).signal)


def test_a_record_of_segments_in_folders_is_read() -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        folder = tarfile.TarInfo("rec")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for name, data in make_segmented().items():
            member = tarfile.TarInfo("rec/" + name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))

    assert read({"x.tgz": buffer.getvalue()}).leads == ("I", "II")


@pytest.mark.parametrize(
    "type_",
    [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE, tarfile.GNUTYPE_SPARSE],
)
def test_links_devices_and_files_in_parts_are_refused(type_: bytes) -> None:
    packed = make_tar({"rec.csv": b""}, tarfile.GNU_FORMAT, type=type_, linkname="/etc/passwd")

    assert isinstance(refused(packed), ArchiveUnsafe)


@pytest.mark.parametrize("name", ["../x.csv", "/etc/passwd", "a/../../x", "C:/x", "a//b", "..\\x", "a\nb"])
@pytest.mark.parametrize("format_", FORMATS.values(), ids=FORMATS)
def test_names_that_leave_their_folder_are_refused(name: str, format_: int) -> None:
    assert isinstance(refused(make_tar({name: CSV}, format_)), ArchiveUnsafe)


def test_names_that_differ_only_in_case_are_refused() -> None:
    assert isinstance(refused(make_tar({"a.csv": CSV, "A.CSV": CSV})), ArchiveUnsafe)


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress], ids=["gz", "bz2"])
def test_bombs_are_refused(pack: object) -> None:
    bomb = pack(b"0" * 60_000_000)  # type: ignore[operator]

    assert isinstance(refused(bomb), ArchiveUnsafe)


def test_many_streams_are_refused_quickly() -> None:
    assert isinstance(refused(gzip.compress(b"") * 400_000), EcgError)
    assert isinstance(refused(bz2.compress(b"1\n") * 200_000), EcgError)


def test_an_archive_in_an_archive_is_refused() -> None:
    zipped = make_zip(make_record())

    for packed in (gzip.compress(zipped), gzip.compress(gzip.compress(CSV)), make_tar({"a.zip": zipped})):
        assert isinstance(refused(packed), ArchiveUnsafe)
    assert isinstance(refused(make_tar({"a.csv.gz": gzip.compress(CSV)})), ArchiveUnsafe)
    assert isinstance(refused(make_zip({"a.csv.gz": gzip.compress(CSV)})), ArchiveUnsafe)


def test_an_archive_among_other_files_is_refused() -> None:
    with pytest.raises(SeveralRecords):
        read({"a.csv.gz": gzip.compress(CSV), "b.csv": CSV})


def test_signals_that_begin_like_an_archive_are_signals() -> None:
    samples = np.zeros((1, 500), np.int64)
    samples[0, :2] = int.from_bytes(b"\x1f\x8b", "little", signed=True), 8

    assert read(make_record(samples, leads=("I",))).leads == ("I",)


@pytest.mark.parametrize(
    "data",
    [gzip.compress(b""), bz2.compress(b""), make_tar({}), gzip.compress(make_tar({}))],
    ids=["gzip", "bzip2", "tar", "gzipped tar"],
)
def test_archives_of_nothing_are_refused(data: bytes) -> None:
    refused(data)


def test_an_archive_of_junk_holds_no_files() -> None:
    with pytest.raises(EmptyFile):
        tar.extract(make_tar({"._x": b"1", ".DS_Store": b"1"}))


def test_a_file_larger_than_a_record_may_be_is_refused() -> None:
    noise = np.random.default_rng(0).bytes(MAX_BYTES + 1)
    with pytest.raises(FileTooLarge):
        compressed.extract("x.gz", gzip.compress(noise, 1))
    with pytest.raises(FileTooLarge):
        tar.extract(make_tar({"x.dcm": noise}))


def test_more_files_than_any_record_has_are_refused() -> None:
    assert isinstance(refused(make_tar({f"{n}.csv": b"1" for n in range(5_000)}, tarfile.USTAR_FORMAT)), ArchiveUnsafe)


@pytest.mark.parametrize("cut", [1, 20, 400, 513, 2_000])
def test_a_damaged_archive_is_refused(cut: int) -> None:
    whole = gzip.compress(CSV)
    assert isinstance(refused(whole[:-cut]), EcgError)
    assert isinstance(refused(whole + b"rest"), ArchiveUnsafe)
    packed = make_tar({"x.csv": CSV})
    assert isinstance(refused(packed[:257] + b"ustar" + packed[262 : len(CSV) - cut]), EcgError)
    broken = bytearray(whole)
    broken[len(broken) // 2] ^= 0xFF
    refused(bytes(broken))


def test_long_pax_fields_are_parsed_quickly() -> None:
    field = b"9" * 12_000
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, len(field)
    block = header.tobuf(tarfile.USTAR_FORMAT) + field + b"\0" * (-len(field) % 512)

    assert isinstance(refused(block * 800), ArchiveUnsafe)


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_mutated_archives_raise_nothing_but_ecg_errors(data: st.DataObject) -> None:
    whole = bytearray(data.draw(st.sampled_from([make_tar({"x.csv": CSV[:300]}), gzip.compress(CSV[:300])])))
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, min(len(whole), 1500) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(EcgError):
        read({"x": bytes(whole)}, fs_hz=500)
