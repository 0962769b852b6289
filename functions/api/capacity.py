"""What all requests of one process may hold together. Lambda gives a process one request at a time: no limits there."""

import asyncio
from dataclasses import dataclass

from starlette.types import Message, Receive

from ecg_core.recording import MAX_BYTES
from functions.api.problems import RequestTimeout, ServiceBusy

# A client that sends nothing for so long has gone, or never meant to send.
SILENCE_SECONDS = 10.0
# 0.4 Mbit/s: slower than any line that such a file is sent over. At this rate the largest body takes eight minutes.
MIN_BYTES_PER_SECOND = 50_000
# Bodies that are received, wait or are classified at the same time. So it also limits the queue for the cores: with
# 30 ms for a record and two cores, the last one waits 1.5 s.
MAX_BODIES = 100
# Four of the largest records: a laptop has memory for them. More copies of a body exist while it is taken apart, but of
# no more bodies than there are cores.
MAX_HELD_BYTES = 4 * MAX_BYTES
# Each body may hold so much beside that: ten seconds of twelve leads at 1000 Hz. A few large bodies that stand still
# cannot keep ordinary records out.
SMALL_BYTES = 250_000


@dataclass(frozen=True)
class Limits:
    """silence_s: seconds. min_rate: bytes per second. bodies: a number. held, small: bytes."""

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
    """One body: the bytes that are held for it, and the time until which the next ones must come.

    Every byte moves that time, at most to silence_s from now.
    """

    def __init__(self, capacity: Capacity) -> None:
        self._capacity, self._limits = capacity, capacity.limits
        self._counted = False
        self._large = self._received = 0
        self._clock = asyncio.get_running_loop().time
        self._deadline = self._clock() + self._limits.silence_s

    def enter(self, announced: int) -> None:
        """announced: bytes that will come, 0 if unknown. Raises ServiceBusy if there is no room for them."""
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
        """Raises ServiceBusy if all bodies together would be too large."""
        self._received += size
        more = max(self._received - self._limits.small, 0) - self._large
        if self._capacity.held + more > self._limits.held:
            raise ServiceBusy("The service holds as many bytes as it can.")
        self._large += more
        self._capacity.held += more

    def drop(self) -> None:
        """The bytes are no longer held. More may still arrive and be thrown away."""
        self._capacity.held -= self._large
        self._large = 0

    def close(self) -> None:
        """Ends the request."""
        self.drop()
        self._capacity.bodies -= self._counted
        self._counted = False
