"""The files of examples/: synthetic ECGs, and a plot of one of them with its answer. Each run gives the same bytes."""

from pathlib import Path

from ecg_core.model.classifier import classify
from ecg_core.reports.svg import plot
from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import apple_watch_csv_bytes, csv_bytes, wfdb_files, write_files, zip_bytes

# Real exports of the watch state 512.508 or 513.625 Hz, never 512.
WATCH_FS_HZ, WATCH_DURATION_S = 512.508, 30.0


def examples() -> dict[str, bytes]:
    """{name: bytes}. One file of each kind of input, together less than 1 MB."""
    normal = wfdb_files(synthesize("normal", heart_rate_bpm=68, seed=1), "normal")
    block = zip_bytes(wfdb_files(synthesize("lbbb", seed=2), "left_bundle_branch_block"))
    answer = classify({"left_bundle_branch_block.zip": block})
    watch = synthesize("normal", heart_rate_bpm=64, duration_s=WATCH_DURATION_S, fs_hz=WATCH_FS_HZ, seed=5)
    return {
        **normal,
        "normal.zip": zip_bytes(normal),
        "left_bundle_branch_block.zip": block,
        "left_bundle_branch_block.svg": plot(answer.recording, answer),
        "right_bundle_branch_block.zip": zip_bytes(wfdb_files(synthesize("rbbb", seed=3), "right_bundle_branch_block")),
        "st_depression.csv": csv_bytes(synthesize("st_depression", heart_rate_bpm=76, fs_hz=250, seed=4)),
        "watch_lead_i.csv": apple_watch_csv_bytes(watch),
    }


def write_examples(folder: Path) -> list[Path]:
    """Writes examples() into the folder, creates it if necessary, and returns the paths."""
    return write_files(examples(), folder)
