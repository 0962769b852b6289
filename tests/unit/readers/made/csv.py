"""Tables: CSV, and the export of an Apple Watch."""

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import apple_watch_csv_bytes, csv_bytes


def examples() -> dict[str, dict[str, bytes]]:
    return {
        "twelve leads": {"ecg.csv": csv_bytes(synthesize("normal", seed=7, fs_hz=250))},
        "Apple Watch": {"ecg.csv": apple_watch_csv_bytes(synthesize("normal", fs_hz=512.508, duration_s=30, seed=5))},
    }
