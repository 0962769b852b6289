from itertools import pairwise

import numpy as np
import pytest

from ecg_core.leads import LEADS
from ecg_core.signal.preparation import prepare
from ecg_core.signal.segments import NONE, PARTS, PIECE_S, QRS, REST, ST_T, P, Segments, cut
from ecg_core.synthesis.heart import normal_heart, synthesize

ALL = np.ones(len(LEADS), np.float32)


def of_heart(rate_bpm: float, first_s: float = 0.5) -> tuple[Segments, np.ndarray]:
    beats_s = np.arange(first_s, 10, 60 / rate_bpm)
    return cut(normal_heart(beats_s, 60 / rate_bpm, 1000, 100), ALL), beats_s


@pytest.mark.parametrize("rate_bpm", [50, 70, 100])
def test_each_wave_lies_in_its_segment(rate_bpm: float) -> None:
    segments, beats_s = of_heart(rate_bpm)
    shrink = (60 / rate_bpm) ** (1 / 3)
    for at_s, segment in ((-0.145, P), (0, QRS), (0.034, QRS), (0.15 * shrink, ST_T), (0.3 * shrink, ST_T)):
        at = np.rint(100 * (beats_s[1:-1] + at_s)).astype(int)
        assert set(segments.labels[at].tolist()) == {segment}


def test_the_line_between_t_and_p_is_rest() -> None:
    segments, beats_s = of_heart(50)
    assert set(segments.labels[np.rint(100 * (beats_s[1:-1] - 0.3)).astype(int)].tolist()) == {REST}


@pytest.mark.parametrize("rate_bpm", [45, 75, 110, 150, 180])
def test_every_beat_has_its_segments_in_order_and_t_leaves_room_for_p(rate_bpm: float) -> None:
    segments, beats_s = of_heart(rate_bpm)
    assert len(segments.beats) == len(beats_s)
    order = segments.labels[np.flatnonzero(np.diff(segments.labels, prepend=-1))].tolist()
    waves = [label for label in order if label != REST]
    assert waves[:3] in ([P, QRS, ST_T], [QRS, ST_T, P], [ST_T, P, QRS])
    assert all((after - before) % 3 == 1 for before, after in pairwise(waves))
    lengths = [end - start for start, end in segments.spans(P)[1:-1]]
    assert min(lengths) >= 12


def test_the_t_wave_of_a_beat_before_the_window_reaches_into_it() -> None:
    segments, _ = of_heart(60, first_s=0.75)
    assert segments.labels[0] == ST_T
    assert segments.owners[0] == NONE


def test_a_pause_in_the_rhythm_gets_no_invented_beat() -> None:
    beats_s = np.array([2.0, 3.0, 4.0, 5.0])
    segments = cut(normal_heart(beats_s, 1.0, 1000, 100), ALL)
    assert set(segments.labels[600:].tolist()) == {REST}
    assert set(segments.labels[:170].tolist()) == {REST}


def test_a_beat_owns_only_its_own_waves() -> None:
    segments, beats_s = of_heart(70)
    for beat, beat_s in enumerate(beats_s[1:-1], start=1):
        assert set(segments.owners[np.rint(100 * (beat_s + np.array([-0.145, 0, 0.27]))).astype(int)]) == {beat}


def test_spans_and_labels_describe_the_same_segments() -> None:
    segments, _ = of_heart(70)
    labels = np.full(1000, -1)
    for segment in range(len(PARTS)):
        for start, end in segments.spans(segment):
            labels[start:end] = segment
    assert np.array_equal(labels, segments.labels)


@pytest.mark.parametrize("samples", [500, 620, 1000])
def test_without_beats_the_window_is_cut_into_equal_pieces(samples: int) -> None:
    segments = cut(np.zeros((12, samples), np.float32), ALL)
    assert segments.beats == ()
    assert len(segments.names) == -(-samples // round(100 * PIECE_S))
    assert segments.names[:2] == ("0-2 s", "2-4 s")
    assert set(segments.labels.tolist()) == set(range(len(segments.names)))


@pytest.mark.parametrize("rhythm", ["lbbb", "rbbb"])
def test_a_wide_complex_is_inside_its_segment(rhythm: str) -> None:
    segments = cut(prepare(synthesize(rhythm, heart_rate_bpm=60, seed=2)).signal[0], ALL)
    lengths = [end - start for start, end in segments.spans(QRS)[1:-1]]
    assert 13 <= min(lengths) <= max(lengths) <= 22
