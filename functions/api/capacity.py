"""Limits for all requests of one process together. Not used on Lambda: a process there gets one request at a time."""

import asyncio
from dataclasses import dataclass

from starlette.types import Message, Receive

from ecg_core.recording import MAX_BYTES
from functions.api.problems import RequestTimeout, ServiceBusy

# A client that sends nothing for this time is considered gone.
SILENCE_SECONDS = 10.0
# 0.4 Mbit/s. Every line that is used for such files is faster. The largest body takes eight minutes at this rate.
MIN_BYTES_PER_SECOND = 50_000
# Bodies that are being received, waiting, or being classified. This also limits the queue: with 30 ms for a record and
# two cores, the last request waits 1.5 s.
MAX_BODIES = 100
# Four of the largest records, which fit into the memory of a laptop. Parsing a body makes more copies, but only for as
# many bodies as there are cores.
MAX_HELD_BYTES = 4 * MAX_BYTES
# Bytes that each body may always hold: ten seconds of twelve leads at 1000 Hz. So a few large bodies that have stalled
# cannot block ordinary records.
SMALL_BYTES = 250_000


@dataclass(frozen=True)
class Limits:
    """silence_s: seconds. min_rate: bytes per second. bodies: a count. held, small: bytes."""

    silence_s: float = SILENCE_SECONDS
    min_rate: int = MIN_BYTES_PER_SECOND
    bodies: int = MAX_BODIES
    held: int = MAX_HELD_BYTES
    small: int = SMALL_BYTES


USUAL = Limits()


class Capacity:
    """What the requests hold now."""

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self.bodies = self.held = 0


class Held:
    """One body: the bytes that are held for it, and the time limit for the next bytes.

    Every received byte extends the time limit, up to silence_s from now.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity, self._limits = capacity, capacity.limits
        self._counted = False
        self._large = self._received = 0
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + self._limits.silence_s

    def enter(self, announced: int) -> None:
        """Counts a new body. announced: its size, 0 if unknown. Raises ServiceBusy if there is no room for it."""
        large = max(announced - self._limits.small, 0)
        if self._capacity.bodies >= self._limits.bodies or self._capacity.held + large > self._limits.held:
            raise ServiceBusy("The service has as many requests as it can hold.")
        self._capacity.bodies += 1
        self._counted = True

    async def receive(self, receive: Receive) -> Message:
        """The next message. Raises RequestTimeout if its bytes come too slowly."""
        try:
            async with asyncio.timeout_at(self._deadline):
                message = await receive()
        except TimeoutError:
            raise RequestTimeout("The body of the request came too slowly.") from None
        earned_s = len(message.get("body", b"")) / self._limits.min_rate
        self._deadline = min(self._deadline + earned_s, self._clock() + self._limits.silence_s)
        return message

    def keep(self, size: int) -> None:
        """Counts received bytes as held. Raises ServiceBusy if all bodies together would be too large."""
        self._received += size
        more = max(self._received - self._limits.small, 0) - self._large
        if self._capacity.held + more > self._limits.held:
            raise ServiceBusy("The service holds as many bytes as it can.")
        self._large += more
        self._capacity.held += more

    def drop(self) -> None:
        """Stops counting the bytes as held. More bytes may still arrive; they are discarded."""
        self._capacity.held -= self._large
        self._large = 0

    def close(self) -> None:
        """Ends the request and releases its place."""
        self.drop()
        self._capacity.bodies -= self._counted
        self._counted = False
