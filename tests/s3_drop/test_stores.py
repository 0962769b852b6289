"""What the drop asks of a store, held by all three: memory, a folder, a bucket."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import pytest

from ecg_core.drop import Conflict, Store
from ecg_core.drop.folder import FolderStore
from ecg_core.errors import FileTooLarge
from functions.s3_drop.store import BucketStore
from tests.s3_drop.cloud import RESULTS, cloud
from tests.unit.drop.fake import Clock, MemoryStore

NAMES = ["a.csv", "a/b/record.hea", "ü/ö +%41.csv", "a/ b?&=#.csv", "'\"<>.csv"]


@pytest.fixture(scope="module")
def client() -> Iterator[object]:
    with cloud(notified=False) as aws:
        yield aws.s3


@pytest.fixture(params=["memory", "folder", "bucket", "prefixed"])
def store(request: pytest.FixtureRequest, tmp_path: Path, client: "boto3.client") -> Store:
    makers: dict[str, Callable[[], Store]] = {
        "memory": lambda: MemoryStore(Clock()),
        "folder": lambda: FolderStore(tmp_path / "store"),
        # Keys of one test stay out of the others' way.
        "bucket": lambda: BucketStore(client, RESULTS, f"{tmp_path.name}/"),
        "prefixed": lambda: BucketStore(client, RESULTS, f"backfill/{tmp_path.name}/"),
    }
    return makers[request.param]()


def write(store: Store, key: str, body: bytes = b"body", replaces: str | None = None) -> None:
    store.put(key, body, replaces=replaces, content_type="application/json", metadata={"model-sha256": "f" * 64})


@pytest.mark.parametrize("key", NAMES)
def test_a_written_object_can_be_read(store: Store, key: str) -> None:
    write(store, key)
    found, head = store.get(key, 4), store.head(key)
    assert found is not None
    assert head is not None
    assert (found.key, found.body, found.size, found.metadata) == (key, b"body", 4, {"model-sha256": "f" * 64})
    assert (head.key, head.size, head.etag, head.metadata) == (key, 4, found.etag, found.metadata)
    assert [(entry.key, entry.size, entry.etag) for entry in store.list(key)] == [(key, 4, found.etag)]


def test_a_missing_object_is_none(store: Store) -> None:
    write(store, "a/b.csv")
    for key in ("a", "a/b", "a/b.csv.json", "x/y/z"):
        assert store.get(key, 10) is None
        assert store.head(key) is None
    assert list(store.list("a/c")) == list(store.list("x/")) == []


def test_more_than_the_limit_is_refused(store: Store) -> None:
    write(store, "a")
    with pytest.raises(FileTooLarge):
        store.get("a", 3)


def test_only_the_first_write_creates_an_object(store: Store) -> None:
    write(store, "a")
    with pytest.raises(Conflict):
        write(store, "a", b"second")
    assert store.get("a", 99).body == b"body"  # type: ignore[union-attr]


def test_only_the_version_that_was_read_is_replaced(store: Store) -> None:
    write(store, "a")
    seen = store.head("a").etag  # type: ignore[union-attr]
    write(store, "a", b"second", seen)
    with pytest.raises(Conflict):
        write(store, "a", b"third", seen)
    assert store.get("a", 99).body == b"second"  # type: ignore[union-attr]


def test_a_deleted_object_is_not_replaced(store: Store) -> None:
    with pytest.raises(Conflict):
        write(store, "a", b"body", '"0123"')


def test_an_empty_object_is_one(store: Store) -> None:
    write(store, "waiting/a", b"")
    assert store.get("waiting/a", 0).body == b""  # type: ignore[union-attr]
    assert [entry.size for entry in store.list("waiting/")] == [0]


def test_keys_are_listed_by_their_prefix_and_in_order(store: Store) -> None:
    keys = ["a.b", "a/b", "a/b.hea", "a/bc/d", "a/c", "b/b"]
    for key in [key for key in reversed(keys) if key not in ("a/b",)]:
        write(store, key)
    assert [entry.key for entry in store.list("a/b")] == ["a/b.hea", "a/bc/d"]
    assert [entry.key for entry in store.list("a/")] == ["a/b.hea", "a/bc/d", "a/c"]
    assert [entry.key for entry in store.list("")] == ["a.b", "a/b.hea", "a/bc/d", "a/c", "b/b"]
    assert [entry.key for entry in store.list("a", "a/b.hea")] == ["a/bc/d", "a/c"]


def test_an_object_knows_when_it_came(store: Store) -> None:
    if isinstance(store, MemoryStore):
        store.clock.now = datetime.now(UTC)
    write(store, "a")
    for found in (store.get("a", 9), store.head("a"), *store.list("a")):
        assert found is not None
        # A wrong time zone would be an hour away.
        assert abs(found.modified - datetime.now(UTC)) < timedelta(minutes=50)


def test_a_missing_bucket_is_not_an_empty_bucket(client: "boto3.client") -> None:
    store = BucketStore(client, "no-such-bucket")
    for call in (lambda: store.get("a", 1), lambda: list(store.list("")), lambda: write(store, "a")):
        with pytest.raises(client.exceptions.NoSuchBucket):
            call()


def test_many_keys_are_listed_page_by_page(client: "boto3.client", monkeypatch: pytest.MonkeyPatch) -> None:
    # S3's pages have 1000 keys.
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "10")
    store = BucketStore(client, RESULTS, "many/")
    for index in range(25):
        client.put_object(Bucket=RESULTS, Key=f"many/{index:05}", Body=b"")
    assert len(client.list_objects_v2(Bucket=RESULTS, Prefix="many/")["Contents"]) == 10
    assert [entry.key for entry in store.list("")] == [f"{index:05}" for index in range(25)]
