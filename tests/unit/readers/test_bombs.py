"""The cost of a whole request: each bomb is refused or read at the cost of a few sound tables."""

from collections.abc import Callable

import pytest

from ecg_core import EcgError, read
from tests.effort import times_as_costly
from tests.unit.readers.bombs import BOMBS, Upload, masters
from tests.unit.readers.tables import make_csv, make_signal

pytestmark = pytest.mark.no_cover

# 3,300 rows of twelve leads, 0.3 MB. Forty of them took 0.5 s on the machine on which the limits were chosen.
SOUND = make_csv(make_signal(12, 3300), time=None)
MAX_COST = 40


def _read(upload: Upload) -> str:
    try:
        return read(upload, fs_hz=500).format
    except EcgError as refused:
        return refused.code


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_costs_no_more_than_forty_sound_tables(bomb: Callable[[], Upload]) -> None:
    upload = bomb()
    assert _read(upload) != "internal_error"
    assert times_as_costly(lambda: _read(upload), lambda: _read({"a.csv": SOUND}), enough=MAX_COST) <= MAX_COST


def test_ten_times_as_many_masters_cost_at_most_thirty_times_as_much() -> None:
    few, many = masters(10), masters(100)
    assert times_as_costly(lambda: _read(many), lambda: _read(few), enough=30) <= 30
