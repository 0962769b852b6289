"""The files of the page: its HTML, script, style and icon, and the try-out ECGs. All have addresses below ui/."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from ecg_core.synthesis.heart import synthesize
from ecg_core.synthesis.writers import apple_watch_csv_bytes, csv_bytes, wfdb_files, zip_bytes
from functions.api.assets import Asset, tag_of
from functions.api.docs import ICON

BUILT = Path(__file__).parent / "built"
ASSETS = {
    "app.js": "text/javascript",
    "app.css": "text/css",
    "icon.svg": "image/svg+xml",
    "normal.zip": "application/zip",
    "left_bundle_branch_block.zip": "application/zip",
    "st_depression.csv": "text/csv",
    "watch_lead_i.csv": "text/csv",
    "inconclusive.csv": "text/csv",
    "without_rate.csv": "text/csv",
}
# Of the try-out ECGs in CSV. A low rate keeps them small.
CSV_HZ = 250.0
# Real exports of the watch state 512.508 or 513.625 Hz, never 512.
WATCH_HZ, WATCH_S = 512.508, 30.0


@cache
def page() -> str:
    """The HTML. The addresses of its assets hold their tags, so that browsers may keep them for ever."""
    made = (BUILT / "index.html").read_text(encoding="utf-8")
    for name in ("app.js", "app.css", "icon.svg"):
        made = made.replace(f"ui/{name}", f"ui/{name}?v={tag_of(_content(name))}")
    return made


@cache
def asset(name: str) -> Asset:
    """One of ASSETS. Raises KeyError for any other name."""
    return Asset.of(_content(name), ASSETS[name])


@cache
def _content(name: str) -> bytes:
    if name == "icon.svg":
        return ICON
    return _TRY_OUT[name]() if name in _TRY_OUT else (BUILT / name).read_bytes()


def _normal() -> bytes:
    return zip_bytes(wfdb_files(synthesize("normal", heart_rate_bpm=68, seed=1), "normal"))


def _block() -> bytes:
    return zip_bytes(wfdb_files(synthesize("lbbb", seed=2), "left_bundle_branch_block"))


def _st_depression() -> bytes:
    return csv_bytes(synthesize("st_depression", heart_rate_bpm=76, fs_hz=CSV_HZ, seed=4))


def _watch() -> bytes:
    return apple_watch_csv_bytes(synthesize("normal", heart_rate_bpm=64, duration_s=WATCH_S, fs_hz=WATCH_HZ, seed=5))


def _inconclusive() -> bytes:
    """Leads V1 and V6 alone: nothing was measured for them."""
    return csv_bytes(synthesize("normal", heart_rate_bpm=72, fs_hz=CSV_HZ, seed=6).only(["V1", "V6"]))


def _without_rate() -> bytes:
    """A table without its time column: the sampling rate must be stated."""
    table = csv_bytes(synthesize("normal", heart_rate_bpm=66, fs_hz=CSV_HZ, seed=7)).decode()
    return "\n".join(line.partition(",")[2] for line in table.splitlines()).encode() + b"\n"


# The first two and the next two have the bytes of the files in examples/.
_TRY_OUT: dict[str, Callable[[], bytes]] = {
    "normal.zip": _normal,
    "left_bundle_branch_block.zip": _block,
    "st_depression.csv": _st_depression,
    "watch_lead_i.csv": _watch,
    "inconclusive.csv": _inconclusive,
    "without_rate.csv": _without_rate,
}
