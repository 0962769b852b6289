"""Send an ECG file to a running service and print its answer. Python 3.9 or newer, nothing to install.

Exit status: 0 answered, 2 the record was refused or the call is wrong, 3 the service cannot be reached or fails,
130 interrupted.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import io
import json
import mmap
import os
import re
import socket
import ssl
import sys
import time
import uuid
import zipfile
from collections.abc import Callable, Iterator
from email.message import Message
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.error import URLError
from urllib.parse import parse_qsl, quote, urlencode, urljoin, urlsplit
from urllib.request import HTTPHandler, HTTPSHandler, OpenerDirector, ProxyHandler, Request

JSON, FHIR, SVG, PROBLEM = "application/json", "application/fhir+json", "image/svg+xml", "application/problem+json"
# Lambda accepts 6 MB for each call, and base64 turns three bytes into four. Larger bodies go through POST /uploads.
MAX_DIRECT_BYTES = 4_500_000
# The limits of the service: size of a record, of one file in a format with a fixed layout, and parts in one body.
MAX_RECORD_BYTES, MAX_LARGE_BYTES, MAX_PARTS = 24_000_000, 2**31, 64
# Larger than any answer: a plot of an hour of twelve leads is smaller.
PIECE_BYTES, MAX_ANSWER_BYTES = 65_536, 50_000_000
BUSY_RETRIES, GATEWAY_RETRIES, RETRY_S, MAX_TIMEOUT_S = 3, 1, 2, 86_400
REFUSED, FAILED, INTERRUPTED = 2, 3, 130
NAMES = {"NORM": "normal ECG", "CD": "conduction disturbance", "STTC": "ST/T change"}
BAR_WIDTH = 30
# Show at most MOST leads and segments, none with less evidence than LEAST: it changes a probability by less than 0.02.
MOST, LEAST = 4, 0.05

CHECK_URL = "Check --url, the network and its proxy, or try again later."
EXCERPT = "Send an excerpt: ten seconds of twelve leads are enough."
KEY_REFUSED = "The API key is missing or wrong: give it with --api-key or in EKG_API_KEY."
# Hints for a status without a problem object, and for codes whose own hint is meant for other callers.
HINTS = {"401": KEY_REFUSED, "403": KEY_REFUSED, "413": EXCERPT, "429": "Too many calls: try again later."}
HINTS.update({"unauthorized": "Say who you are: with --bearer or --sigv4."})
HINTS.update({"api_key_invalid": KEY_REFUSED, "file_too_large": EXCERPT})
HINTS.update({"not_found": "Give the service's own address with --url, without /diagnosis or /docs."})
# What went wrong on the way to the service: (exceptions, message, hint). The first entry that fits is used.
CAUSES: list[tuple[tuple[type, ...], str, str]] = [
    ((socket.timeout, TimeoutError), "gave no answer in time", "--timeout S waits longer."),
    ((ConnectionRefusedError,), "does not listen", "Start the service with `make run`, or name another with --url."),
    ((socket.gaierror,), "is on a host that nobody knows", CHECK_URL),
    ((ssl.SSLCertVerificationError,), "shows a certificate that is not valid for it", "Check the host in --url."),
    ((ssl.SSLError,), "speaks no TLS", "Check --url: http:// in place of https://?"),
    ((HTTPException, ConnectionError), "broke off", "Try again; or https:// in place of http://?"),
    ((object,), "cannot be reached", CHECK_URL),
]


class Failure(Exception):
    """message, hint: one line each, for a person. answer: the problem object of the service, for a program."""

    def __init__(self, exit_status: int, message: str, hint: str, answer: bytes = b"") -> None:
        super().__init__(f"{clean(message)}\n  {clean(hint)}")
        self.exit_status, self.message, self.answer = exit_status, message, answer


def clean(text: object) -> str:
    """The text on one line, without control characters."""
    return "".join(c if c.isprintable() else " " for c in str(text)).strip()


# The bytes of a file, or a large file as the system maps it into memory.
if TYPE_CHECKING:
    Content = bytes | mmap.mmap


def record(paths: list[str]) -> dict[str, Content]:
    """{base name: bytes} of the files that the paths name, and of the other files of their records. Raises Failure.

    A record of one file may be larger than MAX_RECORD_BYTES: the file is not loaded then.
    """
    files: dict[str, Content] = {}
    try:
        found = [path for given in paths for path in _files_of(Path(given))]
        for path in {path.resolve(): path for path in found}.values():
            if path.name in files:
                raise Failure(REFUSED, f"Two files are named {path.name}.", "Send one record at a time.")
            with path.open("rb") as file:
                large = os.fstat(file.fileno()).st_size > MAX_RECORD_BYTES
                files[path.name] = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if large else file.read()
            if not files[path.name]:
                raise Failure(REFUSED, f"{path} is empty.", "Check that the export or the copy finished.")
            limit = MAX_LARGE_BYTES if len(found) == 1 else MAX_RECORD_BYTES
            if sum(map(len, files.values())) > limit:
                raise Failure(REFUSED, f"The record is larger than {limit / 1e6:,.0f} MB.", EXCERPT)
    except (OSError, ValueError) as error:
        raise Failure(REFUSED, f"The record cannot be read: {error}", "Check the path and your permissions.") from error
    return files


def _files_of(path: Path) -> list[Path]:
    """The files of the WFDB record to which the path belongs; the path alone if it belongs to none."""
    if path.name and not path.exists():
        path = _found(path.with_name(path.name + ".hea")) or path
    # Read regular files only: reading a pipe could block for ever.
    if not path.is_file():
        wrong = "is a folder" if path.is_dir() else "is no file" if path.exists() else "does not exist"
        raise Failure(REFUSED, f"{path} {wrong}.", "Name the files of one record.")
    header = path if path.suffix.lower() == ".hea" else _found(path.with_suffix(".hea"))
    whole = [header, *_named_by(header)] if header else []
    return whole if path in whole else [path]


def _named_by(header: Path, segment: bool = False) -> Iterator[Path]:
    """The files that a header names, without those that do not exist: the service says what is missing.

    segment: whether this is the header of one segment. Then it is not a header of further segments.
    """
    lines = re.split("[\r\n]+", header.read_bytes().decode("utf-8", "replace"))
    fields = [line.split() for line in lines if line.lstrip()[:1] not in ("", "#")]
    suffix = ".hea" if fields and "/" in fields[0][0] else ""
    for name in dict.fromkeys(line[0] for line in fields[1:] if line[0] != "~"):
        if any(mark in name for mark in ("/", "\\", ":", "..")):
            raise Failure(REFUSED, f"{header} names a file outside its folder.", "Put its files in one folder.")
        if path := _found(header.with_name(name + suffix)):
            yield path
            yield from _named_by(path, segment=True) if suffix and not segment else ()


def _found(path: Path) -> Path | None:
    """The file with this name. The case of its extension does not matter. None if there is no such file."""
    if path.is_file():
        return path
    wanted = (path.stem, path.suffix.lower())
    return next((file for file in path.parent.iterdir() if (file.stem, file.suffix.lower()) == wanted), None)


def packed(files: dict[str, Content]) -> Content:
    """One body for an upload: a single file as it is, several files as a zip."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue() if len(files) > 1 else next(iter(files.values()))


def multipart(files: dict[str, Content]) -> tuple[bytes, str]:
    """(body, content type)."""
    boundary = uuid.uuid4().hex
    parts = []
    for name, data in files.items():
        quoted = clean(name).replace('"', "%22")
        parts.append((f'"file"; filename="{quoted}"', data))
    head = f"--{boundary}\r\nContent-Disposition: form-data; name="
    chunks = (part for about, data in parts for part in (f"{head}{about}\r\n\r\n".encode(), data, b"\r\n"))
    return b"".join([*chunks, f"--{boundary}--\r\n".encode()]), f"multipart/form-data; boundary={boundary}"


class Answer(NamedTuple):
    """address: the URL that answered, without its query."""

    address: str
    status: int
    headers: Message
    body: bytes

    @property
    def content(self) -> dict[str, Any]:
        """The JSON object; empty if the body is no JSON object."""
        try:
            content = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def problem(self) -> dict[str, Any]:
        """The problem object of RFC 9457; empty if the answer is none."""
        return self.content if self.headers.get_content_type() == PROBLEM else {}

    def accepted(self, form: str = JSON) -> Answer:
        """The answer itself. Raises Failure if it is a refusal or not of this content type."""
        problem = self.problem
        if self.status != 200 or problem:
            code = str(problem.get("code", ""))
            said = problem.get("detail") or f"{self.address} answered with status {self.status}."
            hint = HINTS.get(code) or problem.get("hint") or HINTS.get(str(self.status), CHECK_URL)
            exit_status = REFUSED if self.status < 500 else FAILED
            raise Failure(exit_status, said, f"{hint} ({code})" if code else hint, self.body if problem else b"")
        if self.headers.get_content_type() != form or (form == JSON and "diagnosis" not in self.content):
            raise self.foreign()
        return self

    def foreign(self) -> Failure:
        """The Failure for an answer that does not come from the service."""
        kind = self.headers.get_content_type()
        return Failure(FAILED, f"{self.address} gave no answer of the service ({kind}).", CHECK_URL)


def signed(method: str, url: str, body: bytes, at: str) -> dict[str, str]:
    """The headers of AWS Signature Version 4, with the credentials of the environment. at: such as 20261231T235959Z."""
    key_id, secret, token = (
        os.environ.get(f"AWS_{name}", "") for name in ("ACCESS_KEY_ID", "SECRET_ACCESS_KEY", "SESSION_TOKEN")
    )
    known = re.fullmatch(r"[\w-]+\.execute-api\.([a-z0-9-]+)\.amazonaws\.com(\.cn)?", urlsplit(url).hostname or "")
    region = known[1] if known else os.environ.get("AWS_REGION") or os.environ.get("AWS_DEFAULT_REGION")
    if not (key_id and secret and region):
        hint = 'Run eval "$(aws configure export-credentials --format env)", and set AWS_REGION.'
        raise Failure(REFUSED, "There are no AWS credentials, or no region.", hint)
    headers = {"host": urlsplit(url).netloc, "x-amz-date": at, **({"x-amz-security-token": token} if token else {})}
    names = ";".join(headers)
    query = sorted((quote(name, "-_.~"), quote(value, "-_.~")) for name, value in parse_qsl(urlsplit(url).query, True))
    canonical = [method, quote(urlsplit(url).path or "/", "/-_.~"), "&".join("=".join(pair) for pair in query)]
    canonical += [*(f"{name}:{value}" for name, value in headers.items()), "", names, hashlib.sha256(body).hexdigest()]
    scope = f"{at[:8]}/{region}/execute-api/aws4_request"
    text = ["AWS4-HMAC-SHA256", at, scope, hashlib.sha256("\n".join(canonical).encode()).hexdigest()]
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, "\n".join(text).encode(), "sha256").hex()
    said = f"AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}"
    return {**{name: value for name, value in headers.items() if name != "host"}, "Authorization": said}


# method, URL and body of a request -> the headers that say who sends it.
if TYPE_CHECKING:
    Identity = Callable[[str, str, bytes], "dict[str, str]"]


def identity_of(bearer: str, sigv4: bool) -> Identity:
    if sigv4:
        return lambda method, url, body: signed(method, url, body, time.strftime("%Y%m%dT%H%M%SZ", time.gmtime()))
    return lambda method, url, body: {"Authorization": f"Bearer {bearer}"} if bearer else {}


class Service:
    """The methods raise Failure. timeout_s: for all calls together."""

    def __init__(self, url: str, api_key: str, timeout_s: float, identity: Identity) -> None:
        self.url, self._deadline = url.rstrip("/"), time.monotonic() + min(MAX_TIMEOUT_S, timeout_s)
        if not re.fullmatch(r"https?://(\[[\w:.]+\]|[^\s/?#@:\[\]]+)(:\d{1,5})?(/[^\s?#]*)?", self.url):
            raise Failure(REFUSED, f"{url} is no address.", "Write --url http://HOST:PORT or https://HOST/STAGE.")
        self._key, self._identity = {"x-api-key": api_key} if api_key else {}, identity
        # A proxy cannot reach a service on this machine.
        local = re.match(r"http://(127\.0\.0\.1|localhost|\[::1\])[:/]", self.url + "/")
        # Leave out urllib's handlers for errors and redirects: they would follow a redirect without sending the body.
        self._opener = OpenerDirector()
        for handler in (ProxyHandler({} if local else None), HTTPHandler(), HTTPSHandler()):
            self._opener.add_handler(handler)

    def call(self, method: str, url: str, form: str = JSON, body: bytes | None = None, kind: str = JSON) -> Answer:
        """Sends a request. Repeats it while the service is busy, and once if a gateway before the service fails."""
        left = {"busy": BUSY_RETRIES, "gateway": GATEWAY_RETRIES}
        while True:
            about = {**self._key, **self._identity(method, url, body or b""), "Accept": form, "Content-Type": kind}
            answer = self.send(method, url, body, about)
            code = answer.problem.get("code")
            busy = (answer.status == 429 and code != "quota_exceeded") or code == "service_busy"
            # A 503 with another code comes from the service. 502 and 504 come only from a gateway.
            gateway = answer.status in (502, 504) or (answer.status == 503 and code is None)
            reason = "busy" if busy else "gateway" if gateway else ""
            if not left.get(reason) or not self.waited(answer):
                return answer
            left[reason] -= 1

    def waited(self, answer: Answer) -> bool:
        """Waits as long as the answer asks for. False, without waiting, if that is later than the deadline."""
        asked = answer.headers.get("retry-after", "")
        seconds = int(asked) if re.fullmatch("[0-9]{1,9}", asked) else RETRY_S
        in_time = seconds < self._deadline - time.monotonic()
        time.sleep(seconds if in_time else 0)
        return in_time

    def send(self, method: str, url: str, body: Content | None, headers: dict[str, str]) -> Answer:
        """Sends one request, without repeating it."""
        address = url.partition("?")[0]
        # A timeout of 0 would make the socket non-blocking.
        left_s = max(self._deadline - time.monotonic(), 0.01)
        try:
            with self._opener.open(Request(url, body, headers, method=method), timeout=left_s) as response:
                answer = Answer(address, response.status, response.headers, self.body_of(response))
        except (OSError, HTTPException) as error:
            cause = error.reason if isinstance(error, URLError) else error
            said, hint = next((said, hint) for kinds, said, hint in CAUSES if isinstance(cause, kinds))
            raise Failure(FAILED, f"{address} {said}.", hint) from error
        except ValueError as error:
            raise Failure(REFUSED, "The URL or the API key cannot be sent so.", "Check their characters.") from error
        if 300 <= answer.status < 400:
            target = answer.headers.get("location", "nowhere")
            raise Failure(REFUSED, f"{address} redirects to {target}", "Give the service's own address with --url.")
        return answer

    def body_of(self, response: HTTPResponse) -> bytes:
        """Raises TimeoutError if the body arrives too slowly, HTTPException if it is too long or breaks off."""
        body = bytearray()
        while piece := response.read1(PIECE_BYTES):
            body += piece
            if time.monotonic() > self._deadline:
                raise TimeoutError
            if len(body) > MAX_ANSWER_BYTES:
                raise HTTPException
        if response.length:
            raise HTTPException
        return bytes(body)

    def diagnosis(self, files: dict[str, Content], query: dict[str, str], forms: list[str]) -> dict[str, Answer]:
        """{content type: answer}: JSON and the other forms. Uploads a large record, if the service takes uploads."""
        address = f"{self.url}/diagnosis" + (f"?{urlencode(query)}" if query else "")
        large = sum(map(len, files.values())) > MAX_RECORD_BYTES
        body, kind = b"", JSON
        if not large:
            body, kind = multipart(files if len(files) <= MAX_PARTS else {"record.zip": packed(files)})
        answer = self.call("POST", address, JSON, body, kind) if 0 < len(body) <= MAX_DIRECT_BYTES else None
        if answer is None or answer.status == 413:
            whole = packed(files)
            ticket = self.call("POST", f"{self.url}/uploads?size={len(whole)}")
            if ticket.status == 201:
                if query or forms:
                    without = "--fs, --units, --leads, --gain, --explain, --statements, --fhir and --svg"
                    hint = f"Leave out {without}, or send an excerpt."
                    raise Failure(REFUSED, "For a record of this size the service takes no options.", hint)
                return {JSON: self.outcome(ticket, whole).accepted()}
            if ticket.status != 404 and ticket.problem.get("code") != "uploads_not_configured":
                ticket.accepted()
            if large:
                said = f"The record is larger than {MAX_RECORD_BYTES / 1e6:g} MB, and this service takes no uploads."
                raise Failure(REFUSED, said, EXCERPT)
            answer = answer or self.call("POST", address, JSON, body, kind)
        answers = {JSON: answer.accepted()}
        return {**answers, **{form: self.call("POST", address, form, body, kind).accepted(form) for form in forms}}

    def outcome(self, ticket: Answer, whole: Content) -> Answer:
        """Uploads the record as the ticket says, and waits for the result."""
        try:
            address, result = ticket.content["upload"], urljoin(ticket.address, ticket.content["result"])
            url, headers = str(address["url"]), {str(name): str(value) for name, value in address["headers"].items()}
        except (KeyError, TypeError, ValueError, AttributeError):
            raise ticket.foreign() from None
        if not all(part.isascii() and part.isprintable() for header in headers.items() for part in header):
            raise ticket.foreign()
        # Do not send the API key to another host, nor the record over http if the service uses https.
        if not result.startswith(f"{self.url}/") or not url.startswith(("https://", self.url.split("//")[0] + "//")):
            raise ticket.foreign()
        # Without it, urllib would send a mapped file in chunks, which S3 does not take.
        length = {"Content-Length": str(len(whole))}
        stored = self.send("PUT", url, whole, {"Content-Type": "application/octet-stream", **length, **headers})
        if stored.status != 200:
            raise Failure(FAILED, f"The storage refused the record with status {stored.status}.", "Try again later.")
        later = f"The record is uploaded: ask later at {result}"
        try:
            answer = self.call("GET", result)
            while answer.status == 202:
                if not self.waited(answer):
                    raise Failure(FAILED, "The result is not there in time.", later)
                answer = self.call("GET", result)
        except Failure as failure:
            raise Failure(failure.exit_status, failure.message, later) from failure
        return answer


def text_of(result: dict[str, Any]) -> str:
    """The answer for a person. A result of the wrong shape raises LookupError, TypeError or ValueError."""
    label, findings, expected = result["diagnosis"], result["findings"], result["expected_performance"]
    lines = [f"{label}  {NAMES.get(label, '')}, probability {result['probability']:.3f}" if label else "no diagnosis"]
    if label and len(findings) > 1:
        lines.append(f"also above its threshold: {', '.join(findings[1:])}")
    lines.append("")
    for name, probability in result["probabilities"].items():
        cells = ["█" if cell < round(probability * BAR_WIDTH) else "·" for cell in range(BAR_WIDTH)]
        cells[min(round(result["thresholds"][name] * BAR_WIDTH), BAR_WIDTH - 1)] = "┃"
        mark = "  above its threshold" if name in findings else ""
        lines.append(f"{name:5}{''.join(cells)} {probability:.3f}{mark}")
    lines += [
        "",
        *stated(result.get("statements") or []),
        *measured(result.get("measurements") or {}),
        *explained(result.get("explanation")),
    ]
    lines += [f"! {warning['message']} ({warning['code']})" for warning in result["warnings"]]
    if expected:
        areas = ", ".join(f"{name} {area:.3f}" for name, area in expected["auc"].items())
        least = "at least " if expected.get("at_least") else ""
        lines.append(f"expected with these leads ({expected['lead_set']}): AUC {least}{areas}")
    return "\n".join(f"  {clean(line)}".rstrip() for line in [*lines, result["disclaimer"]])


def stated(statements: list[dict[str, Any]]) -> list[str]:
    """A line for each statement."""
    return [
        f"{one['code']:8}{one['name']} {one['probability']:.3f}{'' if one['finding'] else ', below its threshold'}"
        for one in statements
    ]


def measured(values: dict[str, Any]) -> list[str]:
    """One line, without what could not be measured."""
    named = [("PR", "pr_ms"), ("QRS", "qrs_ms"), ("QT", "qt_ms"), ("QTc", "qtc_ms")]
    parts = [f"{values['heart_rate_bpm']}/min"] if values.get("heart_rate_bpm") is not None else []
    parts += [values["rhythm"]] if values.get("rhythm") else []
    parts += [f"{name} {values[key]} ms" for name, key in named if values.get(key) is not None]
    if values.get("qtc_ms") is not None:
        parts[-1] += f" ({values['qtc_formula']})"
    parts += [f"axis {values['axis_deg']}°"] if values.get("axis_deg") is not None else []
    return [", ".join(parts)] if parts else []


def explained(explanation: dict[str, Any] | None) -> list[str]:
    """The leads and segments with the most evidence for the explained class."""
    if not explanation:
        return []
    about, (start_s, end_s) = explanation["about"], explanation["window_s"]
    rows, segments = explanation["evidence"][about].items(), explanation["segments"]
    cells = [(float(row[at]), f"{lead} {segment}") for lead, row in rows for at, segment in enumerate(segments)]
    most = [cell for cell in sorted(cells, key=lambda cell: -cell[0])[:MOST] if cell[0] >= LEAST]
    spoken = ", ".join(f"{place} {value:+.2f}" for value, place in most) or "nothing"
    said = f"speaks most for {about}, {start_s:g} to {end_s:g} s: {spoken}"
    return [said, "(log-odds; where the network looks, not why)"]


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        usage="client.py FILE [FILE...] [options]", epilog=(__doc__ or "").partition("\n\n")[2]
    )
    parser.add_argument(
        "files", nargs="*", metavar="FILE", help="files of one record; of a WFDB record any one of its files is enough"
    )
    url, key = os.environ.get("EKG_URL") or "http://127.0.0.1:8000", os.environ.get("EKG_API_KEY", "")
    parser.add_argument("--url", default=url, help="address of the service; default: EKG_URL, or http://127.0.0.1:8000")
    parser.add_argument("--api-key", default=key, metavar="KEY", help="default: EKG_API_KEY")
    caller = parser.add_mutually_exclusive_group()
    token = os.environ.get("EKG_BEARER", "")
    caller.add_argument("--bearer", default=token, metavar="TOKEN", help="who you are, for a service with a login")
    caller.add_argument("--sigv4", action="store_true", help="sign with the AWS credentials of the environment")
    parser.add_argument("--json", action="store_true", help="print the JSON of the service unchanged")
    parser.add_argument("--fhir", metavar="OUT", help="write the FHIR R4 report to this file")
    parser.add_argument("--svg", metavar="OUT", help="write the plot to this file")
    parser.add_argument(
        "--explain", action="store_true", help="also show where the network looks, in the text and in the plot"
    )
    parser.add_argument(
        "--statements", choices=["findings", "all"], help="which statements are given: all, or findings"
    )
    parser.add_argument("--fs", metavar="HZ", help="sampling rate, for a file that states none")
    parser.add_argument("--units", metavar="UNIT", help="uV, mV or V, for a file that states none")
    parser.add_argument("--leads", metavar="NAMES", help="leads of the channels in order, such as I,II,V1; - for none")
    parser.add_argument("--gain", metavar="N", help="counts per mV, for a file of raw converter values")
    parser.add_argument(
        "--timeout", type=float, default=60.0, metavar="S", help="seconds for all calls together (default 60)"
    )
    return parser.parse_args()


def run(given: argparse.Namespace) -> None:
    """Reads the record, asks the service, prints the answer and writes the other forms. Raises Failure and OSError."""
    if not given.files:
        print("Path of the ECG file: ", end="", file=sys.stderr, flush=True)
        given.files = [sys.stdin.readline().strip().strip("\"'")]
    if not any(given.files):
        raise Failure(REFUSED, "No file was named.", "client.py FILE [FILE...]")
    files = record(given.files)
    outputs = {form: Path(out) for form, out in ((FHIR, given.fhir), (SVG, given.svg)) if out}
    if len({out.resolve() for out in outputs.values()}) < len(outputs):
        raise Failure(REFUSED, "--fhir and --svg name the same file.", "Name two.")
    if any(out.name in files for out in outputs.values()):
        raise Failure(REFUSED, "The answer would overwrite the record.", "Name another file for it.")
    asked = {"fs_hz": given.fs, "units": given.units, "leads": given.leads, "gain": given.gain}
    asked.update({"explain": "true" if given.explain else None, "statements": given.statements})
    query = {name: value for name, value in asked.items() if value}
    identity = identity_of(given.bearer.strip(), given.sigv4)
    answers = Service(given.url, given.api_key.strip(), given.timeout, identity).diagnosis(files, query, list(outputs))
    answer = answers[JSON]
    try:
        show(answer.body if given.json else text_of(answer.content).encode(sys.stdout.encoding, "replace"))
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError):
        raise answer.foreign() from None
    for form, out in outputs.items():
        out.write_bytes(answers[form].body)


def show(line: bytes) -> None:
    """Prints the bytes as they are."""
    sys.stdout.buffer.write(line + b"\n")
    sys.stdout.flush()


def main() -> int:
    given = options()
    try:
        try:
            run(given)
        except Failure as failure:
            print(failure, file=sys.stderr)
            if given.json and failure.answer:
                show(failure.answer)
            return failure.exit_status
    except BrokenPipeError:
        # The program that reads our output has ended. Python must not fail again when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return REFUSED
    except OSError as error:
        print(f"The answer cannot be written: {clean(error)}", file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        return INTERRUPTED
    return 0


if __name__ == "__main__":
    sys.exit(main())
