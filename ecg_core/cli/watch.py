"""`ekg watch`: classify what is dropped into a folder."""

import argparse
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ecg_core.classification import DISCLAIMER
from ecg_core.reports.text import printable

if TYPE_CHECKING:
    from ecg_core.drop import Answer

# A hundred years of hours: what timedelta and time.sleep can surely take.
MAX_DURATION = 876_000


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser(
        "watch", help="classify what is dropped into a folder, until interrupted", epilog=DISCLAIMER
    )
    parser.add_argument("inbox", type=Path, metavar="INBOX", help="the folder to watch; it is only read")
    parser.add_argument(
        "results", type=Path, metavar="RESULTS", help="the folder for the results: the record's path and .json"
    )
    parser.add_argument("--svg", action="store_true", help="also draw each result")
    parser.add_argument("--fhir", action="store_true", help="also write each result as a FHIR R4 DiagnosticReport")
    parser.add_argument(
        "--fhir-bundle", action="store_true", help="also write each result as a FHIR transaction Bundle"
    )
    parser.add_argument("--dicom-sr", action="store_true", help="also write each result as a DICOM structured report")
    parser.add_argument("--hl7", action="store_true", help="also write each result as an HL7 v2.5 message ORU^R01")
    parser.add_argument(
        "--patience",
        type=_duration,
        default=24,
        metavar="HOURS",
        help="refuse a record that is still incomplete after this time (default 24)",
    )
    parser.add_argument(
        "--interval", type=_duration, default=2, metavar="S", help="seconds between two looks at the inbox (default 2)"
    )
    parser.add_argument("--once", action="store_true", help="answer what is there, then end")
    parser.set_defaults(run=run)


def _duration(text: str) -> float:
    number = float(text)
    # Written so that nan is refused too: no comparison with nan holds.
    if not 0 <= number <= MAX_DURATION:
        raise argparse.ArgumentTypeError("a number of hours or seconds from 0")
    return number


def run(options: argparse.Namespace) -> int:
    from ecg_core.drop.addresses import NAMED
    from ecg_core.drop.folder import FolderStore
    from ecg_core.drop.watch import Watcher
    from ecg_core.model.classifier import default_classifier

    inbox, results = options.inbox.resolve(), options.results.resolve()
    if not inbox.is_dir():
        print("The inbox is no folder.", file=sys.stderr)
        return 2
    if results.is_relative_to(inbox) or inbox.is_relative_to(results):
        print("The results must lie outside the inbox: they would be read as records.", file=sys.stderr)
        return 2
    forms = tuple(form for name, form in NAMED.items() if getattr(options, name.replace("-", "_")))
    stores = FolderStore(inbox), FolderStore(results)
    watcher = Watcher(*stores, default_classifier(), forms, timedelta(hours=options.patience))
    faults = 0

    def answered(answer: "Answer") -> None:
        said = answer.state if answer.reason is None else f"{answer.state}, {answer.reason}"
        if answer.state == "written":
            said = f"refused, {answer.code}" if answer.code else answer.diagnosis or "no diagnosis"
        if answer.reason != "system":
            # The Finder of macOS rewrites its .DS_Store again and again.
            print(f"{printable(answer.key)}  {said}", flush=True)

    def failed(fault: Exception) -> None:
        nonlocal faults
        faults += 1
        print(
            f"{type(fault).__name__}: one file could not be answered, and is tried again", file=sys.stderr, flush=True
        )

    if options.once:
        # A file is complete when two looks show it unchanged.
        watcher.look(answered, failed)
        time.sleep(options.interval)
        watcher.look(answered, failed)
        watcher.sweep(answered, failed)
        return 2 if faults else 0
    print(f"watching {printable(str(inbox))}, results in {printable(str(results))}", file=sys.stderr, flush=True)
    watcher.forever(answered, failed, options.interval)
    return 0
