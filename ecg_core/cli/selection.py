"""Which records a command works on: its paths, a manifest with more of them, and a share of both."""

import argparse
import codecs
import os
import re
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import blake2b
from itertools import chain
from pathlib import Path

from ecg_core.readers.names import composed
from ecg_core.readers.paths import STDIN, Input, each_input


@dataclass(frozen=True)
class Shard:
    """The records that belong to one of several runs. A record's name decides: no list and no order of a list does."""

    number: int
    of: int

    @classmethod
    def parse(cls, text: str) -> "Shard":
        """ "2/8": the second of eight. Raises ValueError."""
        match = re.fullmatch(r"(\d{1,9})/(\d{1,9})", text, re.ASCII)
        number, of = (int(match[1]), int(match[2])) if match else (0, 0)
        if not 1 <= number <= of:
            raise ValueError("A shard is K/N with K from 1 to N, such as 2/8.")
        return cls(number, of)

    def __contains__(self, item: Input) -> bool:
        """The name within the folder counts, not where the folder is: machines may mount it at different places."""
        name = composed(item.within or item.shown).encode(errors="surrogateescape")
        return int.from_bytes(blake2b(name, digest_size=8).digest()) % self.of == self.number - 1


def add_selection_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--manifest", metavar="FILE", help="a file with one path in each line, read beside PATH; - for standard input"
    )
    parser.add_argument(
        "--shard", type=_shard, metavar="K/N", help="only the records of share K of N; all shares make the whole"
    )


def _shard(text: str) -> Shard:
    try:
        return Shard.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def selected(options: argparse.Namespace) -> Iterator[Input]:
    """The records of the paths and of the manifest, in order. Raises OSError if the manifest cannot be read."""
    lines = _lines(options.manifest) if options.manifest else iter(())
    shard: Shard | None = options.shard
    return (item for item in each_input(chain(options.paths, lines)) if shard is None or item in shard)


def _lines(manifest: str) -> Iterator[str]:
    """The paths of a manifest. A path that is relative starts at the working folder, as on the command line."""
    if manifest == STDIN:
        yield from _paths(sys.stdin.buffer)
        return
    with Path(manifest).open("rb") as file:
        yield from _paths(file)


def _paths(lines: Iterable[bytes]) -> Iterator[str]:
    for number, text in enumerate(lines):
        path = (text.removeprefix(codecs.BOM_UTF8) if number == 0 else text).rstrip(b"\r\n")
        if path:
            # Only on the command line does "-" mean standard input.
            yield os.fsdecode(path) if path != b"-" else "./-"
