"""A bucket as a Store."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError
from urllib3.exceptions import ProtocolError

from ecg_core.drop import Conflict, Entry, Stored
from ecg_core.drop.addresses import MAX_KEY_BYTES, key_bytes
from ecg_core.errors import FileTooLarge
from functions.s3 import MISSING, status_of

# Somebody else's write was ahead, or is under way, or what was to be replaced is gone.
_CONFLICTS = {"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"}


# Bodies that end too early and are asked for again: botocore repeats a call, and not the reading of its answer.
TORN_BODIES = 2
_TORN = (IncompleteReadError, ResponseStreamingError, ProtocolError)


class BucketStore:
    """Every method raises what botocore raises: an answer that is none says nothing about the object.

    prefix: of all keys; the drop does not see it. hurry: called ahead of each call, may raise.
    """

    def __init__(self, client: Any, bucket: str, prefix: str = "", hurry: Callable[[], None] = lambda: None) -> None:
        self._client, self._bucket, self._prefix, self._hurry = client, bucket, prefix, hurry
        self.longest = MAX_KEY_BYTES - len(key_bytes(prefix))

    def get(self, key: str, limit: int) -> Stored | None:
        for _ in range(TORN_BODIES):
            try:
                return self._whole(key, limit)
            except _TORN:
                continue
        return self._whole(key, limit)

    def _whole(self, key: str, limit: int) -> Stored | None:
        if self._is_too_long(key):
            return None
        self._hurry()
        try:
            found = self._client.get_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            if status_of(error) == MISSING and error.response["Error"]["Code"] == "NoSuchKey":
                return None
            raise
        with found["Body"] as body:
            if found["ContentLength"] > limit:
                # Closed without being read: no byte of it crosses the network.
                raise FileTooLarge(f"The object is larger than {limit:,} bytes.")
            data = body.read()
        about = _entry(key, found, found["ContentLength"])
        return Stored(key, about.size, about.etag, about.modified, about.version, about.metadata, data)

    def head(self, key: str) -> Entry | None:
        if self._is_too_long(key):
            return None
        self._hurry()
        try:
            found = self._client.head_object(Bucket=self._bucket, Key=self._prefix + key)
        except ClientError as error:
            # A HEAD has no body, and so no code: a missing bucket says the same, and the next call will tell.
            if status_of(error) == MISSING:
                return None
            raise
        return _entry(key, found, found["ContentLength"])

    def list(self, prefix: str) -> Iterator[Entry]:
        if self._is_too_long(prefix):
            return
        pages = self._client.get_paginator("list_objects_v2").paginate(
            Bucket=self._bucket, Prefix=self._prefix + prefix
        )
        for page in pages:
            self._hurry()
            for found in page.get("Contents", []):
                yield _entry(found["Key"].removeprefix(self._prefix), found, found["Size"])

    def _is_too_long(self, key: str) -> bool:
        """S3 refuses the question, whatever it is."""
        return len(key_bytes(key)) > self.longest

    def put(
        self, key: str, body: bytes, *, replaces: str | None, content_type: str, metadata: Mapping[str, str]
    ) -> None:
        self._hurry()
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
