"""Whether a binary file was changed by a transfer as text. It then has more bytes, and its samples are shifted."""

import codecs

from ecg_core.errors import SignalInvalid

# Enough to tell. An hour of an ECG lead has more.
SAMPLE_BYTES = 1_000_000
# In samples, one line feed of 256 follows a carriage return by chance. So many in a row never do.
MIN_LINE_FEEDS, MIN_LETTERS = 16, 64


def refuse_text_transfer(sample: bytes) -> None:
    """sample: the first bytes of the samples. Raises SignalInvalid."""
    lines = sample.count(b"\n")
    if (lines >= MIN_LINE_FEEDS and lines == sample.count(b"\r\n")) or _is_utf_8(sample):
        raise SignalInvalid(
            "The samples were changed by a transfer as text: bytes were added to them.",
            "Copy the file again, as a binary file.",
        )


def _is_utf_8(sample: bytes) -> bool:
    """Whether bytes that are no ASCII stand in pairs and triplets of UTF-8 only. Negative samples have others."""
    try:
        text = codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        return False
    return len(sample) - len(text) >= MIN_LETTERS
