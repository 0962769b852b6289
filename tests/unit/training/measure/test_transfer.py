from pathlib import Path

import pytest

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from ecg_core.training.measure.transfer import TABLES, codes_of, transfer, truth_of
from tests.unit.training.fakes import fake_classifier


@pytest.mark.parametrize(
    ("header", "codes"),
    [
        ("r 12 500 5000\n# Age: 78\n# Dx: 59118001,426177001\n# Rx: Unknown\n", {"59118001", "426177001"}),
        ("r 12 500 5000\r\n#Dx: 426783006\r\n#Rx: Unknown\r\n", {"426783006"}),
        ("r 12 500 5000\n# Age: 78\n", set()),
        ("r 12 500 5000\n# Dx: Unknown\n", set()),
    ],
)
def test_codes_are_read_from_the_comments(header: str, codes: set[str]) -> None:
    assert codes_of(header) == codes


@pytest.mark.parametrize(
    ("codes", "truth"),
    [
        ({"426783006"}, (True, False, False)),
        ({"426177001"}, (True, False, False)),
        ({"426783006", "713427006"}, (False, True, False)),
        ({"164934002", "698252002", "427084000"}, (False, True, True)),
        ({"284470004", "426783006"}, (False, False, False)),
        (set(), (False, False, False)),
    ],
)
def test_normal_has_only_sinus_codes(codes: set[str], truth: tuple[bool, bool, bool]) -> None:
    assert truth_of(codes) == truth


def test_no_code_belongs_to_two_classes() -> None:
    codes = [code for table in TABLES for code in table]
    assert len(codes) == len(set(codes))


def test_records_without_codes_are_left_out(tmp_path: Path) -> None:
    codes = {"one": "426783006", "two": "164909002", "three": "284470004", "none": ""}
    for seed, (name, code) in enumerate(codes.items()):
        write_files(wfdb_files(synthesize("normal", fs_hz=100, seed=seed), name), tmp_path)
        with (tmp_path / f"{name}.hea").open("a") as file:
            file.write(f"# Dx: {code}\n" if code else "# Age: 3\n")
    report = transfer(fake_classifier(), tmp_path)
    assert report["n"] == 3
    assert {label: row["positives"] for label, row in report["classes"].items()} == {"NORM": 1, "CD": 1, "STTC": 0}
    assert report["classes"]["STTC"]["auc"] is None
    assert report["classes"]["STTC"]["sensitivity"] is None
    low, high = report["classes"]["NORM"]["sensitivity"]["ci95"]
    assert high - low > 0.7
    with pytest.raises(ValueError, match="Dx"):
        transfer(fake_classifier(), tmp_path / "none")
