"""Numbers that stand for missing samples become gaps. Waves, converter limits and flat leads do not change."""

import numpy as np
import pytest
from numpy.typing import NDArray

from ecg_core.readers.table.sentinels import without_sentinels
from ecg_core.synthesis.heart import synthesize
from tests.unit.readers.reading import read_table
from tests.unit.readers.tables import make_csv, make_signal

HEART_UV = np.round(synthesize("normal", fs_hz=500, seed=3).signal.astype(float) * 1000)
NOISE = np.random.default_rng(0)


def masked(raw: NDArray[np.float64], scale: float = 1e-3, fs_hz: float = 500) -> tuple[int, NDArray[np.float32]]:
    """(number of masked samples, signal). raw: [leads, samples] in numbers of the file."""
    signal = (raw * scale).astype(np.float32)
    return without_sentinels(signal, [scale] * len(signal), fs_hz), signal


@pytest.mark.parametrize("value", [-999, -9999, 9999, 99999, -32768, 32767, 26624, 2147483647, -2147483648, 65535])
@pytest.mark.parametrize("share", [0.02, 0.12, 0.6])
def test_a_known_sentinel_at_random_places_is_a_gap(value: int, share: float) -> None:
    raw = HEART_UV.copy()
    missing = NOISE.random(raw.shape) < share
    raw[missing] = value

    count, signal = masked(raw)

    assert count == int(missing.sum())
    np.testing.assert_array_equal(np.isnan(signal), missing)


def test_a_run_of_a_known_sentinel_is_a_gap_and_reported() -> None:
    raw = HEART_UV.copy()
    raw[:, 1000:1600] = -999

    recording = read_table("", make_csv(raw / 1000, unit="uV", decimals=0))

    assert np.isnan(recording.signal).sum() == 7200
    assert "numbers that stand for a missing sample read as gaps: 7200" in recording.corrections


@pytest.mark.parametrize("value", [0, 4095, -5000, 7777])
def test_a_repeated_exact_value_far_from_the_signal_is_a_gap(value: int) -> None:
    raw = HEART_UV / 10 + 2048
    raw = np.round(raw)
    places = NOISE.choice(raw.shape[1], 200, replace=False)
    raw[:, places] = value

    assert masked(raw, 1 / 100)[0] == 12 * 200


def test_one_lead_may_have_two_sentinels() -> None:
    raw = HEART_UV.copy()
    raw[:, NOISE.random(raw.shape[1]) < 0.03] = 9999
    raw[:, NOISE.random(raw.shape[1]) < 0.03] = -9999

    assert masked(raw)[0] == int((np.abs(raw) == 9999).sum())


@pytest.mark.parametrize("kind", ["normal", "lbbb", "st_depression"])
@pytest.mark.parametrize("fs_hz", [100, 250, 500])
@pytest.mark.parametrize("step", [1, 25, 100])
def test_waves_are_not_touched(kind: str, fs_hz: int, step: int) -> None:
    raw = np.round(synthesize(kind, fs_hz=fs_hz, seed=1).signal.astype(float) * 1000 / step) * step

    assert masked(raw, fs_hz=fs_hz)[0] == 0


def test_a_known_sentinel_is_found_at_100_hz_although_waves_are_steep() -> None:
    raw = np.round(synthesize("normal", fs_hz=100, seed=1).signal.astype(float) * 1000)
    missing = NOISE.random(raw.shape) < 0.1
    raw[missing] = -999

    assert masked(raw, fs_hz=100)[0] >= 0.95 * missing.sum()


@pytest.mark.parametrize("level", [999, 600, 300, -999])
@pytest.mark.parametrize("fs_hz", [100, 500])
def test_a_converter_at_its_limit_is_not_touched(level: int, fs_hz: int) -> None:
    raw = np.round(synthesize("normal", fs_hz=fs_hz, seed=1).signal.astype(float) * 3000)
    raw = np.minimum(raw, level) if level > 0 else np.maximum(raw, level)

    assert masked(raw, fs_hz=fs_hz)[0] == 0


def test_a_deep_s_wave_that_reaches_a_known_sentinel_is_not_touched() -> None:
    raw = HEART_UV / np.abs(HEART_UV).max(axis=1, keepdims=True) * 999

    assert masked(np.round(raw))[0] == 0


@pytest.mark.parametrize("value", [0, -999, 32767])
def test_constant_and_temporarily_disconnected_leads_are_not_touched(value: int) -> None:
    assert masked(np.full((2, 5000), float(value)))[0] == 0
    raw = HEART_UV.copy()
    raw[:, 2000:4000] = 5000
    assert masked(raw)[0] == 0


def test_a_few_impossible_values_are_left_to_the_quality_check() -> None:
    raw = HEART_UV.copy()
    raw[:, [100, 700, 1500, 2300, 3100, 4000]] = 99999

    assert masked(raw)[0] == 0


def test_numbers_near_the_end_of_float32_are_no_reason_for_a_warning() -> None:
    signal = make_signal(2, 1000)
    signal[0, ::2] = 3e38
    assert read_table("a.csv", make_csv(signal, leads=("I", "II"))).signal[0, 0] == np.float32(3e38)
