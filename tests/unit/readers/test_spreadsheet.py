"""Workbooks of Excel and LibreOffice: the one sheet with samples is read like a text table."""

import datetime
import hashlib
import io
import re
import tracemalloc
import warnings
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.readers import archive, read
from ecg_core.readers.spreadsheet.clocks import clock, shown_as
from ecg_core.readers.spreadsheet.lines import MAX_TAGS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize
from tests.conftest import SHARED
from tests.effort import times_as_costly
from tests.unit.readers.made import spreadsheet as made
from tests.unit.readers.wfdb_records import make_record, make_zip

openpyxl = pytest.importorskip("openpyxl")
calamine = pytest.importorskip("python_calamine")

HEART = synthesize("normal", duration_s=6.0, fs_hz=250)
SHEET = made.table(HEART)


def read_xlsx(rows: made.Rows, **options: object) -> Recording:
    return read({"ecg.xlsx": made.xlsx({"ECG": rows})}, **options)  # type: ignore[arg-type]


def refused(data: bytes, **options: object) -> EcgError:
    with pytest.raises(EcgError) as raised:
        read({"ecg.xlsx": data}, **options)  # type: ignore[arg-type]
    return raised.value


def changed(files: dict[str, str], part: str, old: str, new: str) -> bytes:
    assert old in files[part]
    return made.zipped(files | {part: files[part].replace(old, new, 1)})


def cells_of(data: bytes) -> list[list[object]]:
    """The cells as python-calamine reads them."""
    rows: list[list[object]] = calamine.load_workbook(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    return rows


@pytest.mark.parametrize(
    "data",
    [
        made.xlsx({"ECG": SHEET}),
        made.xlsx({"ECG": SHEET}, inline=True),
        made.xlsx({"ECG": SHEET}, prefix="x"),
        made.xlsx({"ECG": SHEET}, addresses=False),
        made.xlsx({"ECG": SHEET}, first="C5"),
        made.xlsx({"ECG": SHEET, "Notes": [["a"], ["b", 1.0]], "Empty": []}),
        made.ods({"ECG": SHEET}),
        made.ods({"ECG": SHEET}, padded=False),
        made.zipped(made.xlsx_files({"ECG": SHEET}), zipfile.ZIP_STORED),
    ],
    ids=["strings", "inline", "prefix", "no addresses", "other corner", "more sheets", "ods", "ods, short", "stored"],
)
def test_each_way_of_writing_a_workbook_gives_the_same_ecg(data: bytes) -> None:
    recording = read({"any name": data})

    assert (recording.format, recording.fs_hz, recording.leads) == ("spreadsheet", 250.0, LEADS)
    assert recording.sha256 == hashlib.sha256(data).hexdigest()
    np.testing.assert_allclose(recording.signal, HEART.signal, atol=1e-6)


@pytest.mark.parametrize("files", made.examples().values(), ids=made.examples())
def test_an_example_has_the_cells_that_calamine_reads(files: dict[str, bytes]) -> None:
    recording = read(files)
    rows = [row for row in cells_of(next(iter(files.values()))) if sum(isinstance(cell, float) for cell in row) > 6]
    values = np.array(rows, np.float64)

    np.testing.assert_array_equal(recording.signal.T, values[:, -12:].astype(np.float32))


def test_a_workbook_of_openpyxl_is_read() -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "ECG"
    sheet.append(["Patient", "not for an answer"])
    sheet.append(["Recorded", datetime.datetime(2024, 1, 2, 3, 4, 5)])
    sheet.append(["Sampling rate (Hz)", 250])
    for row in made.table(HEART, time=None):
        sheet.append(row)
    buffer = io.BytesIO()
    book.save(buffer)

    recording = read({"ecg.xlsx": buffer.getvalue()})

    assert recording.fs_hz == 250.0
    np.testing.assert_allclose(recording.signal, HEART.signal, atol=1e-6)
    assert "not for" not in str(recording.corrections)


@pytest.mark.parametrize("real", ["csv/ECG_12L.csv", "csv/vitalsqi_ecg_test1.csv"])
def test_a_real_table_gives_the_same_ecg_from_a_workbook_as_from_its_text(real: str) -> None:
    path = SHARED / "samples" / real
    if not path.is_file():
        pytest.skip("the sample files are not on this machine: set EKG_SHARED to the folder that holds samples/")
    text = path.read_bytes()
    rows: list[list[made.Cell]] = []
    for line in text.decode("latin-1").splitlines():
        cells: list[made.Cell] = list(line.split(","))
        try:
            rows.append([float(str(cell)) for cell in cells])
        except ValueError:
            rows.append(cells)
    options = {"units": "uV", "leads": "I,II"} if "vitalsqi" in real else {}
    expected = read({"a.csv": text}, **options)  # type: ignore[arg-type]

    recording = read_xlsx(rows, **options)

    assert (recording.fs_hz, recording.leads) == (expected.fs_hz, expected.leads)
    assert set(expected.corrections) <= set(recording.corrections)
    np.testing.assert_array_equal(recording.signal, expected.signal)


@pytest.mark.parametrize("write", [made.xlsx, made.ods], ids=["xlsx", "ods"])
@pytest.mark.parametrize("kind", [made.Time, made.Elapsed])
@pytest.mark.parametrize("fs_hz", [125.0, 250.0, 512.0])
def test_a_time_column_of_clock_times_gives_the_rate(write: object, kind: type[made.Time], fs_hz: float) -> None:
    rows = made.table(HEART)
    for number, row in enumerate(rows[1:]):
        row[0] = kind((3600 * 23.5 + number / fs_hz) / 86_400)
    rows[0][0] = "time"
    recording = read({"a": write({"ECG": rows})})  # type: ignore[operator]

    assert recording.fs_hz == pytest.approx(fs_hz, rel=1e-4)


def test_a_lead_that_is_shown_as_dates_is_refused() -> None:
    rows = [SHEET[0], *([made.Day(45_000 + number), *row[1:]] for number, row in enumerate(SHEET[1:]))]
    assert refused(made.xlsx({"ECG": rows})).code == "sampling_rate_unknown"
    rows = [SHEET[0], *([row[0], made.Day(45_000), *row[2:]] for row in SHEET[1:])]
    assert refused(made.xlsx({"ECG": rows})).code == "signal_invalid"


def test_empty_cells_and_errors_are_gaps_and_words_are_refused() -> None:
    rows = [list(row) for row in SHEET]
    rows[100][1], rows[101][2], rows[102][12] = None, made.Error("#DIV/0!"), None
    signal = read_xlsx(rows).signal
    assert np.argwhere(np.isnan(signal)).tolist() == [[0, 99], [1, 100], [11, 101]]

    rows[100][1] = True
    assert "Line 101, column 2" in refused(made.xlsx({"ECG": rows})).message


def test_numbers_as_text_with_decimal_commas_are_read() -> None:
    rows = [SHEET[0], *(["" if cell is None else f"{cell:.4f}".replace(".", ",") for cell in row] for row in SHEET[1:])]
    np.testing.assert_allclose(read_xlsx(rows).signal, HEART.signal, atol=1e-4)


def test_a_csv_pasted_into_one_column_is_read_as_that_csv() -> None:
    rows = [[";".join("" if cell is None else str(cell) for cell in row)] for row in SHEET]
    np.testing.assert_allclose(read_xlsx(rows).signal, HEART.signal, atol=1e-6)


def test_words_with_separators_do_not_shift_columns() -> None:
    rows = [[*SHEET[0], 'a;b|"c"\td\ne'], *([*row, 'x;y|"z"\tv\nw'] for row in SHEET[1:])]
    np.testing.assert_allclose(read_xlsx(rows).signal, HEART.signal, atol=1e-6)


def test_a_column_without_a_name_does_not_shift_the_names() -> None:
    rows = [[None, *SHEET[0][1:12]], *([*row[:13]] for row in SHEET[1:])]
    recording = read_xlsx(rows, fs_hz=250.0)
    assert recording.leads == LEADS[:11]
    np.testing.assert_allclose(recording.signal, HEART.signal[:11], atol=1e-6)


def test_a_sheet_with_a_lead_in_each_row_is_read() -> None:
    rows = [["Unit: mV"], *([lead, *values] for lead, values in zip(LEADS, HEART.signal.tolist(), strict=True))]
    for write in (made.xlsx, made.ods):
        recording = read({"a": write({"ECG": rows})}, fs_hz=250.0)
        np.testing.assert_allclose(recording.signal, HEART.signal, atol=1e-6)


def test_equal_cells_and_rows_that_libreoffice_stores_once_are_all_read() -> None:
    files = made.ods_files({"ECG": [["I (mV)", "II (mV)"], [0.5, 0.5]]}, padded=False)
    cell = '<table:table-cell table:number-columns-repeated="2" office:value-type="float" office:value="{}"/>'
    rows = [
        f'<table:table-row table:number-rows-repeated="{count}">{cell.format(value)}</table:table-row>'
        for value, count in ((0.25, 700), (-0.5, 600))
    ]
    content = files["content.xml"]
    start = content.index("<table:table-row>", content.index("II (mV)"))
    files["content.xml"] = content[:start] + "".join(rows) + content[content.index("</table:table>") :]

    signal = read({"a.ods": made.zipped(files)}, fs_hz=250).signal

    np.testing.assert_array_equal(signal, np.repeat([[0.25, -0.5]] * 2, [700, 600], axis=1).astype(np.float32))


def test_a_comment_in_a_cell_of_libreoffice_is_not_its_text() -> None:
    files = made.ods_files({"ECG": SHEET})
    comment = "<office:annotation><text:p>1000 Hz, uV</text:p></office:annotation><text:p>I (mV)</text:p>"
    data = changed(files, "content.xml", "<text:p>I (mV)</text:p>", comment)
    np.testing.assert_allclose(read({"a.ods": data}).signal, HEART.signal, atol=1e-6)


def test_a_phonetic_hint_is_not_part_of_a_name() -> None:
    hint = "<si><t>I (mV)</t><rPh><t>x</t></rPh></si>"
    data = changed(made.xlsx_files({"ECG": SHEET}), "xl/sharedStrings.xml", "<si><t>I (mV)</t></si>", hint)
    assert read({"a": data}).leads == LEADS


@pytest.mark.parametrize(
    ("sheets", "code"),
    [
        ({"A": SHEET, "B": SHEET}, "several_records"),
        ({"A": SHEET[:50]}, "unsupported_format"),
        ({"A": [["no", "table"]] * 200}, "unsupported_format"),
        ({"A": []}, "unsupported_format"),
        ({"A": made.table(HEART, name="{}")}, "units_unknown"),
        ({"A": made.table(HEART, time=None)}, "sampling_rate_unknown"),
        ({"A": made.table(HEART, name="ch {}")}, "no_ecg_leads"),
    ],
    ids=["two tables", "too few rows", "words", "empty", "no unit", "no rate", "no leads"],
)
def test_what_a_workbook_leaves_open_is_refused(sheets: dict[str, made.Rows], code: str) -> None:
    if code == "no_ecg_leads":
        sheets = {"A": [[f"ch{number}" for number in range(13)], *SHEET[1:]]}
    assert refused(made.xlsx(sheets)).code == code
    assert refused(made.ods(sheets)).code == code


def test_sheets_without_samples_are_reported() -> None:
    assert (
        "sheets that hold no table of samples not read: 1"
        in read({"a": made.xlsx({"Notes": [["Patient", "x"], ["Rate", 70.0]], "ECG": SHEET})}).corrections
    )


def test_a_workbook_in_a_zip_is_read_and_a_zip_with_such_a_folder_is_an_archive() -> None:
    data = made.xlsx({"ECG": SHEET})
    assert read({"a.zip": make_zip({"folder/ecg.xlsx": data})}).format == "spreadsheet"
    record = {f"xl/{name}": content for name, content in make_record().items()}
    assert not archive.is_workbook(make_zip(record))
    assert read({"a.zip": make_zip(record)}).format == "wfdb"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99) + "Workbook".encode("utf-16-le") + bytes(99), "(.xls)"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le") + bytes(99), "password"),
        (
            made.zipped(
                {
                    "[Content_Types].xml": "<Types/>",
                    "_rels/.rels": made.relationships([("r", "officeDocument", "xl/workbook.bin")]),
                    "xl/workbook.bin": b"\x83\x01",
                }
            ),
            "(.xlsb)",
        ),
        (
            made.zipped(
                made.ods_files({"ECG": SHEET}) | {"META-INF/manifest.xml": "<manifest:encryption-data/>"},
            ),
            "password",
        ),
    ],
    ids=["xls", "protected xlsx", "xlsb", "protected ods"],
)
def test_a_workbook_of_another_kind_is_refused_by_its_name(data: bytes, words: str) -> None:
    error = refused(data)
    assert error.code == "unsupported_format"
    assert words in error.message
    assert "CSV" in error.hint


def far(address: str) -> str:
    """A row with one filled cell at this address."""
    digits = address.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")
    return f'<row r="{digits}"><c r="{address}"><v>1</v></c></row>'


XLSX, ODS = made.xlsx_files({"ECG": SHEET}), made.ods_files({"ECG": SHEET})
PART = "xl/worksheets/sheet1.xml"
END = "</sheetData>"
LAUGHS = '<!DOCTYPE x [<!ENTITY a "1111111111"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]><'
ATTACKS = {
    "a cell in the last corner": changed(XLSX, PART, END, far("XFD1048576") + END),
    "a cell in the last column": changed(XLSX, PART, END, far("XFD1502") + END),
    "a row after the last": changed(XLSX, PART, END, far("A1048577") + END),
    "a column after the last": changed(XLSX, PART, END, far("XFE1502") + END),
    "a row beyond 32 bits": changed(XLSX, PART, '<row r="1501">', '<row r="99999999999">'),
    "a cell in another row": changed(XLSX, PART, 'r="A3"', 'r="A1048576"'),
    "columns out of order": changed(XLSX, PART, 'r="C3"', 'r="A3"'),
    "rows out of order": changed(XLSX, PART, END, far("A9") + END),
    "a column with four letters": changed(XLSX, PART, 'r="C3"', 'r="AAAA3"'),
    "a text that is not there": changed(XLSX, PART, 't="s"><v>1<', 't="s"><v>99<'),
    "a sheet that ends early": made.zipped(XLSX | {PART: XLSX[PART][:-2000]}),
    "entities in a sheet": changed(XLSX, PART, "<worksheet", LAUGHS + "worksheet"),
    "entities in the texts": changed(XLSX, "xl/sharedStrings.xml", "<sst", LAUGHS + "sst"),
    "entities in the styles": changed(XLSX, "xl/styles.xml", "<styleSheet", LAUGHS + "styleSheet"),
    "a workbook without its list of sheets": made.zipped({k: v for k, v in XLSX.items() if k != "xl/workbook.xml"}),
    "a bomb of blanks": made.zipped(XLSX | {"xl/media/a.png": " " * 30_000_000}),
    "many empty elements": made.zipped(XLSX | {PART: "<worksheet><sheetData>" + "<row/>" * (MAX_TAGS + 1)}),
    "a long text in many cells": changed(
        XLSX | {PART: re.sub(r"><v>-?0\.\d+</v>", ' t="s"><v>1</v>', XLSX[PART])},
        "xl/sharedStrings.xml",
        "<t>I (mV)",
        "<t>" + "I" * 1_000_000,
    ),
    "cells without end, repeated": changed(
        ODS, "content.xml", "<table:table-cell ", '<table:table-cell table:number-columns-repeated="16385" '
    ),
    "a full sheet of one cell": changed(
        {
            k: v.replace("<table:table-row>", '<table:table-row table:number-rows-repeated="9000">').replace(
                "<table:table-cell o", '<table:table-cell table:number-columns-repeated="1000" o'
            )
            for k, v in ODS.items()
        },
        "content.xml",
        "<office:body>",
        "<office:body>",
    ),
    "entities in a sheet of LibreOffice": changed(ODS, "content.xml", "<office:document", LAUGHS + "office:document"),
}


@pytest.mark.no_cover
@pytest.mark.parametrize("data", ATTACKS.values(), ids=ATTACKS)
def test_an_attack_is_refused_at_the_cost_of_some_sound_workbooks(data: bytes) -> None:
    assert refused(data).code in ("header_invalid", "file_too_large", "archive_unsafe", "signal_invalid")
    sound = made.xlsx({"ECG": SHEET})
    assert times_as_costly(lambda: refused(data), lambda: read({"a": sound}), enough=20) <= 20
    tracemalloc.start()
    try:
        refused(data)
        assert tracemalloc.get_traced_memory()[1] < 120_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("number", "code", "shown"),
    [
        (0, None, "number"),
        (14, None, "day"),
        (21, None, "clock"),
        (46, None, "elapsed"),
        (164, "General", "number"),
        (164, "0.000", "number"),
        (164, "#,##0.00", "number"),
        (164, '0.0 "mV, day"', "number"),
        (164, r"0.0\ \s\d", "number"),
        (164, "[Red]0.00", "number"),
        (164, "[$-409]h:mm:ss AM/PM", "clock"),
        (164, "mm:ss.000", "clock"),
        (164, "[h]:mm:ss", "elapsed"),
        (164, "dd.mm.yyyy", "day"),
        (164, "0.00E+00", "number"),
    ],
)
def test_the_number_format_tells_times_from_numbers(number: int, code: str | None, shown: str) -> None:
    assert shown_as(number, code) == shown


def test_a_number_of_days_becomes_the_time_that_openpyxl_reads() -> None:
    for micro in (0, 1, 4000, 1953, 999_999):
        moment = datetime.datetime(2024, 1, 2, 23, 59, 59, micro)
        days = openpyxl.utils.datetime.to_excel(moment)
        assert clock(repr(days), "clock") == moment.strftime("%H:%M:%S.%f")
    assert clock("1.5", "elapsed") == "36:00:00.000000"
    assert clock("45293.25", "day") == "day 45293"
    assert [clock(text, "clock") for text in ("-1", "nan", "1e300", "word")] == ["-1", "nan", "1e300", "word"]


SHORT = made.xlsx_files({"ECG": SHEET[:120]}), made.ods_files({"ECG": SHEET[:120]})


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_workbook_is_read_or_refused_with_a_code(data: st.DataObject) -> None:
    part, files = data.draw(st.sampled_from([(part, files) for files in SHORT for part in files]))
    content = bytearray(files[part].encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(content) - 1))
        content[place : place + data.draw(st.integers(0, 9))] = data.draw(st.binary(max_size=9))
    with warnings.catch_warnings(record=True):
        try:
            read({"a": made.zipped(files | {part: bytes(content)})})
        except EcgError:
            return
