"""The way of a record, with the shipped model."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ecg_core import Classification, EcgError, classify, read
from ecg_core.classification import DIAGNOSES
from ecg_core.errors import FlatSignal, SignalUnlikeEcg
from ecg_core.leads import LEAD_SETS, LEADS, LIMB_FROM_I_II
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import default_classifier
from ecg_core.recording import Recording
from ecg_core.reports.svg import plot
from ecg_core.statements import in_order
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import csv_bytes, wfdb_files, zip_bytes
from tests.builders import make_recording

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("rhythm", "diagnosis"),
    [("normal", "NORM"), ("lbbb", "CD"), ("rbbb", "CD"), ("st_depression", "STTC"), ("t_inversion", "STTC")],
)
def test_the_shipped_network_tells_the_synthetic_rhythms_apart(rhythm: str, diagnosis: str) -> None:
    for seed in range(10):
        result = classify(synthesize(rhythm, heart_rate_bpm=60 + 3 * seed, seed=100 + seed))
        best = max(DIAGNOSES, key=lambda label: result.probabilities[label])
        assert best == diagnosis
        assert result.probabilities[diagnosis] > result.thresholds[diagnosis]


def test_each_example_gets_the_diagnosis_that_it_is_named_after() -> None:
    def diagnosis(*names: str) -> str | None:
        return classify({name: (ROOT / "examples" / name).read_bytes() for name in names}).diagnosis

    assert diagnosis("normal.hea", "normal.dat") == "NORM"
    assert diagnosis("normal.zip") == "NORM"
    assert diagnosis("left_bundle_branch_block.zip") == "CD"
    assert diagnosis("right_bundle_branch_block.zip") == "CD"
    assert diagnosis("st_depression.csv") == "STTC"
    assert diagnosis("watch_lead_i.csv") == "NORM"


def test_a_block_is_named_by_its_statement() -> None:
    for seed in range(5):
        stated = {one.code: one for one in classify(synthesize("lbbb", seed=seed)).statements}
        assert stated["CLBBB"].finding
        assert stated["CLBBB"].kind == "CD"
        assert classify(synthesize("rbbb", seed=seed)).statements != ()
        assert "CRBBB" in [one.code for one in classify(synthesize("rbbb", seed=seed)).statements]


@pytest.mark.parametrize("rate", [45, 130])
def test_the_rhythm_statement_follows_the_heart_rate(rate: int) -> None:
    stated = classify(synthesize("normal", heart_rate_bpm=rate, seed=3), statements="all").statements
    probability = {one.code: one.probability for one in stated}
    slow = probability["SBRAD"] > probability["STACH"]
    assert slow == (rate < 60)


@pytest.mark.parametrize("name", LEAD_SETS)
def test_all_that_is_published_for_the_leads_is_given_on_request(name: str) -> None:
    classifier = default_classifier()
    result = classifier.classify(make_recording(LEAD_SETS[name]), statements="all")
    assert {one.code for one in result.statements} == set(classifier.card["statements"]["sets"][name]["published"])
    assert result.statements == in_order(result.published)
    usual = classifier.classify(make_recording(LEAD_SETS[name]))
    assert set(usual.statements) == {one for one in result.statements if one in usual.statements}
    assert {one for one in result.statements if one.finding} <= set(usual.statements)


def test_leads_without_a_measured_set_get_no_statement() -> None:
    assert classify(make_recording(("V1",)), statements="all").statements == ()


def test_the_statement_norm_is_the_class_norm() -> None:
    for recording in (synthesize("normal", duration_s=30), synthesize("normal").only(["I"])):
        result = classify(recording, statements="all")
        (normal,) = (one for one in result.statements if one.code == "NORM")
        assert (normal.probability, normal.threshold) == (result.probabilities["NORM"], result.thresholds["NORM"])


def test_another_value_of_the_option_statements_is_an_error() -> None:
    with pytest.raises(ValueError, match="findings or all"):
        classify(make_recording(), statements="some")


def exchanged(recording: Recording, one: str, other: str) -> Recording:
    """The recording that two exchanged electrodes would give."""
    signal = dict(zip(recording.leads, recording.signal, strict=True))
    i, ii = signal["I"], signal["II"]
    if (one, other) == ("RA", "LA"):
        i, ii = -i, ii - i
    elif (one, other) == ("RA", "LL"):
        i, ii = i - ii, -ii
    elif (one, other) == ("LA", "LL"):
        i, ii = ii, i
    else:
        signal[one], signal[other] = signal[other], signal[one]
    limb = {lead: from_i * i + from_ii * ii for lead, (from_i, from_ii) in LIMB_FROM_I_II.items()}
    return replace(recording, signal=np.stack([{**signal, **limb}[lead] for lead in recording.leads]))


@pytest.mark.parametrize(
    ("one", "other", "code"),
    [
        ("RA", "LA", "arm_reversal_suspected"),
        ("RA", "LL", "electrode_reversal_suspected"),
        ("V1", "V3", "electrode_reversal_suspected"),
    ],
)
def test_exchanged_electrodes_are_named(one: str, other: str, code: str) -> None:
    for seed in range(5):
        recording = synthesize("normal", seed=seed)
        assert [notice.code for notice in classify(recording).warnings] == []
        (notice, *_) = classify(exchanged(recording, one, other)).quality
        assert notice.code == code
        assert f"{one} and {other}" in notice.message or (one, other) == ("RA", "LA")


def test_a_watch_on_the_other_arm_is_suspected() -> None:
    watch = synthesize("normal").only(["I"])
    assert [notice.code for notice in classify(watch).quality] == ["leads_missing"]
    codes = [notice.code for notice in classify(replace(watch, signal=-watch.signal)).quality]
    assert "arm_reversal_suspected" in codes


def test_an_ecg_upside_down_or_backwards_gives_a_warning() -> None:
    recording = synthesize("normal")
    inverted = classify(replace(recording, signal=-recording.signal))
    backwards = classify(replace(recording, signal=recording.signal[:, ::-1].copy()))
    assert [notice.code for notice in inverted.quality] == ["polarity_reversed"]
    assert [notice.code for notice in backwards.quality] == ["time_reversed"]


def test_shuffled_pieces_of_an_ecg_are_refused() -> None:
    recording = synthesize("normal")
    pieces = np.split(recording.signal, 50, axis=1)
    order = np.random.default_rng(0).permutation(50)
    with pytest.raises(SignalUnlikeEcg):
        classify(replace(recording, signal=np.concatenate([pieces[k] for k in order], axis=1)))


def test_the_same_record_gives_the_same_bytes_loose_and_zipped() -> None:
    files = wfdb_files(synthesize("rbbb"), "record")
    assert classify(files).to_json() == classify({"upload.zip": zip_bytes(files)}).to_json()


def test_wfdb_and_csv_of_one_recording_agree() -> None:
    recording = synthesize("lbbb")
    from_wfdb = classify(wfdb_files(recording, "record")).probabilities
    from_csv = classify({"record.csv": csv_bytes(recording)}).probabilities
    assert from_wfdb == pytest.approx(from_csv, abs=0.002)


def test_a_recording_read_before_is_classified_as_its_files_are() -> None:
    files = wfdb_files(synthesize("normal"), "record")
    assert classify(read(files)).to_json() == classify(files).to_json()


def test_an_answer_is_identified_by_record_and_model() -> None:
    files = wfdb_files(synthesize("normal"), "record")
    body = json.loads(classify(files).to_json())
    model = (artifacts_folder() / "model.onnx").read_bytes()
    assert body["recording"]["sha256"] == hashlib.sha256(files["record.hea"] + files["record.dat"]).hexdigest()
    assert body["model"]["sha256"] == hashlib.sha256(model).hexdigest()


@pytest.mark.parametrize("name", LEAD_SETS)
def test_every_lead_set_states_the_performance_measured_for_it(name: str) -> None:
    expected = classify(make_recording(LEAD_SETS[name])).expected_performance
    assert expected is not None
    assert (expected.lead_set, expected.at_least) == (name, False)
    assert "fold 9" in expected.measured_on


def test_two_limb_leads_count_as_six() -> None:
    expected = classify(make_recording(("aVL", "II"))).expected_performance
    assert expected is not None
    assert (expected.lead_set, expected.at_least) == ("limb", False)


def test_an_unmeasured_set_states_at_least_the_performance_of_its_largest_measured_part() -> None:
    body = json.loads(classify(make_recording(("I", "V1", "V5"))).to_json())
    assert body["expected_performance"]["at_least"] is True
    assert body["expected_performance"]["lead_set"] == "V5"


def test_leads_without_a_measurement_get_no_diagnosis() -> None:
    result = classify(make_recording(("V1",)))
    assert result.expected_performance is None
    assert result.diagnosis is None
    assert "performance_unknown" in [warning.code for warning in result.warnings]
    assert json.loads(result.to_json())["expected_performance"] is None


def test_a_long_recording_says_how_much_of_it_was_read() -> None:
    body = json.loads(classify(make_recording(("II",), duration_s=300)).to_json())
    assert body["recording"]["windows"] == 12
    assert "long_recording" in [warning["code"] for warning in body["warnings"]]


def test_a_short_recording_is_padded_with_a_warning_and_nearly_the_same_answer() -> None:
    whole = classify(synthesize("lbbb", duration_s=10))
    short = classify(synthesize("lbbb", duration_s=6))
    assert "short_recording" in [warning.code for warning in short.warnings]
    assert short.diagnosis == whole.diagnosis == "CD"
    assert short.probabilities["CD"] == pytest.approx(whole.probabilities["CD"], abs=0.1)


def test_an_all_zero_record_gets_no_diagnosis() -> None:
    with pytest.raises(FlatSignal):
        classify(make_recording(scale=0.0))


def test_an_offset_does_not_change_the_answer() -> None:
    recording = synthesize("st_depression", noise_mv=0, wander_mv=0)
    shifted = wfdb_files(recording, "record")
    shifted["record.hea"] = shifted["record.hea"].replace(b"1000(0)/mV", b"1000(-3000)/mV")
    assert classify(shifted).probabilities == pytest.approx(classify(recording).probabilities, abs=0.02)


def test_parallel_classifications_do_not_disturb_each_other() -> None:
    from concurrent.futures import ThreadPoolExecutor

    recordings = [synthesize(kind, seed=seed) for seed in range(6) for kind in ("normal", "rbbb")]
    alone = [classify(recording).to_json() for recording in recordings]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda recording: classify(recording).to_json(), recordings)) == alone


# A fold is unpacked whole, which takes as long as a hundred classifications.
FOLDS = (8, 9)


def test_the_same_heart_at_500_and_100_hz_gets_nearly_the_same_answer(ptbxl_packed: Path, tmp_path: Path) -> None:
    import tarfile

    with tarfile.open(ptbxl_packed / "records500_sample.tar.xz") as archive:
        archive.extractall(tmp_path, filter="data")
    headers = sorted(tmp_path.rglob("*_hr.hea"))
    assert len(headers) == 100
    at_100_hz = low_rate_records(ptbxl_packed)
    differences = []
    for name, low in at_100_hz.items():
        (header,) = (path for path in headers if path.stem == name.replace("_lr", "_hr"))
        high = {path.name: path.read_bytes() for path in (header, header.with_suffix(".dat"))}
        one, other = classify(high).probabilities, classify(low).probabilities
        differences.append([abs(one[label] - other[label]) for label in one])
    table = np.array(differences)
    assert len(table) > 20
    assert table.mean(axis=0).max() < 0.03
    assert np.quantile(table, 0.99) < 0.15


def low_rate_records(packed: Path) -> dict[str, dict[str, bytes]]:
    """The 100 Hz twins of the 500 Hz sample, as far as they lie in FOLDS."""
    import csv
    import importlib.util
    import tarfile

    spec = importlib.util.spec_from_file_location("unpack", packed / "unpack.py")
    assert spec is not None
    assert spec.loader is not None
    unpack = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(unpack)
    with tarfile.open(packed / "records500_sample.tar.xz") as archive:
        wanted = {Path(name).stem.replace("_hr", "_lr") for name in archive.getnames() if name.endswith(".hea")}
    with (packed / "labels.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for fold in FOLDS:
        members = [row for row in rows if int(row["strat_fold"]) == fold]
        places = {Path(row["filename_lr"]).name: index for index, row in enumerate(members)}
        signals = unpack.decode((packed / f"fold{fold:02}.xz").read_bytes())
        for name in wanted & set(places):
            signal = signals[places[name]]
            found[name] = {f"{name}.hea": unpack.header(name, signal).encode(), f"{name}.dat": signal.tobytes()}
    return found


def test_serving_imports_no_heavy_package() -> None:
    program = (
        "import sys, pathlib, ecg_core\n"
        "folder = pathlib.Path('examples')\n"
        "ecg_core.classify({n: (folder / n).read_bytes() for n in ('normal.hea', 'normal.dat')})\n"
        "print([m for m in ('torch', 'scipy', 'pandas', 'wfdb', 'fastapi', 'boto3', 'soundfile') if m in sys.modules])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "[]"


def test_every_lead_alone_is_classified_or_refused_with_a_code() -> None:
    for lead in LEADS:
        try:
            assert classify(make_recording((lead,))).leads == (lead,)
        except EcgError as error:
            pytest.fail(f"{lead}: {error.code}")


@pytest.mark.parametrize("value", [60, 999, 9999, 1e6, 1e19, 3e38, -3e38])
@pytest.mark.parametrize("lead", [0, 7])
def test_a_value_that_stands_for_a_missing_sample_does_not_change_the_answer(value: float, lead: int) -> None:
    recording = synthesize("st_depression", seed=4)
    signal = recording.signal.copy()
    signal[lead, 2500] = value
    before, after = classify(recording), classify(replace(recording, signal=signal))
    assert after.diagnosis == before.diagnosis
    assert after.probability == pytest.approx(before.probability, abs=0.05)
    assert "values beyond 50 mV read as missing: 1" in after.corrections


@settings(deadline=None, max_examples=40)
@given(
    values=st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1, max_size=12),
    samples=st.integers(1, 5000),
)
def test_any_finite_values_give_an_answer_or_a_refusal(values: list[float], samples: int) -> None:
    recording = synthesize("normal")
    signal = recording.signal.copy()
    for lead, value in enumerate(values):
        signal[lead, :samples] = value
    changed = replace(recording, signal=signal)
    outcome: Classification | EcgError
    try:
        outcome = classify(changed)
    except EcgError as refusal:
        outcome = refusal
    outcome.to_json()
    plot(changed, outcome)


def test_a_classification_leaves_nothing_in_the_home_folder(tmp_path: Path) -> None:
    script = f"import ecg_core; ecg_core.classify({{'x': open({str(ROOT / 'examples/normal.zip')!r}, 'rb').read()}})"
    environment = {name: value for name, value in os.environ.items() if name != "ORT_DISABLE_TELEMETRY"}
    places = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    subprocess.run([sys.executable, "-c", script], check=True, cwd=ROOT, env={**environment, **places})
    assert list(tmp_path.rglob("*")) == []
