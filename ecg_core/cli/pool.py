"""Work for several processes: results in the order of the tasks. A task that kills its process stops no other task.

Threads do not scale here: reading and checking an ECG are Python, which runs one thread at a time.
"""

import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from functools import partial
from itertools import islice
from multiprocessing import get_context, parent_process
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")
Chunk = list[T]

# A call of a process costs 0.2 ms, so tasks travel in chunks. Many chunks wait, so one slow task stops nobody.
CHUNK, LOOKAHEAD = 8, 32


class CannotStart(Exception):
    """The processes end before they do any work."""


def cores() -> int:
    """The cores that this process may use: fewer than the machine has under taskset, in a container or a job."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def in_order(
    workers: int, prepare: Callable[[], object], work: Callable[[T], R], lost: Callable[[T], R], tasks: Iterator[T]
) -> Iterator[tuple[T, R]]:
    """Each task with work(task), in order. Only CHUNK * LOOKAHEAD tasks are taken ahead.

    prepare: called once in each process; it and work are functions of a module. lost: the result of a task whose
    process ended, by a fault in a library or for lack of memory. Raises CannotStart.
    """
    chunks = iter(lambda: list(islice(tasks, CHUNK)), [])
    whole = partial(_each, work)
    waiting: deque[tuple[Chunk[T], Future[list[R]]]] = deque()
    while True:
        waiting.clear()
        with _processes(workers, prepare) as pool:
            try:
                waiting.extend((chunk, _submitted(pool, whole, chunk)) for chunk in islice(chunks, LOOKAHEAD))
                while waiting:
                    yield from zip(waiting[0][0], waiting[0][1].result(), strict=True)
                    waiting.popleft()
                    waiting.extend((chunk, _submitted(pool, whole, chunk)) for chunk in islice(chunks, 1))
                return
            except BrokenProcessPool:
                pass
        yield from _one_by_one(prepare, work, lost, waiting)


def _submitted(pool: ProcessPoolExecutor, whole: Callable[[Chunk[T]], list[R]], chunk: Chunk[T]) -> Future[list[R]]:
    """A chunk that was taken must not be lost: if no process takes it any more, its result is the error."""
    try:
        return pool.submit(whole, chunk)
    except BrokenProcessPool as error:
        broken: Future[list[R]] = Future()
        broken.set_exception(error)
        return broken


def _one_by_one(
    prepare: Callable[[], object],
    work: Callable[[T], R],
    lost: Callable[[T], R],
    waiting: deque[tuple[Chunk[T], Future[list[R]]]],
) -> Iterator[tuple[T, R]]:
    """The chunks that were in work when a process ended. Each task runs alone, so the one that ends it is known.

    One process takes them all until one of them ends it: starting a process takes as long as forty tasks.
    """
    while waiting:
        with _processes(1, prepare) as pool:
            try:
                while waiting:
                    chunk, future = waiting[0]
                    if _succeeded(future):
                        yield from zip(chunk, future.result(), strict=True)
                        chunk.clear()
                    while chunk:
                        yield chunk[0], pool.submit(work, chunk[0]).result()
                        del chunk[0]
                    waiting.popleft()
            except BrokenProcessPool:
                yield chunk[0], lost(chunk[0])
                del chunk[0]


def _succeeded(future: Future[list[R]]) -> bool:
    return future.done() and not future.cancelled() and future.exception() is None


def _each(work: Callable[[T], R], chunk: Chunk[T]) -> list[R]:
    return [work(task) for task in chunk]


@contextmanager
def _processes(workers: int, prepare: Callable[[], object]) -> Iterator[ProcessPoolExecutor]:
    # A forked process would share locks and threads of ONNX Runtime with its parent. A spawned one shares nothing.
    pool = ProcessPoolExecutor(workers, get_context("spawn"), _begin, (prepare,))
    try:
        try:
            # As many as there are processes, so that all of them start now, and not one after another.
            started = [pool.submit(int) for _ in range(workers)]
            started[0].result()
        except BrokenProcessPool as error:
            raise CannotStart("The processes that classify cannot be started.") from error
        yield pool
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(prepare: Callable[[], object]) -> None:
    # Ctrl-C reaches all processes of a terminal. The parent decides what happens then.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    prepare()


def _end_with_parent() -> None:
    """Ends this process when its parent is gone: a killed parent cannot end it, and it would wait for ever."""
    parent = parent_process()
    if parent:
        parent.join()
        os._exit(1)
