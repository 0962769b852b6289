"""Recordings as files: WFDB (format 16), CSV, EDF+, FHIR, and a CSV like the export of an Apple Watch."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording

# One unit is 1 uV. Few electrocardiographs resolve less, and 16 bits still hold +-32 mV.
UNITS_PER_MV = 1000
# The units that finest() chooses from. With the last one, 16 bits hold +-32 V.
FINE_UNITS_PER_MV = (20_000, 10_000, 5_000, 2_000, 1_000, 500, 200, 100, 50, 20, 10, 5, 2, 1)
# Format 16 reserves its lowest value for a missing sample.
MISSING_UNIT, LOWEST_UNIT, HIGHEST_UNIT = -32768, -32767, 32767
RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
# The earliest time that a zip archive can store. A fixed time makes the archive the same on any day.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
ZIP_FILE_MODE = 0o644
ZIP_UNIX = 3


def samples_bytes(recording: Recording, units_per_mv: int = UNITS_PER_MV) -> bytes:
    """The samples in WFDB format 16: little-endian int16, interleaved."""
    return _units(recording, units_per_mv).astype("<i2").T.tobytes()


def _units(recording: Recording, units_per_mv: int) -> NDArray[np.int64]:
    units = np.round(recording.signal.astype(np.float64) * units_per_mv)
    if not ((units >= LOWEST_UNIT) & (units <= HIGHEST_UNIT) | np.isnan(units)).all():
        raise ValueError(f"format 16 holds +-{HIGHEST_UNIT / units_per_mv:g} mV with {units_per_mv} units per mV")
    return np.where(np.isnan(units), MISSING_UNIT, units).astype(np.int64)


def finest(recording: Recording) -> int:
    """The most units per mV at which format 16 holds the recording. Raises ValueError beyond 32 V."""
    reach_mv = float(np.nanmax(np.abs(recording.signal), initial=0.0))
    for units_per_mv in FINE_UNITS_PER_MV:
        if reach_mv * units_per_mv < HIGHEST_UNIT:
            return units_per_mv
    raise ValueError("the signal is beyond what format 16 holds")


def wfdb_files(recording: Recording, name: str, units_per_mv: int = UNITS_PER_MV) -> dict[str, bytes]:
    """name.hea and name.dat. Raises ValueError for a name outside RECORD_NAME, or a signal that 16 bits cannot hold."""
    if not RECORD_NAME.fullmatch(name):
        raise ValueError("a record name consists of letters, digits, underscores and hyphens")
    units = _units(recording, units_per_mv)
    lines = [f"{name} {len(recording.leads)} {_number(recording.fs_hz)} {units.shape[1]}"]
    for lead, row in zip(recording.leads, units, strict=True):
        checksum = (int(row.sum()) + 32768) % 65536 - 32768
        lines.append(f"{name}.dat 16 {units_per_mv}(0)/mV 16 0 {row[0]} {checksum} 0 {lead}")
    lines.append(f"# {recording.format}")
    return {f"{name}.hea": ("\n".join(lines) + "\n").encode(), f"{name}.dat": samples_bytes(recording, units_per_mv)}


def csv_bytes(recording: Recording) -> bytes:
    """A column time_s and a column for each lead, in mV with four decimals. A missing sample is an empty field."""
    header = ",".join(["time_s", *(f"{lead} (mV)" for lead in recording.leads)])
    lines = [header]
    for index, moment in enumerate(recording.signal.T.tolist()):
        values = ["" if value != value else f"{value:z.4f}" for value in moment]
        lines.append(",".join([f"{index / recording.fs_hz:.6f}", *values]))
    return ("\n".join(lines) + "\n").encode()


def apple_watch_csv_bytes(recording: Recording) -> bytes:
    """Lead I as the Health app exports it: a preamble that names no person, then one value in uV in each line."""
    values = recording.signal[recording.leads.index("I")].tolist()
    preamble = [
        "Name,",
        "Date of Birth,",
        "Recorded Date,2024-01-01 12:00:00 +0000",
        "Classification,Sinus Rhythm",
        "Symptoms,",
        "Software Version,1.90",
        'Device,"Synthetic,1"',
        f"Sample Rate,{_number(recording.fs_hz)} hertz",
        "",
        "",
        "Lead,Lead I",
        "Unit,µV",
        "",
    ]
    return ("\n".join([*preamble, *(f"{1000 * value:z.3f}" for value in values)]) + "\n").encode()


def zip_bytes(files: Mapping[str, bytes]) -> bytes:
    """The files in one archive. It is not compressed, because versions of zlib give different compressed bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, ZIP_EPOCH)
            entry.create_system = ZIP_UNIX
            entry.external_attr = ZIP_FILE_MODE << 16
            archive.writestr(entry, content)
    return buffer.getvalue()


def write(recording: Recording, path: Path, units_per_mv: int = UNITS_PER_MV) -> list[Path]:
    """Writes the recording and returns the paths. The extension decides the format: .hea (and .dat), .zip, .csv,
    .edf, .json (FHIR).

    units_per_mv: of WFDB. Raises ValueError for another extension, or for what the format cannot hold.
    """
    suffix = path.suffix.lower()
    if suffix == ".csv":
        files = {path.name: csv_bytes(recording)}
    elif suffix == ".edf":
        from ecg_core.synthesis.edf import edf_bytes

        files = {path.name: edf_bytes(recording)}
    elif suffix == ".json":
        from ecg_core.synthesis.fhir import fhir_bytes

        files = {path.name: fhir_bytes(recording)}
    elif suffix == ".hea":
        files = wfdb_files(recording, path.stem, units_per_mv)
    elif suffix == ".zip":
        files = {path.name: zip_bytes(wfdb_files(recording, path.stem, units_per_mv))}
    else:
        raise ValueError("write to a path that ends in .hea, .zip, .csv, .edf or .json")
    return write_files(files, path.parent)


def write_files(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Writes the files into the folder, creates it if necessary, and returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return [folder / name for name in files]


def _number(value: float) -> str:
    """A rate without a trailing .0: 500, 512.508."""
    return f"{value:.9g}"
