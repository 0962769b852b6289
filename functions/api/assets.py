"""A file that a page loads: compressed once, and kept by browsers.

Assets are sent compressed only. Anybody can ask for them without a key, and a quarter of the bytes costs a quarter.
"""

import gzip
from dataclasses import dataclass
from hashlib import sha256

from starlette.requests import Request
from starlette.responses import Response

from functions.api.negotiation import takes_gzip
from functions.api.problems import NotAcceptable

# Half the time of the largest compression, for 0.3 % more bytes.
COMPRESSION = 6
TAG_DIGITS = 16
# Cache-Control of an asset whose address holds its tag. Other bytes have another address.
KEEP_FOR_EVER = "public, max-age=31536000, immutable"
# Cache-Control of an asset at any other address: a browser asks again after a day.
KEEP_FOR_A_DAY = "public, max-age=86400"


@dataclass(frozen=True)
class Asset:
    """packed: the bytes, compressed with gzip. tag: other bytes have another tag."""

    packed: bytes
    media_type: str
    tag: str

    @classmethod
    def of(cls, content: bytes, media_type: str) -> "Asset":
        # Without a time, the same file gives the same bytes.
        return cls(gzip.compress(content, COMPRESSION, mtime=0), media_type, tag_of(content))


def tag_of(content: bytes) -> str:
    return sha256(content).hexdigest()[:TAG_DIGITS]


def answer(asset: Asset, request: Request) -> Response:
    """The asset, or 304 if the client has it. Raises NotAcceptable if the client takes no gzip."""
    tag, sent = f'"{asset.tag}"', request.headers
    keep = KEEP_FOR_EVER if request.query_params.get("v") == asset.tag else KEEP_FOR_A_DAY
    headers = {"etag": tag, "cache-control": keep, "vary": "accept-encoding"}
    if tag in sent.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    if not takes_gzip(sent.get("accept-encoding")):
        raise NotAcceptable("This file is sent compressed only.", "Accept the encoding gzip.")
    return Response(asset.packed, headers={**headers, "content-encoding": "gzip"}, media_type=asset.media_type)
