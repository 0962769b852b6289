"""A stretch of a recording as JSON, for programs that draw it: 16-bit samples in base64. Derived leads are included.

On request with the marks of the waves of each beat.
"""

import base64
import json

import numpy as np
from numpy.typing import NDArray

from ecg_core.leads import LIMB_LEADS
from ecg_core.recording import Recording
from ecg_core.reports.layout import drawn_leads
from ecg_core.signal.median import median

# Values of all leads in one answer: 250 s of twelve leads at 500 Hz. They take 4 MB; a Lambda function may answer 6 MB.
MAX_ANSWER_VALUES = 1_500_000
# A stretch with marks, in seconds. Finding the waves of twelve leads then takes 15 MB of memory.
MAX_MARKED_S = 120.0
# A sample that is missing. The other samples are smaller in size.
MISSING, LARGEST = -32768, 32767
# Steps in uV. The first one that holds the samples of all leads is taken.
STEPS_UV = (1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 1_000.0, 10_000.0, 100_000.0)


def samples(recording: Recording, start_s: float = 0.0, length_s: float | None = None, marks: bool = False) -> bytes:
    """From start_s on, at most length_s and at most MAX_ANSWER_VALUES. start_s beyond the end gives no samples.

    A sample in uV is uv_per_step times the 16-bit number, plus offset_uv of its lead. marks: also where the waves of
    each beat begin and end; then at most MAX_MARKED_S.
    """
    if marks:
        length_s = MAX_MARKED_S if length_s is None else min(length_s, MAX_MARKED_S)
    # Limb leads that the file does not hold may be derived.
    most = MAX_ANSWER_VALUES // len({*recording.leads, *LIMB_LEADS})
    wanted = (
        most if length_s is None else min(most, int(np.ceil(min(length_s, recording.duration_s) * recording.fs_hz)))
    )
    start = min(start_s, recording.duration_s)
    part = recording.part(start, min(start + wanted / recording.fs_hz, recording.duration_s))
    leads, derived = drawn_leads(part)
    offsets = {lead: _offset_mv(signal) for lead, signal in leads.items()}
    highest = max((float(np.nanmax(np.abs(leads[lead] - offsets[lead]), initial=0.0)) for lead in leads), default=0.0)
    start = round(start * recording.fs_hz) / recording.fs_hz
    step_uv = next((step for step in STEPS_UV if highest * 1000 <= LARGEST * step), STEPS_UV[-1])
    return json.dumps(
        {
            "format": recording.format,
            "fs_hz": recording.fs_hz,
            "duration_s": round(recording.duration_s, 3),
            "start_s": start,
            "samples": part.signal.shape[1],
            "uv_per_step": step_uv,
            "missing": MISSING,
            "leads": [
                {
                    "name": lead,
                    "derived": lead in derived,
                    "offset_uv": round(offsets[lead] * 1000, 3),
                    "data": _packed(signal - offsets[lead], step_uv),
                }
                for lead, signal in leads.items()
            ],
            **({"marks": _marks(part, start)} if marks else {}),
            "corrections": list(recording.corrections),
            "sha256": recording.sha256,
        },
        allow_nan=False,
    ).encode()


def _marks(part: Recording, start_s: float) -> list[dict[str, float | None]]:
    from ecg_core.measurements.marks import marks

    return [beat.to_dict(start_s) for beat in marks(part)]


def _offset_mv(signal: NDArray[np.float64]) -> float:
    known = signal[~np.isnan(signal)]
    return median(known).item() if known.size else 0.0


def _packed(signal_mv: NDArray[np.float64], step_uv: float) -> str:
    """Little-endian int16 in base64."""
    steps = np.clip(np.rint(signal_mv * (1000 / step_uv)), -LARGEST, LARGEST)
    return base64.b64encode(np.where(np.isnan(steps), MISSING, steps).astype("<i2").tobytes()).decode()
