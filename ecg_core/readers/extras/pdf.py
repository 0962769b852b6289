"""PDFs of Kardia and of the Apple Watch (extra "pdf", package pypdf): the drawn trace has one point for each sample.

Made from what programs that read such files report, without a real file. So everything is checked: the page must say
25 mm/s and 10 mm/mV, the points must lie 25 mm/s apart at the rate of the device in true size, and each row must have
its zero line and its lead. What does not fit is refused.
"""

import hashlib
import logging
import re
from io import BytesIO
from typing import Any

from ecg_core.errors import EcgError, FileTooLarge, HeaderInvalid, UnsupportedFormat
from ecg_core.readers.extras import missing
from ecg_core.readers.extras.strips import Device, Page, recording_of
from ecg_core.readers.extras.strokes import drawing_of
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.registry import LOOK_BYTES
from ecg_core.recording import Recording

MAGIC, MAGIC_WITHIN = b"%PDF-", 1_024
# Kardia draws 30 s of six leads on five pages, five minutes of one lead on eleven.
MAX_PAGES = 16
# One page of six leads has 0.3 MB.
MAX_CONTENT_BYTES = 4_000_000
# What a page draws beside its traces: words and lines.
MAX_OPERATIONS = 20_000
_INSTEAD = "Export the ECG as CSV, or another format with numbers."
_APPLE_INSTEAD = "Export all health data on the iPhone: it holds the ECG as CSV."

_SPEED, _GAIN = re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?)\s?mm/s"), re.compile(r"(?<![\d.,])(\d+(?:[.,]\d+)?)\s?mm/mV")
_DURATION = re.compile(r":\s*(\d{1,3}(?:[.,]\d+)?)\s?s(?![\w/])")
_APPLE_RATE = re.compile(r"(?<![\d.,])(\d{3}(?:[.,]\d+)?)\s?Hz")
_PATHS = re.compile(rb"(?<![-+\d.])(?:[-+]?+[\d.]++\s++[-+]?+[\d.]++\s++[ml]\s++)++")


def sniff(data: bytes) -> bool:
    return MAGIC in data[: min(MAGIC_WITHIN, LOOK_BYTES)]


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The ECG that a PDF draws. Raises UnsupportedFormat, HeaderInvalid, FileTooLarge, NoEcgLeads, SeveralRecords."""
    data = bundle[name]
    try:
        import pypdf
    except ImportError:
        raise missing("a PDF", "pdf", _INSTEAD) from None
    logging.getLogger("pypdf").setLevel(logging.CRITICAL)
    limits: dict[str, Any] = dict.fromkeys(_LIMITS, MAX_CONTENT_BYTES)
    try:
        with pypdf.apply_configuration(
            **limits, stream_parsing_work_maximum_count=MAX_OPERATIONS, zlib_maximum_recovery_input_length=0
        ):
            pages = _pages(pypdf.PdfReader(BytesIO(data)))
    except EcgError:
        raise
    except Exception:
        # pypdf raises errors of any kind for damaged files.
        raise UnsupportedFormat("This is a PDF that is damaged, or larger than that of one ECG.", _INSTEAD) from None
    device = _device("\n".join(page.text for page in pages), any(page.drawing.traces for page in pages))
    return recording_of(pages, device, options, hashlib.sha256(data).hexdigest())


_LIMITS = (
    *("maximum_declared_stream_length", "array_based_stream_maximum_output_length", "zlib_maximum_output_length"),
    *("lzw_maximum_output_length", "run_length_maximum_output_length", "brotli_maximum_output_length"),
)


def _pages(reader: Any) -> list[Page]:
    if reader.is_encrypted:
        raise UnsupportedFormat("This is a PDF with a password.", "Save it without a password.")
    if len(reader.pages) > MAX_PAGES:
        raise FileTooLarge(f"The PDF has more than {MAX_PAGES} pages.", "Send the pages of one ECG.")
    return [_page(page) for page in reader.pages]


def _page(page: Any) -> Page:
    from pypdf.generic import DecodedStreamObject, NameObject

    stream = page.get_contents()
    content = stream.get_data() if stream is not None else b""
    labels: list[tuple[str, float]] = []

    def text(found: str, cm: list[float], tm: list[float], *_: object) -> None:
        if found.strip():
            labels.append((found.strip(), tm[4] * cm[1] + tm[5] * cm[3] + cm[5]))

    # Without the traces, whose points pypdf parses one by one.
    words = DecodedStreamObject()
    words.set_data(_PATHS.sub(b"", content))
    page[NameObject("/Contents")] = words
    page.extract_text(visitor_text=text)
    return Page(drawing_of(content), tuple(labels))


def _device(text: str, drawn: bool) -> Device:
    """Which device made the PDF, and what it prints about itself. Raises UnsupportedFormat, HeaderInvalid."""
    kardia, apple = "Kardia" in text or "AliveCor" in text, "watchOS" in text
    if not drawn:
        raise UnsupportedFormat("This is a PDF without a drawn ECG, such as a scan.", _INSTEAD)
    if kardia == apple:
        raise UnsupportedFormat("This is a PDF of another device than Kardia and the Apple Watch.", _INSTEAD)
    if not (_one(_SPEED, text, "25") and _one(_GAIN, text, "10")):
        raise UnsupportedFormat(
            "The PDF does not say that it is drawn at 25 mm/s and 10 mm/mV, and only so.",
            _APPLE_INSTEAD if apple else "Export it from Kardia with 25 mm/s and 10 mm/mV.",
        )
    durations = {float(number.replace(",", ".")) for number in _DURATION.findall(text)}
    rates = {float(number.replace(",", ".")) for number in _APPLE_RATE.findall(text)}
    if apple and len(rates) != 1:
        raise HeaderInvalid("The PDF does not state one sampling rate.", _APPLE_INSTEAD)
    return Device("Apple Watch", rates.pop(), ()) if apple else Device("Kardia", 300.0, tuple(durations))


def _one(pattern: re.Pattern[str], text: str, wanted: str) -> bool:
    return set(pattern.findall(text)) == {wanted}
