"""The second model: it is asked on a share of the records and counted, and no answer changes by it."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from ecg_core.classification import Classification
from ecg_core.cli.examples import examples
from ecg_core.errors import SignalUnlikeEcg
from ecg_core.model.artifacts import artifacts_folder
from ecg_core.model.classifier import Classifier, classify
from functions.metrics import SHADOW_AGREEMENT, SHADOW_DIFFERENCE, SHADOW_ERRORS, SHADOW_MS, Metrics
from functions.shadow import Shadow
from tests.lambda_contract.emulator import Function, binary, function
from tests.lambda_contract.events import event, multipart
from tests.lambda_contract.test_metrics import lines_of, read
from tests.s3_drop.cloud import cloud
from tests.s3_drop.queue import work

emulated = pytest.mark.skipif(
    binary() is None, reason="the runtime emulator is not installed: `make setup` does, or EKG_RIE names it"
)
RECORDS = ("normal.zip", "left_bundle_branch_block.zip", "st_depression.csv", "watch_lead_i.csv")
Change = Callable[[dict[str, Any]], None]


def artifacts(folder: Path, change: Change = lambda card: None) -> Path:
    """A folder of artifacts with the shipped network and a changed card."""
    folder.mkdir()
    shutil.copy(artifacts_folder() / "model.onnx", folder)
    card = json.loads((artifacts_folder() / "model.json").read_text())
    change(card)
    (folder / "model.json").write_text(json.dumps(card))
    return folder


def strict(card: dict[str, Any]) -> None:
    """NORM is never found, and its probability is another one."""
    for name in card["thresholds"]:
        card["thresholds"][name]["NORM"] = 1.0
        card["calibration"][name]["NORM"]["bias"] -= 1.0


def counted(text: str) -> list[dict[str, float]]:
    """What the lines count of the second model, without its times."""
    found = [{name: value for (name, *_), value in read(line).items() if "Shadow" in name} for line in lines_of(text)]
    assert all(one.pop(SHADOW_MS) > 0 for one in found if SHADOW_AGREEMENT in one)
    return [one for one in found if one]


def environment(folder: Path, percent: str = "100") -> dict[str, str]:
    return {"METRICS": "on", "EKG_SHADOW": str(folder), "EKG_SHADOW_SHARE": percent}


def answered(running: Function, files: dict[str, bytes]) -> list[bytes]:
    bodies = []
    for name, data in files.items():
        answer = running.invoke(event("rest", "POST", "/diagnosis", *multipart({name: data})))
        assert answer["statusCode"] == 200
        bodies.append(answer["body"].encode())
    return bodies


@emulated
def test_the_api_counts_what_the_other_model_says_and_answers_as_before(tmp_path: Path) -> None:
    files = {name: examples()[name] for name in RECORDS}
    results = [classify({name: data}) for name, data in files.items()]
    other = Classifier(artifacts(tmp_path / "next", strict))
    with function(environment=environment(tmp_path / "next")) as running:
        assert answered(running, files) == [result.to_json() for result in results]
        text = "\n".join(running.lines())
    expected = []
    for result in results:
        second = other.classify(result.recording)
        differences = [abs(second.probabilities[name] - known) for name, known in result.probabilities.items()]
        agrees = int(second.findings == result.findings)
        expected.append({SHADOW_AGREEMENT: agrees, SHADOW_DIFFERENCE: round(max(differences), 4)})
    assert counted(text) == expected
    # Some agree and some do not, or the test would show little.
    assert {one[SHADOW_AGREEMENT] for one in expected} == {0, 1}
    shown = json.dumps(lines_of(text))
    assert not [one for result in results for one in (result.recording.sha256, *result.findings) if one in shown]


@emulated
def test_a_broken_model_is_counted_and_harms_no_answer(tmp_path: Path) -> None:
    files = {name: examples()[name] for name in RECORDS[:2]}
    broken = artifacts(tmp_path / "next")
    with (broken / "model.onnx").open("ab") as model:
        model.write(b"more")
    with function(environment=environment(broken)) as running:
        assert answered(running, files) == [classify({name: data}).to_json() for name, data in files.items()]
        text = "\n".join(running.lines())
    assert counted(text) == [{SHADOW_ERRORS: 1}] * 2
    assert '"error": "ArtifactError"' in text


@emulated
def test_the_drop_counts_new_results_only(tmp_path: Path) -> None:
    files = {f"a/{name}": examples()[name] for name in RECORDS[:2]}
    folder = artifacts(tmp_path / "next")
    with cloud() as aws:
        drop = "functions.s3_drop.handler.handler"
        with function(drop, {**aws.environment, **environment(folder)}) as running:
            for _ in range(2):
                aws.drop(files)
                while work(aws, running.invoke):
                    pass
            text = "\n".join(running.lines())
        outcomes = aws.outcomes()
    for key, data in files.items():
        assert outcomes[f"{key}.json"] == classify({key.removeprefix("a/"): data}).to_json()
    # The same network with the same card.
    assert counted(text) == [{SHADOW_AGREEMENT: 1, SHADOW_DIFFERENCE: 0}] * 2


@pytest.fixture(scope="module")
def result() -> Classification:
    return classify({"normal.zip": examples()["normal.zip"]})


class Asked:
    """In place of a Classifier."""

    def __init__(self, does: Callable[[], Classification]) -> None:
        self.times, self._does = 0, does

    def classify(self, recording: object) -> Classification:
        self.times += 1
        return self._does()


def shadow(percent: float, does: Callable[[], Classification], limit_s: float = 10.0) -> tuple[Shadow, Asked]:
    made, asked = Shadow(Path("next"), percent, Metrics("api"), limit_s), Asked(does)
    made._classifier = asked  # type: ignore[assignment]
    return made, asked


def test_a_slow_model_is_left_behind_and_not_started_twice(
    result: Classification, capsys: pytest.CaptureFixture[str]
) -> None:
    released = Event()

    def slow() -> Classification:
        released.wait()
        return result

    made, asked = shadow(100, slow, limit_s=0.05)
    made.compare(result)
    made.compare(result)
    assert asked.times == 1
    released.set()
    assert made._running is not None
    made._running.join()
    # Its late answer is not counted.
    assert counted(capsys.readouterr().out) == [{SHADOW_ERRORS: 1}] * 2
    # Now it is fast.
    made._limit_s = 10.0
    made.compare(result)
    assert counted(capsys.readouterr().out) == [{SHADOW_AGREEMENT: 1, SHADOW_DIFFERENCE: 0}]


def test_a_refusal_of_the_other_model_is_a_disagreement_and_a_fault_is_an_error(
    result: Classification, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuses() -> Classification:
        raise SignalUnlikeEcg("no ECG")

    def fails() -> Classification:
        raise MemoryError("Hans Meier")

    for does in (refuses, fails):
        shadow(100, does)[0].compare(result)
    shown = capsys.readouterr().out
    assert counted(shown) == [{SHADOW_AGREEMENT: 0}, {SHADOW_ERRORS: 1}]
    assert '"error": "MemoryError"' in shown
    assert "Meier" not in shown


@pytest.mark.parametrize("percent", [0, 3, 50, 100])
def test_the_record_decides_whether_it_is_read(percent: float, result: Classification) -> None:
    made, _ = shadow(percent, lambda: result)
    chosen = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2000)]
    read = [sha256 for sha256 in chosen if made._reads(sha256)]
    assert len(read) == pytest.approx(20 * percent, abs=60)
    assert read == [sha256 for sha256 in chosen if shadow(percent, lambda: result)[0]._reads(sha256)]
    if percent in (0, 100):
        assert len(read) == 20 * percent


@pytest.mark.parametrize(
    ("settings", "metrics"),
    [
        ({"EKG_SHADOW": "next", "EKG_SHADOW_SHARE": "101"}, "api"),
        ({"EKG_SHADOW": "next", "EKG_SHADOW_SHARE": "-1"}, "api"),
        ({"EKG_SHADOW": "next", "EKG_SHADOW_SHARE": "nan"}, "api"),
        ({"EKG_SHADOW": "next", "EKG_SHADOW_SHARE": "all"}, "api"),
        ({"EKG_SHADOW": "next"}, None),
    ],
)
def test_a_wrong_setting_stops_the_start(settings: dict[str, str], metrics: str | None) -> None:
    with pytest.raises(ValueError, match=r"EKG_SHADOW|could not convert"):
        Shadow.of(settings, Metrics(metrics))


def test_without_a_second_model_nothing_is_asked(result: Classification, capsys: pytest.CaptureFixture[str]) -> None:
    made = Shadow.of({"EKG_SHADOW": "", "EKG_SHADOW_SHARE": "100"}, Metrics(None))
    made.compare(result)
    assert made._running is None
    assert not capsys.readouterr().out
