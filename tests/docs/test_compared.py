"""The comparison finds what is wrong, and lets pass what a page may leave out."""

from typing import Any

import pytest

from tests.docs.compared import difference, difference_of_text
from tests.docs.pages import anchors, blocks, rows, section

ANSWER = {"diagnosis": "CD", "probability": 0.9854, "leads": ["I", "II"], "model": {"name": "m", "sha256": "3d45"}}


@pytest.mark.parametrize(
    "shown",
    [
        ANSWER,
        {"diagnosis": "CD", "…": "…"},
        {**ANSWER, "probability": 0.9853},
        {**ANSWER, "leads": ["I", "…"]},
        {**ANSWER, "model": {"name": "m", "sha256": "3d…"}},
    ],
)
def test_an_answer_may_be_shown_in_part(shown: dict[str, Any]) -> None:
    assert difference(shown, ANSWER) is None


@pytest.mark.parametrize(
    "shown",
    [
        {**ANSWER, "diagnosis": "NORM"},
        {**ANSWER, "probability": 0.9},
        {**ANSWER, "leads": ["I"]},
        {**ANSWER, "other": 1},
        {"diagnosis": "CD"},
        {"probability": 0.9854, "diagnosis": "CD", "…": "…"},
        {**ANSWER, "model": {"name": "m", "sha256": "4…"}},
    ],
)
def test_an_answer_that_is_shown_wrongly_is_found(shown: dict[str, Any]) -> None:
    assert difference(shown, ANSWER)


@pytest.mark.parametrize("shown", ["a 0.985\nb", "a 0.986\nb", "a ...\nb", "a 0.985\n..."])
def test_lines_may_be_shown_in_part(shown: str) -> None:
    assert difference_of_text(shown, "a 0.985\nb\n") is None


@pytest.mark.parametrize("shown", ["a 0.95\nb", "a 0.985", "c 0.985\nb", "a 0.985\nb\nc", "b ...\nb"])
def test_lines_that_are_shown_wrongly_are_found(shown: str) -> None:
    assert difference_of_text(shown, "a 0.985\nb\n")


def test_a_page_is_taken_apart() -> None:
    page = (
        "# One\n\n```sh not run: needs PTB-XL\nekg x\n```\n\n## Two: `b`\n\n| a |\n|---|\n| `b` |\n\n| c |\n\n# Three\n"
    )
    (block,) = blocks(page)
    assert (block.line, block.language, block.text, block.reason) == (3, "sh", "ekg x\n", "needs PTB-XL")
    assert anchors(page) == {"one", "two-b", "three"}
    assert rows(section(page, "Two: `b`")) == [["b"]]
