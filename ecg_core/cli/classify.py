"""`ekg classify`: one answer for each input, in the order of the inputs, computed on all cores."""

import argparse
import os
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar

from ecg_core.classification import DISCLAIMER
from ecg_core.cli import forms
from ecg_core.cli.options import add_explain_option, add_reading_options, add_statements_option, reading_options
from ecg_core.cli.selection import add_selection_options, selected
from ecg_core.errors import EcgError, InternalError
from ecg_core.readers.paths import STDIN, Input
from ecg_core.reports.text import Outcome, answer_text, json_line

if TYPE_CHECKING:
    from concurrent.futures import Future

    from ecg_core.model.classifier import Classifier

T = TypeVar("T")
# Inputs in work at a time, counted with the answers that wait for their turn. It bounds the memory.
LOOKAHEAD = 64


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("classify", help="classify files, WFDB records or folders", epilog=DISCLAIMER)
    parser.add_argument("paths", nargs="*", metavar="PATH", help="a file or a folder; - for standard input")
    parser.add_argument("--json", action="store_true", help="print one line of JSON for each input")
    parser.add_argument(
        "--paths", dest="paths_first", action="store_true", help="with --json: add the path as the first field"
    )
    parser.add_argument(
        "--timeline", action="store_true", help="one line of JSON for every ten seconds of each recording"
    )
    parser.add_argument(
        "--csv", metavar="OUT.csv", help="write a table with a row for each record; the same command continues it"
    )
    parser.add_argument("--workers", type=int, metavar="N", help="with --csv: processes (default: one for each core)")
    add_selection_options(parser)
    forms.add_form_options(parser)
    add_explain_option(parser, "also show where the network looks (0.2 s more for each record)")
    add_statements_option(parser)
    add_reading_options(parser)
    parser.set_defaults(run=run, wrong=parser.error)


def run(options: argparse.Namespace) -> int:
    if not (options.paths or options.manifest):
        options.wrong("name a PATH or a --manifest")
    if options.manifest == STDIN and STDIN in options.paths:
        options.wrong("standard input is the manifest or a record, not both")
    if options.csv:
        from ecg_core.cli import batch

        return batch.run(options)
    from ecg_core.model.classifier import default_classifier

    classifier = default_classifier()
    inputs = list(selected(options))
    asked = forms.asked(options)
    forms.check(asked, inputs)
    if options.timeline:
        if asked:
            options.wrong("--timeline cannot be combined with another form of the answer")
        return 2 if sum(not _timeline(classifier, item, options) for item in inputs) else 0

    def outcome(item: Input) -> Outcome:
        try:
            return classifier.classify(
                item.files(), **reading_options(options), explain=options.explain, statements=options.statements
            )
        except EcgError as error:
            return error
        except Exception as error:
            print(f"{type(error).__name__} in one input", file=sys.stderr)
            return InternalError("This input met a fault in the program.")

    refused = 0
    many = len(inputs) > 1
    for item, result in zip(inputs, _in_order(outcome, inputs), strict=True):
        refused += isinstance(result, EcgError)
        if asked and not isinstance(result, EcgError):
            forms.write(result, asked)
        if STDIN in asked.values() and not isinstance(result, EcgError):
            continue
        if options.json:
            sys.stdout.buffer.write(json_line(result, path=item.shown if options.paths_first else None))
        else:
            print(answer_text(result, item.shown if many else None))
    sys.stdout.flush()
    if many:
        print(f"{len(inputs)} inputs: {len(inputs) - refused} classified, {refused} refused", file=sys.stderr)
    return 2 if refused else 0


def _timeline(classifier: "Classifier", item: Input, options: argparse.Namespace) -> bool:
    """Prints the lines of one input. Returns whether it could be read at all."""
    from ecg_core.cli.timeline import Stretch, answer, stretches
    from ecg_core.readers import read

    path = item.shown if options.paths_first else None
    try:
        recording = read(item.files(), **reading_options(options))
    except EcgError as refusal:
        sys.stdout.buffer.write(json_line(refusal, path=path))
        return False

    def work(stretch: Stretch) -> Outcome:
        return answer(classifier, recording, stretch, options.statements)

    found = list(stretches(recording.duration_s))
    for stretch, outcome in zip(found, _in_order(work, found, " windows"), strict=True):
        times = {"start_s": round(stretch.start_s, 3), "end_s": round(stretch.end_s, 3)}
        sys.stdout.buffer.write(json_line(outcome, path=path, **times))
    sys.stdout.flush()
    return True


def _in_order(work: "Callable[[T], Outcome]", inputs: "Sequence[T]", unit: str = " records") -> Iterator[Outcome]:
    """work(input) of each input, in order. Several inputs share all cores; a terminal shows a progress bar."""
    if len(inputs) == 1:
        yield work(inputs[0])
        return
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    # numpy gets one thread. With several threads of its own beside this pool it takes four times as long.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(inputs), unit=unit, disable=None) as bar,
    ):
        waiting: deque[Future[Outcome]] = deque()
        rest = iter(inputs)
        for item in islice(rest, LOOKAHEAD):
            waiting.append(pool.submit(work, item))
        while waiting:
            yield waiting.popleft().result()
            bar.update()
            waiting.extend(pool.submit(work, item) for item in islice(rest, 1))
