"""Options that several commands share."""

import argparse


def add_explain_option(parser: argparse.ArgumentParser, said: str) -> None:
    parser.add_argument("--explain", action="store_true", help=said)


def add_reading_options(parser: argparse.ArgumentParser) -> None:
    """What a file may leave open. The values are used only where the file states none."""
    parser.add_argument("--fs", type=float, metavar="HZ", help="sampling rate, for files that state none")
    parser.add_argument("--units", metavar="UNIT", help="nV, uV, mV or V, for files that state none")
