"""`ekg drift`, as a user calls it, and its comparisons on numbers whose answer is known."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.stats import fisher_exact

from ecg_core import Classifier
from ecg_core.classification import SUPERCLASSES
from ecg_core.cli import main
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.population import text
from ecg_core.population.drift import drift, same_share
from ecg_core.population.estimate import estimate
from ecg_core.population.fitting import Rule
from ecg_core.population.records import Observed, own_classifier
from ecg_core.population.reference import QUANTILES, SECTION
from ecg_core.population.refusals import PopulationRefused

AMPLITUDE = "amplitude of limb leads (mV)"


CLASSIFIER = own_classifier()


def from_card(n: int, seed: int = 0, **changed: float) -> list[Observed]:
    """Records drawn from the distributions that the card has of twelve leads. changed: quantity -> factor."""
    rng = np.random.default_rng(seed)
    section = CLASSIFIER.card[SECTION]["sets"]["12"]
    quantiles = {name: row["quantiles"] for name, row in section["quantities"].items()}

    def draw(name: str) -> np.ndarray[Any, np.dtype[np.float64]]:
        return np.interp(rng.random(n), QUANTILES, quantiles[name])

    scores = np.stack([draw(f"score of {label} (log-odds)") for label in SUPERCLASSES], axis=1)
    names = [name for name in quantiles if not name.startswith("score")]
    values = {name: draw(name) * changed.get(name, 1.0) for name in names}
    answered = (
        rng.random(n) >= section["shares"]["without a diagnosis"][0] / section["shares"]["without a diagnosis"][1]
    )
    warned = {
        name.removeprefix("warning "): rng.random(n) < count / total
        for name, (count, total) in section["shares"].items()
        if name.startswith("warning ")
    }
    return [
        Observed(
            refusal=None,
            lead_set="12",
            log_odds=scores[place : place + 1],
            answered=bool(answered[place]),
            warnings=frozenset(code for code, those in warned.items() if those[place]),
            quantities={name: float(values[name][place]) for name in names},
            signal=bytes([place % 256, place // 256]),
        )
        for place in range(n)
    ]


@pytest.mark.parametrize("n", [20, 200, 1000])
def test_records_like_those_of_ptbxl_give_no_evidence(n: int) -> None:
    there = drift(CLASSIFIER, from_card(n))["sets"]["12"]
    assert there["verdict"] == "no evidence of drift"
    assert there["n"] == n
    assert not any(one["differs"] for one in there["prevalences"].values())


def test_alarms_without_drift_are_rare() -> None:
    alarms = sum(bool(drift(CLASSIFIER, from_card(40, seed))["sets"]["12"]["differing"]) for seed in range(40))
    assert alarms <= 4


@pytest.mark.parametrize(
    "table", [(1, 20, 1, 2146), (0, 50, 40, 2146), (30, 60, 400, 2146), (5, 5, 5, 5), (0, 9, 0, 9)]
)
def test_shares_are_compared_as_scipy_does(table: tuple[int, int, int, int]) -> None:
    count, n, expected, m = table
    p = fisher_exact([[count, n - count], [expected, m - expected]]).pvalue
    assert same_share(count, n, expected, m) == pytest.approx(p, rel=1e-6)


def test_another_gain_is_found_and_named() -> None:
    there = drift(CLASSIFIER, from_card(200, **{AMPLITUDE: 1.5}))["sets"]["12"]
    assert there["differing"] == [AMPLITUDE]
    found = there["quantities"][AMPLITUDE]
    assert found["ci95"][0] < found["distance"] < found["ci95"][1]
    assert found["median"] == pytest.approx(1.5 * found["reference_median"], rel=0.15)


def test_an_estimate_from_signals_of_another_device_is_doubted() -> None:
    records = [
        replace(one, quantities={**one.quantities, AMPLITUDE: 2 * one.quantities[AMPLITUDE]})
        for one in with_more_cd(200)
    ]
    report = drift(CLASSIFIER, records)
    assert report["sets"]["12"]["differing_signals"] == [AMPLITUDE]
    assert AMPLITUDE in estimate(CLASSIFIER, records, report, {}, "x")["warnings"][1]
    assert "the estimate is wrong" in text.drift(report)


def test_few_records_show_only_large_differences() -> None:
    few, many = (drift(CLASSIFIER, from_card(n))["sets"]["12"]["quantities"][AMPLITUDE] for n in (20, 300))
    assert few["by_chance"] > 2.5 * many["by_chance"]


def test_refusals_for_quality_and_missing_diagnoses_are_compared() -> None:
    records = [replace(one, answered=False) for one in from_card(100)] + [Observed("signal_noisy")] * 20
    there = drift(CLASSIFIER, [*records, *[Observed("unsupported_format")] * 50])["sets"]["12"]
    assert there["differing"] == ["refused for quality", "without a diagnosis"]
    # A file that is no ECG says nothing about the signals.
    assert there["shares"]["refused for quality"]["n"] == 120


def test_the_synthetic_hospital_is_not_like_ptbxl(
    hospital: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["drift", str(hospital), "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    said = text.drift(report)
    assert "leads 12: differs from PTB-XL, with n=48" in said
    assert "48 records are too few to estimate how frequent the classes are: 50 are needed." in said
    assert report["leads"] == {"12": 48}
    assert report["refused"] == {"unsupported_format": 1}


def test_too_few_records_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.csv").write_text("no ECG")
    assert main(["drift", str(tmp_path)]) == 2
    assert "(too_few_records)" in capsys.readouterr().err


def test_a_reference_of_another_model_is_refused() -> None:
    classifier = own_classifier()
    classifier.card = {**classifier.card, SECTION: {**classifier.card[SECTION], "model_sha256": "0" * 64}}
    with pytest.raises(PopulationRefused) as caught:
        drift(classifier, from_card(30))
    assert caught.value.code == "reference_missing"


def with_more_cd(n: int) -> list[Observed]:
    """Half of the records have a high score of CD."""
    rng = np.random.default_rng(1)
    column = SUPERCLASSES.index("CD")
    changed = []
    for one in from_card(n):
        log_odds = one.log_odds.copy()
        log_odds[0, column] = rng.normal(3.0 if rng.random() < 0.5 else -3.5, 1.0)
        changed.append(replace(one, log_odds=log_odds))
    return changed


def test_estimated_frequencies_become_a_calibration_that_says_so(tmp_path: Path) -> None:
    classifier, records = CLASSIFIER, with_more_cd(300)
    report = drift(classifier, records)
    content = estimate(classifier, records, report, {"CD": Rule.parse("sensitivity=.9")}, "ward 3")
    assert content["estimate"] is True
    assert set(content["sets"]["12"]) == {"CD"}
    row = content["sets"]["12"]["CD"]
    found = report["sets"]["12"]["prevalences"]["CD"]
    assert 0.45 < found["value"] < 0.65
    assert found["ci95"][0] > found["reference"]
    own = classifier.calibrations["12"]
    assert row["scale"] == pytest.approx(float(own.scale[SUPERCLASSES.index("CD")]))
    assert row["bias"] == pytest.approx(float(own.bias[SUPERCLASSES.index("CD")]) + found["log_odds_shift"], abs=1e-4)
    # The frequency explains the scores; no signal differs.
    assert "score of CD (log-odds)" in report["sets"]["12"]["differing"]
    assert report["sets"]["12"]["differing_signals"] == []
    assert len(content["warnings"]) == 1
    assert "the estimate is wrong" not in text.drift(report)
    (tmp_path / "c.json").write_text(json.dumps(content))
    ours = Classifier(artifacts_folder(), tmp_path / "c.json")
    assert ours.identity.calibration is not None
    assert ours.identity.calibration.estimate
    assert "an estimate without labels" in ours.identity.said


def test_without_another_frequency_no_calibration_is_made() -> None:
    classifier, records = CLASSIFIER, from_card(200)
    with pytest.raises(PopulationRefused) as caught:
        estimate(classifier, records, drift(classifier, records), {}, "x")
    assert caught.value.code == "no_prior_shift"
    with pytest.raises(PopulationRefused) as caught:
        estimate(classifier, records[:30], drift(classifier, records[:30]), {}, "x")
    assert caught.value.code == "too_few_records"


def test_the_name_and_rule_of_a_calibration_need_a_file(hospital: Path) -> None:
    with pytest.raises(SystemExit):
        main(["drift", str(hospital), "--rule", "f1"])
