"""How much one request may cost. Each limit counts all files of the request together."""

from dataclasses import dataclass

from ecg_core.errors import FileTooLarge
from ecg_core.recording import MAX_BYTES

# Bytes of all headers together. A record of a thousand segments needs half of it.
MAX_HEADERS_BYTES = 1_000_000
# Lines of all headers together. A thousand segments of ten signals have 12,000.
MAX_HEADER_LINES = 20_000
# Samples of all channels together: MAX_BYTES at one byte a sample. Only FLAC is denser.
MAX_DECODED = MAX_BYTES
# Streams of FLAC. Opening one takes 0.1 ms. A thousand segments have one each.
MAX_STREAMS = 1_024


@dataclass
class Budget:
    """The budget that is left. Each method spends some of it, and raises FileTooLarge if too little is left."""

    header_bytes: int = MAX_HEADERS_BYTES
    header_lines: int = MAX_HEADER_LINES
    samples: int = MAX_DECODED
    streams: int = MAX_STREAMS

    def spend_header(self, header: bytes) -> None:
        self.header_bytes -= len(header)
        self.header_lines -= header.count(b"\n") + header.count(b"\r")
        if self.header_bytes < 0:
            raise FileTooLarge(f"The headers hold more than {MAX_HEADERS_BYTES:,} bytes.")
        if self.header_lines < 0:
            raise FileTooLarge(f"The headers hold more than {MAX_HEADER_LINES:,} lines.")

    def spend_samples(self, samples: int) -> None:
        self.samples -= samples
        if self.samples < 0:
            raise FileTooLarge(f"The record holds more than {MAX_DECODED:,} samples.")

    def spend_stream(self) -> None:
        self.streams -= 1
        if self.streams < 0:
            raise FileTooLarge(f"The record holds more than {MAX_STREAMS:,} compressed streams.")
