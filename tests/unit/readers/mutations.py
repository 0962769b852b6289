"""Damaged copies of a file: flipped bits, cut ends, moved and repeated stretches, numbers at their limits."""

from collections.abc import Callable

import numpy as np

Mutation = Callable[[bytearray, np.random.Generator], None]
# Values that length fields and counts are damaged to.
LIMITS = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x00\x00\x00\x80", b"\x01\x00", b"\xff\xff")


def flip(data: bytearray, random: np.random.Generator) -> None:
    for place in random.integers(0, len(data), random.integers(1, 9)):
        data[place] ^= 1 << int(random.integers(0, 8))


def near_the_start(data: bytearray, random: np.random.Generator) -> None:
    """Headers are at the beginning of most files."""
    for place in random.integers(0, min(len(data), 600), random.integers(1, 9)):
        data[place] = int(random.integers(0, 256))


def cut(data: bytearray, random: np.random.Generator) -> None:
    del data[int(random.integers(1, len(data))) :]


def remove(data: bytearray, random: np.random.Generator) -> None:
    start = int(random.integers(0, len(data)))
    del data[start : start + int(random.integers(1, 200))]


def repeat(data: bytearray, random: np.random.Generator) -> None:
    start, place = (int(at) for at in random.integers(0, len(data), 2))
    data[place:place] = data[start : start + int(random.integers(1, 2_000))]


def to_a_limit(data: bytearray, random: np.random.Generator) -> None:
    value = LIMITS[int(random.integers(0, len(LIMITS)))]
    place = int(random.integers(0, min(len(data), 4_000)))
    data[place : place + len(value)] = value


def append(data: bytearray, random: np.random.Generator) -> None:
    data += random.bytes(int(random.integers(1, 5_000)))


MUTATIONS: tuple[Mutation, ...] = (flip, near_the_start, cut, remove, repeat, to_a_limit, append)


def mutated(files: dict[str, bytes], seed: int) -> dict[str, bytes]:
    """The files, of which one or two are damaged in one to three ways. The same seed gives the same files."""
    random = np.random.default_rng(seed)
    damaged = dict(files)
    for _ in range(int(random.integers(1, 4))):
        name = list(files)[int(random.integers(0, len(files)))]
        data = bytearray(damaged[name])
        if data:
            MUTATIONS[int(random.integers(0, len(MUTATIONS)))](data, random)
        damaged[name] = bytes(data)
    return damaged
