"""Other forms of the answer of one record."""

import re
from pathlib import Path

import pytest

from ecg_core import classify
from ecg_core.cli import main
from ecg_core.cli.forms import FORMS
from tests.conftest import ROOT

RECORD = ROOT / "examples/left_bundle_branch_block.zip"


def timeless(body: bytes) -> bytes:
    """Without the time of an HL7 message."""
    return re.sub(rb"\|\d{14}\+0000\|", b"|TIME|", body)


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_written_to_a_file_or_to_standard_output(
    form: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    option, out = f"--{form.replace('_', '-')}", tmp_path / "new" / "out"
    expected = timeless(FORMS[form][1](classify({RECORD.name: RECORD.read_bytes()})))
    assert main(["classify", str(RECORD), option, str(out)]) == 0
    assert timeless(out.read_bytes()) == expected
    assert b"CD  conduction disturbance" in capfdbinary.readouterr().out
    assert main(["classify", str(RECORD), option, "-"]) == 0
    assert timeless(capfdbinary.readouterr().out) == expected


@pytest.mark.parametrize("form", FORMS)
def test_a_form_is_of_one_record_that_is_not_overwritten(
    form: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    option, out = f"--{form.replace('_', '-')}", tmp_path / "out"
    assert main(["classify", str(ROOT / "examples"), option, str(out)]) == 2
    assert main(["classify", str(RECORD), option, str(RECORD)]) == 2
    assert main(["classify", str(RECORD), option, str(out), "--csv", str(tmp_path / "table.csv")]) == 2
    with pytest.raises(SystemExit):
        main(["classify", str(RECORD), option, str(out), "--timeline"])
    assert "Traceback" not in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_refused_record_has_no_other_form(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    assert main(["classify", str(tmp_path / "a.csv"), "--fhir", str(tmp_path / "out")]) == 2
    assert not (tmp_path / "out").exists()
