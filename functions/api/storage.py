"""Uploads and their results in the drop's two buckets."""

import re
import secrets
from dataclasses import dataclass
from threading import Lock
from typing import Any

from ecg_core.recording import MAX_BYTES
from functions import s3
from functions.api.problems import ResultNotFound, StorageUnavailable, UploadsNotConfigured
from functions.api.settings import Settings

ID_BYTES = 16
UPLOAD_ID = re.compile("^[0-9a-f]{32}$")
UPLOAD_SECONDS = 900
PREFIX = "uploads/"
# API Gateway ends a call at 29 s: two tries must fit.
CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 3, 8, 2


@dataclass(frozen=True)
class Upload:
    """url, fields: the form of the presigned POST, its file last. id: of the result."""

    id: str
    url: str
    fields: dict[str, str]


class Storage:
    """Every method raises UploadsNotConfigured without buckets and StorageUnavailable where S3 does not answer."""

    def __init__(self, settings: Settings) -> None:
        self._inbox, self._results = settings.inbox, settings.results
        self._making = Lock()
        self._made: Any = None

    def new_upload(self) -> Upload:
        """An address for one file: its key says nothing of the sender, 15 minutes, at most MAX_BYTES."""
        inbox, _ = self._buckets()
        from botocore.exceptions import BotoCoreError

        upload_id = secrets.token_hex(ID_BYTES)
        try:
            form = self._client.generate_presigned_post(
                inbox,
                PREFIX + upload_id,
                Conditions=[["content-length-range", 1, MAX_BYTES]],
                ExpiresIn=UPLOAD_SECONDS,
            )
        except BotoCoreError as error:
            raise StorageUnavailable("The storage does not answer.") from error
        return Upload(upload_id, form["url"], form["fields"])

    def outcome(self, upload_id: str) -> bytes | None:
        """The outcome's JSON; None while only the file is there. Raises ResultNotFound."""
        inbox, results = self._buckets()
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            found = self._get(results, f"{PREFIX}{upload_id}.json")
            if found is None and not self._exists(inbox, PREFIX + upload_id):
                raise ResultNotFound("Neither a file nor a result is at this address.")
        except (BotoCoreError, ClientError) as error:
            raise StorageUnavailable("The storage does not answer.") from error
        return found

    def _buckets(self) -> tuple[str, str]:
        if not (self._inbox and self._results):
            raise UploadsNotConfigured("Uploads are not set up here.")
        return self._inbox, self._results

    @property
    def _client(self) -> Any:
        """Made once: boto3's default session is not safe to make two at a time."""
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
