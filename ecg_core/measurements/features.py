"""What is measured, as numbers for the statements.

The network looks at a few seconds at a time and sees no sequence of RR intervals. It learns intervals and heights only
roughly. Many statements are defined by them.
"""

import math

import numpy as np

from ecg_core.leads import CHEST_LEADS, LIMB_LEADS
from ecg_core.measured import Measurements
from ecg_core.measurements.detection import Floats
from ecg_core.measurements.measure import Found, Measured, Waves
from ecg_core.signal.median import median

# Below this, ratios and heights are noise.
TINY = 1e-3
# ST and T are read from this time after the end of QRS on, P until this time before QRS.
AFTER_J_S, BEFORE_QRS_S = 0.08, 0.02
LATERAL = ("V5", "V6")


def features(measured: Measured) -> dict[str, float]:
    """{name: value}, without those that could not be measured."""
    known, found, waves, _ = measured
    if found is None:
        return {}
    named = {**_rhythm(found), **_intervals(known)}
    if waves is not None:
        named |= _heights(known) | _waves(measured, waves, found.usual.fs_hz)
    return {name: value for name, value in named.items() if math.isfinite(value)}


def _rhythm(found: Found) -> dict[str, float]:
    """Of the RR intervals. `premature` and `pause`: of the shortest and the longest interval, against the usual one."""
    intervals = np.concatenate(found.intervals)
    usual = float(median(intervals)[0])
    changes = np.concatenate([np.diff(part) for part in found.intervals]) / usual
    bpm = found.rate_bpm
    named = {
        "rate": bpm / 100,
        "slow": max(60 - bpm, 0) / 20,
        "fast": max(bpm - 100, 0) / 40,
        "spread": math.log(TINY + float(intervals.std()) / usual),
        "premature": 1 - float(intervals.min()) / usual,
        "pause": float(intervals.max()) / usual - 1,
        "other_shapes": 1 - found.usual.share,
    }
    if len(changes) >= 2:
        # A slow rise and fall, as with breathing, has changes of the same sign in a row; an early beat has not.
        power = float(changes @ changes) + TINY
        named["change"] = math.log(TINY + float(median(np.abs(changes))[0]))
        named["alternation"] = -float(changes[:-1] @ changes[1:]) / power
    return named


def _intervals(known: Measurements) -> dict[str, float]:
    """Straight lines with a bend where the definitions of the statements have their limits."""
    named = {"p_found": float(known.pr_ms is not None), "regular": float(known.rhythm == "regular")}
    if known.pr_ms is not None:
        named |= {"pr": (known.pr_ms - 160) / 40, "pr_long": max(known.pr_ms - 200, 0) / 40}
        named |= {"pr_short": max(120 - known.pr_ms, 0) / 20}
    if known.qrs_ms is not None:
        named |= {"qrs": (known.qrs_ms - 95) / 20, "qrs_wide": max(known.qrs_ms - 110, 0) / 20}
        named |= {"qrs_complete": max(known.qrs_ms - 125, 0) / 20}
    if known.qtc_ms is not None:
        named |= {"qtc": (known.qtc_ms - 410) / 40, "qtc_long": max(known.qtc_ms - 450, 0) / 40}
        named |= {"qtc_short": max(380 - known.qtc_ms, 0) / 40}
    if known.axis_deg is not None:
        named |= {"axis_left": max(-30 - known.axis_deg, 0) / 30, "axis_right": max(known.axis_deg - 90, 0) / 30}
        named |= {
            "axis_upright": math.cos(math.radians(known.axis_deg)),
            "axis_down": math.sin(math.radians(known.axis_deg)),
        }
    return named


def _heights(known: Measurements) -> dict[str, float]:
    """Of QRS and ST, in mV or as a logarithm of mV."""
    leads = known.leads
    heights = {name: lead.r_mv + lead.s_mv for name, lead in leads.items()}
    named: dict[str, float] = {}
    for group, names in (("limb", LIMB_LEADS), ("chest", CHEST_LEADS)):
        if set(names) <= leads.keys():
            tallest = max(heights[name] for name in names)
            named[f"{group}_height"] = math.log(TINY + tallest)
            named[f"{group}_st_up"] = max(0.0, *(leads[name].st_mv for name in names)) * 5
            named[f"{group}_st_down"] = max(0.0, *(-leads[name].st_mv for name in names)) * 5
            named[f"{group}_q"] = sum(leads[name].r_mv == 0 for name in names if name != "aVR") / 3
    if set(LIMB_LEADS) <= leads.keys():
        named["low_limb"] = max(0.6 - max(heights[name] for name in LIMB_LEADS), 0) * 5
        named["lewis"] = leads["I"].r_mv + leads["III"].s_mv - leads["I"].s_mv - leads["III"].r_mv
    if {"V1", *LATERAL} <= leads.keys():
        named["sokolow"] = leads["V1"].s_mv + max(leads[name].r_mv for name in LATERAL)
        named["sokolow_high"] = max(named["sokolow"] - 3.5, 0)
        named["r_v1"] = leads["V1"].r_mv / (TINY + heights["V1"])
    if {"aVL", "V3"} <= leads.keys():
        named["cornell"] = leads["aVL"].r_mv + leads["V3"].s_mv
    return named


def _waves(measured: Measured, waves: Waves, fs_hz: float) -> dict[str, float]:
    """Of each lead: Q, R, S, ST, and how far T and P reach up and down. The square root of mV: differences of small
    waves count for more.
    """
    beat = np.stack(list(measured.beat.values()))
    first, last = round(waves.onset), round(waves.end)
    qrs = beat[:, first : last + 1]
    peak = qrs.argmax(axis=1)[:, None]
    at = np.arange(qrs.shape[1])
    heights = {
        "q": np.maximum(-np.where(at <= peak, qrs, 0).min(axis=1), 0),
        "r": np.maximum(qrs.max(axis=1), 0),
        "s": np.maximum(-np.where(at >= peak, qrs, 0).min(axis=1), 0),
        "st": beat[:, min(last + round(AFTER_J_S * fs_hz), beat.shape[1] - 1)],
    }
    named: dict[str, float] = {}
    if waves.t is not None:
        t = beat[:, min(last + round(AFTER_J_S * fs_hz), int(waves.t) - 1) : int(waves.t) + 1]
        named |= _reach("t", t, heights)
        named["t_of_qrs"] = math.log(TINY + float(median(np.abs(t).max(axis=1) / (TINY + np.abs(qrs).max(axis=1)))[0]))
    if waves.p is not None:
        start = int(waves.p)
        p = beat[:, start : max(first - round(BEFORE_QRS_S * fs_hz), start + 1)]
        named |= _reach("p", p - p[:, :1], heights)
    roots = {name: (np.sign(values) * np.sqrt(np.abs(values))).tolist() for name, values in heights.items()}
    return named | {
        f"{name}_{lead}": value
        for name, values in roots.items()
        for lead, value in zip(measured.beat, values, strict=True)
    }


def _reach(name: str, part: Floats, heights: dict[str, Floats]) -> dict[str, float]:
    """Adds how far a wave reaches up and down in each lead; gives the height of the largest. part: [leads, samples]."""
    heights[f"{name}_up"], heights[f"{name}_down"] = np.maximum(part.max(axis=1), 0), np.maximum(-part.min(axis=1), 0)
    return {f"{name}_height": math.log(TINY + float(np.abs(part).max()))}
