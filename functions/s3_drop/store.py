"""An S3 bucket as a Store of the drop."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError
from urllib3.exceptions import ProtocolError

from ecg_core.drop import Archived, Conflict, Entry, Stored
from ecg_core.drop.addresses import MAX_KEY_BYTES, key_bytes
from ecg_core.errors import FileTooLarge
from functions.s3 import MISSING, status_of

# Codes of a conditional PUT: the object was changed by another writer, is being written, or is gone.
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}

# How often a body that ended too early is read again. botocore retries a failed call, but not reading its body.
TORN_BODIES = 2
_TORN = (IncompleteReadError, ResponseStreamingError, ProtocolError)


class BucketStore:
    """Every method passes on what botocore raises: without an answer of S3, nothing is known about the object.

    prefix: put before every key, so the drop does not see it. before_call: called before each call; it may raise.
    """

    def __init__(
        self, client: Any, bucket: str, prefix: str = "", before_call: Callable[[], None] = lambda: None
    ) -> None:
        self._client, self._bucket, self._prefix, self._before_call = client, bucket, prefix, before_call
        self.longest = MAX_KEY_BYTES - len(key_bytes(prefix))

    def get(self, key: str, limit: int) -> Stored | None:
        for _ in range(TORN_BODIES):
            try:
                return self._whole(key, limit)
            except _TORN:
                continue
        return self._whole(key, limit)

    def range(self, entry: Entry, offset: int, length: int) -> bytes:
        for _ in range(TORN_BODIES):
            try:
                return self._range(entry, offset, length)
            except _TORN:
                continue
        return self._range(entry, offset, length)

    def _range(self, entry: Entry, offset: int, length: int) -> bytes:
        self._before_call()
        try:
            found = self._client.get_object(
                Bucket=self._bucket,
                Key=self._prefix + entry.key,
                Range=f"bytes={offset}-{offset + length - 1}",
                IfMatch=entry.etag,
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in ("PreconditionFailed", "NoSuchKey", "412", "InvalidRange"):
                raise Conflict from error
            if code == "InvalidObjectState":
                raise Archived(entry.key) from error
            raise
        with found["Body"] as body:
            data: bytes = body.read()
        return data

    def _whole(self, key: str, limit: int) -> Stored | None:
        if self._is_too_long(key):
            return None
        self._before_call()
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            if status_of(error) == MISSING and error.response["Error"]["Code"] == "NoSuchKey":
                return None
            if error.response["Error"]["Code"] == "InvalidObjectState":
                raise Archived(key) from error
            raise
        with found["Body"] as body:
            if found["ContentLength"] > limit:
                # The body is closed unread, so it is not downloaded.
                raise FileTooLarge(f"The object is larger than {limit:,} bytes.")
            data = body.read()
        about = _entry(key, found, found["ContentLength"])
        return Stored(key, about.size, about.etag, about.modified, about.version, about.metadata, data)

    def head(self, key: str) -> Entry | None:
        if self._is_too_long(key):
            return None
        self._before_call()
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            # A HEAD has no body, so no error code: a missing bucket looks like a missing object. The next GET tells.
            if status_of(error) == MISSING:
                return None
            raise
        return _entry(key, found, found["ContentLength"])

    def list(self, prefix: str, after: str = "") -> Iterator[Entry]:
        if self._is_too_long(prefix):
            return
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix, StartAfter=self._prefix + after if after else ""
        )
        for page in pages:
            self._before_call()
            for found in page.get("Contents", []):
                yield _entry(found["Key"].removeprefix(self._prefix), found, found["Size"])

    def _is_too_long(self, key: str) -> bool:
        """Whether the key is longer than S3 allows. S3 answers every call with such a key with an error."""
        return len(key_bytes(key)) > self.longest

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        self._before_call()
        condition = {"IfMatch": replaces} if replaces else {"IfNoneMatch": "*"}
        try:
            self._client.put_object(
                Bucket=self._bucket,
                Key=self._prefix + key,
                Body=body,
                ContentType=content_type,
                Metadata=dict(metadata),
                **condition,
            )
        except ClientError as error:
            if error.response["Error"]["Code"] in _CONFLICTS:
                raise Conflict from error
            raise


def _entry(key: str, found: Mapping[str, Any], size: int) -> Entry:
    version = found.get("VersionId")
    return Entry(
        key,
        size,
        found["ETag"],
        found["LastModified"],
        None if version == "null" else version,
        found.get("Metadata", {}),
    )
