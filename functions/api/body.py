"""The body of a request -> the files of one record: multipart/form-data, or the bare bytes of one file.

The limits of multipart are enforced here. The limit of the whole body is in edge.py.
"""

import re
from collections.abc import AsyncGenerator, Coroutine
from typing import Any

from python_multipart.multipart import parse_options_header
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ecg_core.recording import MAX_BYTES
from functions.api.problems import BodyInvalid, FileMissing, RequestError, RequestInvalid

MULTIPART = "multipart/form-data"
FIELD = "file"
UNNAMED = "upload"
# Enough for a record of twelve signal files and a header.
MAX_PARTS = 64
# Text fields are read past and not used.
MAX_FIELDS = 16
MAX_FIELD_BYTES = 1_000
# The longest name that file systems take.
MAX_FILENAME = 255
# Characters of the query's list of leads: 512 channels.
MAX_LEADS = 2_000
# A body is handed to the parser in pieces. The parser keeps an object for each part of a piece and frees all of them at
# once. With larger pieces, other threads would stand still for 30 ms.
PIECE_BYTES = 65_536
# RFC 2046, section 5.1.1.
_BOUNDARY = re.compile(rb"[0-9A-Za-z'()+_,./:=? -]{1,70}")


class _Parser(MultiPartParser):
    # Files stay in memory, not on disk: above this size a file would go to disk, and no body is that large.
    spool_max_size = 2 * MAX_BYTES
    ended = False

    def on_end(self) -> None:
        self.ended = True

    @classmethod
    def of(cls, content_type: str, body: bytes) -> "_Parser":
        """Raises BodyInvalid without a valid boundary."""
        limits = {"max_files": MAX_PARTS, "max_fields": MAX_FIELDS, "max_part_size": MAX_FIELD_BYTES}
        parser = cls(_only_boundary(content_type), _pieces(body), **limits)
        parser.stream = parser._to_the_end(parser.stream)
        return parser

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The stream of the body. Raises MultiPartException if it ends within a part: the file would be cut short."""
        async for chunk in stream:
            yield chunk
        if not self.ended:
            raise MultiPartException("The last boundary is missing.")


def _only_boundary(content_type: str) -> Headers:
    """The content type with the boundary only. A charset would let the sender choose a codec that takes quadratic time.

    Raises BodyInvalid without a valid boundary.
    """
    boundary = parse_options_header(content_type)[1].get(b"boundary", b"")
    if not _BOUNDARY.fullmatch(boundary):
        raise BodyInvalid("The multipart body names no valid boundary.")
    return Headers({"content-type": f'{MULTIPART}; boundary="{boundary.decode()}"'})


async def body_of(request: Request) -> bytes:
    """The whole body. Raises BodyInvalid, and what reading the body raises."""
    if request.headers.get("content-encoding", "identity").lower() != "identity":
        raise BodyInvalid("The body is compressed.", "Send it without Content-Encoding; a zip may hold the files.")
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
        return bytes(body)
    finally:
        # The traceback of a refusal holds this frame until the answer is sent, and the rest of the body comes first.
        body.clear()


def files_of(content_type: str, body: bytes, filename: str | None) -> dict[str, bytes]:
    """The parts named "file" of a multipart body, or the bare body under the given name.

    It can take seconds for a hostile body, so it belongs into a thread. Raises BodyInvalid, FileMissing and
    RequestInvalid.
    """
    if content_type.split(";")[0].strip().lower() != MULTIPART:
        return {_name(filename or UNNAMED): body}
    return _now(_parts(content_type, body))


async def _parts(content_type: str, body: bytes) -> dict[str, bytes]:
    try:
        form = await _Parser.of(content_type, body).parse()
    except MultiPartException as error:
        raise _refusal_of(error) from error
    except (LookupError, ValueError) as error:
        raise BodyInvalid("The multipart body cannot be read.") from error
    try:
        parts = [part for part in form.getlist(FIELD) if isinstance(part, UploadFile)]
        files = {_name(part.filename or UNNAMED): await part.read() for part in parts}
    finally:
        await form.close()
    if not files:
        raise FileMissing("No part of the body is a file with the field name file.")
    if len(files) < len(parts):
        raise RequestInvalid("Two files came under the same name.", "Send each file of the record once.")
    return files


async def _pieces(body: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), PIECE_BYTES):
        yield body[start : start + PIECE_BYTES]


def _now(work: Coroutine[Any, Any, dict[str, bytes]]) -> dict[str, bytes]:
    """The result of a coroutine that waits for nothing: the body is here, and the parser's files stay in memory."""
    try:
        work.send(None)
    except StopIteration as done:
        files: dict[str, bytes] = done.value
        return files
    work.close()
    raise RuntimeError("The parser waits for something.")


def _refusal_of(error: MultiPartException) -> RequestError:
    """Which limit was passed. The parser has one exception for all of them, so only the text tells."""
    if error.message.startswith("Too many files"):
        return RequestInvalid(f"More than {MAX_PARTS} files came.", "Send one record; its files may come as one zip.")
    if "exceeded maximum size" in error.message:
        return FileMissing(f"A text field is longer than {MAX_FIELD_BYTES:,} bytes.")
    return BodyInvalid("The multipart body cannot be read.")


def _name(name: str) -> str:
    if len(name) > MAX_FILENAME:
        raise RequestInvalid(f"The file's name is longer than {MAX_FILENAME} characters.")
    return name
