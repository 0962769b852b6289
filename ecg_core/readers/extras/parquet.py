"""Parquet files (extra "parquet", package pyarrow): a column for each lead, a row for each sample.

The columns become a text table, so names, units, rate and refusals are those of the table reader. What pandas, Polars
and others write about the file and its columns stands above the table as words.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

from ecg_core.errors import FileTooLarge, HeaderInvalid, SignalInvalid, UnsupportedFormat
from ecg_core.readers.extras import missing
from ecg_core.readers.extras.pages import Pages, damaged
from ecg_core.readers.labels import split_unit
from ecg_core.readers.options import Options
from ecg_core.readers.records import Bundle
from ecg_core.readers.table import reader as table
from ecg_core.readers.table.layout import MAX_COLUMNS
from ecg_core.readers.text import MAX_TEXT_BYTES
from ecg_core.readers.units import unit_of
from ecg_core.recording import Recording

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq
    from _typeshed import ReadableBuffer as Buffer

MAGIC, ENCRYPTED = b"PAR1", b"PARE"
# Names and places of the columns. Those of MAX_COLUMNS columns have 100 kB for each row group.
MAX_FOOTER_BYTES = 2_000_000
# Words about the file: rate, unit, device. More or longer ones are no statements.
_MAX_WORDS, _MAX_WORD_LENGTH = 64, 100
# A name of a record or a time. Longer texts count, but their words do not matter.
_MAX_CELL_LENGTH = 64
# Times as text are all different. These are three minutes at 1,000 Hz.
_MAX_TEXTS = 200_000
_BREAKS = dict.fromkeys((*range(32), 127), " ") | {ord('"'): "'", ord(";"): ",", ord("|"): ","}
# What pandas and Arrow write for themselves.
_OWN = frozenset(("pandas", "ARROW:schema", "PANDAS_ATTRS", "huggingface"))


def sniff(data: bytes) -> bool:
    return data.startswith((MAGIC, ENCRYPTED)) and data.endswith((MAGIC, ENCRYPTED))


def read(name: str, bundle: Bundle, options: Options) -> Recording:
    """The recording in a Parquet file.

    Raises UnsupportedFormat, HeaderInvalid, SignalInvalid, FileTooLarge, and what the table reader raises.
    """
    data = bundle[name]
    if data.startswith(ENCRYPTED) or data.endswith(ENCRYPTED):
        raise UnsupportedFormat("This is an encrypted Parquet file.", "Write it without encryption.")
    try:
        import pyarrow as pa
    except ImportError:
        raise missing("a Parquet file", "parquet", "Save the table as CSV.") from None
    try:
        text = _text(data)
    except pa.ArrowNotImplementedError:
        raise UnsupportedFormat(
            "The Parquet file has an encoding that is not read.", "Write it with another compression, or as CSV."
        ) from None
    except (pa.ArrowException, OSError, UnicodeDecodeError, OverflowError, MemoryError):
        raise SignalInvalid("The columns of the Parquet file cannot be decoded.", "Write it again.") from None
    recording = table.read(name, Bundle({name: text}, bundle.budget), options)
    return replace(recording, format="parquet", sha256=hashlib.sha256(data).hexdigest())


def _text(data: bytes) -> bytes:
    """The file as a text table. Raises HeaderInvalid, FileTooLarge, UnsupportedFormat, and errors of pyarrow."""
    import pyarrow.csv
    import pyarrow.parquet as pq

    if int.from_bytes(data[-8:-4], "little") > min(MAX_FOOTER_BYTES, len(data)):
        raise damaged()
    file = pq.ParquetFile(
        pyarrow.BufferReader(data),
        pre_buffer=False,
        page_checksum_verification=True,
        arrow_extensions_enabled=False,
        thrift_string_size_limit=MAX_FOOTER_BYTES,
        thrift_container_size_limit=MAX_FOOTER_BYTES,
    )
    schema = file.schema_arrow
    _check(file.metadata, schema, data)
    if texts := [field.name for field in schema if _is_text(field.type)]:
        # Each text once. A text of 1 MB in a million rows would take 1 TB.
        file = pq.ParquetFile(
            pyarrow.BufferReader(data), metadata=file.metadata, pre_buffer=False, read_dictionary=texts
        )
    columns = file.read(use_threads=False).unify_dictionaries()
    about = {_plain(key): _plain(value) for key, value in (schema.metadata or {}).items()}
    order = _index_first(columns.column_names, about.get("pandas", ""))
    names = [_name(columns.schema.field(place)) for place in order]
    plain = pyarrow.table([_column(columns.column(place)) for place in order], names=[str(place) for place in order])
    out = _Sink()
    out.write("".join(f"{words}\n" for words in _words(about)).encode())
    out.write(("\t".join(names) + "\n").encode())
    options = pyarrow.csv.WriteOptions(include_header=False, delimiter="\t", quoting_style="none")
    pyarrow.csv.write_csv(plain, out, options)
    return out.getvalue()


class _Sink(BytesIO):
    """Takes a text up to MAX_TEXT_BYTES. Raises FileTooLarge."""

    def write(self, data: "Buffer", /) -> int:
        if self.tell() + len(memoryview(data)) > MAX_TEXT_BYTES:
            raise too_large()
        return super().write(data)


def too_large() -> FileTooLarge:
    return FileTooLarge(f"As a text, the columns of the file have more than {MAX_TEXT_BYTES / 1e6:g} MB.")


def _is_text(kind: "pa.DataType") -> bool:
    from pyarrow import types

    return bool(types.is_string(kind) or types.is_large_string(kind) or types.is_string_view(kind))


def _check(metadata: "pq.FileMetaData", schema: "pa.Schema", data: bytes) -> None:
    """Raises UnsupportedFormat or FileTooLarge before a column is read."""
    from pyarrow import types

    if any(types.is_nested(field.type) for field in schema):
        raise UnsupportedFormat(
            "This is a Parquet file with lists or structures in its cells.",
            "Write one column for each lead and one row for each sample.",
        )
    if any(
        types.is_binary(kind) or types.is_fixed_size_binary(kind) or types.is_large_binary(kind)
        for kind in schema.types
    ):
        raise UnsupportedFormat("This is a Parquet file with bytes in its cells.", "Write the samples as numbers.")
    if len(schema) > MAX_COLUMNS:
        raise FileTooLarge(f"The Parquet file has more than {MAX_COLUMNS} columns.")
    # In the text, the shortest value has two bytes.
    if 2 * metadata.num_rows * len(schema) > MAX_TEXT_BYTES:
        raise too_large()
    if metadata.num_columns != len(schema):
        raise damaged()
    pages, rows = Pages(data), 0
    for group in map(metadata.row_group, range(metadata.num_row_groups)):
        rows += group.num_rows
        for column in map(group.column, range(group.num_columns)):
            start = column.data_page_offset
            if column.has_dictionary_page and column.dictionary_page_offset is not None:
                start = min(start, column.dictionary_page_offset)
            pages.count(start, column.total_compressed_size)
    if rows != metadata.num_rows:
        raise damaged()


def _plain(text: bytes | str) -> str:
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def _short(text: str) -> str:
    return text[:_MAX_WORD_LENGTH].translate(_BREAKS).strip()


def _index_first(names: list[str], pandas: str) -> list[int]:
    """The places of the columns, those of pandas' index first, as pandas writes a CSV."""
    index = [name for name in _json(pandas).get("index_columns", ()) if isinstance(name, str)]
    places = [names.index(name) for name in index if name in names]
    return [*places, *(place for place in range(len(names)) if place not in places)]


def _json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _name(field: "pa.Field") -> str:
    """The name of a column, with the unit that stands in its metadata. An index without a name has none."""
    name = "" if field.name.startswith("__index_level_") else _short(field.name)
    about = {_plain(key).lower(): _plain(value) for key, value in (field.metadata or {}).items()}
    stated = unit_of(about.get("unit") or about.get("units") or "-")
    if stated is None:
        return name if not _is_duration(field) else f"{name or 'time'} (s)"
    plain, written = split_unit(name)
    if written is not None and unit_of(written) != stated:
        raise HeaderInvalid("The name of a column and its metadata state different units.")
    return f"{plain} ({stated})"


def _is_duration(field: "pa.Field") -> bool:
    from pyarrow import types

    return bool(types.is_duration(field.type))


def _words(about: Mapping[str, str]) -> Iterator[str]:
    """What the file states about itself, as lines "key: value"."""
    attributes = {
        key: value for key, value in _json(about.get("PANDAS_ATTRS", "")).items() if not isinstance(value, dict)
    }
    stated = {key: value for key, value in about.items() if key not in _OWN} | attributes
    for key, value in list(stated.items())[:_MAX_WORDS]:
        text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        if len(text) <= _MAX_WORD_LENGTH and len(key) <= _MAX_WORD_LENGTH:
            yield f"{_short(key)}: {_short(text)}"


def _column(column: "pa.ChunkedArray") -> "pa.ChunkedArray":
    """The column in a type that is written as a number, a clock time or a short text."""
    import pyarrow as pa
    import pyarrow.compute as pc
    from pyarrow import types

    kind = column.type
    if types.is_dictionary(kind):
        column = column.unify_dictionaries() if column.num_chunks else column
        values = column.chunk(0).dictionary if column.num_chunks else pa.array([], pa.string())
        if len(values) > _MAX_TEXTS:
            raise FileTooLarge(f"A column has more than {_MAX_TEXTS:,} different texts.")
        texts = [
            None
            if value is None
            else str(value).translate(_BREAKS)
            if len(str(value)) <= _MAX_CELL_LENGTH
            else f"text {number}"
            for number, value in enumerate(values.to_pylist())
        ]
        short = pa.array(texts, pa.string())
        return pa.chunked_array([short.take(chunk.indices) for chunk in column.chunks], pa.string())
    if types.is_duration(kind):
        per_second = {"s": 1.0, "ms": 1e3, "us": 1e6, "ns": 1e9}[kind.unit]
        return pc.divide(column.cast(pa.int64()).cast(pa.float64(), safe=False), per_second)
    if types.is_decimal(kind):
        return column.cast(pa.float64(), safe=False)
    return column.cast(pa.float32()) if types.is_float16(kind) else column
