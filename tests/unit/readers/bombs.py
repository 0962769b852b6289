"""Small uploads that would cost much if limits applied to each record and not to the whole request."""

import io
from collections.abc import Callable, Mapping

import numpy as np

from tests.unit.readers.wfdb_records import make_zip

Upload = dict[str, bytes]
LEADS = ("I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4")


def masters(count: int, segments: int = 19, signals: int = 512) -> Upload:
    """Master headers that all name the same segments, each of many signals."""
    lines = "".join(f"d{signal}.dat 16\n" for signal in range(signals))
    files = {f"s{n}.hea": f"s{n} {signals} 500 10\n{lines}".encode() for n in range(segments)}
    named = "".join(f"s{n} 10\n" for n in range(segments))
    return files | {
        f"m{n}.hea": f"m{n}/{segments} {signals} 500 {10 * segments}\n{named}".encode() for n in range(count)
    }


def chain(count: int) -> Upload:
    """Each header is a master of the next."""
    return {f"h{n}.hea": f"h{n}/1 1 500 10\nh{n + 1} 10\n".encode() for n in range(count)}


def many_headers(count: int, lines: int) -> Upload:
    named = "a 16\n" * lines
    return {f"h{n}.hea": f"h{n} {lines} 500 10\n{named}".encode() for n in range(count)}


def flac(streams: int, segments: int, shared: bool) -> Upload:
    """A record of segments in FLAC: the same segment many times, or segments that share their streams."""
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, np.zeros((200, 1), np.int16), 500, format="FLAC", subtype="PCM_16")
    files = {f"d{n}.dat": buffer.getvalue() for n in range(streams)}
    lines = "".join(f"d{n}.dat 516 200 16 0 0 0 0 {LEADS[n]}\n" for n in range(streams))
    names = ["s0"] * segments if shared else [f"s{n}" for n in range(segments)]
    files |= {f"{name}.hea": f"{name} {streams} 500 200\n{lines}".encode() for name in names}
    named = "".join(f"{name} 200\n" for name in names)
    return files | {"m.hea": f"m/{segments} {streams} 500 {200 * segments}\n{named}".encode()}


def packed(files: Mapping[str, bytes]) -> Upload:
    return {"bomb.zip": make_zip(files)}


BOMBS: dict[str, Callable[[], Upload]] = {
    "2,000 masters of the same segments": lambda: masters(2000),
    "2,000 masters of the same segments, zipped": lambda: packed(masters(2000)),
    "100 masters and a file that begins like a zip": lambda: masters(100) | {"x.bin": b"PK\3\4" + b"x" * 100},
    "100 masters and such a file, zipped": lambda: packed(masters(100) | {"x.bin": b"PK\3\4" + b"x" * 100}),
    "2,000 headers that name one another": lambda: chain(2000),
    "2,000 headers and a file that begins like a zip": lambda: many_headers(2000, 1) | {"x.bin": b"PK\3\4"},
    "200 headers of 500 lines": lambda: many_headers(200, 500),
    "headers of comments": lambda: {f"h{n}.hea": b"#" * 190_000 for n in range(5)},
    "headers of empty lines": lambda: {f"h{n}.hea": b"\n" * 190_000 for n in range(5)},
    "2,000 empty names": lambda: packed({f"{n}.txt": b"" for n in range(2000)} | {"a.csv": b"1"}),
    "one FLAC segment 1,000 times": lambda: packed(flac(10, 1000, shared=True)),
    "1,000 FLAC segments of the same ten streams": lambda: packed(flac(10, 1000, shared=False)),
    "1,000 FLAC segments of one stream": lambda: packed(flac(1, 1000, shared=False)),
    "12 channels of 24 MB with wrong sums": lambda: wrong_sums(),
}


def wrong_sums() -> Upload:
    data = np.random.default_rng(0).integers(0, 256, 15_900_000, np.uint8).tobytes()
    names = (*LEADS, "V5", "V6")
    lines = "".join(f"d.dat 16 200 16 0 0 7 0 {name}\n" for name in names)
    return {"d.dat": data, "s.hea": f"s {len(names)} 4000 660000\n{lines}".encode()}
