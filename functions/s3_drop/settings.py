"""The settings of the function behind the inbox, from environment variables."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from ecg_core.drop.addresses import NAMED


@dataclass(frozen=True)
class Settings:
    """inbox, results: names of buckets. backfill: another bucket that the backfill reads, None without one.

    forms: extensions of the forms to write beside each result. patience: how long a record may wait for missing files
    before it is answered without them.
    """

    inbox: str
    results: str
    backfill: str | None = None
    forms: tuple[str, ...] = ()
    patience: timedelta = timedelta(hours=24)

    @classmethod
    def of(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises ValueError for a wrong setting, so that the function does not start."""
        inbox, results = environment.get("INBOX_BUCKET"), environment.get("RESULTS_BUCKET")
        backfill = environment.get("BACKFILL_BUCKET") or None
        if not inbox or not results or results in (inbox, backfill):
            raise ValueError("INBOX_BUCKET and RESULTS_BUCKET must name two different buckets.")
        asked = [name.strip() for name in environment.get("FORMS", "").split(",") if name.strip()]
        if not set(asked) <= set(NAMED):
            raise ValueError(f"FORMS may name {', '.join(NAMED)}.")
        hours = float(environment.get("WAIT_HOURS") or 24)
        return cls(inbox, results, backfill, tuple(NAMED[name] for name in asked), timedelta(hours=hours))
