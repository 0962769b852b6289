"""How tests send a record and read a refusal."""

from collections.abc import Mapping

import httpx

Parts = list[tuple[str, tuple[str, bytes]]]


def parts(files: Mapping[str, bytes], field: str = "file") -> Parts:
    """The files as parts of a multipart body, for httpx."""
    return [(field, (name, data)) for name, data in files.items()]


def pair(example: dict[str, bytes]) -> dict[str, bytes]:
    """The header and the signal of one example record."""
    return {name: example[name] for name in ("normal.hea", "normal.dat")}


def code_of(answer: httpx.Response) -> str:
    """The code of a refusal. Fails if the answer is no complete problem."""
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["status"] == answer.status_code
    assert body["type"] == f"urn:ekg:problem:{body['code']}"
    assert body["hint"]
    return str(body["code"])
