"""Parquet files, written with pyarrow as other programs write them."""

import io
from collections.abc import Mapping
from typing import Any

from ecg_core.recording import Recording
from ecg_core.synthesis.heart import synthesize


def columns(recording: Recording, name: str = "{} (mV)") -> dict[str, Any]:
    return {name.format(lead): row for lead, row in zip(recording.leads, recording.signal, strict=True)}


def parquet(
    columns: Mapping[str, Any],
    *,
    about: Mapping[str, str] | None = None,
    units: str | None = None,
    compression: str = "snappy",
    **ways: Any,
) -> bytes:
    """about: metadata of the file. units: metadata of each column. ways: arguments of pyarrow's writer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    arrays = [pa.array(values) for values in columns.values()]
    about_column = {"unit": units} if units else None
    fields = [pa.field(name, array.type, metadata=about_column) for name, array in zip(columns, arrays, strict=True)]
    buffer = io.BytesIO()
    pq.write_table(pa.table(arrays, schema=pa.schema(fields, metadata=about)), buffer, compression=compression, **ways)
    return buffer.getvalue()


def examples() -> dict[str, dict[str, bytes]]:
    """Title -> files of valid ECGs. Empty without pyarrow."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        return {}
    heart = synthesize("normal")
    times = {"time_s": [number / heart.fs_hz for number in range(heart.signal.shape[1])]}
    return {
        "Parquet": {"ecg.parquet": parquet(times | columns(heart))},
        "Parquet with metadata": {
            "ecg.parquet": parquet(columns(heart, "{}"), about={"fs": "500"}, units="mV", compression="zstd")
        },
    }
