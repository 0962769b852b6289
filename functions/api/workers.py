"""Threads that classify, one for each core. More threads would only wait for each other."""

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from starlette.requests import ClientDisconnect
from starlette.types import Receive

Answer = TypeVar("Answer")


class Workers:
    """alone: this process serves one request at a time. Then no thread is used; it would take half a millisecond.

    The queue has no limit of its own, because capacity.py limits the waiting requests.
    """

    def __init__(self, alone: bool) -> None:
        self._cores = None if alone else ThreadPoolExecutor(os.cpu_count(), thread_name_prefix="classify")

    async def run(self, work: Callable[[], Answer], receive: Receive) -> Answer:
        """Returns the result of work. If the client disconnects before work starts, raises ClientDisconnect instead."""
        if self._cores is None:
            return work()
        queued = self._cores.submit(work)
        done = asyncio.wrap_future(queued)
        gone = asyncio.ensure_future(_disconnected(receive))
        try:
            await asyncio.wait((done, gone), return_when=asyncio.FIRST_COMPLETED)
            if queued.cancel():
                raise ClientDisconnect
            return await done
        finally:
            queued.cancel()
            gone.cancel()


async def _disconnected(receive: Receive) -> None:
    """Returns when the client has disconnected."""
    while (await receive())["type"] != "http.disconnect":
        pass
