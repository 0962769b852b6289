"""The whole way from PTB-XL to a release, on a tiny data set."""

from dataclasses import replace
from pathlib import Path

import pytest

from ecg_core import Classifier
from ecg_core.model.artifacts import CARD_FILE
from ecg_core.synthesis.heart import synthesize
from ecg_core.training import measured_terms, teach
from ecg_core.training import release as releasing
from ecg_core.training.settings import Settings
from tests.unit.training.fakes import Row, few_draws, one_core, with_rows

STUDENT = Settings(epochs=1, batch=10, soft_weight=0.7)
AGAIN = replace(STUDENT, seed=21, rarity=0.5, devices=0.25, statement_soft_weight=0.3, learning_rate=1e-4)


def halved(rows: list[Row]) -> list[Row]:
    """Half of fold 8 becomes fold 7."""
    return [{**row, "strat_fold": "7"} if row["strat_fold"] == "8" and int(row["ecg_id"]) % 2 else row for row in rows]


def test_one_command_writes_a_release_and_resumes(
    tiny_ptbxl: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ptbxl, out = with_rows(tiny_ptbxl, tmp_path / "ptbxl", halved), tmp_path / "out"
    monkeypatch.setattr(teach, "HELD_OUT", ((7,), (8,)))
    monkeypatch.setattr(measured_terms, "MIN_POSITIVES", 3)
    monkeypatch.setattr(releasing, "MEASURES", {"seen": lambda classifier, _: {"by": classifier.identity.version}})
    with few_draws(), one_core():
        folder = releasing.release(ptbxl, out, teacher_epochs=1, student=STUDENT, again=AGAIN)
        written = (folder / CARD_FILE).stat().st_mtime_ns, (out / "student" / CARD_FILE).stat().st_mtime_ns
        monkeypatch.setattr(releasing, "train", lambda *_, **__: pytest.fail("a finished step ran again"))
        releasing.release(ptbxl, out, teacher_epochs=1, student=STUDENT, again=AGAIN)
        (out / "ledger" / "soft_targets" / "wide.npz").unlink()
        taught: list[Path] = []
        monkeypatch.setattr(releasing, "teach", lambda *folders, **_: taught.append(folders[1]))
        releasing.release(ptbxl, out, teacher_epochs=1, student=STUDENT, again=AGAIN)
        assert taught == [out / "teachers"], "a teacher that is missing is taught"
    classifier = Classifier(folder)
    run = classifier.card["training"]["runs"][0]
    assert classifier.classify(synthesize("normal")).probabilities
    assert classifier.measured_terms.names
    assert classifier.card["seen"] == {"by": classifier.identity.version}
    assert run["start_sha256"] == Classifier(out / "student").identity.sha256
    assert "--start model.onnx" in classifier.card["training"]["command"]
    assert str(tmp_path) not in (folder / CARD_FILE).read_text()
    assert (out / "student" / CARD_FILE).stat().st_mtime_ns == written[1]
