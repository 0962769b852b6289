"""HTTP calls to a running service, with the standard library only."""

import json
import re
import time
import uuid
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from email.message import Message
from http.client import HTTPException
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

JSON = "application/json"
# Larger than any answer that is asked for here.
MAX_ANSWER_BYTES = 50_000_000
# A gateway that is busy, or that waits for a cold start, is asked again.
BUSY, RETRIES, RETRY_S = (429, 502, 503, 504), 3, 2.0
_ADDRESS = re.compile(r"https?://(\[[\w:.]+\]|[^\s/?#@:\[\]]+)(:\d{1,5})?(/[^\s?#]*)?")


KEY = "key"
# method, URL and body of a request -> the headers that say who sends it.
Identity = Callable[[str, str, bytes], Mapping[str, str]]


class WrongCall(Exception):
    """The address, the key or the caller is wrong."""


class Unreachable(Exception):
    """No answer came."""


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Message
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object; empty if the body is none."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def code(self) -> str | None:
        return self.content.get("code")


class Service:
    """url: without a slash at the end. timeout_s: of one call. The methods raise Unreachable."""

    def __init__(
        self,
        url: str,
        api_key: str | None,
        timeout_s: float,
        identities: Mapping[str, Identity] | None = None,
    ) -> None:
        """identities: what a caller shows in addition to the key, by name: see identity.py. Raises WrongCall."""
        self.url, self._timeout_s = url.rstrip("/"), timeout_s
        self.shown: dict[str, Identity] = dict(identities or {})
        if api_key:
            self.shown[KEY] = lambda method, url, body: {"x-api-key": api_key}
        # Spent on waiting for answers.
        self.seconds = 0.0
        if not _ADDRESS.fullmatch(self.url):
            raise WrongCall(f"{url} is no address: write http://HOST:PORT or https://HOST/STAGE.")
        # A proxy cannot reach a service on this machine.
        local = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]", self.url + "/")
        # Without urllib's handlers of errors and redirects: a redirect would lose the body.
        self._opener = OpenerDirector()
        for handler in (ProxyHandler({} if local else None), HTTPHandler(), HTTPSHandler()):
            self._opener.add_handler(handler)

    def call(
        self, method: str, path: str, body: bytes | None = None, kind: str = JSON, *, without: Collection[str] = ()
    ) -> Answer:
        """The answer of a path of the service. Asks again while a gateway is busy.

        without: names of what is not shown.
        """
        url = self.url + path

        def asked() -> Answer:
            headers = {"Accept": JSON, "Content-Type": kind}
            for name, headers_of in self.shown.items():
                headers |= {} if name in without else headers_of(method, url, body or b"")
            return self.send(method, url, body, headers)

        for _ in range(RETRIES):
            answer = asked()
            # A 503 of the service itself has a code, except that of a service that is busy.
            if answer.status not in BUSY or answer.code not in (None, "service_busy", "too_many_requests"):
                return answer
            time.sleep(RETRY_S)
        return asked()

    def send(self, method: str, url: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """The answer of any address. Nothing is shown there."""
        start = time.perf_counter()
        try:
            request = Request(url, body, dict(headers), method=method)
            with self._opener.open(request, timeout=self._timeout_s) as response:
                return Answer(response.status, response.headers, response.read(MAX_ANSWER_BYTES))
        except (OSError, HTTPException) as error:
            raise Unreachable(f"{url.partition('?')[0]} does not answer: {type(error).__name__}.") from error
        except ValueError as error:
            raise WrongCall("The address or the key has characters that cannot be sent.") from error
        finally:
            self.seconds += time.perf_counter() - start


def multipart(files: Mapping[str, bytes]) -> tuple[bytes, str]:
    """(body, content type) of a form with the files."""
    boundary = uuid.uuid4().hex
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename='
    parts = (part for name, data in files.items() for part in (f'{head}"{name}"\r\n\r\n'.encode(), data, b"\r\n"))
    return b"".join([*parts, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"
