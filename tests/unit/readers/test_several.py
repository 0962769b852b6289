"""Several recordings in one table are not joined."""

import pytest

from ecg_core.errors import EcgError, SeveralRecords, SignalInvalid
from tests.unit.readers.reading import read_table


def rows(*ids: object, count: int = 150, time: bool = False, start: int = 0) -> str:
    return "".join(
        f"{id_}," * (id_ is not None) + f"{(start + number) / 100:.2f}," * time + f"0.{number % 10},0.5\n"
        for id_ in ids
        for number in range(count)
    )


@pytest.mark.parametrize(
    "name",
    [
        *("id", "ecg_id", "ECG ID", "patient", "Patient No", "subject_id", "record", "record_name", "file", "filename"),
        *("study", "Study-ID", "subject", "exam_id", "ECG No.", "mrn", "segment", "session"),
    ],
)
@pytest.mark.parametrize(("one", "other"), [("1", "2"), ("00001_hr", "00002_hr"), ('"a, b"', '"a, c"')])
def test_a_column_of_two_patients_is_refused(name: str, one: str, other: str) -> None:
    with pytest.raises(SeveralRecords):
        read_table("", f"{name},I,II\n{rows(one, other)}".encode(), fs_hz=100, units="mV")


@pytest.mark.parametrize("separator", [";", "\t", "|"])
def test_the_column_may_stand_anywhere(separator: str) -> None:
    lines = "".join(f"{n / 100:.2f},10:00:{n / 100:06.3f},0.5,p{n // 150}\n" for n in range(300))
    data = f"x,time,I,patient\n{lines}".replace(",", separator).encode()

    with pytest.raises(SeveralRecords):
        read_table("", data, units="mV")


@pytest.mark.parametrize("id_", ["7", "00001_hr", ""])
def test_a_column_of_one_patient_is_accepted(id_: str) -> None:
    recording = read_table("", f"ecg_id,I,II\n{rows(id_)}".encode(), fs_hz=100, units="mV")

    assert recording.signal.shape == (2, 150)


def test_an_id_in_the_first_row_only_is_accepted() -> None:
    assert read_table("", f"id,I,II\n7,1,2\n{rows('')}".encode(), fs_hz=100, units="mV").signal.shape == (2, 151)


def test_an_id_that_counts_the_rows_is_a_counter() -> None:
    lines = "".join(f"{number},0.1,0.2\n" for number in range(300))

    assert read_table("", f"id,I,II\n{lines}".encode(), fs_hz=100, units="mV").signal.shape == (2, 300)


def test_segments_with_a_continuous_time_are_one_recording() -> None:
    lines = "".join(f"{number // 100},{number / 100:.2f},0.5\n" for number in range(300))

    assert read_table("", f"segment,time_s,I\n{lines}".encode(), units="mV").signal.shape == (1, 300)


def test_blocks_between_empty_lines_are_refused() -> None:
    block = rows(None)

    with pytest.raises(SeveralRecords, match="3 blocks"):
        read_table("", f"I,II\n{block}\n{block}\n  \n{block}".encode(), fs_hz=100, units="mV")


@pytest.mark.parametrize("name", ["time_s", "sample"])
def test_a_time_or_counter_that_continues_after_an_empty_line_is_one_recording(name: str) -> None:
    def block(start: int) -> str:
        return "".join(f"{n / 100 if name == 'time_s' else n},0.{n % 10}\n" for n in range(start, start + 150))

    data = f"{name},I\n{block(0)}\n{block(150)}".encode()

    assert read_table("", data, fs_hz=100, units="mV").signal.shape == (1, 300)


def test_a_counter_that_restarts_after_an_empty_line_begins_another_recording() -> None:
    block = "".join(f"{n},0.{n % 10}\n" for n in range(150))

    with pytest.raises(SeveralRecords):
        read_table("", f"sample,I\n{block}\n{block}".encode(), fs_hz=100, units="mV")


@pytest.mark.parametrize("end", ["\n\n", "\r\r\n", "\n \n"])
def test_doubled_line_ends_do_not_separate_blocks(end: str) -> None:
    data = f"I,II\n{rows(None)}".replace("\n", end).encode()

    assert read_table("", data, fs_hz=100, units="mV").signal.shape == (2, 150)


def test_a_few_separate_rows_are_not_a_recording() -> None:
    assert read_table("", f"I,II\n{rows(None)}\n1,2\n3,4\n".encode(), fs_hz=100, units="mV").signal.shape == (2, 152)


@pytest.mark.parametrize("between", ["", "\n", "Patient 2\n", "Patient 2\n\n"])
def test_a_repeated_header_line_begins_another_recording(between: str) -> None:
    with pytest.raises(SeveralRecords, match="header line"):
        read_table("", f"I,II\n{rows(None)}{between}I,II\n{rows(None)}".encode(), fs_hz=100, units="mV")


def test_a_time_that_restarts_begins_another_recording() -> None:
    data = f"time_s,I,II\n{rows(None, None, time=True)}".encode()

    with pytest.raises(SeveralRecords, match="anew near line 152"):
        read_table("", data, units="mV")


@pytest.mark.parametrize("name", ["sample", "index", "", "n"])
def test_a_counter_that_restarts_begins_another_recording(name: str) -> None:
    block = "".join(f"{n},0.{n % 10}\n" for n in range(150))

    with pytest.raises(SeveralRecords, match="line 152"):
        read_table("", f"{name},I\n{block}{block}".encode(), fs_hz=100, units="mV")


@pytest.mark.parametrize("size", [16, 256])
def test_a_counter_of_packets_may_restart_within_one_recording(size: int) -> None:
    lines = "".join(f"{n % size},0.{n % 10}\n" for n in range(20, 1000))

    assert read_table("", f"nSeq,I\n{lines}".encode(), fs_hz=100, units="mV").leads == ("I",)


def test_an_ecg_column_is_not_an_id() -> None:
    lines = "".join(f"{number % 7},0.{number % 10}\n" for number in range(300))

    assert read_table("", f"ecg,I\n{lines}".encode(), fs_hz=100, units="mV").leads == ("I",)


def test_any_other_word_among_the_rows_is_refused_with_its_line() -> None:
    with pytest.raises(SignalInvalid, match="Line 152"):
        read_table("", f"I,II\n{rows(None)}Miller,2\n{rows(None)}".encode(), fs_hz=100, units="mV")


def test_a_column_of_two_patients_is_found_in_a_later_chunk() -> None:
    data = f"id,I,II\n{rows(7, count=60_000)}{rows(8, count=1)}".encode()

    with pytest.raises(EcgError):
        read_table("", data, fs_hz=100, units="mV")
