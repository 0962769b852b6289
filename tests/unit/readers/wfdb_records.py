"""Builders of WFDB records and zip archives, written by hand so that tests can make any field wrong."""

import io
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS

Samples = NDArray[np.int64]


def make_samples(leads: int = 12, frames: int = 1000, bits: int = 11, seed: int = 0) -> Samples:
    """[leads, frames] in the range of a converter, without its code for a missing sample."""
    top = 2 ** (bits - 1) - 1
    return np.random.default_rng(seed).integers(-top, top, (leads, frames), endpoint=True)


def checksum(samples: Samples) -> int:
    """The checksum as headers state it: a signed 16-bit number."""
    return (int(samples.sum()) + 32768) % 65536 - 32768


def make_header(
    samples: Samples,
    *,
    name: str = "rec",
    leads: Sequence[str] = LEADS,
    record: str | None = None,
    file: str | None = None,
    storage: str = "16",
    gain: str = "1000.0(0)/mV",
    tail: str = "16 0 {initial} {checksum} 0 {lead}",
    end: str = "\n",
    comments: Sequence[str] = (),
) -> bytes:
    """A header with one line for each signal. tail: what follows the gain."""
    lines = [f"{name} {len(leads)} 500 {samples.shape[1]}" if record is None else record]
    for lead, row in zip(leads, samples, strict=True):
        fields = tail.format(initial=row[0] if row.size else 0, checksum=checksum(row), lead=lead)
        lines.append(f"{file or name + '.dat'} {storage} {gain} {fields}".rstrip())
    return (end.join([*lines, *comments]) + end).encode()


def make_record(
    samples: Samples | None = None, *, name: str = "rec", leads: Sequence[str] = LEADS, **header: object
) -> dict[str, bytes]:
    """A header and its signal file in format 16."""
    samples = make_samples(len(leads)) if samples is None else samples
    signal = samples.T.astype("<i2").tobytes()
    return {f"{name}.hea": make_header(samples, name=name, leads=leads, **header), f"{name}.dat": signal}  # type: ignore[arg-type]


def make_segmented(lengths: Sequence[int] = (600, 400), *, master: str | None = None) -> dict[str, bytes]:
    """A record of fixed layout: leads I and II in segments of these lengths."""
    files: dict[str, bytes] = {}
    for number, length in enumerate(lengths):
        files |= make_record(make_samples(2, length, seed=number), name=f"rec_{number}", leads=("I", "II"))
    lines = [f"rec/{len(lengths)} 2 500 {sum(lengths)}", *(f"rec_{n} {length}" for n, length in enumerate(lengths))]
    return {"rec.hea": (master or "\n".join(lines) + "\n").encode(), **files}


def encode(samples: Samples, storage: str) -> bytes:
    """The signal file of samples [leads, frames], encoded by the format's definition. Format 8 begins with 0."""
    values = samples.T.reshape(-1)
    if storage == "8":
        return np.diff(samples, axis=1, prepend=samples[:, :1]).T.astype("i1").tobytes()
    if storage in ("80", "160"):
        return (values + 2 ** (7 if storage == "80" else 15)).astype("u1" if storage == "80" else "<u2").tobytes()
    if storage in ("16", "32", "61"):
        return values.astype({"16": "<i2", "32": "<i4", "61": ">i2"}[storage]).tobytes()
    if storage == "24":
        return b"".join(int(value).to_bytes(3, "little", signed=True) for value in values)
    whole = {"212": (2, 3, (2, 3)), "310": (3, 4, (2, 4, 4)), "311": (3, 4, (2, 3, 4))}[storage]
    packed = b"".join(_pack(values[at : at + whole[0]], storage) for at in range(0, len(values), whole[0]))
    rest = len(values) % whole[0]
    return packed if not rest else packed[: len(packed) - whole[1] + whole[2][rest - 1]]


def _pack(group: Samples, storage: str) -> bytes:
    a, b, c = (int(value) for value in [*group, 0, 0][:3])
    if storage == "212":
        return (a & 0xFFF | (b & 0xF00) << 4 | (b & 0xFF) << 16).to_bytes(3, "little")
    if storage == "310":
        word = (a & 0x3FF) << 1 | (c & 0x1F) << 11 | (b & 0x3FF) << 17 | (c >> 5 & 0x1F) << 27
    else:
        word = a & 0x3FF | (b & 0x3FF) << 10 | (c & 0x3FF) << 20
    return word.to_bytes(4, "little")


def make_zip(files: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, method)
    return buffer.getvalue()
