"""The `ekg` command. Exit status: 0, or 2 when any input was refused or the call is wrong."""

import argparse
import io
import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from pathlib import Path

from ecg_core import __version__
from ecg_core.classification import DISCLAIMER
from ecg_core.cli.training import add_commands
from ecg_core.errors import EcgError, InternalError, SeveralRecords
from ecg_core.readers.paths import STDIN, Input, find_inputs
from ecg_core.reports.text import Outcome, answer_text, json_line, printable

# Results wait for their turn in order; this many may, so that memory stays bounded.
LOOKAHEAD = 64


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # A terminal that lacks the bars' characters, or a file name that is no text, stops no answer.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = options.run(options)
    except EcgError as error:
        print(f"{error.message}\n  {error.hint} ({error.code})", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The reader of our output (head, less) has gone: nothing is left to say.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except ModuleNotFoundError as error:
        print(f"This needs {error.name}: pip install -r requirements.txt, or ekg[train].", file=sys.stderr)
        return 2
    except OSError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="ekg", description="NORM, CD and STTC from an ECG file.", epilog=DISCLAIMER)
    parser.add_argument("--version", action="version", version=f"%(prog)s {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    classify = commands.add_parser(
        "classify", help="classify records: files, WFDB records or folders", epilog=DISCLAIMER
    )
    classify.add_argument("paths", nargs="+", metavar="PATH", help="- for standard input")
    classify.add_argument("--json", action="store_true", help="one line of JSON an input")
    classify.add_argument(
        "--paths", dest="paths_first", action="store_true", help="with --json: put the path first in each object"
    )
    _add_explain(classify, "also say where the network looks (0.2 s more a record)")
    _add_reading_options(classify)
    classify.set_defaults(run=_classify)

    plot = commands.add_parser("plot", help="draw a record on ECG paper, as SVG", epilog=DISCLAIMER)
    plot.add_argument("paths", nargs="+", metavar="PATH", help="of one record; - for standard input")
    plot.add_argument("-o", "--out", metavar="OUT.svg", help="- for standard output; by default the record's name")
    _add_explain(plot, "shade where the network looks")
    _add_reading_options(plot)
    plot.set_defaults(run=_plot)

    watch = commands.add_parser(
        "watch", help="classify what is dropped into a folder, until interrupted", epilog=DISCLAIMER
    )
    watch.add_argument("inbox", type=Path, metavar="INBOX", help="is only read")
    watch.add_argument("results", type=Path, metavar="RESULTS", help="outcomes: the record's path and .json")
    watch.add_argument("--svg", action="store_true", help="also draw each result")
    watch.add_argument("--fhir", action="store_true", help="also write each result as a FHIR R4 DiagnosticReport")
    watch.add_argument(
        "--patience",
        type=_duration,
        default=24,
        metavar="HOURS",
        help="then an incomplete record is refused (24)",
    )
    watch.add_argument("--interval", type=_duration, default=2, metavar="S", help="between two looks (2)")
    watch.add_argument("--once", action="store_true", help="answer what is there and end")
    watch.set_defaults(run=_watch)

    synth = commands.add_parser("synth", help="write a synthetic ECG")
    synth.add_argument("kind", metavar="KIND", help="normal, lbbb, rbbb, st_depression, t_inversion; or: examples")
    synth.add_argument(
        "-o", "--out", type=Path, required=True, metavar="PATH", help="X.hea, X.zip or X.csv; examples: a folder"
    )
    synth.add_argument("--heart-rate", type=float, default=70, metavar="BPM")
    synth.add_argument("--duration", type=float, default=10, metavar="S")
    synth.add_argument("--fs", type=float, default=500, metavar="HZ")
    synth.add_argument("--noise", type=float, default=0.01, metavar="MV")
    synth.add_argument("--wander", type=float, default=0.05, metavar="MV")
    synth.add_argument("--seed", type=int, default=0)
    synth.set_defaults(run=_synth)

    add_commands(commands)
    return parser


def _add_explain(parser: argparse.ArgumentParser, said: str) -> None:
    parser.add_argument("--explain", action="store_true", help=said)


def _add_reading_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate, for files that state none")
    parser.add_argument("--units", metavar="UNIT", help="nV, uV, mV or V, for files that state none")


def _duration(text: str) -> float:
    number = float(text)
    # A hundred years of hours; nan is not below it either.
    if not 0 <= number <= 876_000:
        raise argparse.ArgumentTypeError("a number of hours or seconds from 0")
    return number


def _classify(options: argparse.Namespace) -> int:
    from ecg_core.model.classifier import default_classifier

    classifier = default_classifier()
    inputs = find_inputs(options.paths)

    def outcome(item: Input) -> Outcome:
        try:
            return classifier.classify(item.files(), fs_hz=options.fs, units=options.units, explain=options.explain)
        except EcgError as error:
            return error
        except Exception as error:
            print(f"{type(error).__name__} in one input", file=sys.stderr)
            return InternalError("This input met a fault in the program.")

    refused = 0
    many = len(inputs) > 1
    for item, result in zip(inputs, _in_order(outcome, inputs), strict=True):
        refused += isinstance(result, EcgError)
        if options.json:
            sys.stdout.buffer.write(json_line(result, item.shown if options.paths_first else None))
        else:
            print(answer_text(result, item.shown if many else None))
    sys.stdout.flush()
    if many:
        print(f"{len(inputs)} inputs: {len(inputs) - refused} classified, {refused} refused", file=sys.stderr)
    return 2 if refused else 0


def _in_order(work: Callable[[Input], Outcome], inputs: Sequence[Input]) -> Iterator[Outcome]:
    """work(input) of each, in order, on all cores, with a bar on a terminal."""
    if len(inputs) == 1:
        yield work(inputs[0])
        return
    from threadpoolctl import threadpool_limits
    from tqdm import tqdm

    # A thread of numpy's own for each of ours would only wait: a quarter of the records per second.
    with (
        threadpool_limits(1),
        ThreadPoolExecutor(os.cpu_count()) as pool,
        tqdm(total=len(inputs), unit=" records", disable=None) as bar,
    ):
        waiting: deque[Future[Outcome]] = deque()
        rest = iter(inputs)
        for item in islice(rest, LOOKAHEAD):
            waiting.append(pool.submit(work, item))
        while waiting:
            yield waiting.popleft().result()
            bar.update()
            waiting.extend(pool.submit(work, item) for item in islice(rest, 1))


def _plot(options: argparse.Namespace) -> int:
    """A record that is refused for its quality is drawn all the same, with the refusal on the sheet."""
    from ecg_core.model.classifier import default_classifier
    from ecg_core.readers import read
    from ecg_core.reports.svg import plot

    classifier = default_classifier()
    inputs = find_inputs(options.paths)
    if len(inputs) != 1:
        raise SeveralRecords(f"{len(inputs)} records were named; a plot shows one.", "Plot one record at a time.")
    (item,) = inputs
    recording = read(item.files(), fs_hz=options.fs, units=options.units)
    outcome: Outcome
    try:
        outcome = classifier.classify(recording, explain=options.explain)
    except EcgError as refusal:
        outcome = refusal
        print(answer_text(refusal), file=sys.stderr, end="")
    drawing = plot(recording, outcome)
    if options.out == STDIN:
        sys.stdout.buffer.write(drawing)
        sys.stdout.flush()
    else:
        out = Path(options.out or (f"{item.paths[0].stem}.svg" if item.paths else "ecg.svg"))
        if out.resolve() in {path.resolve() for path in item.paths}:
            print("The plot would overwrite the record: name another file with -o.", file=sys.stderr)
            return 2
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(drawing)
        print(printable(str(out)))
    return 2 if isinstance(outcome, EcgError) else 0


def _watch(options: argparse.Namespace) -> int:
    from ecg_core.drop import Answer
    from ecg_core.drop.addresses import FHIR, SVG
    from ecg_core.drop.watch import Watcher
    from ecg_core.model.classifier import default_classifier

    inbox, results = options.inbox.resolve(), options.results.resolve()
    if not inbox.is_dir():
        print("The inbox is no folder.", file=sys.stderr)
        return 2
    if results.is_relative_to(inbox) or inbox.is_relative_to(results):
        print("The results must lie outside the inbox: they would be read as records.", file=sys.stderr)
        return 2
    forms = tuple(form for form, asked in ((SVG, options.svg), (FHIR, options.fhir)) if asked)
    watcher = Watcher(inbox, results, default_classifier(), forms, timedelta(hours=options.patience))
    faults = 0

    def answered(answer: Answer) -> None:
        if answer.state != "ignored":
            said = f"refused, {answer.code}" if answer.code else answer.diagnosis or "no diagnosis"
            print(f"{printable(answer.key)}  {said if answer.state == 'written' else answer.state}", flush=True)

    def failed(fault: Exception) -> None:
        nonlocal faults
        faults += 1
        print(
            f"{type(fault).__name__}: one file could not be answered, and is tried again", file=sys.stderr, flush=True
        )

    if options.once:
        # A file must look the same twice.
        watcher.look(answered, failed)
        time.sleep(options.interval)
        watcher.look(answered, failed)
        watcher.sweep(answered, failed)
        return 2 if faults else 0
    print(f"watching {printable(str(inbox))}, results in {printable(str(results))}", file=sys.stderr, flush=True)
    watcher.forever(answered, failed, options.interval)
    return 0


def _synth(options: argparse.Namespace) -> int:
    from ecg_core.synthesis.heart import synthesize
    from ecg_core.synthesis.writers import write

    try:
        if options.kind == "examples":
            from ecg_core.cli.examples import write_examples

            written = write_examples(options.out)
        else:
            recording = synthesize(
                options.kind,
                heart_rate_bpm=options.heart_rate,
                duration_s=options.duration,
                fs_hz=options.fs,
                noise_mv=options.noise,
                wander_mv=options.wander,
                seed=options.seed,
            )
            written = write(recording, options.out)
    except (ValueError, OSError) as error:
        print(error, file=sys.stderr)
        return 2
    for path in written:
        print(path)
    return 0
