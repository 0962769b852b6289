"""Tables made after public reports of files that other programs read wrong or not at all."""

from pathlib import Path

import pytest

from ecg_core.errors import EcgError
from ecg_core.leads import LEADS
from ecg_core.model.classifier import classify
from ecg_core.readers import read
from ecg_core.recording import Recording
from tests.conftest import SHARED

ORDER = "I,II,V1,V2,V3,V4,V5,V6,III,aVR,aVL,aVF"
TWELVE = ",".join(LEADS)
GIVEN = {"fs_hz": 500.0, "units": "mV"}


@pytest.fixture(scope="module")
def cases() -> Path:
    folder = SHARED / "cases"
    if not folder.is_dir():
        pytest.skip("the cases are not on this machine: set EKG_SHARED to the folder that holds cases/")
    return folder


def read_case(cases: Path, name: str, **options: object) -> Recording:
    return read({name: (cases / name).read_bytes()}, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "options", "code", "option"),
    [
        ("numbered_from_zero.csv", GIVEN, "no_ecg_leads", "leads="),
        ("numbered_in_another_order.csv", GIVEN, "no_ecg_leads", "leads="),
        ("columns_V1_to_V12.csv", GIVEN, "no_ecg_leads", "leads="),
        ("rate_of_another_sensor.csv", {}, "sampling_rate_unknown", "fs_hz="),
        ("two_patients_by_id.csv", {"fs_hz": 100.0}, "several_records", ""),
        ("three_blocks.csv", {"fs_hz": 100.0}, "several_records", ""),
        ("polar_h10.txt", {}, "no_ecg_leads", "leads="),
        ("openbci.txt", {}, "no_ecg_leads", "leads="),
        ("opensignals.txt", {}, "no_ecg_leads", "leads="),
        ("opensignals.txt", {"leads": "II"}, "units_unknown", "gain="),
        ("leads_in_rows.csv", {"fs_hz": 500.0}, "units_unknown", "units="),
    ],
)
def test_missing_information_is_refused_and_the_hint_names_the_option(
    cases: Path, name: str, options: dict[str, object], code: str, option: str
) -> None:
    with pytest.raises(EcgError) as refusal:
        read_case(cases, name, **options)

    assert refusal.value.code == code
    assert option in refusal.value.hint


@pytest.mark.parametrize(
    ("name", "options", "leads", "fs_hz", "samples"),
    [
        ("numbered_from_zero.csv", {**GIVEN, "leads": TWELVE}, 12, 500, 5000),
        ("numbered_in_another_order.csv", {**GIVEN, "leads": ORDER}, 12, 500, 5000),
        ("columns_V1_to_V12.csv", {**GIVEN, "leads": TWELVE}, 12, 500, 5000),
        ("rate_of_another_sensor.csv", {"fs_hz": 500.0}, 12, 500, 10_000),
        ("rate_before_resampling.csv", {}, 12, 400, 8000),
        ("missing_is_minus_999.csv", {}, 12, 500, 5000),
        ("time_in_tenths_of_ms.csv", {}, 2, 500, 5000),
        ("thousands_separator.csv", {}, 2, 500, 5000),
        ("biopac_acqknowledge.txt", {}, 2, 500, 5000),
        ("polar_h10.txt", {"leads": "I"}, 1, 130, 3900),
        ("opensignals.txt", {"leads": "II", "gain": 310.0}, 1, 1000, 10_000),
        ("openbci.txt", {"leads": "I,II,-,-,-,-"}, 2, 250, 3000),
        ("shimmer_consensys.csv", {}, 3, 512, 10_240),
        ("shimmer_consensys.csv", {"leads": "I,II,III,V5"}, 4, 512, 10_240),
        ("leads_in_rows.csv", GIVEN, 12, 500, 5000),
        ("table.csv.gz", {}, 12, 500, 5000),
        ("apple_czech.csv", {}, 1, 512, 15_360),
        ("apple_finnish.csv", {}, 1, 512, 15_360),
        ("summary_rows_at_the_end.csv", {}, 2, 500, 5000),
        ("nul_padding_at_the_end.csv", {}, 2, 500, 5000),
    ],
)
def test_a_case_is_read_as_its_program_meant_it(
    cases: Path, name: str, options: dict[str, object], leads: int, fs_hz: float, samples: int
) -> None:
    recording = read_case(cases, name, **options)

    assert len(recording.leads) == leads
    assert recording.fs_hz == pytest.approx(fs_hz, rel=1e-6)
    assert recording.signal.shape == (leads, samples)


@pytest.mark.parametrize(
    ("name", "options", "found"),
    [
        ("numbered_from_zero.csv", {**GIVEN, "leads": TWELVE}, "CD"),
        ("numbered_in_another_order.csv", {**GIVEN, "leads": ORDER}, "STTC"),
        ("columns_V1_to_V12.csv", {**GIVEN, "leads": TWELVE}, "CD"),
        ("rate_of_another_sensor.csv", {"fs_hz": 500.0}, "NORM"),
        ("rate_before_resampling.csv", {}, "NORM"),
        ("missing_is_minus_999.csv", {}, "NORM"),
        ("leads_in_rows.csv", GIVEN, "NORM"),
        ("table.csv.gz", {}, "NORM"),
    ],
)
def test_a_case_with_twelve_leads_gets_the_right_diagnosis(
    cases: Path, name: str, options: dict[str, object], found: str
) -> None:
    probabilities = classify(read_case(cases, name, **options)).probabilities

    assert probabilities[found] > 0.9
    assert max(probabilities, key=probabilities.__getitem__) == found


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("missing_is_minus_999.csv", "numbers that stand for a missing sample read as gaps: 7200"),
        ("summary_rows_at_the_end.csv", "lines below the rows, such as summaries or comments, left out: 2"),
        ("nul_padding_at_the_end.csv", "padding with zero bytes at the end left out: 512 bytes"),
        ("biopac_acqknowledge.txt", "line with the number of samples above the rows left out"),
        ("shimmer_consensys.csv", "columns that are no ECG lead left out: 1"),
        ("rate_before_resampling.csv", "sampling rate from the words above the table: 400 Hz"),
    ],
)
def test_corrections_report_what_was_left_out_of_a_case(cases: Path, name: str, said: str) -> None:
    assert said in read_case(cases, name).corrections
