"""`python -m functions`, the command of the image."""

import runpy
import signal
import socket
import sys
from collections.abc import Iterator
from threading import Thread

import pytest

from functions import __main__ as image
from functions import poll, serve
from functions.health import healthy


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[list[str]]]:
    """What is started instead of the service, the runtime of Lambda or the command line: its words."""
    words: list[list[str]] = []
    handler = signal.getsignal(signal.SIGTERM)
    monkeypatch.setattr(sys, "argv", [])
    monkeypatch.setattr(serve, "main", lambda rest: words.append(["serve", *rest]))
    monkeypatch.setattr(poll, "main", lambda rest: words.append(["drop", *rest]) or 0)
    monkeypatch.setattr(runpy, "run_module", lambda name, **_: words.append(sys.argv))
    yield words
    signal.signal(signal.SIGTERM, handler)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["serve"], ["serve"]),
        (["serve", "--port", "80"], ["serve", "--port", "80"]),
        (["drop", "--create"], ["drop", "--create"]),
        (["functions.api.handler.handler"], ["awslambdaric", "functions.api.handler.handler"]),
        (["sbom", "--licences"], ["functions.sbom", "--licences"]),
        (["classify", "a.csv", "--json"], ["ecg_core", "classify", "a.csv", "--json"]),
        (["watch", "/inbox", "/results"], ["ecg_core", "watch", "/inbox", "/results"]),
        (["--version"], ["ecg_core", "--version"]),
        ([], ["ecg_core", "--help"]),
    ],
)
def test_the_first_word_says_what_is_started(given: list[str], words: list[str], started: list[list[str]]) -> None:
    assert image.main(given) == 0
    assert started == [words]


def test_a_command_ends_with_sigterm_as_with_ctrl_c(started: list[list[str]]) -> None:
    image.main(["watch", "/inbox", "/results"])
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGTERM)


def test_health_is_whether_the_service_answers(service: str) -> None:
    port = int(service.rpartition(":")[2])
    assert healthy("127.0.0.1", port)
    assert healthy("0.0.0.0", port)


def test_without_a_service_it_is_not_healthy() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        # Bound and not listening: a connection is refused.
        assert not healthy("127.0.0.1", taken.getsockname()[1])


def test_a_server_that_is_no_http_server_is_not_healthy() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:

        def answer() -> None:
            connection, _ = other.accept()
            connection.recv(1000)
            connection.sendall(b"SSH-2.0\r\n\r\n")
            connection.close()

        Thread(target=answer, daemon=True).start()
        assert not healthy("127.0.0.1", other.getsockname()[1])
