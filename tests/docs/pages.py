"""The pages of the documentation, their fenced blocks, tables, headings and names.

The word behind a fence says what the block is, and what the tests do with it:

    sh, bash    commands: run together, and must succeed
    console     "$ command" and what it prints: run and compared; "..." at the end stands for the rest
    python      a script: run; "expression  # literal" is compared
    json        the answer of the command above it: compared; "…" stands for the rest of a text, a list or an object
    yaml, text, csv, http    no commands

"not run: REASON" behind the word keeps a block from being run; REASON is one of REASONS.
"""

import re
from dataclasses import dataclass
from pathlib import Path

from tests.conftest import ROOT

PAGES = (ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "infra/README.md", *sorted((ROOT / "docs").rglob("*.md")))
LANGUAGES = ("sh", "bash", "console", "python", "json", "yaml", "text", "csv", "http")
COMMANDS = ("sh", "bash", "console", "python")
REASONS = (
    "needs an AWS account",
    "needs Docker",
    "needs PTB-XL",
    "runs until it is stopped",
    "trains for minutes",
)
_FENCE = re.compile(r"^```(.*?)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^(#+) +(.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """line: of the fence, from 1. reason: why it is not run."""

    line: int
    language: str
    text: str
    reason: str | None = None


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def blocks(text: str) -> list[Block]:
    found = []
    for match in _FENCE.finditer(text):
        language, _, rest = match[1].strip().partition(" ")
        reason = rest.removeprefix("not run: ") if rest else None
        found.append(Block(text.count("\n", 0, match.start()) + 1, language, match[2], reason))
    return found


def prose(text: str) -> str:
    """The page without its fenced blocks."""
    return _FENCE.sub("", text)


def anchors(text: str) -> set[str]:
    """What a link may name behind #, as GitHub makes it of headings."""
    titles = [re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[2]) for match in _HEADING.finditer(prose(text))]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def section(text: str, title: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    headings = list(_HEADING.finditer(text))
    (start,) = [heading for heading in headings if heading[2] == title]
    ends = [heading.start() for heading in headings if heading.start() > start.start() and heading[1] <= start[1]]
    return text[start.end() : min(ends, default=len(text))]


def rows(text: str) -> list[list[str]]:
    """The cells of the first table in a text, without its head; code marks are left out."""
    lines = [line for line in text.split("\n") if line.startswith("|")]
    first = text.index(lines[0])
    lines = text[first:].split("\n\n")[0].split("\n")[2:]
    return [[cell.strip().replace("`", "") for cell in line.strip().strip("|").split("|")] for line in lines if line]
