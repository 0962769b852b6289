"""A CSV file that grows by one line for each record, and that an interrupted run continues."""

import csv
import os
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from types import TracebackType
from typing import BinaryIO

from ecg_core.reports.row import END, REFUSED, Cell, cell_text, line


class TableRefused(Exception):
    """The file cannot be continued. The message is for the person at the terminal."""


class Table:
    """The lines of the file itself say what is done: there is no second file.

    columns: the first is the record's path, "outcome" is among them. same: columns that have one value in all rows,
    such as the model and the options.

    rows, refused: how many rows the file has, and how many of them are refusals. earlier: those of earlier runs.
    """

    def __init__(self, path: Path, columns: Sequence[str], same: Mapping[str, Cell]) -> None:
        """Opens the file, makes it if it is not there, and cuts a line that was not written to its end.

        Raises TableRefused if the file is another table, or one of other options or another model.
        """
        self._columns, self._same = tuple(columns), {name: cell_text(cell) for name, cell in same.items()}
        self._shown = path.name
        self.rows = self.refused = 0
        self._done: set[bytes] = set()
        self._file: BinaryIO = open(os.open(path, os.O_RDWR | os.O_CREAT, 0o666), "r+b")  # noqa: PTH123, SIM115
        try:
            self._lock()
            self._continue()
        except BaseException:
            self._file.close()
            raise
        self.earlier = self.rows

    def __enter__(self) -> "Table":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._file.close()

    def __contains__(self, path: str) -> bool:
        """Whether there is a row of this path, as it stands in the file."""
        return _key(cell_text(path)) in self._done

    def write(self, path: str, text: bytes, refused: bool) -> None:
        """Adds a line. It reaches the system before this returns, so a killed process loses no line before it."""
        self._done.add(_key(cell_text(path)))
        self._file.write(text)
        self._file.flush()
        self.rows += 1
        self.refused += refused

    def _lock(self) -> None:
        try:
            import fcntl
        except ModuleNotFoundError:
            # Windows has no such lock.
            return
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise TableRefused(f"Another run writes {self._shown} now.") from error

    def _continue(self) -> None:
        head = line(self._columns)
        first = self._file.readline(len(head) + 1)
        if first != head:
            if not head.startswith(first):
                raise TableRefused(
                    f"{self._shown} is there already, and it is no table of this version of ekg. Name another file."
                )
            self._cut(0)
            self._file.write(head)
            self._file.flush()
            return
        whole = len(head)
        for number, text in enumerate(self._file, 2):
            if not text.endswith(b"\n"):
                break
            self._read(number, text)
            whole += len(text)
        self._cut(whole)

    def _cut(self, size: int) -> None:
        self._file.seek(size)
        self._file.truncate()

    def _read(self, number: int, text: bytes) -> None:
        """Counts a row that is there. Raises TableRefused."""
        try:
            (cells,) = csv.reader([text.decode()], strict=True)
            row = dict(zip(self._columns, cells, strict=True))
            if not text.endswith(END.encode()):
                raise ValueError
        except (ValueError, csv.Error) as error:
            raise TableRefused(
                f"Line {number} of {self._shown} is no row of this table. Another program changed the file: "
                "name another file, or delete this one."
            ) from error
        different = [name for name, value in self._same.items() if row[name] != value]
        if different:
            raise TableRefused(
                f"{self._shown} was made with another {' and another '.join(different)}. "
                "Use the same options and the same model, or name another file."
            )
        self._done.add(_key(row[self._columns[0]]))
        self.rows += 1
        self.refused += row["outcome"] == REFUSED


def _key(path: str) -> bytes:
    # 16 bytes of each path: a million rows take 100 MB. The chance that two of a million are equal is below 1e-26.
    return blake2b(path.encode(), digest_size=16).digest()
