"""Writes .ECG files like those of a Contec ECG90A."""

from collections.abc import Sequence

import numpy as np

from ecg_core.synthesis.heart import synthesize

COLUMNS = ("II", "III", "V1", "V2", "V3", "V4", "V5", "V6")
HEADER = b"0000007\0\0\0" + b"2024-05-06 07:08:09\0" + b"\0\0" + b"NN\0\0\0\0\0\0" + b"\xff\0\0"
FOOTER = bytes(27) + b"\x16" + bytes(9)


def contec(counts: np.ndarray, header: bytes = HEADER, footer: bytes = FOOTER) -> bytes:
    """counts: [8, samples], in the order of COLUMNS."""
    return header + np.ascontiguousarray(counts.T).astype("<u2").tobytes() + footer


def counts_of(seed: int = 7, off: Sequence[str] = (), duration_s: float = 10.0) -> np.ndarray:
    """An ECG at 800 Hz in counts of 5 uV around 2048. off: columns whose electrode is off."""
    ecg = synthesize("normal", fs_hz=800, duration_s=duration_s, seed=seed)
    rows = [ecg.signal[ecg.leads.index(lead)] for lead in COLUMNS]
    counts = np.round(np.array(rows) * 200).astype(int) + 2048
    for lead in off:
        counts[COLUMNS.index(lead)] = 0x6800
    return counts


def examples() -> dict[str, dict[str, bytes]]:
    return {
        "Contec, eight columns": {"0000007.ECG": contec(counts_of())},
        "Contec, chest electrodes off": {"0000007.ECG": contec(counts_of(off=COLUMNS[2:]))},
    }
