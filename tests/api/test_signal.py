"""POST /signal: the samples of a record, to draw them."""

import base64
from typing import Any

import httpx
import numpy as np
import pytest
from numpy.typing import NDArray

import ecg_core
from ecg_core.reports.samples import MAX_ANSWER_VALUES, MAX_MARKED_S
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files


def asked(client: httpx.Client, files: dict[str, bytes], **options: Any) -> Any:
    answer = client.post("/signal", params=options, files=[("file", (name, data)) for name, data in files.items()])
    assert answer.status_code == 200, answer.text
    return answer.json()


def samples(answer: Any, name: str) -> NDArray[np.float64]:
    """uV, NaN where a sample is missing."""
    (lead,) = (lead for lead in answer["leads"] if lead["name"] == name)
    steps = np.frombuffer(base64.b64decode(lead["data"]), "<i2").astype(float)
    steps[steps == answer["missing"]] = np.nan
    return steps * answer["uv_per_step"] + lead["offset_uv"]


def test_the_samples_are_those_of_the_file(client: httpx.Client, example: dict[str, bytes]) -> None:
    files = {"normal.zip": example["normal.zip"]}
    answer, recording = asked(client, files), ecg_core.read(files)
    assert [lead["name"] for lead in answer["leads"]] == list(recording.leads)
    assert (answer["fs_hz"], answer["samples"], answer["start_s"]) == (500, 5000, 0)
    for row, lead in enumerate(recording.leads):
        np.testing.assert_allclose(samples(answer, lead), recording.signal[row] * 1000, atol=0.51)


def test_a_stretch_is_cut_out(client: httpx.Client, example: dict[str, bytes]) -> None:
    files = {"normal.zip": example["normal.zip"]}
    whole, part = asked(client, files), asked(client, files, start_s=3, length_s=2)
    assert (part["start_s"], part["samples"], part["duration_s"]) == (3, 1000, 10)
    np.testing.assert_allclose(samples(part, "V2"), samples(whole, "V2")[1500:2500], atol=1.01)


@pytest.mark.parametrize(
    "options", [{"start_s": 10}, {"start_s": 1e300}, {"length_s": 0}, {"start_s": 9.999, "length_s": 1e308}]
)
def test_beyond_the_end_there_are_no_samples(
    client: httpx.Client, example: dict[str, bytes], options: dict[str, float]
) -> None:
    assert asked(client, {"normal.zip": example["normal.zip"]}, **options)["samples"] <= 1


@pytest.mark.parametrize("options", [{"start_s": "nan"}, {"start_s": -1}, {"length_s": "inf"}, {"length_s": "x"}])
def test_an_invalid_stretch_is_refused(
    client: httpx.Client, example: dict[str, bytes], options: dict[str, Any]
) -> None:
    answer = client.post("/signal", params=options, files={"file": ("normal.zip", example["normal.zip"])})
    assert (answer.status_code, answer.json()["code"]) == (422, "request_invalid")


def test_derived_leads_are_there_and_marked(client: httpx.Client) -> None:
    recording = synthesize("normal", seed=1)
    answer = asked(client, {"two.csv": csv_bytes(recording.only(["I", "II"]))})
    derived = {lead["name"] for lead in answer["leads"] if lead["derived"]}
    assert derived == {"III", "aVR", "aVL", "aVF"}
    np.testing.assert_allclose(samples(answer, "III"), samples(answer, "II") - samples(answer, "I"), atol=2.5)


def test_large_values_and_gaps_are_kept(client: httpx.Client) -> None:
    recording = synthesize("normal", seed=1)
    signal = recording.signal.copy()
    signal[0] *= 100
    signal[1, 100:200] = np.nan
    signal[2] += 300
    table = csv_bytes(ecg_core.Recording(signal, 500.0, recording.leads, "x", ""))
    answer = asked(client, {"x.csv": table}, units="mV")
    assert answer["uv_per_step"] > 1
    np.testing.assert_allclose(samples(answer, "I"), signal[0] * 1000, atol=answer["uv_per_step"])
    np.testing.assert_allclose(samples(answer, "III"), signal[2] * 1000, atol=answer["uv_per_step"])
    assert np.isnan(samples(answer, "II")[100:200]).all()


def test_a_record_that_cannot_be_classified_can_be_drawn(client: httpx.Client) -> None:
    recording = synthesize("normal", duration_s=3, seed=1)
    files = [("file", (name, data)) for name, data in wfdb_files(recording, "short").items()]
    assert client.post("/diagnosis", files=files).json()["code"] == "too_short"
    assert client.post("/signal", files=files).json()["samples"] == 1500


def test_an_answer_is_bounded_and_the_rest_can_be_asked_for(client: httpx.Client) -> None:
    long = wfdb_files(synthesize("normal", duration_s=300, seed=1), "long")
    first = asked(client, long)
    assert first["samples"] * 12 <= MAX_ANSWER_VALUES < first["duration_s"] * 500 * 12
    rest = asked(client, long, start_s=first["samples"] / 500)
    assert first["samples"] + rest["samples"] == 300 * 500


def test_options_apply_and_refusals_are_those_of_the_diagnosis(client: httpx.Client, example: dict[str, bytes]) -> None:
    table = example["st_depression.csv"].decode()
    bare = "\n".join(line.partition(",")[2] for line in table.splitlines()).encode()
    refused = client.post("/signal", files={"file": ("x.csv", bare)})
    assert refused.json() == client.post("/diagnosis", files={"file": ("x.csv", bare)}).json()
    assert asked(client, {"x.csv": bare}, fs_hz=250)["fs_hz"] == 250


def test_marks_stand_at_the_beats_of_the_stretch(client: httpx.Client, example: dict[str, bytes]) -> None:
    files = {"normal.zip": example["normal.zip"]}
    assert "marks" not in asked(client, files)
    whole, part = asked(client, files, marks="true"), asked(client, files, marks="true", start_s=3, length_s=5)
    measured = client.post("/diagnosis", files={"file": ("normal.zip", example["normal.zip"])}).json()["measurements"]
    beat = whole["marks"][3]
    for interval, first, last in (
        ("pr_ms", "p_", "qrs_"),
        ("qrs_ms", "qrs_", "qrs_end_s"),
        ("qt_ms", "qrs_", "t_end_s"),
    ):
        onset, end = (beat[name if name.endswith("_s") else f"{name}onset_s"] for name in (first, last))
        assert 1000 * (end - onset) == pytest.approx(measured[interval], abs=1)
    times = [beat["beat_s"] for beat in part["marks"]]
    inside = [beat["beat_s"] for beat in whole["marks"] if 3.1 < beat["beat_s"] < 7.9]
    assert times[: len(inside)] == pytest.approx(inside, abs=0.01)
    assert all(3 <= time <= 8 for time in times)


def test_an_answer_with_marks_is_shorter(client: httpx.Client) -> None:
    long = wfdb_files(synthesize("normal", duration_s=150, fs_hz=100, seed=1), "long")
    assert asked(client, long)["samples"] == 15_000
    answer = asked(client, long, marks="true", start_s=5)
    assert answer["samples"] == MAX_MARKED_S * 100
    assert 130 < len(answer["marks"]) < 150
    assert asked(client, long, marks="true", start_s=150)["marks"] == []


def test_an_ecg_without_beats_has_an_empty_list_of_marks(client: httpx.Client) -> None:
    assert asked(client, wfdb_files(synthesize("ventricular_fibrillation", seed=1), "vf"), marks="true")["marks"] == []
