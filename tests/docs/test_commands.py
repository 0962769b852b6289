"""Every command of every page runs, and prints what the page shows."""

import ast
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from shutil import which
from typing import Any

import pytest

from tests.docs.compared import difference, difference_of_text
from tests.docs.pages import COMMANDS, LANGUAGES, PAGES, REASONS, Block, blocks, name_of
from tests.docs.workplace import Workplace

NEEDED = ("bash", "curl", "make")


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_block_says_what_it_is_and_why_it_is_not_run(page: Path) -> None:
    for block in blocks(page.read_text()):
        assert block.language in LANGUAGES, f"line {block.line}"
        assert block.reason is None or block.reason in REASONS, f"line {block.line}"
        assert block.reason is None or block.language in COMMANDS, f"line {block.line} is not run anyway"


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_do_what_it_shows(
    page: Path, tmp_path: Path, service: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if missing := [name for name in NEEDED if not which(name)]:
        pytest.skip(f"not on this machine: {', '.join(missing)}")
    place = Workplace(tmp_path, service)
    monkeypatch.chdir(place.folder)
    run: dict[str, Callable[[Block], str | None]] = {
        "sh": lambda block: _shell(place, block),
        "bash": lambda block: _shell(place, block),
        "console": lambda block: _console(place, block),
        "python": _python,
    }
    wrong, said = [], ""
    for block in blocks(page.read_text()):
        try:
            if block.language == "json" and said:
                _compare(difference(json.loads(block.text), json.loads(said.strip().split("\n")[-1])))
            elif block.language in run:
                said = "" if block.reason else run[block.language](block) or ""
        except Exception as error:
            wrong.append(f"{name_of(page)}:{block.line}: {error}")
    assert not wrong, "\n".join(wrong)


def _compare(different: str | None) -> None:
    if different:
        raise AssertionError(different)


def _shell(place: Workplace, block: Block) -> str:
    status, said = place.run(block.text)
    if status:
        raise AssertionError(f"exit status {status}: {said[-500:]}")
    return said


def _console(place: Workplace, block: Block) -> str:
    """A refusal ends with a status of its own; what is printed is compared."""
    said = ""
    for command, shown in _commands(block.text):
        status, said = place.run(command)
        if shown:
            _compare(difference_of_text(shown, said))
        elif status:
            raise AssertionError(f"{command}: exit status {status}: {said[-500:]}")
    return said


def _commands(text: str) -> list[tuple[str, str]]:
    """(command, what it prints) of a console; a line that ends in a backslash goes on in the next."""
    _, *parts = re.split(r"^\$ ", text, flags=re.MULTILINE)
    found = [re.match(r"((?:[^\n]*\\\n)*[^\n]*)\n?(.*)", part, re.DOTALL) for part in parts]
    return [(match[1], match[2].rstrip("\n")) for match in found if match]


def _python(block: Block) -> None:
    names: dict[str, Any] = {}
    lines = block.text.split("\n")
    for node in ast.parse(block.text).body:
        comment = lines[(node.end_lineno or 1) - 1].partition("  # ")[2]
        if isinstance(node, ast.Expr):
            value = eval(compile(ast.Expression(node.value), os.devnull, "eval"), names)
            shown = _literal(comment)
            if shown is not None:
                _compare(difference(shown, value, ast.unparse(node)))
        else:
            exec(compile(ast.Module([node], []), os.devnull, "exec"), names)


def _literal(text: str) -> Any:
    """None for a remark."""
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError):
        return None
