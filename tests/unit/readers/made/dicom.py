"""Writes DICOM ECG waveforms for tests: each encoding, and each deviation that is met in files."""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

TWELVE_LEAD, GENERAL, AMBULATORY, GENERAL_32 = (f"1.2.840.10008.5.1.4.1.1.9.1.{number}" for number in (1, 2, 3, 4))
SYNTAXES = {
    "implicit": "1.2.840.10008.1.2",
    "explicit": "1.2.840.10008.1.2.1",
    "deflated": "1.2.840.10008.1.2.1.99",
    "big": "1.2.840.10008.1.2.2",
}
TYPES = {"SB": "i1", "UB": "u1", "SS": "i2", "US": "u2", "SL": "i4", "UL": "u4", "SV": "i8", "UV": "u8"}
CODES = {**{lead: code for code, lead in enumerate(("I", "II", "V1", "V2", "V3", "V4", "V5", "V6"), 1)}}
CODES |= {"III": 61, "aVR": 62, "aVL": 63, "aVF": 64, "-aVR": 65}
_LONG = ("OB", "OW", "SQ", "UN", "UT")
UNDEFINED = 0xFFFF_FFFF
Value = str | bytes | int | None


@dataclass(frozen=True)
class Writer:
    """syntax: a key of SYNTAXES. undefined: sequences and items end with delimiters instead of stating a length."""

    syntax: str = "explicit"
    undefined: bool = False

    @property
    def order(self) -> str:
        return ">" if self.syntax == "big" else "<"

    def element(self, tag: int, vr: str, value: Value, length: int | None = None) -> bytes:
        """One element. length: what it states, None for the true length."""
        if isinstance(value, int):
            value = struct.pack(self.order + {"US": "H", "UL": "I", "SS": "h"}[vr], value)
        if isinstance(value, str):
            value = value.encode("latin-1")
        value = value or b""
        if len(value) % 2 and vr != "SQ":
            value += b"\0" if vr in ("UI", "OB", "UN") else b" "
        stated = len(value) if length is None else length
        head = struct.pack(self.order + "HH", tag >> 16, tag & 0xFFFF)
        if self.syntax == "implicit" or tag >> 16 == 0xFFFE:
            return head + struct.pack(self.order + "I", stated) + value
        if vr in _LONG:
            return head + vr.encode() + b"\0\0" + struct.pack(self.order + "I", stated) + value
        return head + vr.encode() + struct.pack(self.order + "H", stated) + value

    def sequence(self, tag: int, items: Iterable[bytes]) -> bytes:
        body = b"".join(self.item(item) for item in items)
        if not self.undefined:
            return self.element(tag, "SQ", body)
        return self.element(tag, "SQ", body, UNDEFINED) + self.element(0xFFFE_E0DD, "", b"")

    def item(self, body: bytes) -> bytes:
        if not self.undefined:
            return self.element(0xFFFE_E000, "", body)
        return self.element(0xFFFE_E000, "", body, UNDEFINED) + self.element(0xFFFE_E00D, "", b"")

    def code(self, tag: int, value: Value, scheme: Value, meaning: Value) -> bytes:
        parts = [(0x0008_0100, value), (0x0008_0102, scheme), (0x0008_0104, meaning)]
        return self.sequence(tag, [b"".join(self.element(t, "SH", v) for t, v in parts if v is not None)])


@dataclass(frozen=True)
class Channel:
    """source: (code value, scheme, meaning). extra: more elements, in the file's encoding."""

    source: tuple[Value, Value, Value]
    sensitivity: Value = "1"
    unit: Value = "uV"
    unit_meaning: Value = "unit"
    factor: Value = "1"
    baseline: Value = "0"
    sample_skew: Value = "0"
    time_skew: Value = None
    bits: int | None = None
    label: Value = None
    status: Value = None
    differential: Value = None

    def written(self, writer: Writer, bits: int) -> bytes:
        texts = [(0x003A_0203, self.label), (0x003A_0205, self.status)]
        out = b"".join(writer.element(tag, "SH", text) for tag, text in texts if text is not None)
        if any(part is not None for part in self.source):
            out += writer.code(0x003A_0208, *self.source)
        if self.differential is not None:
            out += writer.code(0x003A_020A, self.differential, "SCPECG", "other")
        if self.sensitivity is not None:
            out += writer.element(0x003A_0210, "DS", self.sensitivity)
        if self.unit is not None:
            out += writer.code(0x003A_0211, self.unit, "UCUM", self.unit_meaning)
        texts = [(0x003A_0212, self.factor), (0x003A_0213, self.baseline)]
        texts += [(0x003A_0214, self.time_skew), (0x003A_0215, self.sample_skew)]
        out += b"".join(writer.element(tag, "DS", text) for tag, text in texts if text is not None)
        return out + writer.element(0x003A_021A, "US", bits if self.bits is None else self.bits)


def scp(lead: str, **others: object) -> Channel:
    """A channel with the code of SCP-ECG."""
    return Channel((f"5.6.3-9-{CODES[lead]}", "SCPECG", f"Lead {lead.removeprefix('-')}"), **others)  # type: ignore[arg-type]


def group(
    writer: Writer,
    counts: NDArray[np.int64],
    channels: Sequence[Channel] | None = None,
    *,
    fs: Value = "500",
    kind: str = "SS",
    allocated: int | None = None,
    label: Value = "RHYTHM",
    originality: Value = "ORIGINAL",
    offset: Value = None,
    padding: int | None = None,
    stated_channels: int | None = None,
    stated_samples: int | None = None,
    data: bytes | None = None,
    data_vr: str | None = None,
    data_length: int | None = None,
) -> bytes:
    """One item of the waveform sequence. counts: [channels, samples] raw values."""
    type_ = np.dtype(writer.order + TYPES.get(kind, "u1"))
    bits = 8 * type_.itemsize
    channels = [scp(lead) for lead in LEADS[: len(counts)]] if channels is None else channels
    vr = data_vr or ("OB" if bits == 8 else "OW")
    out = b"" if offset is None else writer.element(0x0018_1068, "DS", offset)
    if originality is not None:
        out += writer.element(0x003A_0004, "CS", originality)
    out += writer.element(0x003A_0005, "US", len(counts) if stated_channels is None else stated_channels)
    out += writer.element(0x003A_0010, "UL", counts.shape[1] if stated_samples is None else stated_samples)
    if fs is not None:
        out += writer.element(0x003A_001A, "DS", fs)
    if label is not None:
        out += writer.element(0x003A_0020, "SH", label)
    out += writer.sequence(0x003A_0200, [channel.written(writer, bits) for channel in channels])
    out += writer.element(0x5400_1004, "US", bits if allocated is None else allocated)
    out += writer.element(0x5400_1006, "CS", kind)
    if padding is not None:
        out += writer.element(0x5400_100A, vr, np.array([padding]).astype(type_).tobytes())
    samples = counts.T.astype(type_).tobytes() if data is None else data
    return out + writer.element(0x5400_1010, vr, samples, data_length)


def file(
    writer: Writer,
    groups: Sequence[bytes],
    *,
    sop_class: str = TWELVE_LEAD,
    meta: bool = True,
    preamble: bool = True,
    before: bytes = b"",
    after: bytes = b"",
    syntax: str | None = None,
) -> bytes:
    """A whole file. before, after: elements of the data set before and after the waveforms. syntax: a stated UID."""
    body = writer.element(0x0008_0005, "CS", "ISO_IR 100")
    body += writer.element(0x0008_0016, "UI", sop_class) if sop_class else b""
    body += writer.element(0x0008_0060, "CS", "ECG") + writer.element(0x0010_0010, "PN", "Nobody^Known")
    body += before + (writer.sequence(0x5400_0100, groups) if groups else b"") + after
    if writer.syntax == "deflated":
        packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
        body = packer.compress(body) + packer.flush()
        body += b"\0" * (len(body) % 2)
    head = b""
    if meta:
        plain = Writer()
        head = plain.element(0x0002_0001, "OB", b"\0\1")
        head += plain.element(0x0002_0002, "UI", sop_class) + plain.element(0x0002_0003, "UI", "1.2.3")
        head += plain.element(0x0002_0010, "UI", syntax or SYNTAXES[writer.syntax])
        head = plain.element(0x0002_0000, "UL", len(head)) + head
    return (b"\0" * 128 + b"DICM") * preamble + head + body


def counts_of(recording: Recording, step_uv: float = 1.0) -> NDArray[np.int64]:
    """[leads, samples] in steps of this many microvolts."""
    return np.round(recording.signal * 1000 / step_uv).astype(np.int64)


def examples() -> dict[str, dict[str, bytes]]:
    """An ECG of ten seconds in each variant that is read."""
    heart = synthesize("normal", seed=5)
    counts = counts_of(heart)
    beat = counts[:, :600]
    out = {}
    for syntax in SYNTAXES:
        writer = Writer(syntax)
        derived = group(writer, beat, label="MEDIAN BEAT", originality="DERIVED")
        out[f"12-lead, {syntax}"] = file(writer, [derived, group(writer, counts)])
    for undefined in Writer(undefined=True), Writer("implicit", undefined=True):
        out[f"undefined lengths, {undefined.syntax}"] = file(undefined, [group(undefined, counts)])
    writer = Writer()
    bare = Writer("implicit")
    out["without preamble and file meta"] = file(bare, [group(bare, counts)], meta=False, preamble=False)
    coarse = [scp(lead, sensitivity="40") for lead in LEADS[:3]]
    ambulatory = group(writer, np.clip(counts_of(heart, 40.0)[:3], -128, 127), coarse, kind="SB")
    out["ambulatory, 8 bits"] = file(writer, [ambulatory], sop_class=AMBULATORY)
    fine = [scp(lead, sensitivity="0.01") for lead in LEADS]
    out["general, 32 bits"] = file(
        writer, [group(writer, counts_of(heart, 0.01), fine, kind="SL")], sop_class=GENERAL_32
    )
    halves = [
        group(writer, counts[rows], [scp(lead) for lead in LEADS[rows]], offset="0")
        for rows in (slice(6), slice(6, 12))
    ]
    out["two groups at one time"] = file(writer, halves, sop_class=GENERAL)
    pages = [group(writer, counts[:, at : at + 2500], offset=str(1000 * at // 500)) for at in (0, 2500)]
    out["two groups in succession"] = file(writer, pages, sop_class=GENERAL)
    return {title: {"ecg.dcm": data} for title, data in out.items()}
