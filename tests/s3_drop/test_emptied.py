"""What the API says of an outcome that the drop has emptied."""

import pytest

from functions.api.problems import ResultNotFound
from functions.api.settings import Settings
from functions.api.storage import Storage
from tests.s3_drop.cloud import INBOX, RESULTS, Cloud

ID = "0123456789abcdef" * 2


@pytest.mark.parametrize("there", [False, True])
def test_an_emptied_outcome_is_no_result(aws: Cloud, monkeypatch: pytest.MonkeyPatch, there: bool) -> None:
    for name, value in aws.environment.items():
        monkeypatch.setenv(name, value)
    aws.s3.put_object(Bucket=RESULTS, Key=f"uploads/{ID}.json", Body=b"")
    if there:
        aws.drop({f"uploads/{ID}": b"signal"})
    with pytest.raises(ResultNotFound):
        Storage(Settings(INBOX, RESULTS)).outcome(ID)
