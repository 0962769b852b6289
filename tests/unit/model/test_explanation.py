"""Artificial networks, whose evidence is known, and the shipped network, which must look where textbooks look."""

import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core import Classifier, classify
from ecg_core.classification import DIAGNOSES, SUPERCLASSES, Explanation
from ecg_core.leads import LEADS
from ecg_core.model.classifier import default_classifier
from ecg_core.model.explanation import explained
from ecg_core.model.occlusion import BATCH, LogOdds, normal_instead, replaced
from ecg_core.recording import Recording
from ecg_core.signal.preparation import ModelInput, prepare
from ecg_core.signal.segments import PARTS, cut
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files
from tests.builders import make_recording
from tests.conftest import ROOT
from tests.effort import times_as_costly

CD = SUPERCLASSES.index("CD")


def seen(see: Callable[[NDArray[np.float32]], NDArray[np.float64]]) -> LogOdds:
    """A network: its log-odds of CD are what `see` returns for windows [n, 12, 1000], all others are 0."""

    def log_odds(prepared: ModelInput) -> NDArray[np.float64]:
        answer = np.zeros((len(prepared.signal), len(SUPERCLASSES)))
        answer[:, CD] = see(prepared.signal)
        return answer

    return log_odds


def explain(recording: Recording) -> Explanation:
    explanation = default_classifier().classify(recording, explain=True).explanation
    assert explanation is not None
    return explanation


def rows(explanation: Explanation, label: str) -> NDArray[np.float64]:
    """[leads, segments]."""
    return np.array(list(explanation.evidence[label].values()))


@pytest.mark.parametrize(("lead", "segment"), [("V1", "QRS"), ("aVL", "ST-T"), ("II", "P"), ("V6", "rest")])
def test_a_network_that_looks_at_one_segment_of_one_lead_has_its_evidence_exactly_there(
    lead: str, segment: str
) -> None:
    prepared = prepare(synthesize("lbbb", seed=5))
    segments = cut(prepared.signal[0], prepared.lead_mask[0])
    there = segments.labels == PARTS.index(segment)
    row = LEADS.index(lead)
    explanation = explained(seen(lambda signal: np.abs(signal[:, row, there]).sum(axis=1)), prepared, "CD")
    evidence = rows(explanation, "CD")
    assert abs(evidence[row, PARTS.index(segment)]) > 0.1
    evidence[row, PARTS.index(segment)] = 0
    assert not evidence.any()
    assert not rows(explanation, "NORM").any()


def test_the_evidence_of_a_linear_network_is_the_difference_to_the_normal_heart() -> None:
    prepared = prepare(synthesize("lbbb", seed=5))
    signal, mask = prepared.signal[0], prepared.lead_mask[0]
    segments = cut(signal, mask)
    weight = np.random.default_rng(0).standard_normal((12, 1000))
    log_odds = seen(lambda windows: np.tensordot(windows.astype(np.float64), weight, axes=2))
    evidence = rows(explained(log_odds, prepared, "CD"), "CD")
    part = np.zeros((12, 1000), np.bool_)
    part[0] = segments.labels == 1
    lost = ((signal - replaced(signal, normal_instead(segments), part)) * weight).sum()
    instead = normal_instead(segments)
    gained = ((replaced(instead, signal, part) - instead) * weight).sum()
    assert evidence[0, 1] == pytest.approx((lost + gained) / 2, abs=1e-3)


def test_a_network_that_looks_at_one_beat_has_its_evidence_in_that_beat() -> None:
    prepared = prepare(synthesize("rbbb", seed=5))
    owner = cut(prepared.signal[0], prepared.lead_mask[0]).owners == 4
    explanation = explained(seen(lambda signal: np.abs(signal[:, :, owner]).sum(axis=(1, 2))), prepared, "CD")
    beats = np.array(explanation.beats["CD"])
    assert np.flatnonzero(beats).tolist() == [4]


def test_two_leads_of_which_one_is_enough_share_the_evidence() -> None:
    """If one of the two is hidden, nothing changes. Each of them alone in a normal ECG is enough."""
    prepared = prepare(synthesize("lbbb", seed=5))
    twins = [LEADS.index(lead) for lead in ("V5", "V6")]
    instead = normal_instead(cut(prepared.signal[0], prepared.lead_mask[0]))
    other = np.abs(prepared.signal[0, twins] - instead[twins]).max(axis=1) / 2

    def either(signal: NDArray[np.float32]) -> NDArray[np.float64]:
        return (np.abs(signal[:, twins] - instead[twins]).max(axis=2) > other).any(axis=1).astype(np.float64)

    evidence = rows(explained(seen(either), prepared, "CD"), "CD")
    assert evidence[twins, 1].tolist() == [0.5, 0.5]


def test_norm_is_compared_with_a_line_and_the_other_classes_with_a_normal_heart() -> None:
    assert explain(synthesize("normal")).reference == "line"
    assert explain(synthesize("lbbb")).reference == "normal"


def test_a_replaced_part_is_a_line_between_its_ends_and_level_at_the_edges() -> None:
    signal = np.arange(10, dtype=np.float32)[None] ** 2
    part = np.zeros((1, 10), np.bool_)
    part[0, [0, 1, 4, 5, 9]] = True
    bridged = replaced(signal, np.zeros_like(signal), part)
    assert bridged[0].tolist() == pytest.approx([4, 4, 4, 9, 18, 27, 36, 49, 64, 64])
    assert signal[0, 4] == 16, "the recording itself is left alone"


def test_a_replaced_part_joins_the_signal_without_a_step() -> None:
    signal = prepare(make_recording()).signal[0] + 3
    instead = prepare(synthesize("normal", seed=1)).signal[0]
    part = np.zeros((12, 1000), np.bool_)
    part[:, 300:340] = True
    result = replaced(signal, instead, part)
    between = np.abs(np.diff(result, axis=1))[:, [299, 339]]
    assert (between <= np.abs(np.diff(instead, axis=1))[:, [299, 339]] + 0.1).all()


@pytest.mark.parametrize(
    ("rhythm", "segment"), [("lbbb", "QRS"), ("rbbb", "QRS"), ("st_depression", "ST-T"), ("t_inversion", "ST-T")]
)
def test_the_shipped_network_looks_where_the_finding_is(rhythm: str, segment: str) -> None:
    for seed in range(3):
        explanation = explain(synthesize(rhythm, heart_rate_bpm=65 + 5 * seed, seed=30 + seed))
        positive = np.maximum(rows(explanation, explanation.about), 0).sum(axis=0)
        assert PARTS[positive.argmax()] == segment
        assert explanation.cells[0][2] == segment


def test_an_explanation_adds_one_field_and_changes_nothing_else() -> None:
    recording = synthesize("lbbb")
    plain = json.loads(classify(recording).to_json())
    body = json.loads(default_classifier().classify(recording, explain=True).to_json())
    assert list(body)[-3:] == ["explanation", "model", "disclaimer"]
    assert "explanation" not in plain
    explanation = body.pop("explanation")
    assert body == plain
    keys = ["method", "about", "reference", "window_s", "beats_s", "segments", "spans_s", "evidence", "beats"]
    assert list(explanation) == keys
    assert list(explanation["evidence"]) == list(explanation["beats"]) == list(DIAGNOSES)
    assert list(explanation["evidence"]["CD"]) == list(LEADS)
    assert list(explanation["spans_s"]) == explanation["segments"] == list(PARTS)
    assert len(explanation["beats"]["CD"]) == len(explanation["beats_s"])
    assert b"-0.0," not in json.dumps(explanation).encode()


def test_the_same_record_is_explained_with_the_same_bytes() -> None:
    files = wfdb_files(synthesize("st_depression"), "record")
    one, other = (Classifier().classify(files, explain=True).to_json() for _ in range(2))
    assert one == other


def test_no_name_of_the_file_is_in_an_explanation() -> None:
    files = wfdb_files(synthesize("lbbb"), "Mustermann")
    assert b"Mustermann" not in default_classifier().classify(files, explain=True).to_json()


def test_numbers_are_rounded_once() -> None:
    numbers = rows(explain(synthesize("lbbb")), "CD").ravel().tolist()
    assert numbers == [round(number, 4) for number in numbers]


def test_the_padding_of_a_short_recording_is_not_explained() -> None:
    explanation = explain(synthesize("lbbb", duration_s=6))
    assert explanation.window_s == (0, 6)
    assert max(end for spans in explanation.spans_s for _, end in spans) == 6
    assert max(explanation.beats_s) < 6
    assert 5 <= len(explanation.beats_s) <= 8


def test_the_window_of_a_long_recording_that_shows_the_finding_is_explained() -> None:
    calm, block = synthesize("normal", duration_s=40), synthesize("lbbb", duration_s=40)
    signal = calm.signal.copy()
    signal[:, 15000:] = block.signal[:, 15000:]
    mixed = replace(calm, signal=signal)
    prepared = prepare(mixed)
    explanation = explained(default_classifier().log_odds, prepared, "CD")
    assert explanation.window_s == (30, 40)
    assert all(30 <= beat_s <= 40 for beat_s in explanation.beats_s)
    assert explained(default_classifier().log_odds, prepared, "NORM").window_s == (0, 10)


def test_a_window_without_signal_does_not_shift_the_times_of_the_others() -> None:
    recording = make_recording(("II",), duration_s=40)
    recording.signal[:, :5500] = np.nan
    assert prepare(recording).spans_s[0] == (10, 20)


def test_lead_i_alone_is_explained() -> None:
    explanation = explain(synthesize("lbbb", seed=3).only(["I"]))
    assert list(explanation.evidence["CD"]) == ["I"]
    assert explanation.cells[0][1:] == ("I", "QRS")


def test_derived_limb_leads_are_explained_as_the_network_sees_them() -> None:
    assert list(explain(synthesize("lbbb").only(["I", "II"])).evidence["CD"]) == list(LEADS[:6])


def test_without_beats_the_evidence_is_given_for_pieces_of_two_seconds() -> None:
    still = ModelInput(np.zeros((1, 12, 1000), np.float32), np.ones((1, 12), np.float32), (), True, ((0.0, 10.0),))
    explanation = explained(seen(lambda signal: signal[:, 1, 250]), still, "CD")
    assert (explanation.beats_s, explanation.reference) == ((), "line")
    assert explanation.segments == ("0-2 s", "2-4 s", "4-6 s", "6-8 s", "8-10 s")
    assert explanation.beats["CD"] == ()


def test_nan_from_the_network_counts_as_no_evidence() -> None:
    prepared = prepare(synthesize("lbbb").only(["I"]))

    def log_odds(given: ModelInput) -> NDArray[np.float64]:
        changed = (given.signal != prepared.signal).any(axis=(1, 2))
        return np.where(changed[:, None], np.nan, np.ones((1, len(SUPERCLASSES))))

    assert not rows(explained(log_odds, prepared, "CD"), "CD").any()


def test_an_explanation_asks_the_network_twice_for_every_cell_and_once_for_every_beat() -> None:
    prepared, asked = prepare(synthesize("lbbb", heart_rate_bpm=120)), []

    def log_odds(given: ModelInput) -> NDArray[np.float64]:
        asked.append(len(given.signal))
        return np.zeros((len(given.signal), len(SUPERCLASSES)))

    explanation = explained(log_odds, prepared, "CD")
    cells, beats = len(LEADS) * len(PARTS), len(explanation.beats_s)
    # Beside the parts: the window itself at first, and what they are compared with each time.
    assert sum(asked) == 1 + 2 * (cells + 1) + (beats + 1)
    assert len(asked) <= 1 + 2 * -(-(cells + 1) // BATCH) + -(-(beats + 1) // BATCH)


@pytest.mark.no_cover
def test_an_explanation_costs_little_beside_what_the_network_costs() -> None:
    recording, network = synthesize("lbbb", heart_rate_bpm=120), default_classifier()
    prepared = prepare(recording)
    windows = np.repeat(prepared.signal[:1], 120, axis=0), np.repeat(prepared.lead_mask[:1], 120, axis=0)
    assert times_as_costly(lambda: explain(recording), lambda: network.run(*windows), enough=5) <= 5


def test_a_classification_without_explanation_does_not_import_it() -> None:
    code = (
        "import sys; from ecg_core import classify; from ecg_core.readers import read; "
        "classify({'normal.zip': open('examples/normal.zip', 'rb').read()}); "
        "late = ('model.explanation', 'model.occlusion', 'signal.beats', 'signal.segments', 'synthesis'); "
        "print({f'ecg_core.{name}' for name in late} & set(sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
