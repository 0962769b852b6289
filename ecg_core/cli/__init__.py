"""The `ekg` command.

Exit status: 0 if all went well, 2 if an input was refused or the call is wrong, 3 if a service fails (`ekg smoke`), 130
after Ctrl-C.
"""

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib.util import find_spec

from ecg_core import __version__
from ecg_core.classification import DISCLAIMER
from ecg_core.cli import classify, convert, plot, population, smoke, synth, watch
from ecg_core.errors import EcgError


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    for stream in (sys.stdout, sys.stderr):
        # Print an escape where the terminal cannot show a character: a bar, or a file name that is not valid text.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    try:
        status: int = options.run(options)
    except EcgError as error:
        print(f"{error.message}\n  {error.hint} ({error.code})", file=sys.stderr)
        return 2
    except BrokenPipeError:
        # The program that reads our output (head, less) has ended. Python must not fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 2
    except ModuleNotFoundError as error:
        print(f"The package {error.name} is missing: pip install -r requirements.txt, or ekg[train].", file=sys.stderr)
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
    for command in (classify, plot, convert, watch, synth, smoke):
        command.add_parser(commands)
    population.add_parsers(commands)
    # The image holds no training.
    if find_spec("ecg_core.training"):
        from ecg_core.cli import training

        training.add_commands(commands)
    return parser
