"""Words for signals that are not an ECG. What a line states about them does not apply to the leads."""

import re

from ecg_core.readers.text import any_of

_SIGNALS = any_of(
    *(
        "eda",
        "gsr",
        "scr",
        "scl",
        "ppg",
        "bvp",
        "emg",
        "eeg",
        "eog",
        "ieeg",
        "ecog",
        "resp",
        "acc",
        "mag",
        "imu",
        "temp",
    ),
    *(
        "spo2",
        "sao2",
        "hr",
        "hrv",
        "abp",
        "ibp",
        "nibp",
        "cvp",
        "pcg",
        "scg",
        "bcg",
        "nirs",
        "fnirs",
        "icg",
        "imp",
        "mic",
    ),
    *("skin conductance", "skin", "electrodermal", "audio", "sound", "voice", "video", "camera", "motion", "pulse"),
    *("blood pressure", "heart rate", "airflow", "breath", "breathing", "atmung", "puls", "blutdruck"),
    *("thorax", "abdomen", "nasal", "marker", "trigger", "force", "goniometer", "strain", "humidity", "light", "gps"),
)
_STEMS = (
    r"respir\w*|accelero\w*|acceler\w*|gyro\w*|magneto\w*|temperat\w*|plethysmo\w*|photoplet\w*|oxim\w*|galvan\w*"
    r"|electromyo\w*|elektromyo\w*|electroenc\w*|elektroenz\w*|electroocul\w*|phonocard\w*|seismocard\w*|hautleit\w*"
    r"|beschleunig\w*|pressure|capno\w*|microphone\w*|mikrofon\w*"
)
_OTHER = re.compile(rf"(?<![a-z])(?:{_SIGNALS}|{_STEMS})(?![a-z])")
_ECG = re.compile(r"(?<![a-z])(?:ecg|ekg|ecgs)(?![a-z])|electrocard|elektrokard|elettrocard|eletrocard")
# A remark about a filter or a switch that names another signal, such as "(EMG filter off)".
_REMARK = re.compile(r"\((?=[^()]*(?:filt|notch|reject|suppress|(?<![a-z])(?:off|on)(?![a-z])))[^()]*+\)")
# Ends of a clause, not the marks within a number.
CLAUSE = re.compile(r"[,;|](?!\d)|[.](?!\d)")
_HEADING = re.compile(
    rf"\W*+(?:{_SIGNALS}|{_STEMS})(?:[\W_]++(?:signals?|sensors?|channels?|data|streams?|section|settings?|recording))?[\W_]*+"
)


def without_others(line: str) -> str:
    """The folded line without its clauses about other signals. A clause that also names the ECG is kept."""
    if not _OTHER.search(line):
        return line
    clauses = CLAUSE.split(_REMARK.sub(" ", line))
    return ", ".join(clause for clause in clauses if _ECG.search(clause) or not _OTHER.search(clause))


def heads_another(line: str) -> bool:
    """Whether the folded line is a heading of another signal, such as "[EDA]". The lines below it belong to it."""
    return bool(_HEADING.fullmatch(line))


def heads_ecg(line: str) -> bool:
    """Whether the line names the ECG, so the lines from here on are about the ECG again."""
    return bool(_ECG.search(line))
