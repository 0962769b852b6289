"""WFDB signal files in FLAC, formats 508, 516 and 524. soundfile decodes them; it is imported when one arrives."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ecg_core.errors import HeaderInvalid, SignalInvalid, SignalTruncated, UnsupportedFormat
from ecg_core.readers.wfdb.signals import frames_per_block

_BITS = {"PCM_S8": 8, "PCM_16": 16, "PCM_24": 24}


class Stream:
    """The samples of one FLAC stream. Each use opens it again, because an open decoder takes 100 kB."""

    def __init__(self, data: bytes, bits: int, offset: int, widths: Sequence[int]) -> None:
        """bits: the most bits that a sample may have. offset: samples before the first frame.

        Raises UnsupportedFormat, SignalInvalid, HeaderInvalid.
        """
        self._data, self._bits, self._offset, self._widths = data, bits, offset, widths
        with self._opened() as (stream, _):
            self.frames = max(int(stream.frames) - offset, 0) // widths[0]

    def blocks(self, frames: int, first: int = 0) -> Iterator[NDArray[np.signedinteger]]:
        """As Packed.blocks. It decodes one block at a time, because FLAC can expand 1,000 times.

        Raises SignalTruncated, SignalInvalid.
        """
        widths = self._widths
        step = frames_per_block(sum(widths))
        with self._opened() as (stream, bits):
            if self._offset + first:
                stream.seek(self._offset + first * widths[0])
            dtype, shift = (np.dtype(np.int32), 8) if bits == 24 else (np.dtype(np.int16), 16 - bits)
            for start in range(0, frames, step):
                count = min(step, frames - start)
                samples = stream.read(count * widths[0], dtype=dtype.name, always_2d=True)
                if len(samples) != count * widths[0]:
                    raise SignalTruncated("A signal file ends before the samples that it announces.")
                frame_rows = samples.reshape(count, widths[0], len(widths)).transpose(2, 1, 0)
                yield np.ascontiguousarray(frame_rows.reshape(-1, count) >> shift)

    @contextmanager
    def _opened(self) -> Iterator[tuple[Any, int]]:
        """(soundfile's stream, its bits per sample)."""
        try:
            import soundfile
        except (ImportError, OSError):
            raise UnsupportedFormat(
                "Signals compressed with FLAC cannot be read by this installation.",
                "Convert the record to format 16, or install the package soundfile.",
            ) from None
        if not self._data.startswith(b"fLaC"):
            raise SignalInvalid("A signal file is no FLAC stream, against its header.")
        try:
            with soundfile.SoundFile(BytesIO(self._data)) as stream:
                bits = _BITS.get(stream.subtype, 99)
                if stream.channels != len(self._widths) or len(set(self._widths)) > 1 or bits > self._bits:
                    raise HeaderInvalid("A FLAC stream does not hold the signals that the header describes.")
                yield stream, bits
        except soundfile.SoundFileError:
            raise SignalInvalid("A FLAC stream is damaged.") from None
