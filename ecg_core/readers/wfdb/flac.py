"""WFDB signal files in FLAC, formats 508, 516 and 524: decoded by soundfile, imported when such a file arrives."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat

_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


def frames_in(data: bytes, format_: int, offset: int, widths: Sequence[int]) -> int:
    """The whole frames that the stream says it holds. offset: samples before the first frame."""
    with _opened(data, format_, widths) as (stream, _):
        return max(int(stream.frames) - offset, 0) // widths[0]


def blocks(
    data: bytes, format_: int, offset: int, widths: Sequence[int], frames: int, step: int
) -> Iterator[NDArray[np.signedinteger]]:
    """As wfdb_signals.blocks. Never more than step frames are decoded at once: FLAC can expand 1,000 times."""
    with _opened(data, format_, widths) as (stream, bits):
        if offset:
            stream.seek(offset)
        dtype, shift = (np.dtype(np.int32), 8) if bits == 24 else (np.dtype(np.int16), 16 - bits)
        for start in range(0, frames, step):
            count = min(step, frames - start)
            samples = stream.read(count * widths[0], dtype=dtype.name, always_2d=True)
            if len(samples) != count * widths[0]:
                raise SignalTruncated("A signal file ends before the samples that it announces.")
            frame_rows = samples.reshape(count, widths[0], len(widths)).transpose(2, 1, 0)
            yield np.ascontiguousarray(frame_rows.reshape(-1, count) >> shift)


@contextmanager
def _opened(data: bytes, format_: int, widths: Sequence[int]) -> Iterator[tuple[Any, int]]:
    """(soundfile's stream, its bits per sample)."""
    try:
        import soundfile
    except (ImportError, OSError):
        raise UnsupportedFormat(
            "Signals compressed with FLAC cannot be read by this installation.",
            "Convert the record to format 16, or install the package soundfile.",
        ) from None
    if not data.startswith(b"fLaC"):
        raise SignalInvalid("A signal file is no FLAC stream, against its header.")
    try:
        with soundfile.SoundFile(BytesIO(data)) as stream:
            bits = _BITS.get(stream.subtype, 99)
            if stream.channels != len(widths) or len(set(widths)) > 1 or bits > format_ - 500:
                raise HeaderInvalid("A FLAC stream does not hold the signals that the header describes.")
            yield stream, bits
    except soundfile.SoundFileError:
        raise SignalInvalid("A FLAC stream is damaged.") from None
