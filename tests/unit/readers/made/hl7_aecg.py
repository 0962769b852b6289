"""Writes HL7 aECG files. Every part is a text, so that tests can replace it."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize

Digits = Mapping[str, NDArray[np.int64]]
NAMESPACES = (
    'xmlns="urn:hl7-org:v3" xmlns:voc="urn:hl7-org:v3/voc" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)
ABSOLUTE = '<head value="20261122091000.000"/><increment value="0.002" unit="s"/>'
RELATIVE = '<head value="0.000" unit="s"/><increment value="0.002" unit="s"/>'
EIGHT = ("I", "II", "V1", "V2", "V3", "V4", "V5", "V6")


def digits_of(
    recording: Recording, leads: Sequence[str] | None = None, step_uv: float = 2.5
) -> dict[str, NDArray[np.int64]]:
    """The digits of each lead."""
    rows = {lead: recording.signal[row].astype(np.float64) for row, lead in enumerate(recording.leads)}
    return {lead: np.round(rows[lead] * 1e3 / step_uv).astype(np.int64) for lead in leads or recording.leads}


def code_of(lead: str, prefix: str = "MDC_ECG_LEAD_") -> str:
    return prefix + lead.upper()


def time(content: str = ABSOLUTE, code: str = "TIME_ABSOLUTE", kind: str = "GLIST_TS") -> str:
    return (
        f'<component><sequence><code code="{code}" codeSystem="2.16.840.1.113883.5.4"/>'
        f'<value xsi:type="{kind}">{content}</value></sequence></component>'
    )


def relative(content: str = RELATIVE) -> str:
    return time(content, "TIME_RELATIVE", "GLIST_PQ")


def value_of(
    digits: NDArray[np.int64] | str,
    scale: str = '<scale value="2.5" unit="uV"/>',
    origin: str = '<origin value="0" unit="uV"/>',
    kind: str = "SLIST_PQ",
) -> str:
    if not isinstance(digits, str):
        words = list(map(str, digits.tolist()))
        digits = "\n".join(" ".join(words[start : start + 20]) for start in range(0, len(words), 20))
    return f'<value xsi:type="{kind}">{origin}{scale}<digits>{digits}</digits></value>'


def sequence(code: str, value: str) -> str:
    return (
        f'<component><sequence><code code="{code}" codeSystem="2.16.840.1.113883.6.24" codeSystemName="MDC"/>'
        f"{value}</sequence></component>"
    )


def leads(digits: Digits, **parts: str) -> str:
    return "\n".join(sequence(code_of(lead), value_of(values, **parts)) for lead, values in digits.items())


def sequence_set(*sequences: str) -> str:
    return "<component><sequenceSet>" + "\n".join(sequences) + "</sequenceSet></component>"


def series(*sets: str, code: str = "RHYTHM", derived: str = "") -> str:
    coded = f'<code code="{code}" codeSystem="2.16.840.1.113883.5.4"/>' if code else "<code/>"
    return f"<component><series>{coded}{''.join(sets)}{derived}</series></component>"


def beat(digits: Digits) -> str:
    """A derived series: a representative beat that looks unlike the rhythm."""
    short = {lead: values[:600] * 3 for lead, values in digits.items()}
    return (
        '<derivation><derivedSeries><code code="REPRESENTATIVE_BEAT"/>'
        f"{sequence_set(relative(), leads(short))}</derivedSeries></derivation>"
    )


def document(*content: str, encoding: str = "utf-8") -> bytes:
    text = f'<?xml version="1.0" encoding="{encoding}"?>\n<AnnotatedECG {NAMESPACES} type="Observation">\n'
    return (text + "\n".join(content) + "\n</AnnotatedECG>\n").encode(encoding)


def file_of(recording: Recording, names: Sequence[str] | None = None) -> bytes:
    digits = digits_of(recording, names)
    clock = relative(RELATIVE.replace("0.002", f"{1 / recording.fs_hz:.10g}"))
    return document(series(sequence_set(clock, leads(digits)), derived=beat(digits)))


def with_prefixes(data: bytes) -> bytes:
    """The same document with a prefix before each name."""
    text = data.decode().replace('xmlns="urn:hl7-org:v3"', 'xmlns:hl7="urn:hl7-org:v3"')
    text = text.replace("</", "</hl7:").replace("<", "<hl7:").replace("<hl7:/hl7:", "</hl7:")
    return text.replace("<hl7:?", "<?").replace('xsi:type="', 'xsi:type="hl7:').encode()


def pages(digits: Digits, samples: int, fs_hz: float = 500.0) -> list[str]:
    """Successive sequence sets of so many samples."""
    length = len(next(iter(digits.values())))
    return [
        sequence_set(
            time(ABSOLUTE.replace("00.000", f"{start / fs_hz:06.3f}")),
            leads({lead: values[start : start + samples] for lead, values in digits.items()}),
        )
        for start in range(0, length, samples)
    ]


def examples() -> dict[str, dict[str, bytes]]:
    """Valid ECGs of each variant."""
    twelve = synthesize("normal", seed=4)
    fast = synthesize("normal", fs_hz=1000, seed=5)
    digits = digits_of(twelve)
    plain = file_of(twelve)
    order = (*EIGHT, "III", "aVR", "aVL", "aVF")
    inverted = digits | {"aVRneg": -digits["aVR"]}
    del inverted["aVR"]
    dialect = document(
        series(
            sequence_set(
                relative('<head value="0"/><increment value="2" unit="ms"/>'),
                *(sequence(code_of(lead, "NOM_ECG_LEAD_"), value_of(values)) for lead, values in digits.items()),
            ),
            code="ECG_RHYTHM_WAVEFORMS",
        )
    )
    return {
        "12 leads at 500 Hz": {"aecg.xml": plain},
        "8 leads at 1,000 Hz": {"aecg.xml": file_of(fast, EIGHT)},
        "absolute time, another order": {
            "aecg.xml": document(series(sequence_set(time(), leads({lead: digits[lead] for lead in order}))))
        },
        "prefixes": {"aecg.xml": with_prefixes(plain)},
        "UTF-16": {"aecg.xml": plain.decode().replace("utf-8", "utf-16").encode("utf-16")},
        "NOM codes, time in ms": {"aecg.xml": dialect},
        "aVR inverted": {"aecg.xml": document(series(sequence_set(time(), leads(inverted))))},
        "four pages": {"aecg.xml": document(series(*pages(digits, 1250)))},
    }
