"""Counts of the service in the text form of Prometheus: requests, answers, refusals, latency.

A label holds a route, a status or a code, all of them from lists of this program. It never holds anything of a request.
"""

from bisect import bisect_left
from collections import Counter

from ecg_core import __version__

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
ROUTE = "/diagnosis"
# Seconds. A warm answer takes 10 ms, a long recording seconds; a request is ended after its deadline (capacity.py).
BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
HELP = {
    "ekg_info": ("gauge", "Version of the service."),
    "ekg_requests_total": ("counter", "Requests by route and status. Status 0: the client left before an answer."),
    "ekg_answers_total": ("counter", "ECGs that were classified and answered by POST /diagnosis."),
    "ekg_refusals_total": ("counter", "Refused requests by route and code."),
    "ekg_request_seconds": ("histogram", "Time from the head of a request to the end of its answer, by route."),
}


class Metrics:
    """Used by the event loop only, so without locks. Each process counts for itself."""

    def __init__(self) -> None:
        self._requests: Counter[tuple[str, int]] = Counter()
        self._refusals: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, float] = {}
        self._within: dict[str, list[int]] = {}

    def count(self, route: str | None, status: int | None, code: str | None, seconds: float) -> None:
        """One request that has ended. route: None if no route has the path."""
        route = route or "none"
        self._requests[route, status or 0] += 1
        if code:
            self._refusals[route, code] += 1
        self._seconds[route] = self._seconds.get(route, 0.0) + seconds
        within = self._within.setdefault(route, [0] * (len(BUCKETS) + 1))
        within[bisect_left(BUCKETS, seconds)] += 1

    def text(self) -> str:
        lines = {
            "ekg_info": [f'{{version="{__version__}"}} 1'],
            "ekg_requests_total": [
                f'{{route="{route}",status="{status}"}} {number}'
                for (route, status), number in sorted(self._requests.items())
            ],
            "ekg_answers_total": [f" {self._requests[ROUTE, 200]}"],
            "ekg_refusals_total": [
                f'{{route="{route}",code="{code}"}} {number}'
                for (route, code), number in sorted(self._refusals.items())
            ],
            "ekg_request_seconds": [line for route in sorted(self._within) for line in self._histogram(route)],
        }
        written = []
        for name, (kind, help_) in HELP.items():
            written += [f"# HELP {name} {help_}", f"# TYPE {name} {kind}", *(name + line for line in lines[name])]
        return "\n".join([*written, ""])

    def _histogram(self, route: str) -> list[str]:
        total, lines = 0, []
        for limit, number in zip((*BUCKETS, "+Inf"), self._within[route], strict=True):
            total += number
            lines.append(f'_bucket{{route="{route}",le="{limit}"}} {total}')
        return [
            *lines,
            f'_sum{{route="{route}"}} {self._seconds[route]:.6f}',
            f'_count{{route="{route}"}} {total}',
        ]
