"""Labels as people write them; what they leave open is refused, with a code."""

from pathlib import Path

import pytest

from ecg_core.population.labels import matched, read_labels
from ecg_core.population.refusals import PopulationRefused
from ecg_core.readers.paths import Input, find_inputs
from tests.unit.population.labelled import write_labels


def refused(path: Path, table: list[str]) -> PopulationRefused:
    with pytest.raises(PopulationRefused) as caught:
        read_labels(write_labels(path, table))
    return caught.value


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["record,NORM,CD", "Path,norm,cd", '"file","NORM","CD"'])
def test_common_tables_are_read(tmp_path: Path, separator: str, head: str) -> None:
    table = [head, "a,1,0", "b,TRUE,false", "c,,yes", "d,NA,nan", "", "e,1.0,0.0"]
    rows = read_labels(write_labels(tmp_path / "labels.csv", [line.replace(",", separator) for line in table]))
    assert [(row.line, row.record, dict(row.truth)) for row in rows] == [
        (2, "a", {"NORM": True, "CD": False}),
        (3, "b", {"NORM": True, "CD": False}),
        (4, "c", {"CD": True}),
        (7, "e", {"NORM": True, "CD": False}),
    ]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_encodings_and_quotes_are_read(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "labels.csv").write_bytes(
        'record,NORM,patient,comment\r\n"Müller, 1",1,7,"a ""b"""\r\n'.encode(encoding)
    )
    (row,) = read_labels(tmp_path / "labels.csv")
    assert (row.record, row.patient, dict(row.truth)) == ("Müller, 1", "7", {"NORM": True})


@pytest.mark.parametrize(
    ("table", "code"),
    [
        (["record,NORM", "a,maybe"], "label_not_understood"),
        (["record,NORM", "a,x"], "label_not_understood"),
        (["record,NORM", "a,0.7"], "label_not_understood"),
        (["record,NORM", "a,2"], "label_not_understood"),
        (["record,NORM", "a,1,1"], "labels_not_a_table"),
        (["record,NORM", ",1"], "label_without_record"),
        (["record,file,NORM", "a,b,1"], "label_columns_ambiguous"),
        (["record,NORM,norm", "a,1,1"], "label_columns_ambiguous"),
        (["record,patient,AFIB", "a,1,1"], "labels_lack_columns"),
        (["patient,NORM,CD", "a,1,1"], "labels_lack_columns"),
        (["a,1,0"], "labels_not_a_table"),
        (["record,NORM", 'a,"1'], "labels_not_a_table"),
    ],
)
def test_what_is_ambiguous_is_refused(tmp_path: Path, table: list[str], code: str) -> None:
    refusal = refused(tmp_path / "labels.csv", table)
    assert refusal.code == code
    assert "maybe" not in refusal.message + refusal.hint


def test_a_file_that_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "labels.csv").write_bytes(bytes(range(256)) * 10)
    for path in (tmp_path / "labels.csv", tmp_path / "nothing.csv"):
        with pytest.raises(PopulationRefused, match="cannot be read"):
            read_labels(path)


def inputs_in(folder: Path, *names: str) -> list[Input]:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("t,I\n0,1\n")
    return find_inputs([str(folder)])


@pytest.mark.parametrize(
    "spelling", ["0001", "0001.csv", "ward/0001", "ward\\0001.csv", "./ward/0001.csv", "{}/ward/0001"]
)
def test_a_record_is_named_by_the_end_of_its_path(tmp_path: Path, spelling: str) -> None:
    inputs = inputs_in(tmp_path / "ecgs", "ward/0001.csv", "ward/10001.csv")
    rows = read_labels(write_labels(tmp_path / "l.csv", ["record,NORM", f"{spelling.format(tmp_path / 'ecgs')},1"]))
    pairs, missing = matched(rows, inputs)
    assert [item.paths[0].name for _, item in pairs] == ["0001.csv"]
    assert not missing


def test_a_record_of_another_folder_is_never_taken_for_it(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "a", "0001.csv")
    rows = read_labels(write_labels(tmp_path / "l.csv", ["record,NORM", "b/0001,1", "a/0001,0"]))
    pairs, missing = matched(rows, inputs)
    assert [row.line for row, _ in pairs] == [3]
    assert missing == [2]


def test_a_name_that_fits_two_records_is_refused(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "ecgs", "a/0001.csv", "b/0001.csv")
    rows = read_labels(write_labels(tmp_path / "l.csv", ["record,NORM", "0001,1"]))
    with pytest.raises(PopulationRefused) as caught:
        matched(rows, inputs)
    assert caught.value.code == "label_record_ambiguous"


def test_two_lines_of_a_record_must_agree(tmp_path: Path) -> None:
    inputs = inputs_in(tmp_path / "ecgs", "0001.csv")
    same = read_labels(write_labels(tmp_path / "l.csv", ["record,NORM", "0001,1", "0001.csv,1"]))
    assert len(matched(same, inputs)[0]) == 1
    other = read_labels(write_labels(tmp_path / "l.csv", ["record,NORM", "0001,1", "0001.csv,0"]))
    with pytest.raises(PopulationRefused) as caught:
        matched(other, inputs)
    assert caught.value.code == "labels_contradict"
