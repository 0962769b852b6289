"""The way of a measurement: a Recording in, Measurements out."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

import numpy as np

from ecg_core.leads import CHEST_LEADS
from ecg_core.measured import Measurements
from ecg_core.measurements.amplitudes import axis_deg, baseline_of, lead_measurements, with_limb_leads
from ecg_core.measurements.classes import Beat, usual_beat
from ecg_core.measurements.detection import Beats, Floats, find_beats
from ecg_core.measurements.p_wave import p_onset
from ecg_core.measurements.pacing import is_paced
from ecg_core.measurements.qrs import qrs_bounds, stands_out
from ecg_core.measurements.rhythm import intervals_s, rate_bpm, regularity
from ecg_core.measurements.stretches import Stretch, pieces_of, stretches
from ecg_core.measurements.t_wave import t_end
from ecg_core.recording import Recording
from ecg_core.signal.median import median

# If fewer of the beats have one shape, they are no beats: fibrillation, torsade de pointes or noise.
MIN_SHARE = 0.3
# No QRS complex is shorter or longer.
MIN_QRS_S, MAX_QRS_S = 0.04, 0.24
# At 50 Hz QRS appears 46 ms too long, at 60 Hz 11 ms. From 75 Hz on it is as long as at 500 Hz.
MIN_WAVES_FS_HZ = 75.0
# Without a P wave at such a rate, T cannot be told from flutter or P waves, and the beats may be ventricular.
FAST_BPM = 100.0
# A longer QTc is a U wave, or a drift after a flat T wave.
MAX_QTC_S = 0.6
# If T is not found, P is searched from this time after QRS on.
USUAL_T_S = 0.25


@dataclass(frozen=True, eq=False)
class Found:
    """The beats of a recording. parts: its stretches. beats: their beats. intervals: their RR intervals, in seconds."""

    parts: list[Stretch]
    beats: list[Beats]
    usual: Beat
    intervals: list[Floats]
    rate_bpm: float


@dataclass(frozen=True)
class Waves:
    """Where the waves of the usual beat begin and end, as its samples, with fractions. baseline: [leads] mV."""

    onset: float
    end: float
    baseline: Floats
    p: float | None
    t: float | None


class Measured(NamedTuple):
    """found, waves: None if there are none that can be measured.

    beat: {lead: [samples] mV}, the usual beat against its baseline, also in the limb leads that follow from two others.
    """

    measurements: Measurements
    found: Found | None = None
    waves: Waves | None = None
    beat: Mapping[str, Floats] = MappingProxyType({})


def measure(recording: Recording) -> Measurements:
    """Measures a recording. What cannot be measured is None; no signal raises an error.

    Of a recording that is longer than all windows, the pieces around them are measured together.
    """
    return measured(recording).measurements


def measured(recording: Recording) -> Measured:
    """The measurements, and the beats and waves that they come from."""
    recording = independent(pieces_of(recording))
    found = find(recording)
    if found is None:
        return Measured(Measurements())
    known = Measurements(heart_rate_bpm=round(found.rate_bpm), rhythm=regularity(found.intervals))
    waves = waves_of(found) if shows_waves(recording, found) else None
    if waves is None:
        return Measured(known, found)
    names = [recording.leads[row] for row in found.usual.leads]
    beat = with_limb_leads(found.usual.signal - waves.baseline[:, None], names)
    return Measured(_with_waves(known, found, waves, beat), found, waves, beat)


def find(recording: Recording) -> Found | None:
    """None if there are no beats of one shape, or too few for a rate."""
    parts = stretches(recording)
    found = [find_beats(part) for part in parts]
    beat = usual_beat(parts, found) if parts else None
    if beat is None or beat.share < MIN_SHARE or not stands_out(beat):
        return None
    intervals = [intervals_s(part, beats) for part, beats in zip(parts, found, strict=True)]
    rate = rate_bpm(np.concatenate(intervals))
    return None if rate is None else Found(parts, found, beat, intervals, rate)


def shows_waves(recording: Recording, found: Found) -> bool:
    """Whether more than the rate can be measured."""
    return recording.fs_hz >= MIN_WAVES_FS_HZ and not is_paced(found.parts, found.beats)


def independent(recording: Recording) -> Recording:
    """Without the limb leads that follow from I and II. They are computed again from the usual beat."""
    known = [lead for lead in ("I", "II") if lead in recording.leads]
    rows = [recording.leads.index(lead) for lead in known]
    if len(known) < 2 or np.isnan(recording.signal[rows]).any():
        return recording
    return recording.only([*known, *CHEST_LEADS])


def waves_of(found: Found) -> Waves | None:
    """None if QRS has no clear edges."""
    beat, intervals = found.usual, np.concatenate(found.intervals)
    bounds = qrs_bounds(beat)
    if bounds is None or not MIN_QRS_S <= (bounds[1] - bounds[0]) / beat.fs_hz <= MAX_QRS_S:
        return None
    onset, end = bounds
    baseline = baseline_of(beat, onset)
    usual_s = float(median(intervals)[0])
    t = t_end(beat, onset, end, baseline, usual_s)
    earlier_s = usual_s if math.isnan(beat.earlier_s) else beat.earlier_s
    earlier = (t if t is not None else end + USUAL_T_S * beat.fs_hz) - earlier_s * beat.fs_hz
    p = p_onset(beat, onset, earlier)
    mean_s = float(intervals.mean())
    if t is not None and (
        (p is None and 60 / mean_s >= FAST_BPM) or (t - onset) / beat.fs_hz > MAX_QTC_S * mean_s ** (1 / 3)
    ):
        t = None
    return Waves(onset, end, baseline, p, t)


def _with_waves(known: Measurements, found: Found, waves: Waves, beat: Mapping[str, Floats]) -> Measurements:
    """Adds the intervals within the beat, the axis and the leads."""
    onset, end, p, t, fs_hz = waves.onset, waves.end, waves.p, waves.t, found.usual.fs_hz
    mean_s = float(np.concatenate(found.intervals).mean())
    qt_s = None if t is None else (t - onset) / fs_hz
    first, last = round(onset), round(end)
    return replace(
        known,
        pr_ms=None if p is None else round(1000 * (onset - p) / fs_hz),
        qrs_ms=round(1000 * ((end - onset) / fs_hz)),
        qt_ms=None if qt_s is None else round(1000 * qt_s),
        qtc_ms=None if qt_s is None else round(1000 * qt_s / mean_s ** (1 / 3)),
        axis_deg=axis_deg(beat, first, last),
        leads=dict(zip(beat, lead_measurements(np.stack(list(beat.values())), first, last, fs_hz), strict=True)),
    )
