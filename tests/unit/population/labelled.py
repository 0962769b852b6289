"""Labels of the synthetic hospital, and calibration files for tests."""

import json
from pathlib import Path
from typing import Any

from ecg_core.model.classifier import default_classifier
from ecg_core.model.local_calibration import sealed

# Kind of heart: NORM, CD, STTC.
KINDS = {"normal": (1, 0, 0), "lbbb": (0, 1, 0), "st_depression": (0, 0, 1), "t_inversion": (0, 0, 1)}
OF_EACH = 12


def lines(*, patients: bool = True, wrong_every: int = 0) -> list[str]:
    """The table of labels, its head first. wrong_every: each n-th record has no finding."""
    table = ["record,NORM,CD,STTC" + (",patient" if patients else "")]
    for kind, truth in KINDS.items():
        for index in range(OF_EACH):
            given = (0, 0, 0) if wrong_every and index % wrong_every == 0 else truth
            # Two records a patient.
            table.append(f"{kind}-{index},{','.join(map(str, given))}" + (f",{kind}{index // 2}" if patients else ""))
    return table


def write_labels(path: Path, table: list[str]) -> Path:
    path.write_text("\n".join(table) + "\n", encoding="utf-8")
    return path


def content(**changes: Any) -> dict[str, Any]:
    """A calibration that shifts CD of twelve leads. changes: other top-level values."""
    model = default_classifier().identity
    given = {
        "name": "St. Mary",
        "estimate": False,
        "model": {"name": model.name, "version": model.version, "sha256": model.sha256},
        "sets": {"12": {"CD": {"scale": 1.0, "bias": 2.0, "threshold": 0.3}}},
    }
    return sealed({**given, **changes})


def write_calibration(path: Path, given: Any) -> Path:
    path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    return path
