"""Counts for Prometheus, read by Prometheus' own parser."""

import time
from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from ecg_core.model.classifier import default_classifier
from functions.api.app import create_app
from functions.api.metrics import BUCKETS, Metrics
from functions.api.settings import Settings
from tests.api.serving import serving

Counts = dict[tuple[str, tuple[str, ...]], float]


@pytest.fixture
def fresh() -> Iterator[httpx.Client]:
    """A service that nobody asked before."""
    with serving(Settings()) as address, httpx.Client(base_url=address, timeout=30) as client:
        yield client


def _counts(text: str) -> Counts:
    families = list(text_string_to_metric_families(text))
    assert len(families) == 5
    return {
        (sample.name, tuple(sample.labels.values())): sample.value for family in families for sample in family.samples
    }


def _scrape(client: httpx.Client, requests: int) -> Counts:
    """A request is counted just after its answer, so this waits until all are."""
    for _ in range(100):
        counts = _counts(client.get("/metrics").text)
        number = sum(
            value
            for (name, labels), value in counts.items()
            if name == "ekg_requests_total" and "/metrics" not in labels
        )
        if number == requests:
            return counts
        time.sleep(0.02)
    raise AssertionError(f"{number} requests are counted, not {requests}")


def test_requests_answers_and_refusals_are_counted(fresh: httpx.Client, example: dict[str, bytes]) -> None:
    for _ in range(2):
        assert fresh.post("/diagnosis?filename=normal.zip", content=example["normal.zip"]).status_code == 200
    assert fresh.post("/diagnosis?filename=x.txt", content=b"hello").status_code == 415
    assert fresh.get("/nothing/of/the/kind").status_code == 404
    assert fresh.get("/health").status_code == 200
    counts = _scrape(fresh, 5)
    assert counts["ekg_requests_total", ("/diagnosis", "200")] == 2
    assert counts["ekg_requests_total", ("/diagnosis", "415")] == 1
    assert counts["ekg_requests_total", ("none", "404")] == 1
    assert counts["ekg_answers_total", ()] == 2
    assert counts["ekg_refusals_total", ("/diagnosis", "unsupported_format")] == 1
    assert counts["ekg_refusals_total", ("none", "not_found")] == 1
    assert counts["ekg_request_seconds_count", ("/diagnosis",)] == 3
    assert counts["ekg_request_seconds_bucket", ("/diagnosis", "+Inf")] == 3
    assert 0 < counts["ekg_request_seconds_sum", ("/diagnosis",)] < 60


def test_nothing_of_a_request_is_shown(fresh: httpx.Client) -> None:
    secret = "mustermann"
    fresh.post(f"/diagnosis?filename={secret}.csv", content=f"{secret}\n".encode(), headers={"x-request-id": secret})
    fresh.get(f"/{secret}?{secret}={secret}")
    fresh.get(f"/results/{secret}")
    fresh.request(secret.upper(), f"/diagnosis/{secret}")
    _scrape(fresh, 4)
    assert secret not in fresh.get("/metrics").text.lower()


def test_many_addresses_make_no_more_lines(fresh: httpx.Client) -> None:
    fresh.get("/0")
    before = len(_scrape(fresh, 1))
    for at in range(1, 30):
        fresh.get(f"/{at}")
    # What the scrape itself adds: its route, and the buckets of that.
    assert len(_scrape(fresh, 30)) <= before + len(BUCKETS) + 4


def test_a_time_belongs_to_the_buckets_that_are_not_shorter() -> None:
    metrics = Metrics()
    for seconds in (0.001, 0.005, 0.006, 100.0):
        metrics.count("/diagnosis", 200, None, seconds)
    metrics.count("/diagnosis", None, "client_disconnected", 0.001)
    counts = _counts(metrics.text())
    found = [counts["ekg_request_seconds_bucket", ("/diagnosis", limit)] for limit in ("0.005", "0.01", "30.0", "+Inf")]
    assert found == [3, 4, 4, 5]
    assert counts["ekg_requests_total", ("/diagnosis", "0")] == 1


def test_lambda_has_no_metrics() -> None:
    app = create_app(Settings(alone=True), default_classifier())
    assert "/metrics" not in {getattr(route, "path", None) for route in app.routes}
    assert "/metrics" in {getattr(route, "path", None) for route in create_app(Settings(), default_classifier()).routes}
