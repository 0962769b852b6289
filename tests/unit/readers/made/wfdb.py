"""WFDB records, and archives of them."""

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import wfdb_files, zip_bytes
from tests.unit.readers.wfdb_records import encode, make_header


def examples() -> dict[str, dict[str, bytes]]:
    normal = synthesize("normal", seed=7)
    counts = (normal.signal[:2] * 200).round().astype("int64")
    packed = make_header(counts, leads=normal.leads[:2], storage="212", gain="200")
    return {
        "twelve leads": wfdb_files(normal, "rec"),
        "two leads in format 212": {"rec.hea": packed, "rec.dat": encode(counts, "212")},
        "zip": {"rec.zip": zip_bytes(wfdb_files(normal, "rec"))},
    }
