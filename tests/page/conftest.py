"""The page in Debian's Chromium: on the laptop's service, and behind a prefix as below a gateway's stage."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Locator, Page, expect, sync_playwright

from ecg_core.model.classifier import default_classifier
from functions.api.app import create_app
from functions.api.settings import Settings
from tests.api.serving import serving, serving_app
from tests.conftest import ROOT

CHROMIUM = Path("/usr/bin/chromium")
EXAMPLES = ROOT / "examples"
PREFIX = "/prod/ecg"
# How long a test waits for something to be there, at most. A shared machine may be slow.
PATIENCE_MS = 15_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if CHROMIUM.exists():
        return
    for item in items:
        if "tests/page/" in item.nodeid and {"page", "open_page"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.skip(reason="no Chromium here: apt-get install chromium"))


@pytest.fixture(scope="session")
def service() -> Iterator[str]:
    """The address of a service without buckets."""
    with serving(Settings()) as address:
        yield address


@contextmanager
def behind_a_prefix(settings: Settings) -> Iterator[str]:
    """A service below PREFIX, as a gateway's stage and a custom domain show it. Nothing else is answered."""
    inner = create_app(settings, default_classifier())

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"].startswith(f"{PREFIX}/"):
            path = scope["path"].removeprefix(PREFIX)
            await inner({**scope, "path": path, "raw_path": path.encode()}, receive, send)
        elif scope["type"] == "http":
            await send({"type": "http.response.start", "status": 403, "headers": []})
            await send({"type": "http.response.body", "body": b"outside of the stage"})

    with serving_app(app) as address:
        yield address + PREFIX


@pytest.fixture(scope="session")
def prefixed() -> Iterator[str]:
    with behind_a_prefix(Settings()) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield made
        made.close()


@pytest.fixture
def open_page(browser: Browser, service: str) -> Iterator[Callable[..., Page]]:
    """Opens /ui in a context of its own. Errors of the page and requests to other hosts fail the test.

    also: where else it may send requests to.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(
        address: str = service, width: int = 1400, height: int = 1000, also: tuple[str, ...] = (), **options: Any
    ) -> Page:
        # The page may keep nothing, so each test begins in English with an empty session.
        context = browser.new_context(
            viewport={"width": width, "height": height}, **{"locale": "en-US", "accept_downloads": True, **options}
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            # A refusal is an answer with an error status. The browser logs it, and the page shows it.
            lambda message: (
                complaints.append(message.text)
                if message.type in ("error", "warning") and "Failed to load resource" not in message.text
                else None
            ),
        )
        page.on("request", lambda request: _same_host(request.url, (address + "/", *also), complaints))
        page.goto(f"{address}/ui")
        page.locator(".intake").wait_for()
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def _same_host(url: str, allowed: tuple[str, ...], complaints: list[str]) -> None:
    if not url.startswith((*allowed, "blob:", "data:")):
        complaints.append(f"asked {url}")


@pytest.fixture
def page(open_page: Callable[..., Page]) -> Page:
    return open_page()


def choose(page: Page, *names: str | Path) -> None:
    """Chooses files of examples/, or others by their path."""
    page.locator("input[type=file]").first.set_input_files([EXAMPLES / name for name in names])


def try_out(page: Page, word: str) -> None:
    page.get_by_role("group", name="Try it out").get_by_role("button", name=word).click()


def verdict(page: Page) -> str:
    return page.locator("#verdict").inner_text()


def sheet(page: Page) -> Locator:
    """The canvas, once it has been drawn."""
    canvas = page.locator(".paper > .viewer canvas[data-sheet]")
    canvas.wait_for()
    return canvas
