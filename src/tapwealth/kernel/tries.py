"""Wrong secrets cost time: from the fifth one on each makes whoever sent it wait, twice as long each time, and the right one is not looked
at meanwhile.

For a client of `/v1` and its secret, and for an operator's login and password. Counted by the address that asks and the client that is
named, so that nobody locks a client out from elsewhere; and by the address alone, since who guesses may go from client to client. Many
clients may ask from one address, that of a proxy. So of an address only different secrets count, not one that a program sends again and
again; a client's own no longer count once it has sent the right one; and a client that was right from there waits for no other. A try
counts from when it is begun: those that come at once are no cheaper than one after the other.

In memory, each process for itself. Nobody is locked out for what others do elsewhere: who guesses from many addresses is slowed down at
each of them, and by what checking a password takes.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from tapwealth.kernel.clock import monotonic_ns
from tapwealth.kernel.masked import Masked

FREE, FREE_ADDRESS = 5, 50
"""Wrong ones that cost nothing yet, of a client and of an address."""
LONGEST, FORGOTTEN_AFTER, PROVED_FOR = 300, 900, 86_400
"""Seconds: to wait at most; without a wrong one until it is as if there had been none; that a client is known to have been right."""
_MOST_CLIENTS, _MOST_ADDRESSES, _MOST_DIFFERENT = 10_000, 1_000, 60
"""What is kept; of an address so many are told apart, beyond which the wait is the longest anyhow."""
_SECOND = 1_000_000_000

Who = tuple[str, str]
"""Address and client."""
T = TypeVar("T")


class _Counted(NamedTuple):
    times: int = 0
    at: int = 0
    free_again: int = 0

    def more(self, free: int, now: int) -> "_Counted":
        times = self.times + 1
        pause = min(1 << min(times - free, 16), LONGEST) if times >= free else 0
        return _Counted(times, now, now + pause * _SECOND)


@dataclass(slots=True)
class _Address:
    """`different`: the digests of wrong secrets, with the client that each was sent for."""

    counted: _Counted = field(default_factory=_Counted)
    different: dict[bytes, str] = field(default_factory=dict)


@dataclass(slots=True)
class _UnderWay:
    """The same secret for the same client from the same address, perhaps several times at once."""

    asked: int = 0
    counted: bool = False


class _Newest(OrderedDict[Hashable, T], Generic[T]):
    """Keeps so many of the newest."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self._most = most

    def keep(self, key: Hashable, value: T) -> None:
        self[key] = value
        self.move_to_end(key)
        if len(self) > self._most:
            self.popitem(last=False)


class Try:
    """One secret for one client. `wait`: the seconds after which it may be tried again; 0: now, and then it is said how it went."""

    def __init__(self, tries: "Tries", who: Who, digest: bytes, wait: int) -> None:
        self._tries, self._who, self._digest, self.wait = tries, who, digest, wait

    def wrong(self) -> None:
        self._tries._wrong(self._who, self._digest)

    def right(self) -> None:
        """It was not guessed."""
        self._tries._right(self._who)


class Tries:
    """`clock` gives nanoseconds that only go forward."""

    def __init__(self, clock: Callable[[], int] = monotonic_ns) -> None:
        self._clock = clock
        self._clients: _Newest[_Counted] = _Newest(_MOST_CLIENTS)
        self._addresses: _Newest[_Address] = _Newest(_MOST_ADDRESSES)
        self._proved: _Newest[int] = _Newest(_MOST_CLIENTS)
        self._under_way: dict[str, dict[tuple[str, bytes], _UnderWay]] = {}

    @contextmanager
    def one(self, address: str, client: str, secret: Masked) -> Iterator[Try]:
        """What is neither wrong nor right in the end (an outage) does not count."""
        who, digest = (address, client), hashlib.sha256(f"{client}\0{secret.reveal()}".encode()).digest()
        wait = self._wait(who, digest)
        made = Try(self, who, digest, wait)
        if wait:
            yield made
            return
        under_way = self._under_way.setdefault(address, {})
        this = under_way.setdefault((client, digest), _UnderWay())
        this.asked += 1
        try:
            yield made
        finally:
            this.asked -= 1
            if not this.asked:
                del under_way[client, digest]
            if not under_way:
                self._under_way.pop(address, None)

    def _wait(self, who: Who, digest: bytes) -> int:
        now, (address, client) = self._clock(), who
        others = [one for one in self._under_way.get(address, {}) if one[1] != digest]
        wait = _until(self._client(who, now), FREE, sum(one[0] == client for one in others), now)
        proved = self._proved.get(who)
        if proved is not None and now - proved < PROVED_FOR * _SECOND:
            return wait
        return max(wait, _until(self._address(address, now).counted, FREE_ADDRESS, len(others), now))

    def _wrong(self, who: Who, digest: bytes) -> None:
        now, (address, client) = self._clock(), who
        this = self._under_way[address][client, digest]
        if this.counted:
            return
        this.counted = True
        self._clients.keep(who, self._client(who, now).more(FREE, now))
        found = self._address(address, now)
        if digest in found.different:
            return
        if len(found.different) < _MOST_DIFFERENT:
            found.different[digest] = client
        found.counted = found.counted.more(FREE_ADDRESS, now)
        self._addresses.keep(address, found)

    def _right(self, who: Who) -> None:
        now, (address, client) = self._clock(), who
        self._clients.pop(who, None)
        self._proved.keep(who, now)
        found = self._address(address, now)
        own = [digest for digest, of in found.different.items() if of == client]
        for digest in own:
            del found.different[digest]
        times = found.counted.times - len(own)
        found.counted = found.counted._replace(times=times, free_again=found.counted.free_again if times >= FREE_ADDRESS else now)

    def _client(self, who: Who, now: int) -> _Counted:
        known = self._clients.get(who)
        return known if known is not None and now - known.at < FORGOTTEN_AFTER * _SECOND else _Counted()

    def _address(self, address: str, now: int) -> _Address:
        known = self._addresses.get(address)
        return known if known is not None and now - known.counted.at < FORGOTTEN_AFTER * _SECOND else _Address()


def _until(counted: _Counted, free: int, under_way: int, now: int) -> int:
    """Once the free ones are used up, or under way, one is looked at after the other."""
    least = 1 if under_way and counted.times + under_way >= free else 0
    return max(-(-(counted.free_again - now) // _SECOND), least)
