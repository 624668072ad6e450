"""How a registrar knows holders, TA account and trading account, many at once: found among one another without an object for each.

A name is the two fields as an exchange file has them, padded with blanks, in words of eight bytes. Names are put into an order by a
mixture of their words, which alone decides nothing: those that mix alike are compared byte by byte.
"""

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from tapwealth.funds.income import Account
from tapwealth.wire.ofd import fields_of

TA_WIDTH, TRADING_WIDTH = (fields_of("06")[name].width for name in ("TAAccountID", "TransactionAccountID"))
_WORDS = -(-(TA_WIDTH + TRADING_WIDTH) // 8)
_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2^64 by the golden ratio: its multiples spread well."""
_HALF = np.uint64(32)

Bytes = NDArray[np.uint8]
"""A row of bytes for each holder."""


class HolderNames:
    """Names in the order in which they were given."""

    def __init__(self, ta_account: Bytes, trading_account: Bytes) -> None:
        self._bytes = np.zeros((len(ta_account), _WORDS * 8), np.uint8)
        self._bytes[:, :TA_WIDTH] = ta_account
        self._bytes[:, TA_WIDTH : TA_WIDTH + TRADING_WIDTH] = trading_account
        self._words = self._bytes.view(np.uint64)

    def __len__(self) -> int:
        return len(self._words)

    def chosen(self, which: NDArray[np.bool_]) -> "HolderNames":
        """These alone."""
        return HolderNames(self._bytes[which, :TA_WIDTH], self._bytes[which, TA_WIDTH : TA_WIDTH + TRADING_WIDTH])

    def text(self, place: int) -> Account:
        """One of them in words."""
        raw = self._bytes[place].tobytes()
        ta, trading = raw[:TA_WIDTH], raw[TA_WIDTH : TA_WIDTH + TRADING_WIDTH]
        return ta.rstrip(b" ").decode("gb18030"), trading.rstrip(b" ").decode("gb18030")

    @cached_property
    def _mixed(self) -> NDArray[np.uint64]:
        mixed = np.zeros(len(self), np.uint64)
        for word in self._words.T:
            mixed = (mixed ^ word) * _ODD
            mixed ^= mixed >> _HALF
        return mixed

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        return np.argsort(self._mixed)

    @cached_property
    def _sorted(self) -> NDArray[np.uint64]:
        return self._mixed[self._order]

    def repeated(self) -> bool:
        """Whether one stands there twice."""
        alike = np.flatnonzero(self._sorted[1:] == self._sorted[:-1])
        suspects = self._order[np.union1d(alike, alike + 1)]
        return len(set(map(bytes, self._bytes[suspects]))) < len(suspects)

    def found_in(self, known: "HolderNames") -> NDArray[np.int64]:
        """The place of each among `known`, -1 where it is not there."""
        places = np.full(len(self), -1)
        if not len(known):
            return places
        at = np.searchsorted(known._sorted, self._sorted)
        left = np.arange(len(self))
        while len(left):
            within = left[at[left] < len(known)]
            left = within[known._sorted[at[within]] == self._sorted[within]]
            mine, theirs = self._order[left], known._order[at[left]]
            same = (self._words[mine] == known._words[theirs]).all(axis=1)
            places[mine[same]] = theirs[same]
            left = left[~same]
            at[left] += 1
        return places

    def first(self, count: int, among: NDArray[np.int64]) -> NDArray[np.int64]:
        """Of these places the `count` that come first by TA account, then trading account."""
        if not self._bytes[among].max(initial=0) < 0x80:
            return np.array(sorted(among.tolist(), key=self.text)[:count], np.int64)
        words = self._bytes[among].view(">u8")
        return among[np.lexsort(words.T[::-1])[:count]]
