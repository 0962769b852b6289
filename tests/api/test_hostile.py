"""Clients that are slow on purpose, too many, or gone: what the service holds for them, and how they end."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from statistics import median
from threading import Event, Lock
from typing import Any
from urllib.parse import urlsplit
from urllib.request import urlopen

import httpx
import pytest

import ecg_core
from ecg_core import Classifier
from functions import connection
from functions.api.capacity import MAX_HELD_BYTES, USUAL
from functions.api.settings import Settings
from tests.api.hostile import ATTACKS, POST, unread_answer
from tests.api.sending import code_of, pair, parts
from tests.api.serving import own_process, serving
from tests.conftest import ROOT
from tests.lambda_contract.emulator import free_port

# How much slower /health may be than on the idle server. 2 to 20 times were measured. Without limits, bodies in chunks
# of one byte make it more than a thousand times slower.
FACTOR = 100
QUICK = replace(USUAL, silence_s=0.4)


@contextmanager
def connected(address: str, *sent: bytes) -> Iterator[socket.socket]:
    where = urlsplit(address)
    with socket.create_connection((where.hostname, where.port), timeout=20) as made:
        for data in sent:
            made.sendall(data)
        yield made


def rest(connection: socket.socket) -> bytes:
    """All that the server still sends. It must close the connection."""
    received = b""
    with suppress(ConnectionError):
        while piece := connection.recv(65536):
            received += piece
    return received


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    status, kind = int(head.split()[1]), b"content-type: application/problem+json" in head
    made = httpx.Response(status, content=body, headers={"content-type": "application/problem+json" if kind else ""})
    return status, code_of(made)


def health_ms(address: str, times: int = 15) -> float:
    """The median. Each call has a connection of its own."""
    found = []
    for _ in range(times):
        start = time.perf_counter()
        # httpx would need most of the time for itself.
        with urlopen(f"{address}/health", timeout=60) as answer:
            assert answer.status == 200
        found.append((time.perf_counter() - start) * 1000)
    return median(found)


@pytest.mark.parametrize("attack", sorted(ATTACKS))
def test_health_is_answered_and_memory_stays_small_while_a_hundred_clients_are_hostile(attack: str) -> None:
    with own_process(free_port()) as server:
        idle_ms, idle_mb = health_ms(server.address), server.resident_mb()
        command = [sys.executable, "-m", "tests.api.hostile", attack, str(server.port)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as clients:
            try:
                assert clients.stdout is not None
                assert clients.stdout.readline() == "attacks\n"
                hostile_ms = health_ms(server.address)
                time.sleep(1)
                hostile_mb = server.resident_mb()
            finally:
                clients.kill()
        print(f"{attack}: /health {idle_ms:.1f} -> {hostile_ms:.1f} ms, {idle_mb:.0f} -> {hostile_mb:.0f} MB")
        assert hostile_ms < FACTOR * idle_ms
        # Beside what is held: buffers of the connections, and copies.
        assert hostile_mb - idle_mb < 4 * MAX_HELD_BYTES / 1e6
        assert health_ms(server.address, 1) > 0


def test_a_body_that_stops_is_refused_and_its_connection_closed() -> None:
    with serving(Settings(limits=QUICK)) as address, connected(address, POST, b"Content-Length: 9\r\n\r\nhalf") as slow:
        answer = rest(slow)
    assert status_and_code(answer) == (408, "request_timeout")
    assert b"connection: close" in answer


def test_a_body_that_trickles_is_refused() -> None:
    with serving(Settings(limits=QUICK)) as address, connected(address, POST, b"Content-Length: 9999\r\n\r\n") as slow:
        with suppress(ConnectionError):
            for _ in range(100):
                slow.sendall(b"x" * 10)
                time.sleep(0.02)
        assert status_and_code(rest(slow)) == (408, "request_timeout")


def test_a_body_that_is_slow_but_not_too_slow_is_read(example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    limits = replace(QUICK, min_rate=len(data) // 10)

    def slowly() -> Iterator[bytes]:
        for start in range(0, len(data), len(data) // 8):
            yield data[start : start + len(data) // 8]
            time.sleep(0.1)

    with serving(Settings(limits=limits)) as address:
        assert httpx.post(f"{address}/diagnosis", content=slowly()).json()["diagnosis"] == "NORM"


def test_a_body_that_trickles_after_its_answer_does_not_keep_the_connection() -> None:
    with (
        serving(Settings(limits=QUICK)) as address,
        connected(address, b"POST /nothing HTTP/1.1\r\nHost: x\r\n") as slow,
    ):
        slow.sendall(b"Content-Length: 9999\r\n\r\n")
        answer = rest(slow)
    assert status_and_code(answer) == (404, "not_found")
    assert b"connection: close" in answer


def test_all_bodies_together_have_a_limit_and_small_ones_have_their_own(example: dict[str, bytes]) -> None:
    limits = replace(USUAL, held=1_000_000, small=300_000)
    head = POST + b"Content-Length: 2000000\r\nExpect: 100-continue\r\n\r\n"
    with serving(Settings(limits=replace(limits, silence_s=60))) as address:
        with connected(address, POST, b"Content-Length: 1300000\r\n\r\n", bytes(1_200_000)):
            time.sleep(0.3)
            refused = httpx.post(f"{address}/diagnosis", content=bytes(900_000))
            assert (refused.status_code, code_of(refused)) == (503, "service_busy")
            assert int(refused.headers["retry-after"]) > 0
            with connected(address, head) as announced:
                assert b"503" in announced.recv(100)
            small = httpx.post(f"{address}/diagnosis", files=parts(pair(example)))
            assert small.json()["diagnosis"] == "NORM"
        time.sleep(0.3)
        accepted = httpx.post(f"{address}/diagnosis", content=bytes(900_000))
        assert code_of(accepted) == "unsupported_format"


def test_a_body_without_a_length_counts_too() -> None:
    limits = replace(USUAL, held=1_000_000, small=300_000)
    with serving(Settings(limits=limits)) as address:
        refused = httpx.post(f"{address}/diagnosis", content=iter([bytes(400_000)] * 10))
        assert (refused.status_code, code_of(refused)) == (503, "service_busy")
        assert code_of(httpx.post(f"{address}/diagnosis", content=bytes(900_000))) == "unsupported_format"


def test_requests_with_a_body_have_a_limit_and_others_are_answered() -> None:
    with serving(Settings(limits=replace(USUAL, bodies=2))) as address, ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(connected(address, POST, b"Content-Length: 9\r\n\r\nhalf"))
        time.sleep(0.2)
        refused = httpx.post(f"{address}/diagnosis", content=b"x")
        assert (refused.status_code, code_of(refused)) == (503, "service_busy")
        assert httpx.get(f"{address}/health").status_code == 200


def test_a_client_that_waits_for_a_word_is_refused_before_it_sends_too_much() -> None:
    with serving(Settings(max_body_bytes=1000)) as address:
        expecting = POST + b"Content-Length: 1001\r\nExpect: 100-continue\r\n\r\n"
        with connected(address, expecting) as waiting:
            assert status_and_code(rest(waiting)) == (413, "file_too_large")
        with connected(address, expecting.replace(b"1001", b"1000")) as waiting:
            assert waiting.recv(100).startswith(b"HTTP/1.1 100 ")


def test_a_head_that_stops_is_refused_and_a_silent_connection_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with (
        serving(Settings()) as address,
        connected(address, b"GET / HTTP/1.1\r\nX: ") as slow,
        connected(address) as idle,
    ):
        assert status_and_code(rest(slow)) == (408, "request_timeout")
        assert rest(idle) == b""


def test_a_head_that_trickles_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.3)
    with serving(Settings()) as address, connected(address, b"GET /health HTTP/1.1\r\nX: ") as slow:
        with suppress(ConnectionError):
            for _ in range(100):
                slow.sendall(b"x")
                time.sleep(0.02)
        assert status_and_code(rest(slow)) == (408, "request_timeout")


def test_one_connection_too_many_ends_the_one_that_waited_longest(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 2)
    with serving(Settings()) as address, connected(address) as first:
        time.sleep(0.2)
        with connected(address), connected(address, b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n") as third:
            assert b"200 OK" in third.recv(100)
            assert status_and_code(rest(first)) == (503, "service_busy")


def test_a_connection_is_refused_if_all_others_are_at_work(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "MAX_CONNECTIONS", 1)
    with serving(Settings()) as address, connected(address, POST, b"Content-Length: 9\r\n\r\nhalf"):
        time.sleep(0.2)
        with connected(address) as second:
            answer = rest(second)
    assert status_and_code(answer) == (503, "service_busy")
    assert b"retry-after: 1" in answer


def test_a_client_that_does_not_read_its_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "SEND_SECONDS", 0.3)
    with serving(Settings()) as address, connected(address) as slow:
        unread_answer(slow)
        time.sleep(3)
        whole = len(httpx.get(f"{address}/docs/swagger-ui-bundle.js").content)
        assert len(rest(slow)) < 20 * whole


def test_what_is_no_request_is_answered_with_a_problem() -> None:
    with serving(Settings()) as address, connected(address, b"nonsense\r\n\r\n") as odd:
        assert status_and_code(rest(odd)) == (400, "body_invalid")


def test_a_body_in_small_chunks_is_read_and_the_next_request_answered(example: dict[str, bytes]) -> None:
    data = example["normal.zip"]
    pieces = [data[start : start + 50] for start in range(0, len(data), 50)]
    chunked = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"
    after = b"GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
    with serving(Settings()) as address, connected(address, head, chunked + after) as client:
        answers = rest(client)
    assert ecg_core.classify({"normal.zip": data}).to_json() in answers
    assert answers.count(b"HTTP/1.1 200 OK") == 2


def test_a_queued_record_is_not_classified_if_its_client_has_gone(
    example: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, lock, go = [], Lock(), Event()
    usual = Classifier.classify

    def waits(classifier: Classifier, files: Any, **options: Any) -> Any:
        with lock:
            asked.append(files)
        assert go.wait(20)
        return usual(classifier, files, **options)

    monkeypatch.setattr(Classifier, "classify", waits)
    data, cores = example["normal.zip"], os.cpu_count() or 1
    request = POST + b"Content-Length: %d\r\n\r\n" % len(data) + data
    with serving(Settings()) as address, ThreadPoolExecutor(cores) as pool:
        try:
            busy = [pool.submit(httpx.post, f"{address}/diagnosis", content=data, timeout=30) for _ in range(cores)]
            while len(asked) < cores:
                time.sleep(0.02)
            with connected(address, request), connected(address, request):
                time.sleep(0.3)
            time.sleep(0.3)
        finally:
            go.set()
        assert [one.result().status_code for one in busy] == [200] * cores
        assert httpx.post(f"{address}/diagnosis", content=data, timeout=30).status_code == 200
    assert len(asked) == cores + 1
