"""The options that settle what a file leaves open have the same names and the same effect on every way in."""

import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from ecg_core import EcgError, classify
from ecg_core.cli import main
from ecg_core.synthesis.heart import synthesize
from functions.api.settings import Settings
from tests.api.serving import serving
from tests.conftest import ROOT

LEADS = "I,II,-"
GAIN = 200.0


@pytest.fixture(scope="module")
def counts() -> bytes:
    """Raw converter values of two leads and of a third channel, without names, unit or rate."""
    signal = synthesize("normal", fs_hz=250).only(("I", "II")).signal
    rows = zip(*((signal * GAIN + 1024).round().astype(int)).tolist(), strict=True)
    return b"ch1,ch2,ch3\n" + b"".join(b"%d,%d,7\n" % row for row in rows)


def test_leads_gain_and_rate_give_the_same_answer_on_every_way_in(
    counts: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "counts.csv"
    path.write_bytes(counts)
    answer = classify({"counts.csv": counts}, fs_hz=250, leads=LEADS, gain=GAIN)
    assert answer.diagnosis == "NORM"
    assert answer.recording.leads == ("I", "II")
    expected = answer.to_json()

    assert classify({"counts.csv": counts}, fs_hz=250, leads=["I", "II", "-"], gain=GAIN).to_json() == expected
    assert main(["classify", "--json", str(path), "--fs", "250", "--leads", LEADS, "--gain", "200"]) == 0
    assert capfdbinary.readouterr().out == expected + b"\n"

    query = {"fs_hz": "250", "leads": LEADS, "gain": "200"}
    with serving(Settings()) as address:
        posted = httpx.post(f"{address}/diagnosis", params=query, files={"file": ("counts.csv", counts)})
        assert posted.content == expected
        command = [sys.executable, str(ROOT / "client.py"), str(path), "--url", address, "--json"]
        options = ["--fs", "250", "--leads", LEADS, "--gain", "200"]
        sent = subprocess.run([*command, *options], capture_output=True, check=True)
    assert sent.stdout.strip() == expected


def test_all_statements_are_the_same_on_every_way_in(
    counts: bytes, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "counts.csv"
    path.write_bytes(counts)
    given = {"fs_hz": 250, "leads": LEADS, "gain": GAIN}
    expected = classify({"counts.csv": counts}, **given, statements="all").to_json()
    flags = ["--fs", "250", "--leads", LEADS, "--gain", "200", "--statements", "all"]
    assert main(["classify", "--json", str(path), *flags]) == 0
    assert capfdbinary.readouterr().out == expected + b"\n"
    with serving(Settings()) as address:
        query = {**given, "statements": "all"}
        assert (
            httpx.post(f"{address}/diagnosis", params=query, files={"file": ("counts.csv", counts)}).content == expected
        )
        command = [sys.executable, str(ROOT / "client.py"), str(path), "--url", address, "--json", *flags]
        assert subprocess.run(command, capture_output=True, check=True).stdout.strip() == expected


def test_without_them_the_file_is_refused_with_the_option_that_settles_it(counts: bytes) -> None:
    with pytest.raises(EcgError) as refused:
        classify({"counts.csv": counts}, fs_hz=250, gain=GAIN)
    assert (refused.value.code, "leads=" in refused.value.hint) == ("no_ecg_leads", True)
    with pytest.raises(EcgError) as refused:
        classify({"counts.csv": counts}, fs_hz=250, leads=LEADS)
    assert (refused.value.code, "gain=" in refused.value.hint) == ("units_unknown", True)
    with pytest.raises(EcgError) as refused:
        classify({"counts.csv": counts}, leads=LEADS, gain=GAIN)
    assert (refused.value.code, "fs_hz=" in refused.value.hint) == ("sampling_rate_unknown", True)
