"""Rates of other signals, and rates before resampling, do not count."""

import pytest

from ecg_core.errors import SamplingRateUnknown, UnitsUnknown
from tests.unit.readers.reading import read_table
from tests.unit.readers.test_csv import FOUR, ROWS, table


@pytest.mark.parametrize(
    "above",
    [
        *("EDA sampling rate: 256 Hz", "GSR sampling rate: 256 Hz", "PPG: sampling rate 256 Hz", "fs_emg = 256 Hz"),
        *("Sampling rate (EEG): 256 Hz", "Sampling rate EOG = 256", "RESP sampling rate: 256", "ACC fs=100"),
        *("Accelerometer sampling rate: 100 Hz", "gyro sampling rate: 100", "Temperature sampling rate: 100 Hz"),
        *("SpO2 sampling rate: 100 Hz", "HR sampling rate: 100 Hz", "audio sample rate: 4000 Hz", "EDA: 4 ms/sample"),
        *(
            "Sampling rate: 256 Hz (EDA)",
            "[EDA]\nSampling rate: 256 Hz",
            "Respiration\n256 Hz",
            "Atmung Abtastrate: 256",
        ),
        *("Original sampling rate: 300 Hz", "Sampling rate (original): 300 Hz", "Native sampling rate: 300 Hz"),
        *("Source sampling rate: 300 Hz", "Acquisition sampling rate: 300 Hz", "Device sampling rate: 500 Hz"),
        *("device sampling rate: 500 Hz, decimation 2", "Sampling rate: 500 Hz\nDecimation: 2"),
        *("Sampling rate: 500 Hz\n# downsampled by 2", "Sampling rate: 500 Hz\nupsampled", "fs=500\ninterpolated"),
        *("Sampling rate: 500 Hz, resampled", "resampled to 500 points\nfs=300", "decimation = 64\nfs=300"),
        *("Original sampling interval: 2 ms", "resampled to 400 Hz\nresampled to 500 Hz", "downsampling factor: 100"),
    ],
)
def test_rates_that_do_not_apply_to_the_leads_are_ignored(above: str) -> None:
    data = table(FOUR, ROWS, above)

    with pytest.raises(SamplingRateUnknown) as refusal:
        read_table("", data, units="mV")

    assert all(spelling in refusal.value.hint for spelling in ("fs_hz=", "--fs", "?fs_hz="))
    assert read_table("", data, fs_hz=500, units="mV").fs_hz == 500


@pytest.mark.parametrize(
    ("above", "fs_hz"),
    [
        ("ECG sampling rate: 500 Hz, EDA sampling rate: 256 Hz", 500),
        ("EDA sampling rate: 256 Hz\nECG sampling rate: 500 Hz", 500),
        ("[EDA]\nSampling rate: 256 Hz\n[ECG]\nSampling rate: 500 Hz", 500),
        ("Original sampling rate: 300 Hz\nSampling rate: 400 Hz", 400),
        ("Original sampling rate: 300 Hz\n# resampled to 400", 400),
        ("resampled from 300 Hz to 400 Hz", 400),
        ("downsampled to 250 Hz", 250),
        ("resampled: no\nfs=500", 500),
        ("Sampling rate: 500 Hz (EMG filter off)", 500),
        ("Sampling rate: 500 Hz, HR 72", 500),
        ("Sampling rate: 500 Hz; leads and respiration", 500),
    ],
)
def test_rates_of_the_leads_are_found_among_others(above: str, fs_hz: float) -> None:
    assert read_table("", table(FOUR, ROWS, above), units="mV").fs_hz == fs_hz


@pytest.mark.parametrize("above", ["EDA unit: uV", "EMG gain: 1000 counts/mV", "PPG resolution: 5 uV"])
def test_the_unit_of_another_signal_is_ignored(above: str) -> None:
    with pytest.raises(UnitsUnknown):
        read_table("", table(FOUR, ROWS, above), fs_hz=500)
