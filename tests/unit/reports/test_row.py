"""A row is one line, no cell is a formula, and a table reader gets back what the answer says."""

import csv
import io
from dataclasses import replace

import pandas
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecg_core.classification import Classification, Notice
from ecg_core.errors import HeaderInvalid
from ecg_core.reports.row import COLUMNS, cell_text, line, path_text, row
from tests.builders import make_classification


def test_a_result_fills_the_columns() -> None:
    result = make_classification({"CD": 0.97, "STTC": 0.61, "MI": 0.72}, quality=(Notice("noisy", "Noise."),))
    cells = row(replace(result, corrections=("converted from uV to mV", "resampled")))
    assert tuple(cells) == COLUMNS
    assert (cells["outcome"], cells["code"], cells["diagnosis"], cells["probability"]) == (
        "classified",
        None,
        "CD",
        0.97,
    )
    assert cells["findings"] == "CD STTC"
    assert (cells["probability_STTC"], cells["threshold_STTC"]) == (0.61, 0.5)
    assert (cells["probability_MI"], cells["probability_HYP"]) == (0.72, 0.01)
    assert cells["warnings"] == "noisy"
    assert cells["corrections"] == "converted from uV to mV | resampled"
    assert (cells["format"], cells["leads"], cells["fs_hz"]) == ("test", "I", 500.0)
    assert (cells["duration_s"], cells["windows"], cells["sha256"]) == (10.0, 1, "0" * 64)


def test_a_refusal_has_a_code_and_nothing_else() -> None:
    cells = row(HeaderInvalid("The header is wrong."))
    assert {name: cell for name, cell in cells.items() if cell is not None} == {
        "outcome": "refused",
        "code": "header_invalid",
    }
    assert tuple(cells) == COLUMNS


def test_statements_and_measurements_are_written_if_the_answer_has_them(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = Classification.to_dict
    statements = [
        {"code": "CLBBB", "finding": True},
        {"code": "1AVB", "finding": False},
        {"code": "SR", "finding": True},
    ]
    measured = {"heart_rate_bpm": 61, "pr_ms": None, "qrs_ms": 152, "axis_deg": -34, "leads": {}}
    monkeypatch.setattr(
        Classification, "to_dict", lambda self: {**plain(self), "statements": statements, "measurements": measured}
    )
    cells = row(make_classification({"CD": 0.97}))
    assert cells["statements"] == "CLBBB SR"
    assert [cells[name] for name in ("heart_rate_bpm", "pr_ms", "qrs_ms", "qt_ms", "axis_deg")] == [
        *(61, None, 152, None, -34)
    ]
    assert tuple(cells) == COLUMNS


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@A1", "＝1", "'=1", "\t=1", "\r=1", "x;=1"])
def test_no_text_is_a_formula_in_a_spreadsheet(text: str) -> None:
    for written in (cell_text(text), cell_text(path_text(text))):
        # Excel ends a cell at a comma, or at a semicolon in some countries, and may trim blanks.
        assert not any(part.strip().startswith(("=", "+", "-", "@", "＝")) for part in written.split(";"))
        assert written.isprintable()


def test_numbers_are_written_in_full_and_may_be_negative() -> None:
    assert line([-34, 0.1, 500.0, None, "I"]) == b"-34,0.1,500.0,,I\r\n"


def test_bytes_that_are_no_text_and_line_ends_are_escaped_in_paths() -> None:
    assert path_text("plain ä/1.csv") == "plain ä/1.csv"
    assert path_text("a\nb\udcff\\c;d\u202e") == r"a\x0ab\udcff\\c\x3bd\u202e"


@given(st.lists(st.text(st.sampled_from("a\\x0;\n\r'=\",\udcff")), min_size=2, max_size=2, unique=True))
def test_different_paths_are_different_cells(paths: list[str]) -> None:
    one, other = (cell_text(path_text(path)) for path in paths)
    assert one != other


@given(st.lists(st.one_of(st.none(), st.integers(), st.floats(allow_nan=False), st.text()), min_size=2))
def test_every_row_is_one_line_and_is_read_back(cells: list[str | int | float | None]) -> None:
    written = line(cells)
    assert written.endswith(b"\r\n")
    assert written.count(b"\n") == 1
    (found,) = csv.reader([written.decode()], strict=True)
    assert found == [cell_text(cell) for cell in cells]


def test_pandas_reads_the_table() -> None:
    cells = row(make_classification({"CD": 0.97}))
    table = pandas.read_csv(io.BytesIO(line(cells) + line(cells.values())))
    assert table["probability_CD"].tolist() == [0.97]
    assert table["diagnosis"].tolist() == ["CD"]
