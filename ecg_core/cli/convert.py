"""`ekg convert`: a record of any format that is read, written as WFDB, CSV, EDF+ or FHIR."""

import argparse
import sys
from pathlib import Path

from ecg_core.cli.options import add_reading_options, reading_options
from ecg_core.errors import FileTooLarge, SeveralRecords
from ecg_core.readers.paths import find_inputs
from ecg_core.recording import Recording
from ecg_core.reports.text import printable

PART_HINT = "Convert a part of it: --start and --duration, in seconds."


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("convert", help="write a record as WFDB, CSV, EDF+ or FHIR")
    parser.add_argument("paths", nargs="+", metavar="IN", help="the files of one record; - for standard input")
    parser.add_argument("out", type=Path, metavar="OUT", help="X.hea, X.zip, X.csv, X.edf or X.json (FHIR)")
    parser.add_argument("--start", type=float, default=0.0, metavar="S", help="from this second of the recording on")
    parser.add_argument("--duration", type=float, metavar="S", help="at most so many seconds")
    add_reading_options(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Prints the paths that were written, and on stderr what reading has corrected."""
    from ecg_core.readers import read
    from ecg_core.synthesis.writers import finest, write

    inputs = find_inputs(options.paths)
    if len(inputs) != 1:
        raise SeveralRecords(f"{len(inputs)} records were named.", "Convert one record at a time.")
    (item,) = inputs
    recording = _part(read(item.files(), **reading_options(options)), options.start, options.duration)
    if options.out.resolve() in {path.resolve() for path in item.paths}:
        print("The output would overwrite the record: name another file.", file=sys.stderr)
        return 2
    try:
        written = write(recording, options.out, finest(recording))
    except ValueError as error:
        print(f"{error}", file=sys.stderr)
        return 2
    for correction in recording.corrections:
        print(f"  {correction}", file=sys.stderr)
    for path in written:
        print(printable(str(path)))
    return 0


def _part(recording: Recording, start_s: float, duration_s: float | None) -> Recording:
    """Raises FileTooLarge for a long recording of which no part is named."""
    if recording.excerpt and duration_s is None:
        raise FileTooLarge("The recording is too long to be converted at once.", PART_HINT)
    if not start_s and duration_s is None:
        return recording
    return recording.part(start_s, recording.duration_s if duration_s is None else start_s + duration_s)
