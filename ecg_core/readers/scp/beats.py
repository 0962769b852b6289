"""Adds the reference beat back to the rhythm (section 4), if the writer subtracted it to store smaller numbers.

Section 4: 16 bits: ms of the reference beat. 16 bits: its fiducial sample, from 1 on. 16 bits: number of heartbeats. Of
each heartbeat: its type (16 bits), the first sample, the fiducial sample and the last sample (32 bits each). From beats
of type 0 the reference beat was subtracted, from the first to the last sample, with both fiducial samples in line.
"""

import struct
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid

_HEAD = struct.Struct("<HHH")
_BEAT = np.dtype([("type", "<u2"), ("start", "<u4"), ("fiducial", "<u4"), ("end", "<u4")])
# Heartbeats do not overlap. Some writers let their spans touch; twice the recording is more than any needs.
_MAX_COVER = 2


@dataclass(frozen=True)
class Beats:
    """length_ms: of the reference beat. fiducial: its sample, from 0 on. starts, ends: first and last sample of each
    heartbeat that it was subtracted from, and its fiducials, as the file numbers samples."""

    length_ms: int
    fiducial: int
    starts: NDArray[np.int64]
    fiducials: NDArray[np.int64]
    ends: NDArray[np.int64]


def beats_in(body: memoryview) -> Beats:
    """Section 4. Raises HeaderInvalid, also if the reference beat was subtracted from no heartbeat."""
    if len(body) < _HEAD.size:
        raise HeaderInvalid("The section of the heartbeats is shorter than its head.")
    length_ms, fiducial, count = _HEAD.unpack_from(body)
    if _HEAD.size + count * _BEAT.itemsize > len(body):
        raise HeaderInvalid("The section of the heartbeats is shorter than its heartbeats.")
    beats = np.frombuffer(body, _BEAT, count, _HEAD.size)
    beats = beats[beats["type"] == 0]
    if not length_ms or not fiducial or not len(beats):
        raise HeaderInvalid("The file states that a reference beat was subtracted, but not where.")
    starts, fiducials, ends = (beats[name].astype(np.int64) for name in ("start", "fiducial", "end"))
    if (ends < starts).any():
        raise HeaderInvalid("A heartbeat ends before it starts.")
    return Beats(length_ms, fiducial - 1, starts, fiducials, ends)


def added(beats: Beats, beat: NDArray[np.float64], origin: int, samples: int) -> NDArray[np.float64]:
    """[samples] what the reference beat adds to a lead. beat: [its samples]. origin: number of the lead's first sample.

    Raises HeaderInvalid.
    """
    # Sample s of the recording belongs to sample s + shift of the beat.
    shift = beats.fiducial - beats.fiducials
    first = np.maximum(np.maximum(beats.starts, origin), -shift)
    last = np.minimum(np.minimum(beats.ends, origin + samples - 1), len(beat) - 1 - shift)
    counts = np.maximum(last - first + 1, 0)
    if int(counts.sum()) > _MAX_COVER * samples:
        raise HeaderInvalid("The heartbeats overlap.")
    # The numbers of all covered samples: first, first + 1, ... of each heartbeat.
    within = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    numbers = np.repeat(first, counts) + within
    weights = beat[numbers + np.repeat(shift, counts)]
    return np.bincount(numbers - origin, weights, samples).astype(np.float64)


def beat_samples(beats: Beats, interval_us: int) -> int:
    """The number of samples of the reference beat."""
    return round(beats.length_ms * 1000 / interval_us)
