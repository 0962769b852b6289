"""Options that several commands share."""

import argparse
from typing import Any

from ecg_core.statements import FINDINGS, SHOWN


def add_explain_option(parser: argparse.ArgumentParser, said: str) -> None:
    parser.add_argument("--explain", action="store_true", help=said)


def add_statements_option(parser: argparse.ArgumentParser) -> None:
    said = "which statements are given: those that matter (default), or all that are published for the leads"
    parser.add_argument("--statements", choices=SHOWN, default=FINDINGS, help=said)


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """What a file may leave open. The values are used only where the file states none."""
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate, for files that state none")
    parser.add_argument("--units", metavar="UNIT", help="nV, uV, mV or V, for files that state none")
    parser.add_argument("--leads", metavar="NAMES", help="leads of the channels in order, such as I,II,V1; - for none")
    parser.add_argument("--gain", type=float, metavar="N", help="counts per mV, for files of raw converter values")


def reading_options(given: argparse.Namespace) -> dict[str, Any]:
    """The arguments of classify() and read() that add_reading_options() takes."""
    return {"fs_hz": given.fs, "units": given.units, "leads": given.leads, "gain": given.gain}
