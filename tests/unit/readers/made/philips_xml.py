"""Writes Philips XML of versions 1.03 to 1.04.02, with XLI compression or without."""

import base64
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LEADS
from ecg_core.synthesis.heart import synthesize

Counts = NDArray[np.int64]
UV_PER_COUNT = 5
# Where the pulse of a recording of 11 s and 500 Hz stands in all files seen.
PULSE_FROM, PULSE_TO, SAMPLES_WITH_PULSE = 5_350, 5_450, 5_500


def counts_of(duration_s: float = 10.0, fs_hz: float = 500.0, seed: int = 0) -> Counts:
    """[12, samples] counts of 5 uV of a synthetic heart."""
    signal = synthesize(duration_s=duration_s, fs_hz=fs_hz, seed=seed).signal
    return np.round(signal.astype(np.float64) * 1_000 / UV_PER_COUNT).astype(np.int64)


def with_pulse(counts: Counts, ecg_samples: int) -> Counts:
    """The first samples of an ECG, zeros, a pulse of 1 mV on all channels, zeros."""
    stored = np.zeros((len(counts), SAMPLES_WITH_PULSE), np.int64)
    stored[:, :ecg_samples] = counts[:, :ecg_samples]
    stored[:, PULSE_FROM:PULSE_TO] = 1_000 // UV_PER_COUNT
    return stored


def lzw(data: bytes, end: bool = True) -> bytes:
    """LZW. The dictionary grows up to code 1,022; code 1,023 is the end."""
    table = {bytes((value,)): value for value in range(256)}
    codes, word = [], b""
    for place in range(len(data)):
        longer = word + data[place : place + 1]
        if longer in table:
            word = longer
            continue
        codes.append(table[word])
        if len(table) < 1_023:
            table[longer] = len(table)
        word = data[place : place + 1]
    return bits_of([*codes, *[table[word]] * bool(word), *[1_023] * end])


def bits_of(codes: Sequence[int]) -> bytes:
    """Codes of 10 bits, padded to whole bytes."""
    bits = "".join(f"{code:010b}" for code in codes)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[place : place + 8], 2) for place in range(0, len(bits), 8))


def chunk(samples: Sequence[int] | Counts) -> bytes:
    """One channel in XLI."""
    values = np.asarray(samples, np.int64)
    second = 2 * values[1:-1] - values[:-2] - values[2:]
    words = np.concatenate((values[:2], second[1:] + 64, [64]))
    packed = words.astype(">i2").tobytes()
    body = lzw(packed[::2] + packed[1::2])
    return struct.pack("<iHh", len(body), 1, second[0]) + body


def xli(counts: Counts, extra: int = 0) -> bytes:
    """All channels in XLI: III, aVR, aVL, aVF as residuals. extra: empty channels behind them."""
    one, two, three, right, left, foot = counts[:6]
    stored = np.concatenate((counts, np.zeros((extra, counts.shape[1]), np.int64)))
    stored[2] = two - one - three
    stored[3] = -right - (one + two) // 2
    stored[4] = (one - three) // 2 - left
    stored[5] = (two + three) // 2 - foot
    return b"".join(map(chunk, stored))


def plain(counts: Counts) -> bytes:
    return counts.astype("<i2").tobytes()


def lines(packed: bytes) -> str:
    text = base64.b64encode(packed).decode()
    return "\r\n".join(text[place : place + 76] for place in range(0, len(text), 76))


def document(
    waveforms: str,
    *,
    kind: str = "PhilipsECG",
    version: str = "1.04",
    characteristics: str = "",
    encoding: str = "utf-8",
    after: str = "",
) -> bytes:
    """A document around a parsedwaveforms element."""
    text = f"""<?xml version="1.0" encoding="{encoding}"?>
<restingecgdata xmlns="http://www3.medical.philips.com" status="Unconfirmed">
  <documentinfo>
    <documentname>ecg.xml</documentname>
    <documenttype>{kind}</documenttype>
    <documentversion>{version}</documentversion>
  </documentinfo>
  <dataacquisition date="2020-01-02" time="03:04:05">
    <signalcharacteristics>{characteristics}</signalcharacteristics>
  </dataacquisition>
  <patient><generalpatientdata><name><lastname>Doe</lastname></name></generalpatientdata></patient>
  <waveforms>
    {waveforms}
    {after}
  </waveforms>
</restingecgdata>
"""
    return text.encode(encoding)


def version_103(
    counts: Counts,
    *,
    fs_hz: float = 500,
    encoding: str = "utf-8",
    acquisition: str = "STD-12",
    extra: int = 4,
    resolution: str = str(UV_PER_COUNT),
    offset: str = "0",
    signed: str = "True",
    after: str = "",
) -> bytes:
    characteristics = (
        f"<samplingrate>{fs_hz:g}</samplingrate><signalresolution>{resolution}</signalresolution>"
        f"<acquisitiontype>{acquisition}</acquisitiontype><bitspersample>16</bitspersample>"
        f"<signaloffset>{offset}</signaloffset><signalsigned>{signed}</signalsigned>"
        f"<numberchannelsallocated>{len(counts)}</numberchannelsallocated>"
    )
    waveforms = (
        f'<parsedwaveforms compressflag="True" compressmethod="XLI" dataencoding="Base64" nbitspersample="16" '
        f'durationperchannel="{counts.shape[1] * 1_000 / fs_hz:g}">{lines(xli(counts, extra))}</parsedwaveforms>'
    )
    return document(
        waveforms,
        kind="SierraECG",
        version="1.03",
        characteristics=characteristics,
        encoding=encoding,
        after=after,
    )


def version_104(
    counts: Counts,
    packed: bytes | None = None,
    *,
    version: str = "1.04",
    labels: Sequence[str] = LEADS,
    compression: str = ' compression="XLI"',
    fs_hz: float = 500,
    encoding: str = "utf-16",
    resolution: str = str(UV_PER_COUNT),
    offset: str = "0",
    signed: str = "True",
    bits: str = "16",
    characteristics: str = "",
    data_encoding: str = "Base64",
    duration_ms: float | None = None,
    after: str = "",
) -> bytes:
    duration = counts.shape[1] * 1_000 / fs_hz if duration_ms is None else duration_ms
    waveforms = (
        f'<parsedwaveforms dataencoding="{data_encoding}"{compression} numberofleads="{len(counts)}" '
        f'leadlabels="{" ".join(labels)}" durationperchannel="{duration:g}" samplespersecond="{fs_hz:g}" '
        f'resolution="{resolution}" signaloffset="{offset}" signalsigned="{signed}" bitspersample="{bits}">'
        f"{lines(xli(counts) if packed is None else packed)}</parsedwaveforms>"
    )
    return document(waveforms, version=version, characteristics=characteristics, encoding=encoding, after=after)


def uncompressed(counts: Counts, compression: str = "", **options: object) -> bytes:
    return version_104(counts, plain(counts), compression=compression, **options)  # type: ignore[arg-type]


def fifteen(counts: Counts) -> Counts:
    """V3R, V4R and V7 behind the twelve leads."""
    return np.concatenate((counts, -counts[8:9], -counts[9:10], counts[11:12]))


FIFTEEN = (*LEADS, "V3R", "V4R", "V7")


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files."""
    counts = counts_of()
    longer = with_pulse(counts_of(10.6), 5_264)
    return {
        "Philips XML 1.03, XLI, with calibration pulse": {"philips.xml": version_103(longer)},
        "Philips XML 1.03, XLI, UTF-16": {"philips.xml": version_103(counts, encoding="utf-16")},
        "Philips XML 1.04, XLI, UTF-16": {
            "philips.xml": version_104(counts, labels=(*LEADS, "V3R", "V4R", "V7", "V8"))
        },
        "Philips XML 1.04.01, not compressed": {"philips.xml": uncompressed(counts, version="1.04.01")},
        "Philips XML 1.04.02, XLI, 15 leads": {
            "philips.xml": version_104(fifteen(counts), version="1.04.02", labels=FIFTEEN)
        },
    }
