"""The drop on a bucket of an S3-compatible store that sends no events: it lists the inbox again and again.

The variables are those of the function (s3_drop/settings.py) and of boto3: AWS_ENDPOINT_URL, AWS_ACCESS_KEY_ID,
AWS_SECRET_ACCESS_KEY, AWS_REGION. One process for one inbox: two would only do the same work twice.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from ecg_core.drop import Answer, Conflict
from ecg_core.drop.watch import Watcher
from ecg_core.model.classifier import default_classifier
from functions import log, s3
from functions.s3_drop.settings import Settings
from functions.s3_drop.store import BucketStore

CONNECT_SECONDS, READ_SECONDS, ATTEMPTS = 2, 20, 4
INTERVAL_S = 2.0
# Written at the start, twice, and deleted.
PROBE = "manifests/probe-of-conditional-writes"
NO_ETAG = f'"{"0" * 32}"'
WRONG, FAILED = 2, 3


class PolledBucket(BucketStore):
    """On AWS a lifecycle rule expires settled notes. Other stores may have none, so they are deleted here."""

    def __init__(self, client: Any, bucket: str) -> None:
        super().__init__(client, bucket)
        self._bucket_client, self._name = client, bucket

    def expire(self, prefix: str, before: datetime) -> None:
        for entry in list(self.list(prefix)):
            if not entry.size and entry.modified < before:
                self._bucket_client.delete_object(Bucket=self._name, Key=entry.key)

    def create(self) -> None:
        """Makes the bucket, if there is none."""
        try:
            self._bucket_client.head_bucket(Bucket=self._name)
        except ClientError as error:
            if s3.status_of(error) != s3.MISSING:
                raise
            region = self._bucket_client.meta.region_name
            where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
            self._bucket_client.create_bucket(Bucket=self._name, **where)

    def keeps_conditions(self) -> bool:
        """Whether the store refuses a conditional write. One that ignores the condition would lose outcomes."""

        def refused(replaces: str | None) -> bool:
            try:
                self.put(PROBE, b"probe", replaces=replaces, content_type="text/plain", metadata={})
            except Conflict:
                return True
            return False

        try:
            # The first may write, the second may not.
            return (refused(None) or refused(None)) and refused(NO_ETAG)
        finally:
            with suppress(ClientError):
                self._bucket_client.delete_object(Bucket=self._name, Key=PROBE)


def main(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="drop", description=(__doc__ or "").partition("\n\n")[0])
    parser.add_argument("--create", action="store_true", help="make the two buckets if they are missing")
    parser.add_argument("--once", action="store_true", help="answer what is there, then end")
    parser.add_argument("--interval", type=float, default=INTERVAL_S, metavar="S", help="seconds between two looks")
    options = parser.parse_args(arguments)
    try:
        settings = Settings.of()
        client = s3.client(CONNECT_SECONDS, READ_SECONDS, ATTEMPTS)
        inbox, results = (PolledBucket(client, name) for name in (settings.inbox, settings.results))
        for bucket in (inbox, results) if options.create else ():
            bucket.create()
        kept = results.keeps_conditions()
    except ValueError as error:
        print(error, file=sys.stderr)
        return WRONG
    except (BotoCoreError, ClientError) as error:
        print(f"The store cannot be used: {type(error).__name__}.", file=sys.stderr)
        return FAILED
    if not kept:
        print(
            "The store ignores If-Match or If-None-Match of a PUT. Outcomes could be lost: see the guide.",
            file=sys.stderr,
        )
        return WRONG
    faults = []

    def failed(fault: Exception) -> None:
        faults.append(type(fault))
        log.fault(fault)

    watcher = Watcher(inbox, results, default_classifier(), settings.forms, settings.patience)
    if options.once:
        # An object is answered when two listings show it unchanged.
        watcher.look(_answered, failed)
        time.sleep(options.interval)
        watcher.look(_answered, failed)
        watcher.sweep(_answered, failed)
        return FAILED if faults else 0
    with suppress(KeyboardInterrupt):
        watcher.forever(_answered, failed, options.interval)
    return 0


def _answered(answer: Answer) -> None:
    log.line("record", record=log.hashed(answer.key), state=answer.state, code=answer.code)
