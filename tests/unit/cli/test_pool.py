"""Several processes: order, few tasks ahead, and a task that kills its process."""

import os
from collections.abc import Iterator

import pytest

from ecg_core.cli.pool import CHUNK, LOOKAHEAD, CannotStart, in_order

# Two of one chunk, and one of another.
DEADLY = (21, 22, 150)


def nothing() -> None:
    pass


def fail() -> None:
    os._exit(3)


def work(task: int) -> int:
    if task in DEADLY:
        os._exit(9)
    return 10 * task


def lost(task: int) -> int:
    return -task


def test_tasks_that_kill_their_process_are_lost_alone() -> None:
    found = list(in_order(2, nothing, work, lost, iter(range(CHUNK * (LOOKAHEAD + 4)))))
    assert [task for task, _ in found] == list(range(CHUNK * (LOOKAHEAD + 4)))
    assert [one for one in found if one[1] != 10 * one[0]] == [(task, -task) for task in DEADLY]


def test_few_tasks_are_taken_ahead() -> None:
    taken = 0

    def tasks() -> Iterator[int]:
        nonlocal taken
        for task in range(100, 100_000):
            taken += 1
            yield task

    results = in_order(2, nothing, work, lost, tasks())
    for _ in range(100):
        next(results)
    assert taken <= 100 + CHUNK * (LOOKAHEAD + 1)
    results.close()


def test_processes_that_cannot_start_are_reported() -> None:
    with pytest.raises(CannotStart):
        list(in_order(2, fail, work, lost, iter(range(3))))
