"""Writes MFER files (ISO 22077-1): definitions of tag, length and value."""

from collections.abc import Mapping, Sequence

import numpy as np

from ecg_core.synthesis.heart import synthesize

BLE, BLK, CHN, SEQ, PNT, WFM, LDN, DTP, IVL, SEN, OFF = 0x01, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, 0x0C, 0x0D
CMP, NUL, NTE, WAV, ATT, PRE, SET, END, PNM, PID, TIM = 0x0E, 0x12, 0x16, 0x1E, 0x3F, 0x40, 0x67, 0x80, 0x81, 0x82, 0x85
CODES = {
    "I": 1,
    "II": 2,
    **{f"V{chest}": 2 + chest for chest in range(1, 7)},
    "III": 61,
    "aVR": 62,
    "aVL": 63,
    "aVF": 64,
}
TYPES = ("i2", "u2", "i4", "u1", "u2", "i1", "u4", "f4", "f8")
PREAMBLE = bytes((PRE, 32)) + b"MFR Standard 12 leads ECG".ljust(32)


def length(count: int) -> bytes:
    if count < 0x80:
        return bytes((count,))
    digits = count.to_bytes((count.bit_length() + 7) // 8, "big")
    return bytes((0x80 | len(digits),)) + digits


def tlv(tag: int, value: bytes) -> bytes:
    return bytes((tag,)) + length(len(value)) + value


def number(tag: int, value: int, order: str = ">", size: int = 4) -> bytes:
    return tlv(tag, value.to_bytes(size, "big" if order == ">" else "little"))


def scaled(tag: int, unit: int, exponent: int, mantissa: int, order: str = ">", size: int = 2) -> bytes:
    """A sampling interval or a sensitivity."""
    digits = mantissa.to_bytes(size, "big" if order == ">" else "little", signed=True)
    return tlv(tag, bytes((unit,)) + exponent.to_bytes(1, signed=True) + digits)


def attributes(channel: int, content: bytes, *, open_end: bool = False) -> bytes:
    """The definitions of one channel, with a length or up to two zero bytes."""
    head = bytes((ATT,)) + (bytes((channel,)) if channel < 128 else bytes((0x80 | channel >> 7, channel & 0x7F)))
    return head + (b"\x80" + content + b"\0\0" if open_end else length(len(content)) + content)


def lead(channel: int, code: int, order: str = ">", more: bytes = b"", *, open_end: bool = False) -> bytes:
    return attributes(channel, number(LDN, code, order, 2) + more, open_end=open_end)


def waveform(channels: Sequence[np.ndarray], sequences: int, dtype: str, order: str = ">") -> bytes:
    """channels: the numbers of each channel. Each is cut into as many blocks as there are sequences."""
    blocks = [np.asarray(channel).astype(order + dtype).reshape(sequences, -1) for channel in channels]
    return tlv(WAV, b"".join(block[row].tobytes() for row in range(sequences) for block in blocks))


def mfer(
    leads: Mapping[str, np.ndarray],
    *,
    order: str = ">",
    code: int = 0,
    sequences: int = 1,
    fs: bytes | None = None,
    sen: bytes | None = None,
    more: bytes = b"",
    open_end: bool = False,
    preamble: bytes = PREAMBLE,
) -> bytes:
    """leads: numbers by lead. fs, sen: definitions; 500 Hz and 1 uV if not given. more: other definitions."""
    samples = len(next(iter(leads.values())))
    head = preamble + tlv(BLE, b"\1" if order == "<" else b"\0") + tlv(PNM, b"NN^NN") + tlv(0x00, b"")[:1]
    head += number(SEQ, sequences, order) + number(BLK, samples // sequences, order) + number(CHN, len(leads), order, 2)
    head += tlv(DTP, bytes((code,)))
    head += scaled(IVL, 0, 0, 500, order) if fs is None else fs
    head += scaled(SEN, 0, -6, 1, order) if sen is None else sen
    head += more
    head += b"".join(lead(row, CODES[name], order, open_end=open_end) for row, name in enumerate(leads))
    return head + waveform(list(leads.values()), sequences, TYPES[code], order) + bytes((END, 0))


def microvolts(seed: int = 7, fs_hz: float = 500, duration_s: float = 10) -> dict[str, np.ndarray]:
    ecg = synthesize("normal", fs_hz=fs_hz, duration_s=duration_s, seed=seed)
    return {lead: np.round(row * 1000) for lead, row in zip(ecg.leads, ecg.signal, strict=True)}


def examples() -> dict[str, dict[str, bytes]]:
    leads = microvolts()
    eight = {lead: leads[lead] for lead in ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")}
    interval = scaled(IVL, 1, -3, 2, "<")
    return {
        "MFER, 12 leads, one sequence": {"ecg.mwf": mfer(leads)},
        "MFER, 8 leads, little endian, ten sequences": {"ecg.mwf": mfer(eight, order="<", sequences=10, fs=interval)},
        "MFER, sample by sample, 32 bits": {"ecg.mwf": mfer(leads, code=2, sequences=5000)},
        "MFER, floating point in V, open ends": {
            "ecg.mwf": mfer(
                {lead: row / 1e6 for lead, row in leads.items()},
                code=7,
                sen=scaled(SEN, 0, 0, 1),
                open_end=True,
            )
        },
    }
