"""The model card is written from model.json alone. The commands write both."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from ecg_core import cli, metrics
from ecg_core.classification import DIAGNOSES
from ecg_core.leads import LEAD_SETS
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import Classifier, default_classifier
from ecg_core.model.statements import CODES
from ecg_core.training import calibrate as calibrating
from ecg_core.training.calibrators import MAX_ECE
from ecg_core.training.data.conditions import CONDITIONS
from ecg_core.training.data.corruptions import CORRUPTIONS
from ecg_core.training.measure import abstention as abstaining
from ecg_core.training.measure import robustness as measuring
from ecg_core.training.measure.abstention import abstention
from ecg_core.training.measure.robustness import robustness
from ecg_core.training.report.model_card import measured_sections, publish, render, serialised
from ecg_core.training.report.performance import broken
from ecg_core.training.report.reliability import draw
from ecg_core.training.report.text import codes, figure, percent, signed
from ecg_core.training.statements import MIN_AUC, MIN_POSITIVES
from tests.unit.training.fakes import fake_classifier, few_draws

# GET /model serves it, and a Lambda reads it at every start.
MAX_CARD_BYTES = 150_000

MEASURED = ("statements", "robustness", "transfer", "abstention", "evidence")


@pytest.fixture(scope="module")
def card(small_ptbxl: Path) -> dict[str, Any]:
    """The shipped card, with measurements of few records and conditions."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(measuring, "CONDITIONS", CONDITIONS[::6])
        measured = robustness(fake_classifier(), small_ptbxl)
    classes = {
        label: {
            "positives": 4,
            "auc": None,
            **dict.fromkeys(("sensitivity", "specificity"), metrics.wilson(3, 4)),
            "frequency": 0.2,
            "mean_probability": 0.3,
        }
        for label in DIAGNOSES
    }
    return {
        **default_classifier().card,
        "robustness": {**measured, "twins": {"n": 1, "refused": 0, "mean": 0, "largest": 0, "findings_changed": 0}},
        "transfer": {"n": 20, "refused": metrics.wilson(0, 20), "classes": classes},
        "abstention": abstention(fake_classifier(), small_ptbxl, records=2),
    }


def test_the_shipped_page_and_diagram_are_written_from_the_shipped_json() -> None:
    folder = artifacts_folder()
    shipped = json.loads((folder / "model.json").read_bytes())
    assert (folder / "MODEL_CARD.md").read_text() == render(shipped)
    assert (folder / "reliability.svg").read_text() == draw(shipped)


def test_the_page_says_the_precision_of_the_training_where_it_is_known(card: dict[str, Any]) -> None:
    runs = [{**run, "precision": "float32"} for run in card["training"]["runs"]]
    old = [{name: value for name, value in run.items() if name != "precision"} for run in runs]
    known, unknown = ({**card, "training": {**card["training"], "runs": each}} for each in (runs, old))
    assert f"`{card['training']['command']}`, in float32\n" in render(known)
    assert f"`{card['training']['command']}`\n" in render(unknown)


def test_the_shipped_json_is_small_enough_to_serve() -> None:
    assert (artifacts_folder() / "model.json").stat().st_size < MAX_CARD_BYTES


def test_page_and_diagram_are_the_same_after_a_round_trip_through_json(card: dict[str, Any], tmp_path: Path) -> None:
    publish(tmp_path, card)
    again = json.loads((tmp_path / "model.json").read_bytes())
    assert (tmp_path / "MODEL_CARD.md").read_text() == render(again)
    assert (tmp_path / "reliability.svg").read_text() == draw(again)
    assert len((tmp_path / "model.json").read_bytes()) < MAX_CARD_BYTES


def test_every_measured_row_is_on_the_page(card: dict[str, Any]) -> None:
    page = render(card)
    for corruption in CORRUPTIONS:
        assert f"| {corruption.name} |" in page
    for condition in CONDITIONS[::6]:
        assert f"| {condition.family} | {condition.name} |" in page
    for name in ("male", "over 89", "60-79"):
        assert f"| {name} |" in page
    for name in LEAD_SETS:
        for label in DIAGNOSES:
            assert page.count(f"| {name} | {label} |") == 2
    assert "](reliability.svg)" in page
    assert "nan" not in page
    assert "{" not in page
    widths = [line.count("|") for line in page.splitlines() if line.startswith("|")]
    assert min(widths) > 2


def test_every_statement_is_on_the_page_with_its_auc_or_the_reason_why_it_is_not_published(
    card: dict[str, Any],
) -> None:
    section = render(card).split("## Statements")[1].split("\n## ")[0]
    sets = card["statements"]["sets"]
    for code in CODES:
        row = sets["12"]["published"].get(code) or sets["12"]["unpublished"][code]
        assert f"| {code} | " in section
        assert f"| {row['positives']} | {figure(row['auc'])} |" in section
    assert set(sets["12"]["published"]).isdisjoint(sets["12"]["unpublished"])
    for name in LEAD_SETS:
        assert f"| {name} | {percent(sets[name]['contradictions']['share'], interval=True)} |" in section
    for task in ("all", "diag", "subdiag", "super", "form", "rhythm"):
        assert f"| {task} | " in section


def test_what_is_published_satisfies_the_rule() -> None:
    for measured in default_classifier().card["statements"]["sets"].values():
        for row in measured["published"].values():
            assert row["positives"] >= MIN_POSITIVES
            assert row["auc"]["ci95"][0] >= MIN_AUC


def test_a_short_list_stands_on_one_line_of_the_json() -> None:
    card = {"short": {"value": 0.5, "ci95": [0.25, 0.75]}, "long": {"a": ["x" * 50] * 3, "none": [], "ä": None}}
    lines = serialised(card).splitlines()
    assert ' "short": {"value": 0.5, "ci95": [0.25, 0.75]},' in lines
    assert '   "' + "x" * 50 + '",' in lines
    assert json.loads(serialised(card)) == card


def test_statements_are_measured_again_and_nothing_else_changes(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("model.onnx", "model.json"):
        shutil.copy(artifacts_folder() / name, tmp_path)
    before = json.loads((tmp_path / "model.json").read_bytes())
    few = {name: LEAD_SETS[name] for name in ("12", "I")}
    monkeypatch.setattr(calibrating, "LEAD_SETS", few)
    monkeypatch.setattr("ecg_core.model.classifier.LEAD_SETS", few)
    monkeypatch.setattr("ecg_core.training.statements.MIN_POSITIVES", 5)
    monkeypatch.setattr("ecg_core.training.statements.MIN_AUC", 0.5)
    with few_draws():
        assert cli.main(["statements", str(small_ptbxl), "--into", str(tmp_path)]) == 0
    after = json.loads((tmp_path / "model.json").read_bytes())
    assert {key for key in before if before[key] != after[key]} == {"statements"}
    assert after["statements"]["n"] == 60
    assert "CLBBB" in after["statements"]["sets"]["12"]["published"]
    assert "## Statements" in capsys.readouterr().out
    assert (tmp_path / "MODEL_CARD.md").read_text() == render(after)


def test_what_was_not_measured_has_no_section(card: dict[str, Any]) -> None:
    bare = {key: value for key, value in card.items() if key not in MEASURED}
    assert measured_sections(bare, bare) == []
    page = render(bare)
    assert "do not transfer to another hospital" in page
    assert "diagnosed without a warning" not in page


def test_the_limits_name_wrong_input_that_is_diagnosed_without_a_warning_worst_first(card: dict[str, Any]) -> None:
    page = render(card)
    limits = page[page.index("## What it cannot do") :]
    rows = card["abstention"]["corruptions"]["spoiled"]
    worst = max(rows, key=lambda name: rows[name]["silent"]["value"])
    assert f"{worst} {percent(rows[worst]['silent'])}" in limits
    assert "On 20 records of two other hospitals: NORM sensitivity 0.75" in limits


def test_the_limits_name_groups_with_lower_sensitivity_or_specificity(card: dict[str, Any]) -> None:
    uneven = json.loads(json.dumps(card))
    groups = uneven["robustness"]["groups"]
    good = {label: {"value": 1, "ci95": [0.9, 1]} for label in DIAGNOSES}
    for row in (groups["age"]["60-79"], *groups["sex"].values()):
        row["sensitivity"] = row["specificity"] = good
    assert "one threshold for all" not in render(uneven)
    groups["age"]["60-79"]["specificity"] = {**good, "NORM": {"value": 0.47, "ci95": [0.33, 0.6]}}
    assert "age 60-79: NORM specificity 0.47 [0.33, 0.60], all 0.8" in render(uneven)


def test_calibration_outside_its_limits_is_named(card: dict[str, Any]) -> None:
    worse = json.loads(json.dumps(card))
    row = worse["performance"]["limb"]["classes"]["CD"]
    row["ece"]["value"] = MAX_ECE + 0.001
    assert "limb CD" in broken(worse)
    row["ece"]["value"], row["calibration_slope"]["value"] = 0.001, 1.2
    assert "limb CD" in broken(worse)
    row["calibration_slope"]["value"] = 1.0
    assert "limb CD" not in broken(worse)
    assert "**no**" in render(worse) or not broken(worse)


def test_a_model_is_calibrated_again_without_its_checkpoints(
    small_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("model.onnx", "model.json"):
        shutil.copy(artifacts_folder() / name, tmp_path)
    before = json.loads((tmp_path / "model.json").read_bytes())
    stale = {**before, "abstention": "of older thresholds"}
    (tmp_path / "model.json").write_text(json.dumps(stale))
    monkeypatch.setattr(calibrating, "LEAD_SETS", {"12": LEAD_SETS["12"]})
    monkeypatch.setattr("ecg_core.model.classifier.LEAD_SETS", {"12": LEAD_SETS["12"]})
    with few_draws():
        after = calibrating.calibrate(tmp_path, small_ptbxl)
    assert (after["sha256"], after["training"]) == (before["sha256"], before["training"])
    assert after["performance"]["12"]["n"] == 60
    assert after["calibration"]["12"] != before["calibration"]["12"]
    assert "abstention" not in after
    assert sum(after["reliability"]["classes"]["NORM"]["n"]) == 60
    assert json.loads((tmp_path / "model.json").read_bytes()) == stale


def test_the_page_is_written_again_without_measuring(tmp_path: Path) -> None:
    for name in ("model.onnx", "model.json"):
        shutil.copy(artifacts_folder() / name, tmp_path)
    before = (tmp_path / "model.json").read_bytes()
    assert cli.main(["card", str(tmp_path)]) == 0
    assert (tmp_path / "model.json").read_bytes() == before
    assert (tmp_path / "MODEL_CARD.md").read_text() == render(json.loads(before))
    assert (tmp_path / "reliability.svg").exists()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch, card: dict[str, Any]) -> None:
    monkeypatch.setattr(measuring, "robustness", lambda *_: card["robustness"])
    monkeypatch.setattr(abstaining, "abstention", lambda *_: dict(card["abstention"]))


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(("command", "title"), [("robustness", "## For whom"), ("abstain", "## What it does not know")])
def test_a_command_prints_its_section_and_writes_only_with_into(
    command: str, title: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("model.onnx", "model.json"):
        shutil.copy(artifacts_folder() / name, tmp_path)
    before = (tmp_path / "model.json").read_bytes()
    assert cli.main([command, "nowhere"]) == 0
    assert capsys.readouterr().out.startswith(title)
    assert (tmp_path / "model.json").read_bytes() == before
    assert cli.main([command, "nowhere", "--into", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    written = json.loads((tmp_path / "model.json").read_bytes())
    assert {key: written[key] for key in said} == said
    assert title in (tmp_path / "MODEL_CARD.md").read_text()
    Classifier(tmp_path)


@pytest.mark.usefixtures("quick")
def test_samples_are_listed_in_the_output_and_only_counted_on_the_card(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "none.xml").write_text("<a/>")
    assert cli.main(["abstain", "nowhere", "--samples", str(tmp_path)]) == 0
    assert "none.xml: unsupported_format" in capsys.readouterr().out
    assert cli.main(["abstain", "nowhere", "--samples", str(tmp_path), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["samples"] == {"none.xml": ["unsupported_format"]}
    assert "none.xml" not in json.dumps(said["abstention"])


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (figure({"value": 0.9486, "ci95": [0.9391, 0.9568]}), "0.949 [0.939, 0.957]"),
        (figure(None), "-"),
        (signed({"value": -0.0, "ci95": [-0.0101, 0.02]}), "+0.000 [-0.010, +0.020]"),
        (percent({"value": 0.0105, "ci95": [0.007, 0.0158]}, interval=True), "1.1 % [0.7, 1.6]"),
        (codes({"a": 3, "b": 2, "c": 1, "d": 1}), "a 3, b 2, c 1, ..."),
        (codes({}), "-"),
    ],
)
def test_figures_are_formatted(said: str, expected: str) -> None:
    assert said == expected
