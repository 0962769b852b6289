"""The tables of the pages are complete: codes of refusals and warnings, formats."""

import re
from collections.abc import Iterator

import pytest

from ecg_core.errors import EcgError, UnsupportedFormat
from ecg_core.readers.registry import FORMATS, unsupported
from functions.api import openapi, problems
from tests.conftest import ROOT
from tests.docs.pages import rows, section

# .939 [.933, .946], and in German ,939 [,933; ,946].
_INTERVAL = re.compile(r"(\d?[.,]\d+) \[(\d?[.,]\d+)[,;] (\d?[.,]\d+)\]")
HTTP = (ROOT / "docs/http-api.md").read_text()


def _kinds(of: type[EcgError]) -> Iterator[type[EcgError]]:
    for kind in of.__subclasses__():
        yield kind
        yield from _kinds(kind)


def _refusals(module: str) -> dict[str, tuple[str, str]]:
    """Status and hint of each code that a module has."""
    found = [kind for kind in _kinds(EcgError) if kind.__module__ == module and "code" in vars(kind)]
    hints = {kind.code: (str(kind.status), kind.default_hint) for kind in found}
    # This hint lists the formats, so the readers' registry writes it.
    return hints | {kind.code: (str(kind.status), unsupported("").hint) for kind in found if kind is UnsupportedFormat}


@pytest.mark.parametrize(
    ("title", "module"), [("Codes of ECG files", "ecg_core.errors"), ("Codes of requests", problems.__name__)]
)
def test_the_table_of_codes_is_that_of_the_errors(title: str, module: str) -> None:
    shown = {row[0]: (row[1], row[3]) for row in rows(section(HTTP, title))}
    assert shown == {code: (status, hint.replace("`", "")) for code, (status, hint) in _refusals(module).items()}


def test_the_table_of_the_gateway_is_that_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text()
    made = re.findall(r'"urn:ekg:problem:(\w+)",[^{}]*?"status": (\d+)', template)
    shown = {(row[0], row[1]) for row in rows(section(HTTP, "Codes of the gateway"))}
    assert shown == set(made)


def test_the_table_of_warnings_has_every_code_that_is_given() -> None:
    source = "".join(path.read_text() for path in sorted((ROOT / "ecg_core").rglob("*.py")))
    assert {row[0] for row in rows(section(HTTP, "Warnings"))} == set(re.findall(r'Notice\(\s*"([a-z_]+)"', source))


def test_the_table_of_formats_has_every_format_with_its_example() -> None:
    shown = {row[0]: row[-1] for row in rows(section((ROOT / "docs/formats.md").read_text(), "What is read"))}
    for format_ in FORMATS:
        assert format_.name in shown
        assert format_.example is None or f"examples/{format_.example}" in shown[format_.name]


def test_the_readme_names_every_format() -> None:
    linked = {row[0]: row[1] for row in rows(section((ROOT / "docs/formats.md").read_text(), "What is read"))}
    readme = section((ROOT / "README.md").read_text(), "What it reads").lower()
    for format_ in FORMATS:
        words = re.sub(r"\[([^]]*)\].*", r"\1", linked[format_.name]).lower()
        assert words.removesuffix(" export") in readme


def test_the_interactive_documentation_names_every_format() -> None:
    for format_ in FORMATS:
        assert format_.title in openapi.DESCRIPTION


@pytest.mark.parametrize(
    ("page", "title"),
    [("docs/accuracy.md", "Accuracy"), ("README.md", "How well it works"), ("README.md", "Auf Deutsch")],
)
def test_every_accuracy_with_an_interval_is_in_the_model_card(page: str, title: str) -> None:
    card = set(map(_digits, _INTERVAL.findall((ROOT / "artifacts/MODEL_CARD.md").read_text())))
    text = section((ROOT / page).read_text(), title)
    # Those of the measurements are printed by `ekg measure-check`; the card is about the network.
    shown = _INTERVAL.findall(re.sub(r"^## Measurements$.*?(?=^## )", "", text, flags=re.MULTILINE | re.DOTALL))
    assert len(shown) >= 3
    assert [figure for figure in shown if _digits(figure) not in card] == []


def _digits(figure: tuple[str, ...]) -> tuple[str, ...]:
    """0.939, .939 and ,939 are the same figure."""
    return tuple(re.split("[.,]", number)[1] for number in figure)
