"""What the pages name is there: links, files, make targets, commands of `ekg`, paths and options of the service."""

import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from ecg_core.cli import main
from tests.conftest import ROOT
from tests.docs.pages import PAGES, anchors, name_of, prose, rows, section

HTTP = ROOT / "docs/http-api.md"
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_CODE = re.compile(r"`([^`\n]+)`")
_FILE = re.compile(r"[\w.\-]+(?:/[\w.\-]+)*/?")
# Made by a command, or an example of a name.
_MADE = ("runs", "build")


def _codes(page: Path) -> list[str]:
    return _CODE.findall(prose(page.read_text()))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = []
    for link in _LINK.findall(page.read_text()):
        path, _, anchor = link.partition("#")
        if "://" in path or path.startswith("mailto:"):
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target.read_text())):
            wrong.append(link)
    assert not wrong


def test_the_readme_leads_to_every_page() -> None:
    links = {link.partition("#")[0] for link in _LINK.findall((ROOT / "README.md").read_text())}
    of_formats = {link.partition("#")[0] for link in _LINK.findall((ROOT / "docs/formats.md").read_text())}
    links |= {f"docs/{link}" for link in of_formats}
    assert {name_of(page) for page in PAGES} - {"README.md"} <= links


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    """A name in code marks that begins with a folder or a file of the project's root."""
    roots = {entry.name for entry in ROOT.iterdir()} | {"runs"}
    named = [code for code in _codes(page) if _FILE.fullmatch(code) and code.split("/")[0] in roots]
    wrong = [name for name in named if name.split("/")[0] not in _MADE and not (ROOT / name).exists()]
    assert not wrong


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_make_target_that_is_named_is_there(page: Path) -> None:
    makefile = (ROOT / "Makefile").read_text()
    named = {match[1] for code in _codes(page) if (match := re.match(r"make ([\w\-]+)", code))}
    assert [name for name in sorted(named) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_of_ekg_that_is_named_is_there_with_its_options(
    page: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = [*_codes(page), *re.findall(r"^\$? ?(ekg [^\n]+)", page.read_text(), re.MULTILINE)]
    for text in texts:
        if not (match := re.match(r"ekg ([a-z][a-z-]*)(.*)", text)):
            continue
        with pytest.raises(SystemExit) as ended:
            main([match[1], "--help"])
        shown = capsys.readouterr()
        assert ended.value.code == 0, shown.err
        options = re.findall(r"(?<!\S)--?[a-z][\w\-]*", match[2].split("|")[0])
        assert [option for option in options if not re.search(rf"{option}(?![\w-])", shown.out)] == [], text


def test_every_path_of_the_service_is_on_its_page(service: str) -> None:
    described: dict[str, Any] = httpx.get(f"{service}/openapi.json").json()
    named = {tuple(row[:2]) for row in rows(section(HTTP.read_text(), "Paths"))}
    there = {(method.upper(), path) for path, methods in described["paths"].items() for method in methods}
    assert named == there | {("GET", "/ui"), ("GET", "/docs"), ("GET", "/openapi.json")}


def test_every_option_of_the_service_is_on_its_page(service: str) -> None:
    described: dict[str, Any] = httpx.get(f"{service}/openapi.json").json()
    there = {parameter["name"] for parameter in described["paths"]["/diagnosis"]["post"]["parameters"]}
    assert {row[0] for row in rows(section(HTTP.read_text(), "Options"))} == there
