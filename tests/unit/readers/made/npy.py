"""Writes .npy and .npz files with numpy."""

import io
from typing import Any

import numpy as np

from ecg_core.synthesis.heart import synthesize

Array = np.ndarray


def npy(array: Any, *, fortran: bool = False, version: tuple[int, int] | None = None) -> bytes:
    out = io.BytesIO()
    values = np.asarray(array)
    np.lib.format.write_array(out, np.asfortranarray(values) if fortran else values, version, allow_pickle=True)
    return out.getvalue()


def npz(packed: bool = True, **arrays: Any) -> bytes:
    out = io.BytesIO()
    (np.savez_compressed if packed else np.savez)(out, **arrays)
    return out.getvalue()


def with_header(header: str, body: bytes = b"", version: int = 1) -> bytes:
    """A .npy file with this text as its header."""
    text = header.encode("latin-1") + b"\n"
    return b"\x93NUMPY" + bytes((version, 0)) + len(text).to_bytes(2 if version == 1 else 4, "little") + text + body


def examples() -> dict[str, dict[str, bytes]]:
    ecg = synthesize("normal", seed=7)
    names = np.array(ecg.leads)
    stated = {"fs": 500, "units": "mV", "leads": names}
    uv = np.round(ecg.signal * 1000).astype("<i2")
    return {
        "npz of float32": {"ecg.npz": npz(ecg=ecg.signal, **stated)},
        "npz of int16 in uV, samples in rows": {"ecg.npz": npz(data=uv.T, sampling_rate=500.0, unit="uV", leads=names)},
        "npz of a vector for each lead, not packed": {
            "ecg.npz": npz(False, fs=np.int64(500), units="mV", **dict(zip(ecg.leads, ecg.signal, strict=True)))
        },
        "npz of big-endian float64": {"ecg.npz": npz(ecg=ecg.signal.astype(">f8"), **stated)},
    }
