"""read() returns the one record in the files, or raises a typed error."""

import hashlib
from pathlib import Path

import numpy as np
import pytest

from ecg_core.errors import (
    ArchiveUnsafe,
    EcgError,
    EmptyFile,
    FileTooLarge,
    HeaderInvalid,
    RecordIncomplete,
    SamplingRateOutOfRange,
    SeveralRecords,
    UnitsUnknown,
    UnsupportedFormat,
)
from ecg_core.readers import read
from ecg_core.readers.choice import MAX_SINGLE_FILES
from ecg_core.recording import MAX_BYTES
from tests.unit.readers.made.spreadsheet import Cell, ods, xlsx
from tests.unit.readers.wfdb_records import make_record, make_segmented, make_zip

CSV = b"time (s),I (mV),II (mV)\n" + b"".join(b"%.3f,0.%d,1.%d\n" % (n / 500, n % 9, n % 7) for n in range(500))


def refused(files: dict[str, bytes]) -> EcgError:
    with pytest.raises(EcgError) as error:
        read(files)
    return error.value


def test_a_record_is_read_equally_from_loose_files_a_zip_a_folder_and_among_noise() -> None:
    files = make_record()
    loose = read(files)
    ways = [
        {"any name": make_zip(files)},
        {"rec.zip": make_zip({f"folder/{name}": data for name, data in files.items()})},
        {"rec.zip": make_zip(dict(reversed(files.items())) | {"__MACOSX/._rec.hea": b"x", "LICENSE.txt": b"x"})},
        {"rec.zip": make_zip(files | {"rec.atr": b"x", "RECORDS": b"rec\n"}), ".DS_Store": b"x"},
        dict(reversed(files.items())) | {"rec.atr": b"x", "Thumbs.db": b"x"},
        {f"upload/{name}": data for name, data in files.items()},
    ]
    for way in ways:
        recording = read(way)
        assert recording.sha256 == loose.sha256
        assert recording.corrections == loose.corrections == ()
        np.testing.assert_array_equal(recording.signal, loose.signal)


def test_segments_are_read_from_a_zip() -> None:
    assert read({"x.zip": make_zip(make_segmented())}).signal.shape == (2, 1000)


def test_extensions_may_be_in_capitals() -> None:
    files = make_record()
    assert read({"rec.HEA": files["rec.hea"], "rec.DAT": files["rec.dat"]}).signal.shape == (12, 1000)


def test_a_table_is_read_loose_or_as_the_only_record_of_a_zip() -> None:
    loose = read({"ecg.csv": CSV})
    zipped = read({"ecg.zip": make_zip({"export/ecg.csv": CSV, "README.txt": b"Read me", "plot.png": b"\x89PNG"})})
    assert loose.format == zipped.format == "csv"
    assert loose.sha256 == zipped.sha256 == hashlib.sha256(CSV).hexdigest()
    np.testing.assert_array_equal(loose.signal, zipped.signal)


def test_a_table_is_known_by_its_content_under_any_name() -> None:
    for name in ("ecg.csv", "ecg.dat", "README", ".hidden", "file"):
        assert read({name: CSV}).format == "csv"


def test_an_ecg_that_is_named_like_a_document_is_read_beside_what_nobody_reads() -> None:
    assert read({"garbage.bin": b"\1\2\3", "records_0001.txt": CSV}).format == "csv"
    assert read({"a.zip": make_zip({"garbage.bin": b"\1\2\3", "notice-of-visit.txt": CSV})}).format == "csv"
    assert isinstance(refused({"garbage.bin": b"\1", "records_1.txt": CSV, "records_2.txt": CSV}), UnsupportedFormat)


def test_files_that_belong_to_no_record_are_counted_in_the_corrections() -> None:
    recording = read(make_record() | {"notes.bin": b"\x01\x02", "other.dat": b"\x01\x02"})
    assert recording.corrections == ("files that belong to no record not read: 2",)


def test_no_files_and_empty_files_are_refused_as_empty() -> None:
    for files in (
        {},
        {"a.dat": b""},
        {"a.hea": b"", "a.dat": b""},
        {"a.zip": make_zip({})},
        {"a.zip": make_zip({"a": b""})},
    ):
        assert isinstance(refused(files), EmptyFile)


def test_a_file_that_no_reader_accepts_is_unsupported() -> None:
    for data in (b"\x89PNG\r\n\x1a\n", b"%PDF-1.7", b"hello", b"\0" * 1000, b"PK", b"<html></html>", bytes(range(256))):
        assert isinstance(refused({"ecg.xyz": data}), UnsupportedFormat)
    assert isinstance(refused({"a.zip": make_zip({"word/document.xml": b"<w/>"})}), UnsupportedFormat)


def test_a_text_with_too_few_numbers_for_an_ecg_is_no_second_record() -> None:
    texts = {"labels.csv": b"id,label\n1,NORM\n", "report.txt": b"Ventricular rate 70 bpm\nPR 160 ms\n"}
    for name, text in texts.items():
        for files in (make_record(), {"ecg.csv": CSV}):
            assert "files that belong to no record not read: 1" in read(files | {name: text}).corrections
            assert isinstance(refused(files | {name: CSV.replace(b"0.1", b"0.2")}), SeveralRecords)
    assert isinstance(refused(texts), SeveralRecords)


DOCUMENTS = {
    "report.docx": {"[Content_Types].xml": b"<Types/>", "word/document.xml": b"<w/>"},
    "slides.pptx": {"[Content_Types].xml": b"<Types/>", "ppt/presentation.xml": b"<p/>"},
    "letter.odt": {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "META-INF/manifest.xml": b"<m/>",
        "content.xml": b"<c/>",
    },
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_an_office_document_beside_an_ecg_is_not_read(name: str) -> None:
    document = {name: make_zip(DOCUMENTS[name])}
    for files in (make_record(), {"ecg.csv": CSV}):
        for way in (files | document, {"all.zip": make_zip(files | document)}):
            recording = read(way)
            np.testing.assert_array_equal(recording.signal, read(files).signal)
            assert "files that belong to no record not read: 1" in recording.corrections
    # An archive that holds such a document is none, and neither is one with an ECG in it.
    for members in (document, DOCUMENTS[name] | {"ecg.csv": CSV}):
        outer = {"more.zip": make_zip({"a/" + member: data for member, data in members.items()})}
        assert isinstance(refused({"ecg.csv": CSV} | outer), SeveralRecords)
    assert isinstance(refused(document | {"notes.bin": b"\1\2"}), UnsupportedFormat)


def test_a_workbook_with_too_few_numbers_for_an_ecg_is_no_second_record() -> None:
    report = xlsx({"Report": [["Rate", 70], ["PR", 160], ["QTc", 410], ["Normal ECG"]]})
    rows: list[list[Cell]] = [["I (mV)", "II (mV)"]]
    rows += [[number / 100, 0.5] for number in range(130)]
    for files in (make_record(), {"ecg.csv": CSV}):
        recording = read(files | {"report.xlsx": report})
        np.testing.assert_array_equal(recording.signal, read(files).signal)
        assert "files that belong to no record not read: 1" in recording.corrections
        for second in (xlsx({"ECG": rows}), ods({"ECG": rows})):
            assert isinstance(refused(files | {"second": second}), SeveralRecords)


def test_several_records_are_refused() -> None:
    two = make_record(name="a") | make_record(name="b")
    for files in (
        two,
        {"two.zip": make_zip(two)},
        {"a.zip": make_zip(make_record()), "b.zip": make_zip(make_record())},
        {"a.zip": make_zip(make_record())} | make_record(name="b"),
        {"a.csv": CSV, "b.csv": CSV},
        make_record() | {"other.csv": CSV},
        {f"{number}.bin": b"\1" for number in range(MAX_SINGLE_FILES + 1)},
    ):
        assert isinstance(refused(files), SeveralRecords)


def test_the_second_readable_file_ends_the_search(monkeypatch: pytest.MonkeyPatch) -> None:
    looked = []

    def sniff(data: bytes) -> bool:
        looked.append(data)
        return True

    monkeypatch.setattr("ecg_core.readers.apple.sniff", sniff)
    texts = {f"{number}.txt": b"%d" % number for number in range(MAX_SINGLE_FILES)}
    assert isinstance(refused(texts), SeveralRecords)
    assert looked == [b"0", b"1"]
    looked.clear()
    assert isinstance(refused(make_record() | texts), SeveralRecords)
    assert looked == [b"0"]


def test_a_signal_that_begins_like_an_archive_is_a_signal() -> None:
    for magic in (b"PK\3\4", b"PK\5\6"):
        values = np.frombuffer(magic + bytes(200), "<i2").reshape(1, -1).astype(np.int64)
        files = make_record(values, leads=("I",))
        assert files["rec.dat"].startswith(magic)
        for way in (files, {"rec.zip": make_zip(files)}, files | {"rec.atr": b"x"}):
            np.testing.assert_allclose(read(way).signal, values / 1000, rtol=1e-6)
        assert isinstance(refused(files | {"more.zip": make_zip(files)}), SeveralRecords)


def test_an_archive_within_an_archive_is_refused() -> None:
    for files in ({"rec.hea": b"header", "more.dat": make_zip(make_record())}, {"a.zip": make_zip(make_record())}):
        assert isinstance(refused({"a.zip": make_zip(files)}), ArchiveUnsafe)


def test_a_header_without_its_signals_and_signals_without_their_header_are_incomplete() -> None:
    files = make_record()
    header_only = refused({"rec.hea": files["rec.hea"]})
    assert isinstance(header_only, RecordIncomplete)
    assert header_only.missing == ("rec.dat",)
    for lonely in ({"rec.dat": files["rec.dat"]}, {"rec.MAT": files["rec.dat"]}, {"a.dat": b"\1", "b.dat": b"\1"}):
        error = refused(lonely)
        assert isinstance(error, RecordIncomplete)
        assert ".hea" in error.hint


def test_a_matlab_file_is_not_part_of_a_wfdb_record() -> None:
    assert isinstance(refused({"ecg.mat": b"MATLAB 5.0 MAT-file, Platform: GLNXA64"}), UnsupportedFormat)


def test_a_header_file_without_a_header_in_it_is_invalid() -> None:
    assert isinstance(refused({"rec.hea": b"\x89PNG", "rec.dat": b"\1\2"}), HeaderInvalid)
    assert isinstance(refused({"rec.hea": b"", "rec.dat": b"\1\2"}), HeaderInvalid)


def test_more_bytes_than_the_limit_are_refused_unread() -> None:
    assert isinstance(refused({"a": bytes(MAX_BYTES), "b": b"\1"}), FileTooLarge)
    headers = {f"{number}.hea": b"#" * 200_000 for number in range(6)}
    assert isinstance(refused(headers), FileTooLarge)


def test_impossible_options_are_refused() -> None:
    for fs_hz in (0.0, -1.0, float("nan"), float("inf"), 1e9):
        with pytest.raises(SamplingRateOutOfRange):
            read(make_record(), fs_hz=fs_hz)
    with pytest.raises(UnitsUnknown):
        read(make_record(), units="furlong")


def test_options_count_only_for_what_the_file_does_not_state() -> None:
    filled = read(make_record(record="rec 12", gain="1"), fs_hz=250.0, units="uV")
    kept = read(make_record(), fs_hz=250.0, units="V")
    assert filled.fs_hz == 250
    assert kept.fs_hz == 500
    assert len(kept.corrections) == 2


def test_every_wfdb_sample_is_read_from_a_zip_as_from_loose_files(samples: Path) -> None:
    for header in sorted((samples / "wfdb_ptbxl").glob("*.hea")):
        files = {path.name: path.read_bytes() for path in header.parent.glob(f"{header.stem}.*")}
        assert read({"x.zip": make_zip(files)}).sha256 == read(files).sha256
