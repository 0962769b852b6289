"""`ekg smoke`: ask a running service for everything it promises, and compare its answers with those of this package.

Exit status: 0 if all is well, 2 if the address, the key or the caller is wrong, 3 if the service is wrong or silent.
"""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from ecg_core import __version__
from ecg_core.classification import DISCLAIMER
from ecg_core.cli.calls import JSON, KEY, Answer, Identity, Service, Unreachable, WrongCall, multipart
from ecg_core.cli.identity import bearer, sigv4
from ecg_core.errors import EcgError
from ecg_core.reports.text import printable

WRONG, FAILED = 2, 3
PROBLEM = "application/problem+json"
GREETING = {"message": "EKG-Klassifikations-API läuft"}
RECORDS = {
    "a WFDB record": ("normal.hea", "normal.dat"),
    "a zip": ("normal.zip",),
    "a zip, LBBB": ("left_bundle_branch_block.zip",),
    "a zip, RBBB": ("right_bundle_branch_block.zip",),
    "a table": ("st_depression.csv",),
    "a watch": ("watch_lead_i.csv",),
}
# What a service must refuse, with the code that this package gives.
REFUSED = {
    "no ECG": {"note.txt": b"This is no recording."},
    "an empty file": {"empty.csv": b""},
    "a table without a unit": {"table.csv": b"I,II\n" + b"0.1,0.2\n-0.1,0.0\n" * 500},
}
POLL_S = 2.0  # between two looks for the result of an upload

Check = tuple[str, Callable[[], str]]


class Wrong(Exception):
    """An answer is not what it must be."""


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    parser = commands.add_parser("smoke", help="check a running service with the examples", epilog=DISCLAIMER)
    parser.add_argument("url", metavar="URL", help="the address of the service, such as http://127.0.0.1:8000")
    parser.add_argument(
        "--api-key", default=os.environ.get("EKG_API_KEY"), metavar="K", help="its API key (default: EKG_API_KEY)"
    )
    caller = parser.add_mutually_exclusive_group()
    caller.add_argument(
        "--bearer", default=os.environ.get("EKG_BEARER"), metavar="TOKEN", help="a token (default: EKG_BEARER)"
    )
    caller.add_argument("--sigv4", action="store_true", help="sign with the AWS credentials of the environment")
    parser.add_argument("--timeout", type=float, default=60.0, metavar="S", help="seconds for each answer (default 60)")
    parser.add_argument("--open", action="store_true", help="check only what needs no key, and that the rest needs one")
    parser.add_argument("--no-upload", action="store_true", help="do not try the upload of a file")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    failed = 0
    try:
        service = Service(options.url, options.api_key, options.timeout, _identities(options))
        wait_s = None if options.no_upload else options.timeout
        for name, check in checks(service, wait_s, only_open=options.open):
            before = service.seconds
            try:
                said = check()
            except (Wrong, LookupError, TypeError, AttributeError) as error:
                # A field that is missing or of another kind ends in one of the others.
                why = str(error) if isinstance(error, Wrong) else "the answer has another shape"
                failed += 1
                print(f"FAILED  {name}: {printable(why)}", flush=True)
            else:
                print(f"ok      {name}: {said}  ({(service.seconds - before) * 1000:.0f} ms)", flush=True)
    except WrongCall as error:
        print(printable(str(error)), file=sys.stderr)
        return WRONG
    except Unreachable as error:
        print(printable(str(error)), file=sys.stderr)
        return FAILED
    print(f"{failed} checks failed" if failed else "all checks passed")
    return FAILED if failed else 0


def _identities(options: argparse.Namespace) -> dict[str, Identity]:
    if options.sigv4:
        return {"signature": sigv4(options.url)}
    return {"token": bearer(options.bearer)} if options.bearer else {}


def checks(service: Service, upload_s: float | None, *, only_open: bool = False) -> Iterator[Check]:
    """upload_s: how long to wait for the result of an upload. None: nothing is uploaded."""
    from ecg_core.cli.examples import examples
    from ecg_core.model.classifier import classify, default_classifier

    files = examples()
    ours = default_classifier().identity
    # Filled by the check of /health. Bytes are compared only if the same model and the same version answer.
    theirs: dict[str, str] = {}

    def health() -> str:
        content = _json(service.call("GET", "/health"), 200)
        _equal(content.get("status"), "ready")
        theirs.update(version=content["version"], sha256=content["model"]["sha256"])
        same = (content["version"], content["model"]) == (__version__, ours.to_dict())
        theirs["same"] = "yes" if same else ""
        return f"version {theirs['version']}, " + (
            "this model" if same else "another model, calibration or version than here"
        )

    def model() -> str:
        content = _json(service.call("GET", "/model"), 200)
        _equal(content.get("sha256"), theirs.get("sha256"))
        return str(content.get("name"))

    def diagnosis(record: Mapping[str, bytes]) -> str:
        body, kind = multipart(record)
        return _same(service.call("POST", "/diagnosis", body, kind), classify(record).to_json(), theirs)

    def refusal(record: Mapping[str, bytes]) -> str:
        body, kind = multipart(record)
        answer = service.call("POST", "/diagnosis", body, kind)
        try:
            classify(record)
        except EcgError as error:
            _problem(answer, error.status, error.code)
            if theirs.get("same"):
                _equal(answer.body, error.to_json())
            return error.code
        raise AssertionError("this package reads what it must refuse")

    yield "GET /", lambda: _greeting(service)
    yield "GET /health", health
    yield "GET /model", model
    yield "an address that is not there", lambda: _nowhere(service)
    if only_open:
        yield "POST /diagnosis, without anything", lambda: _closed(service)
        return
    yield "the key", lambda: _key(service)
    for name, of in RECORDS.items():
        yield f"POST /diagnosis, {name}", partial(diagnosis, {file: files[file] for file in of})
    for name, refused in REFUSED.items():
        yield f"POST /diagnosis, {name}", partial(refusal, refused)
    yield "POST /diagnosis, a header alone", partial(refusal, {"normal.hea": files["normal.hea"]})
    if upload_s is not None:
        data = files["normal.zip"]
        yield (
            "POST /uploads",
            lambda: _upload(service, data, classify({"normal.zip": data}).to_json(), theirs, upload_s),
        )


def _greeting(service: Service) -> str:
    answer = service.call("GET", "/")
    _equal(_json(answer, 200), GREETING)
    _equal(answer.headers.get("x-content-type-options"), "nosniff")
    _equal(answer.headers.get("cache-control"), "no-store")
    if service.url.startswith("https:") and not answer.headers.get("strict-transport-security"):
        raise Wrong("strict-transport-security is missing")
    return "greets"


def _key(service: Service) -> str:
    """Without a key nobody may classify, if the service has keys. Raises WrongCall if ours is refused."""
    call = partial(service.call, "POST", "/diagnosis", b"nothing", "text/plain")
    refused = (401, 403)
    if call().status in refused:
        said = "The service refuses the key or the caller: see --api-key, --bearer and --sigv4."
        raise WrongCall(said if service.shown else f"{said} Nothing was given.")
    for name in service.shown:
        if call(without=[name]).status not in refused:
            raise Wrong(f"the service answers without the {name}, too")
    others = [f"a {name}" for name in service.shown if name != KEY]
    return " and ".join(["is needed", *others]) if service.shown else "none is needed"


def _closed(service: Service) -> str:
    answer = service.call("POST", "/diagnosis", b"nothing", "text/plain", without=service.shown)
    if answer.status not in (401, 403):
        raise Wrong("the service answers without a key")
    return str(answer.code)


def _nowhere(service: Service) -> str:
    """API Gateway reads the header Authorization at unknown addresses too, so nothing but the key is shown there."""
    answer = service.call("GET", "/nothing-is-here", without=set(service.shown) - {KEY})
    if answer.status == 401:
        # With IAM, the gateway has one answer for both: infra/README.md.
        return _problem(answer, 401, "unauthorized")
    return _problem(answer, 404, "not_found")


def _upload(service: Service, data: bytes, ours: bytes, theirs: Mapping[str, str], wait_s: float) -> str:
    ticket = service.call("POST", f"/uploads?size={len(data)}", b"")
    if ticket.code == "uploads_not_configured":
        return "not configured"
    content = _json(ticket, 201)
    upload, path = content["upload"], f"/{content['result']}"
    if urlsplit(upload["url"]).scheme != "https" and service.url.startswith("https:"):
        raise Wrong("the address of the upload is not encrypted")
    stored = service.send("PUT", upload["url"], data, {"Content-Type": "application/octet-stream", **upload["headers"]})
    _equal(stored.status, 200)
    deadline = time.monotonic() + wait_s
    while (answer := service.call("GET", path)).status == 202:
        if time.monotonic() > deadline:
            raise Wrong(f"no result after {wait_s:g} s")
        time.sleep(POLL_S)
    return _same(answer, ours, theirs)


def _same(answer: Answer, ours: bytes, theirs: Mapping[str, str]) -> str:
    """The answer is ours, byte for byte; from another model or version, an answer about the same recording."""
    content, own = _json(answer, 200), json.loads(ours)
    if theirs.get("same"):
        _equal(answer.body, ours)
        return f"{content['diagnosis']}, the same bytes"
    if missing := set(own) - set(content):
        raise Wrong(f"the answer lacks {', '.join(sorted(missing))}")
    _equal(content["recording"]["sha256"], own["recording"]["sha256"])
    _equal(content["model"]["sha256"], theirs.get("sha256"))
    _equal(set(content["probabilities"]), set(own["probabilities"]))
    if not all(0 <= number <= 1 for number in content["probabilities"].values()):
        raise Wrong("a probability is not between 0 and 1")
    return f"{content['diagnosis']}, the same shape"


def _json(answer: Answer, status: int) -> dict[str, Any]:
    if answer.status != status:
        raise Wrong(f"status {answer.status} {answer.code or ''}, not {status}")
    _equal(answer.headers.get_content_type(), JSON)
    return answer.content


def _problem(answer: Answer, status: int, code: str) -> str:
    _equal((answer.status, answer.code), (status, code))
    _equal(answer.headers.get_content_type(), PROBLEM)
    return code


def _equal(found: object, expected: object) -> None:
    if found != expected:
        shown, wanted = (repr(one)[:80] for one in (found, expected))
        raise Wrong(f"{shown} in place of {wanted}" if shown != wanted else "the answer differs")
