"""`ekg classify --csv`: one row for each record, on all cores. The same command continues an interrupted run.

The rows are in the order of the records, so an interrupted run ends with the same bytes as one that was not.
"""

import argparse
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import chain, islice
from pathlib import Path
from typing import Any, NamedTuple

from ecg_core import __version__
from ecg_core.cli.forms import FORMS
from ecg_core.cli.options import reading_options
from ecg_core.cli.pool import CannotStart, cores, in_order
from ecg_core.cli.selection import selected
from ecg_core.cli.table import Table, TableRefused
from ecg_core.errors import EcgError, InternalError
from ecg_core.model.classifier import Classifier, default_classifier
from ecg_core.readers.paths import STDIN, Input
from ecg_core.reports.row import COLUMNS, Cell, line, path_text, row
from ecg_core.reports.text import Outcome

PATH = "path"
# Below so many records, starting processes takes longer than they save.
FEW = 32


class Task(NamedTuple):
    """options: of classify(). same: the cells that all rows have."""

    item: Input
    options: dict[str, Any]
    same: dict[str, Cell]


class Written(NamedTuple):
    line: bytes
    refused: bool


def run(options: argparse.Namespace) -> int:
    """The exit status: 2 if the table has a refusal."""
    out = Path(options.csv)
    try:
        _check(options, out)
        classifier = default_classifier()
        same = _same(classifier, options)
        out.parent.mkdir(parents=True, exist_ok=True)
        with Table(out, (PATH, *COLUMNS, *same), same) as table:
            _fill(table, options, same)
    except (TableRefused, CannotStart) as refusal:
        print(refusal, file=sys.stderr)
        return 2
    before = f", {table.earlier} of them by earlier runs" if table.earlier else ""
    print(
        f"{table.rows} rows: {table.rows - table.refused} classified, {table.refused} refused{before}", file=sys.stderr
    )
    return 2 if table.refused else 0


def _check(options: argparse.Namespace, out: Path) -> None:
    """Raises TableRefused."""
    for name in ("json", "paths_first", "timeline", "explain", *FORMS):
        if getattr(options, name):
            option = name.removesuffix("_first").replace("_", "-")
            raise TableRefused(f"--csv cannot be combined with --{option}.")
    if options.csv == STDIN or out.is_dir():
        raise TableRefused("--csv needs the name of a file.")
    if STDIN in options.paths:
        raise TableRefused("A table has no row for standard input. Paths may come from it: --manifest -.")
    place = out.resolve()
    if any(Path(path).is_dir() and Path(path).resolve() in place.parents for path in options.paths):
        raise TableRefused("The table would lie in the folder that is read. Name a file outside of it.")


def _same(classifier: Classifier, options: argparse.Namespace) -> dict[str, Cell]:
    said: dict[str, Cell] = {f"option_{name}": value for name, value in reading_options(options).items()}
    model = classifier.identity
    local = model.calibration.sha256 if model.calibration else None
    versions = {"model_version": model.version, "model_sha256": model.sha256, "calibration_sha256": local}
    return {**said, **versions, "ekg_version": __version__}


def _fill(table: Table, options: argparse.Namespace, same: dict[str, Cell]) -> None:
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    given = reading_options(options)
    tasks = (Task(item, given, same) for item in selected(options) if path_text(item.shown) not in table)
    with (
        # More threads of numpy take more than twice the time.
        threadpool_limits(1),
        tqdm(total=None, initial=table.rows, unit=" records", disable=None) as bar,
    ):
        if not bar.disable:
            threading.Thread(target=_count, args=(options, bar), daemon=True).start()
        for task, written in _answers(tasks, options.workers or cores()):
            # Two inputs of one path may be among the few that are taken ahead.
            if (path := path_text(task.item.shown)) not in table:
                table.write(path, *written)
            bar.update()


def _count(options: argparse.Namespace, bar: Any) -> None:
    """Tells the progress bar how many records there are. It is not known before all folders were searched."""
    if options.manifest != STDIN:
        with suppress(OSError):
            bar.total = sum(1 for _ in selected(options))
            bar.refresh()


def _answers(tasks: Iterator[Task], workers: int) -> Iterator[tuple[Task, Written]]:
    first = list(islice(tasks, FEW))
    if workers == 1 or len(first) < FEW:
        return ((task, answer(task)) for task in chain(first, tasks))
    return in_order(workers, _prepare, answer, partial(_written, outcome=_lost()), chain(first, tasks))


def _prepare() -> None:
    from threadpoolctl import threadpool_limits

    threadpool_limits(1)
    default_classifier()


def answer(task: Task) -> Written:
    """The row of a record."""
    try:
        return _written(task, default_classifier().classify(task.item.files(), **task.options))
    except EcgError as refusal:
        return _written(task, refusal)
    except Exception as error:
        print(f"{type(error).__name__} in one input", file=sys.stderr)
        return _written(task, InternalError("This input met a fault in the program."))


def _lost() -> EcgError:
    return InternalError("This input ended the process that read it.")


def _written(task: Task, outcome: Outcome) -> Written:
    cells = {PATH: path_text(task.item.shown), **row(outcome), **task.same}
    return Written(line(cells.values()), isinstance(outcome, EcgError))
