"""The unit of a time column may have a factor. An unclear unit is not guessed."""

import numpy as np
import pytest

from ecg_core.errors import SamplingRateUnknown, SignalInvalid
from ecg_core.readers.table.time_units import time_unit
from tests.unit.readers.reading import read_table
from tests.unit.readers.test_csv import timed


@pytest.mark.parametrize(
    ("name", "step"),
    [
        *(("time (0.1ms)", 20), ("time (0,1 ms)", 20), ("time [10 us]", 200), ("t (100us)", 20), ("time x0.1ms", 20)),
        *(
            ("time (1/1000 s)", 2),
            ("ticks of 1/500 s", 1),
            ("time (1e-4 s)", 20),
            ("time*2ms", 1),
            ("time (1/10 ms)", 20),
        ),
        *(("Zeit [500 ns]", 4000), ("time_ms", 2), ("time 1 ms", 2)),
    ],
)
def test_a_factor_before_the_unit_counts(name: str, step: int) -> None:
    separator = ";" if "," in name else ","

    recording = read_table("", timed([str(number * step) for number in range(500)], name, separator))

    assert recording.fs_hz == pytest.approx(500, rel=1e-6)


def test_a_factor_in_a_row_of_units_counts() -> None:
    rows = "".join(f"{number * 20},0.{number % 10}\n" for number in range(200))

    assert read_table("", f"time,I\n0.1 ms,mV\n{rows}".encode()).fs_hz == 500


@pytest.mark.parametrize(("name", "per_second"), [("time (h)", 1 / 3600), ("hours", 1 / 3600), ("Time [min]", 1 / 60)])
def test_hours_and_minutes_are_units(name: str, per_second: float) -> None:
    times = [f"{number / 250 * per_second:.12f}" for number in range(500)]

    assert read_table("", timed(times, name)).fs_hz == pytest.approx(250, rel=1e-6)


@pytest.mark.parametrize(
    "name",
    ["time (ticks)", "ticks", "time (10^-4 s)", "time (cs)", "time (x10)", "time in tenths of ms", "clock counts"],
)
def test_an_unclear_unit_is_not_guessed(name: str) -> None:
    data = timed([str(number * 4) for number in range(200)], name)

    with pytest.raises(SamplingRateUnknown):
        read_table("", data)
    assert read_table("", data, fs_hz=125).fs_hz == 125


@pytest.mark.parametrize("name", ["time_1_s", "time2 (s)", "t2 s"])
def test_a_digit_of_the_name_is_not_a_factor(name: str) -> None:
    assert time_unit(name)[:2] == ("s", 1.0)


def test_a_time_column_with_a_unit_is_preferred_to_a_clock() -> None:
    rows = "".join(f"2024-01-01T12:00:{n // 100:02d}.000;{599616 * 10**12 + n * 7692308};{n}\n" for n in range(1000))

    recording = read_table("", f"Phone timestamp;sensor timestamp [ns];I [uV]\n{rows}".encode())

    assert recording.fs_hz == pytest.approx(130, rel=1e-6)


def test_arrival_times_of_packets_are_not_sampling_times() -> None:
    rows = "".join(f"0.{n % 10},12:00:{n // 25 * 0.1:06.3f}\n" for n in range(500))
    data = f"I_mV,clock\n{rows}".encode()

    with pytest.raises(SamplingRateUnknown):
        read_table("", data)
    assert read_table("", data, fs_hz=250).fs_hz == 250


def test_uneven_times_are_refused() -> None:
    times = np.cumsum(np.where(np.arange(500) % 5, 0.001, 0.016))

    with pytest.raises(SignalInvalid, match="uneven"):
        read_table("", timed([f"{time:.3f}" for time in times]))
