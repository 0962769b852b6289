"""The beats of real recordings."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.measurements.detection import find_beats, running_max
from ecg_core.measurements.stretches import stretches
from ecg_core.readers import read
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import normal_heart
from tests.unit.readers.oracle import rdrecord, xqrs_detect

# Beats are found in parts of this length, as in a long recording.
PART_S = 60.0
NEAR_S = 0.15
# The number of beats that the annotators of the MIT-BIH Arrhythmia Database counted. The annotations themselves are not
# among the samples.
COUNTED = {"100": 2273, "208": 2955}


def beats_s(signal: NDArray[np.float32], fs_hz: float) -> NDArray[np.float64]:
    found = []
    length = round(PART_S * fs_hz)
    names = ("I", "II")[: len(signal)]
    for start in range(0, signal.shape[1], length):
        part = Recording(signal[:, start : start + length], fs_hz, names, "", "")
        found += [start / fs_hz + find_beats(stretch) / stretch.fs_hz for stretch in stretches(part)]
    return np.concatenate(found)


@pytest.mark.parametrize(("name", "share"), [("100", 0.001), ("208", 0.002)])
def test_half_an_hour_has_as_many_beats_as_the_annotators_counted(samples: Path, name: str, share: float) -> None:
    """208 has 992 ventricular and 373 fusion beats. xqrs of wfdb finds 2,731 of its 2,955 beats."""
    recording = rdrecord(str(samples / "wfdb" / name))
    found = beats_s(recording.p_signal.T.astype(np.float32), float(recording.fs))
    assert len(found) == pytest.approx(COUNTED[name], rel=share)


def test_the_beats_of_record_100_are_those_that_another_detector_finds(samples: Path) -> None:
    recording = rdrecord(str(samples / "wfdb" / "100"))
    samples_read = 300 * recording.fs
    lead = recording.p_signal[:samples_read, 0]
    found = beats_s(lead[None].astype(np.float32), float(recording.fs))
    other = xqrs_detect(lead, recording.fs, verbose=False) / recording.fs
    apart = np.abs(found[:, None] - other)
    assert apart.min(axis=0).max() <= NEAR_S
    assert apart.min(axis=1).max() <= NEAR_S


@pytest.mark.parametrize("name", ["s0010_re"])
def test_twelve_leads_at_1000_hz(samples: Path, name: str) -> None:
    files = {path.name: path.read_bytes() for path in (samples / "wfdb").glob(f"{name}.*")}
    recording = read(files)
    (stretch,) = stretches(recording)
    intervals_s = np.diff(find_beats(stretch)) / stretch.fs_hz
    assert intervals_s.min() > 0.6
    assert intervals_s.max() < 0.9


@pytest.mark.parametrize("rate_bpm", [40, 70, 120, 180, 220])
@pytest.mark.parametrize("fs_hz", [50, 250, 1000])
def test_the_middle_of_qrs_is_found_at_any_rate(rate_bpm: int, fs_hz: int) -> None:
    times_s = np.arange(0.4, 9.6, 60 / rate_bpm)
    signal = normal_heart(times_s, 60 / rate_bpm, 10 * fs_hz, fs_hz)
    signal += 0.01 * np.random.default_rng(1).standard_normal(signal.shape).astype(np.float32)
    (stretch,) = stretches(Recording(signal[:2], float(fs_hz), ("I", "II"), "", ""))
    found_s = find_beats(stretch) / stretch.fs_hz
    assert len(found_s) == len(times_s)
    # The middle of QRS may lie before or after the peak of R, by the same time in all beats.
    assert np.ptp(found_s - times_s) <= 0.016


def test_a_running_maximum() -> None:
    values = np.random.default_rng(0).standard_normal(50)
    for reach in (0, 1, 3, 4, 7):
        slow = [values[max(0, at - reach) : at + reach + 1].max() for at in range(50)]
        np.testing.assert_array_equal(running_max(values, reach), slow)
