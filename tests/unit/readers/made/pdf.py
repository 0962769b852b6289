"""PDFs with traces of an ECG as Kardia and the Apple Watch draw them, as far as it is known. No real file was at hand.

Known from programs that read real ones: pages of 612 x 792 points turned upside down, 1 mV is 28.346 points, one point
of the trace for each sample, black lines of 0.4 points (Kardia), zero lines across the page (Kardia), points on a
straight line left out (Apple).
"""

import zlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

POINTS_PER_MM = 72 / 25.4
KARDIA_HZ, APPLE_HZ = 300.0, 512.0
LIMB = ("I", "II", "III", "aVR", "aVL", "aVF")
KARDIA_WORDS = ("Kardia", "Duration: {duration:g}s", "Enhanced Filter, Mains Frequency: 50Hz", "Scale: 10mm/mV, 25mm/s")
APPLE_WORDS = ("25 mm/s, 10 mm/mV, Lead I, {fs_hz:g}Hz, iOS 17.1, watchOS 10.1, Watch6,2",)


def pdf(pages: Sequence[str], *, size: tuple[float, float] = (612, 792), packed: bool = True) -> bytes:
    """A PDF of these content streams, with one font named F."""
    objects: list[bytes] = [b"<< /Type /Catalog /Pages 2 0 R >>", b""]
    objects.append(b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>")
    kids = []
    for page in pages:
        content = zlib.compress(page.encode()) if packed else page.encode()
        filters = b" /Filter /FlateDecode" if packed else b""
        objects.append(b"<< /Length %d%s >>\nstream\n%s\nendstream" % (len(content), filters, content))
        box = b"/MediaBox [0 0 %g %g]" % size
        resources = b"/Resources << /Font << /F 3 0 R >> >>"
        objects.append(b"<< /Type /Page /Parent 2 0 R %s %s /Contents %d 0 R >>" % (box, resources, len(objects)))
        kids.append(b"%d 0 R" % len(objects))
    objects[1] = b"<< /Type /Pages /Kids [%s] /Count %d >>" % (b" ".join(kids), len(kids))
    out, places = bytearray(b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, table)
    return bytes(out)


def words(text: str, x: float, y: float, size: float = 8) -> str:
    return f"BT /F {size:g} Tf 1 0 0 1 {x:g} {y:g} Tm ({text}) Tj ET\n"


def trace(values: NDArray[np.float64], x: float, y: float, step: float, per_mv: float, *, piece: int = 0) -> str:
    """A trace from x, in coordinates whose y grows downward. piece: points of each path, 0 for one path."""
    ends = y - values * per_mv
    points = [f"{x + number * step:.4f} {end:.4f}" for number, end in enumerate(ends)]
    piece = piece or len(points)
    parts = []
    for start in range(0, len(points) - 1, piece - 1 or 1):
        first, *rest = points[start : start + piece]
        parts.append(f"{first} m\n" + "".join(f"{point} l\n" for point in rest) + "S\n")
    return "".join(parts)


def kardia(
    recording: Recording,
    *,
    said: Sequence[str] = KARDIA_WORDS,
    scale: float = 1.0,
    gain_mm: float = 10.0,
    labels: bool = True,
    rows: int = 0,
) -> bytes:
    """The first page has words only, then rows of 7.5 s. rows: of each page; 0 for a row for each lead."""
    rows = rows or len(recording.leads)
    per_row = int(7.5 * recording.fs_hz)
    step, per_mv = scale * 25 * POINTS_PER_MM / recording.fs_hz, scale * gain_mm * POINTS_PER_MM
    strips = [
        (lead, row[start : start + per_row])
        for start in range(0, recording.signal.shape[1], per_row)
        for lead, row in zip(recording.leads, recording.signal.astype(np.float64), strict=True)
    ]
    text = "".join(
        words(line.format(duration=recording.duration_s), 40, 760 - 12 * number) for number, line in enumerate(said)
    )
    pages = [text]
    for start in range(0, len(strips), rows):
        here = strips[start : start + rows]
        heights = [110 + 110 * number for number in range(rows)]
        zero = "".join(f"36 {height} m 576 {height} l\n" for height in heights) + "S\n"
        drawn = "".join(
            trace(values, 36, height, step, per_mv, piece=400)
            for height, (_, values) in zip(heights, here, strict=False)
        )
        names = "".join(
            words(lead, 38, 792 - (height - 40)) for height, (lead, _) in zip(heights, here, strict=False) if labels
        )
        pages.append(f"q 1 0 0 -1 0 792 cm 0 0 0 RG 0.4 w\n{zero}{drawn}Q\n{text}{names}")
    return pdf(pages)


def apple(
    recording: Recording, *, said: Sequence[str] = APPLE_WORDS, stated_hz: float = 0, scale: float = 1.0
) -> bytes:
    """Three rows of 10 s on one page."""
    per_row = int(10 * recording.fs_hz)
    step, per_mv = scale * 25 * POINTS_PER_MM / recording.fs_hz, scale * 10 * POINTS_PER_MM
    lead = recording.signal[recording.leads.index("I")].astype(np.float64)
    rows = [lead[start : start + per_row] for start in range(0, len(lead), per_row)]
    drawn = "".join(trace(row, 40, 150 + 130 * number, step, per_mv) for number, row in enumerate(rows))
    text = "".join(words(line.format(fs_hz=stated_hz or recording.fs_hz), 40, 40) for line in said)
    return pdf([f"q 1 0 0 -1 0 612 cm 0.8157 0.149 0.2235 RG 0.7 w\n{drawn}Q\n{text}"], size=(792, 612))


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of valid ECGs."""
    kardia_heart = synthesize("normal", duration_s=30, fs_hz=KARDIA_HZ)
    watch = synthesize("normal", duration_s=30, fs_hz=APPLE_HZ)
    return {
        "Kardia, six leads": {"ecg.pdf": kardia(kardia_heart.only(LIMB))},
        "Kardia, one lead": {"ecg.pdf": kardia(kardia_heart.only(("I",)), rows=4)},
        "Apple Watch": {"ecg.pdf": apple(watch)},
    }
