"""`ekg plot`: one record on ECG paper, as SVG."""

import argparse
import sys
from pathlib import Path

from ecg_core.classification import DISCLAIMER
from ecg_core.cli.options import add_explain_option, add_reading_options, reading_options
from ecg_core.errors import EcgError, SeveralRecords
from ecg_core.leads import LEADS
from ecg_core.readers.paths import STDIN, find_inputs
from ecg_core.reports.sheet import GAINS_MM, LAYOUTS, SPEEDS, USUAL, Sheet
from ecg_core.reports.text import Outcome, answer_text, printable


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("plot", help="draw a record on ECG paper, as SVG", epilog=DISCLAIMER)
    parser.add_argument("paths", nargs="+", metavar="PATH", help="the files of one record; - for standard input")
    parser.add_argument(
        "-o", "--out", metavar="OUT.svg", help="the file to write; - for standard output; default: the record's name"
    )
    parser.add_argument(
        "--start", type=float, default=0.0, metavar="S", help="seconds from the beginning of the recording to draw from"
    )
    parser.add_argument("--speed", type=int, choices=SPEEDS, default=USUAL.speed, help="mm per second; default: 25")
    parser.add_argument(
        "--gain-mm", type=float, choices=GAINS_MM, help="mm per mV; default: 10, and less if the leads do not fit"
    )
    parser.add_argument(
        "--layout",
        choices=(*LAYOUTS, *LEADS),
        metavar="LAYOUT",
        help="3x4 with a rhythm strip, 6x2, 12x1 (a row for each lead), or one lead",
    )
    add_explain_option(parser, "shade where the network looks")
    add_reading_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """A record that is refused for its quality is drawn too, with the refusal printed on the sheet."""
    from ecg_core.model.classifier import default_classifier
    from ecg_core.readers import read
    from ecg_core.reports.svg import plot

    classifier = default_classifier()
    inputs = find_inputs(options.paths)
    if len(inputs) != 1:
        raise SeveralRecords(f"{len(inputs)} records were named; a plot shows one.", "Plot one record at a time.")
    (item,) = inputs
    recording = read(item.files(), **reading_options(options))
    if not 0 <= options.start < max(recording.duration_s, 0.001):
        print(f"The recording lasts {recording.duration_s:.6g} s: --start must be within it.", file=sys.stderr)
        return 2
    outcome: Outcome
    try:
        outcome = classifier.classify(recording, explain=options.explain)
    except EcgError as refusal:
        outcome = refusal
        print(answer_text(refusal), file=sys.stderr, end="")
    drawing = plot(recording, outcome, options.start, Sheet(options.speed, options.gain_mm, options.layout))
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
