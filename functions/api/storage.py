"""Uploads go to the drop's inbox bucket, their results come from its results bucket. The drop classifies them."""

import re
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any

from functions import s3
from functions.api.problems import ResultNotFound, StorageUnavailable, UploadsNotConfigured
from functions.api.settings import Settings

if TYPE_CHECKING:
    from ecg_core.recording import Recording

ID_BYTES = 16
UPLOAD_ID = re.compile("^[0-9a-f]{32}$")
# For the upload to begin. The client has the file at hand, and how long it then takes does not matter.
UPLOAD_SECONDS = 300
PREFIX = "uploads/"
# API Gateway ends a call after 29 s: two attempts must fit.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 8, 2


@dataclass(frozen=True)
class Upload:
    """id: the id of the result. url, headers: of a presigned PUT, whose body is the file."""

    id: str
    url: str
    headers: dict[str, str]


class Storage:
    """Every method raises UploadsNotConfigured without buckets, and StorageUnavailable if S3 does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._inbox, self._results = settings.inbox, settings.results
        self._making = Lock()
        self._made: Any = None

    def new_upload(self, size: int, stated: Mapping[str, str]) -> Upload:
        """An address for one file of exactly so many bytes, valid once and for UPLOAD_SECONDS. Its key is random.

        stated: the options of the file, as metadata of the drop. S3 enforces all of it: the headers are signed, and it
        refuses a PUT with If-None-Match if the key exists.
        """
        inbox, _ = self._buckets()
        from botocore.exceptions import BotoCoreError

        upload_id = secrets.token_hex(ID_BYTES)
        signed = {
            "Bucket": inbox,
            "Key": PREFIX + upload_id,
            "ContentLength": size,
            "IfNoneMatch": "*",
            "Metadata": dict(stated),
        }
        try:
            url = self._client.generate_presigned_url("put_object", Params=signed, ExpiresIn=UPLOAD_SECONDS)
        except BotoCoreError as error:
            raise StorageUnavailable("The storage does not answer.") from error
        metadata = {f"x-amz-meta-{name}": text for name, text in stated.items()}
        return Upload(upload_id, url, {"content-length": str(size), "if-none-match": "*", **metadata})

    def read(self, upload_id: str, made: Callable[["Recording"], bytes]) -> bytes:
        """What is made of the recording in an uploaded file, read as the drop reads it: a large one by ranges.

        Raises ResultNotFound without a file, and what reading it raises.
        """
        inbox, _ = self._buckets()
        from botocore.exceptions import BotoCoreError, ClientError

        from ecg_core.drop.options import options_of, stated
        from ecg_core.drop.sources import Sources
        from ecg_core.drop.store import Archived, Conflict
        from ecg_core.readers import read
        from functions.s3_drop.store import BucketStore

        sources, key = Sources(BucketStore(self._client, inbox)), PREFIX + upload_id
        try:
            if not sources.exists(key):
                raise ResultNotFound("No file is at this address.")
            (file,) = sources.of((key,))
            return made(read({upload_id: file.source or file.body}, **options_of(stated(file.metadata))))
        except (Archived, Conflict):
            raise ResultNotFound("The file at this address cannot be read any more.") from None
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable("The storage does not answer.") from error

    def outcome(self, upload_id: str) -> bytes | None:
        """The outcome as JSON, or None while the uploaded file has none yet. Raises ResultNotFound without a file."""
        inbox, results = self._buckets()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._get(results, f"{PREFIX}{upload_id}.json")
            if found is None and not self._exists(inbox, PREFIX + upload_id):
                raise ResultNotFound("Neither a file nor a result is at this address.")
            if found == b"":
                # The drop may not delete: it empties what no longer holds.
                raise ResultNotFound("The result at this address was withdrawn.")
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable("The storage does not answer.") from error
        return found

    def _buckets(self) -> tuple[str, str]:
        if not (self._inbox and self._results):
            raise UploadsNotConfigured("Uploads are not set up here.")
        return self._inbox, self._results

    @property
    def _client(self) -> Any:
        """Created once, under a lock: boto3's default session must not create two clients at the same time."""
        with self._making:
            self._made = self._made or s3.client(CONNECT_SECONDS, READ_SECONDS, ATTEMPTS)
        return self._made

    def _get(self, bucket: str, key: str) -> bytes | None:
        try:
            body: bytes = self._client.get_object(Bucket=bucket, Key=key)["Body"].read()
        except self._client.exceptions.NoSuchKey:
            return None
        return body

    def _exists(self, bucket: str, key: str) -> bool:
        from botocore.exceptions import ClientError

        try:
            self._client.head_object(Bucket=bucket, Key=key)
        except ClientError as error:
            if s3.status_of(error) == s3.MISSING:
                return False
            raise
        return True
