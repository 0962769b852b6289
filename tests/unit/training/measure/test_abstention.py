import json
from pathlib import Path

import numpy as np
import pytest

from ecg_core.classification import Notice
from ecg_core.model.classifier import default_classifier
from ecg_core.model.placement import KINDS, LIMB_KINDS, SOUND, notice
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, write_files
from ecg_core.training.data.conditions import shortened
from ecg_core.training.data.electrodes import REVERSALS
from ecg_core.training.measure.abstention import abstention, names, samples, shares
from ecg_core.training.measure.outcomes import Outcome, outcome, refused
from tests.unit.training.fakes import fake_classifier

NOTICE = Notice("noisy", "noise")


def answered(*notices: Notice, conclusive: bool = True) -> Outcome:
    return Outcome(None, notices, np.full(5, 0.1), (False,) * 5, conclusive)


def test_a_refused_record_has_even_odds_and_no_finding() -> None:
    found = outcome(default_classifier(), shortened(synthesize("normal"), 4.0))
    assert found.refusal == "too_short"
    assert found.probabilities.tolist() == [0.5] * 5
    assert not any(found.above)
    assert not found.silent
    assert not found.warned


def test_missing_leads_and_a_short_recording_are_no_warning_about_the_signal() -> None:
    found = outcome(default_classifier(), shortened(synthesize("normal"), 6.0).only(["I", "II"]))
    assert found.refusal is None
    assert not found.warned


def test_a_diagnosis_is_silent_only_without_a_warning() -> None:
    found = shares([answered(), answered(NOTICE), answered(conclusive=False), refused("signal_noisy")])
    assert found["n"] == 4
    assert [found[key]["value"] for key in ("refused", "warned", "silent")] == [0.25, 0.25, 0.25]
    assert found["codes"] == {"noisy": 1, "signal_noisy": 1}


@pytest.mark.parametrize("pair", REVERSALS, ids="-".join)
def test_each_pair_is_named_by_exactly_one_warning_of_the_product(pair: tuple[str, str]) -> None:
    kinds = [kind for kind in KINDS if kind != SOUND]
    assert [kind for kind in kinds if names(notice(kind), pair)] == [" and ".join(pair)]


def test_the_order_of_a_pair_does_not_matter_but_its_code_does() -> None:
    assert names(Notice("electrode_reversal_suspected", "The electrodes V2 and V1 seem exchanged."), ("V1", "V2"))
    assert not names(Notice("noisy", "V1 and V2"), ("V1", "V2"))
    assert not names(Notice("arm_reversal_suspected", "RA and LL"), ("RA", "LL"))


def test_every_reversal_that_the_network_learns_is_measured() -> None:
    measured = {" and ".join(pair) for pair in REVERSALS}
    assert measured >= set(LIMB_KINDS)
    assert measured == {kind for kind in KINDS if " and " in kind}


def test_corruptions_and_sound_records_are_counted(small_ptbxl: Path) -> None:
    report = abstention(fake_classifier(), small_ptbxl, records=3)
    json.dumps(report, allow_nan=False)
    assert report["sound"]["n"] == 60
    assert report["sound"]["refused"]["value"] == 0
    made = report["corruptions"]
    # The fake refuses 500 Hz, and warns of arms where lead I points down.
    assert {row["refused"]["value"] for row in made["foreign"].values()} == {1}
    arms, chest = made["placed"]["RA and LA"], made["placed"]["V1 and V2"]
    assert arms["n"] == 3
    assert arms["sensitivity"]["value"] == arms["any_reversal"]["value"] == 1
    assert arms["specificity"]["value"] == 1 - report["sound"]["codes"].get("arm_reversal_suspected", 0) / 60
    assert (chest["sensitivity"]["value"], chest["specificity"]["value"]) == (0, 1)


def test_a_warning_with_another_pair_does_not_count_as_found(small_ptbxl: Path) -> None:
    wrong = fake_classifier(Notice("electrode_reversal_suspected", "The electrodes RA and LL seem to be exchanged."))
    arms = abstention(wrong, small_ptbxl, records=3)["corruptions"]["placed"]["RA and LA"]
    assert (arms["sensitivity"]["value"], arms["any_reversal"]["value"]) == (0, 1)


def test_samples_are_counted_by_their_codes(tmp_path: Path) -> None:
    write_files(wfdb_files(synthesize("normal", fs_hz=100), "sound"), tmp_path)
    write_files(wfdb_files(synthesize("normal", fs_hz=500), "refused"), tmp_path / "deep")
    (tmp_path / "none.xml").write_text("<a/>")
    counts, said = samples(fake_classifier(), tmp_path)
    assert counts["n"] == 3
    assert counts["refused"] == {"signal_noisy": 1, "unsupported_format": 1}
    assert counts["answered_without_warning"] == 1
    assert said == {
        "sound.hea": ["answered"],
        "deep/refused.hea": ["signal_noisy"],
        "none.xml": ["unsupported_format"],
    }
