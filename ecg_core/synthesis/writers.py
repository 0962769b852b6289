"""Recordings as files: WFDB (format 16), CSV, and a CSV like the export of an Apple Watch."""

import io
import re
import zipfile
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ecg_core.recording import Recording

# One unit is 1 uV. No electrocardiograph resolves less, and 16 bits still hold +-32 mV.
UNITS_PER_MV = 1000
# Format 16 reserves its lowest value for a missing sample.
MISSING_UNIT, LOWEST_UNIT, HIGHEST_UNIT = -32768, -32767, 32767
RECORD_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
# The earliest time that a zip archive can store. A fixed time makes the archive the same on any day.
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)
ZIP_FILE_MODE = 0o644
ZIP_UNIX = 3


def samples_bytes(recording: Recording) -> bytes:
    """The samples in WFDB format 16: little-endian int16 of 1 uV, interleaved."""
    return _units(recording).astype("<i2").T.tobytes()


def _units(recording: Recording) -> NDArray[np.int64]:
    units = np.round(recording.signal.astype(np.float64) * UNITS_PER_MV)
    if not ((units >= LOWEST_UNIT) & (units <= HIGHEST_UNIT) | np.isnan(units)).all():
        raise ValueError("format 16 holds -32.767 to 32.767 mV")
    return np.where(np.isnan(units), MISSING_UNIT, units).astype(np.int64)


def wfdb_files(recording: Recording, name: str) -> dict[str, bytes]:
    """name.hea and name.dat. Raises ValueError for a name outside RECORD_NAME, or a signal beyond +-32.767 mV."""
    if not RECORD_NAME.fullmatch(name):
        raise ValueError("a record name consists of letters, digits, underscores and hyphens")
    units = _units(recording)
    lines = [f"{name} {len(recording.leads)} {_number(recording.fs_hz)} {units.shape[1]}"]
    for lead, row in zip(recording.leads, units, strict=True):
        checksum = (int(row.sum()) + 32768) % 65536 - 32768
        lines.append(f"{name}.dat 16 {UNITS_PER_MV}(0)/mV 16 0 {row[0]} {checksum} 0 {lead}")
    lines.append(f"# {recording.format}")
    return {f"{name}.hea": ("\n".join(lines) + "\n").encode(), f"{name}.dat": samples_bytes(recording)}


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


def write(recording: Recording, path: Path) -> list[Path]:
    """Writes the recording and returns the paths. The extension decides the format: .hea (and .dat), .zip, .csv.

    Raises ValueError for another extension.
    """
    if path.suffix == ".csv":
        files = {path.name: csv_bytes(recording)}
    elif path.suffix == ".hea":
        files = wfdb_files(recording, path.stem)
    elif path.suffix == ".zip":
        files = {path.name: zip_bytes(wfdb_files(recording, path.stem))}
    else:
        raise ValueError("write to a path that ends in .hea, .zip or .csv")
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
