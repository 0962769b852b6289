"""The body of a request -> the files of one record."""

from collections.abc import AsyncGenerator

from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request

from ecg_core.recording import MAX_BYTES
from functions.api.problems import BodyInvalid, FileMissing, RequestInvalid

FIELD = "file"
UNNAMED = "upload"
# A record of twelve signal files and its header, and some notes beside it.
MAX_PARTS = 64
MAX_FIELDS = 16
MAX_FIELD_BYTES = 64_000
# No file system takes a longer name.
MAX_FILENAME = 255


class _Parser(MultiPartParser):
    # Nothing of a file goes to the disk: the body's own limit keeps the memory small.
    spool_max_size = 2 * MAX_BYTES
    ended = False

    def on_end(self) -> None:
        self.ended = True

    @classmethod
    def of(cls, request: Request) -> "_Parser":
        limits = {"max_files": MAX_PARTS, "max_fields": MAX_FIELDS, "max_part_size": MAX_FIELD_BYTES}
        parser = cls(request.headers, request.stream(), **limits)
        parser.stream = parser._to_the_end(parser.stream)
        return parser

    async def _to_the_end(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        """The stream; one that stops within a part is an error, not a shorter file."""
        async for chunk in stream:
            yield chunk
        if not self.ended:
            raise MultiPartException("The last boundary is missing.")


async def files_of(request: Request, filename: str | None) -> dict[str, bytes]:
    """The parts named file of a multipart body, or the bare body under the given name.

    Raises BodyInvalid, FileMissing, RequestInvalid, and what reading the body raises.
    """
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "multipart/form-data":
        return {_name(filename or UNNAMED): await request.body()}
    try:
        form = await _Parser.of(request).parse()
    except (MultiPartException, LookupError, ValueError) as error:
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


def _name(name: str) -> str:
    if len(name) > MAX_FILENAME:
        raise RequestInvalid(f"The file's name is longer than {MAX_FILENAME} characters.")
    return name
