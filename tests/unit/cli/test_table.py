"""The table of a batch: cut at any byte it is continued, and nothing that is not its own is touched."""

from pathlib import Path

import pytest

from ecg_core.cli.table import Table, TableRefused
from ecg_core.reports.row import line

COLUMNS = ("path", "outcome", "option_units", "model")
SAME = {"option_units": None, "model": "-1,\"x'"}
PATHS = ("a", 'b "c", d', "=e", "ä")


def written(path: str) -> bytes:
    return line([path, "refused" if path == "=e" else "classified", *SAME.values()])


def fill(out: Path) -> Table:
    """Writes the rows that are missing."""
    with Table(out, COLUMNS, SAME) as table:
        for path in PATHS:
            if path not in table:
                table.write(path, written(path), path == "=e")
    return table


def test_a_table_that_is_cut_at_any_byte_is_continued(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    fill(out)
    whole = out.read_bytes()
    assert whole == line(COLUMNS) + b"".join(map(written, PATHS))
    for size in range(len(whole) + 1):
        out.write_bytes(whole[:size])
        table = fill(out)
        assert out.read_bytes() == whole, f"cut at {size}"
        assert (table.rows, table.refused) == (4, 1)
        assert table.earlier == max(0, whole[:size].count(b"\n") - 1)


def test_zeros_after_the_last_line_are_cut(tmp_path: Path) -> None:
    """After a power failure, some file systems fill the end of a file with zeros."""
    out = tmp_path / "out.csv"
    fill(out)
    whole = out.read_bytes()
    out.write_bytes(whole[:-30] + bytes(200))
    fill(out)
    assert out.read_bytes() == whole


@pytest.mark.parametrize(
    "content",
    [
        b"a,b\r\n1,2\r\n",
        b"notes\n",
        b"path",
        line(COLUMNS) + b"only,three,cells\r\n",
        line(COLUMNS) + written("a").replace(b"\r\n", b"\n"),
        line(COLUMNS) + b"\xff,classified,,x\r\n",
        line(COLUMNS) + b'"a,classified,,x\r\n' + written("b"),
    ],
)
def test_another_file_and_a_changed_table_are_refused_and_stay(tmp_path: Path, content: bytes) -> None:
    out = tmp_path / "out.csv"
    out.write_bytes(content)
    if line(COLUMNS).startswith(content):
        fill(out)
        return
    with pytest.raises(TableRefused):
        Table(out, COLUMNS, SAME)
    assert out.read_bytes() == content


def test_other_options_and_another_model_are_refused_by_name(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    fill(out)
    whole = out.read_bytes()
    with pytest.raises(TableRefused, match="another option_units"):
        Table(out, COLUMNS, {**SAME, "option_units": "mV"})
    with pytest.raises(TableRefused, match="another option_units and another model"):
        Table(out, COLUMNS, {"option_units": "mV", "model": "2"})
    assert out.read_bytes() == whole


def test_two_runs_do_not_write_one_table(tmp_path: Path) -> None:
    out = tmp_path / "out.csv"
    with Table(out, COLUMNS, SAME) as table:
        table.write("a", written("a"), False)
        with pytest.raises(TableRefused, match="Another run"):
            Table(out, COLUMNS, SAME)
    fill(out)
