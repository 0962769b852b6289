"""Readers that need a package beside those of the service. Each imports it when a file of its format arrives."""

from ecg_core.errors import UnsupportedFormat


def missing(kind: str, extra: str, instead: str) -> UnsupportedFormat:
    """The refusal if the package is not installed. kind: "a Parquet file". instead: what the sender can do."""
    return UnsupportedFormat(
        f"This is {kind}. This installation does not read it.",
        f"{instead} Or install ekg with the extra: pip install 'ekg[{extra}]'.",
    )
