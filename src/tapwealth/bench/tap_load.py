"""The load of `tapwealth bench tap`, a process of its own: cards, terminals, and their connections.

Taps are made ready ahead of a round, so that the load takes little of the two cores while it is measured; none is made up: each has the
card's cryptogram over its own amount and counter and the terminal's code over its own message. The chip data are those of one dialogue of
the product's applet and kernel, in which what changes from tap to tap is put in place; the first tap of a round is compared with a whole
dialogue, byte for byte. After the round every answer is read, and its code checked.

Speaks to who started it in lines of JSON: an `Order` in, a `Report` out.
"""

import asyncio
import sys
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

import msgspec

from tapwealth.app.event_loop import runner
from tapwealth.bench.closed_loop import Caller, call, serve
from tapwealth.bench.load import DAY
from tapwealth.bench.tap_town import (
    BATCH,
    EIGHTHS,
    EXPIRES,
    INVESTED,
    KEY_INDEX,
    KEY_NUMBER,
    MERCHANT,
    PENNILESS,
    PSN,
    mac_key,
    pan_of,
    terminal_number,
)
from tapwealth.card import personalise, step
from tapwealth.card.state import LAST_ATC, CardState, LimitedUseKey
from tapwealth.flows.issuing.cards import MASTER_KEYS
from tapwealth.issuing.chip_data import MACED
from tapwealth.issuing.cryptogram import IssuerKeys
from tapwealth.kernel.clock import monotonic_ns, sleep_ms
from tapwealth.kernel.ids import seeded_random
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.storage import key_choice
from tapwealth.terminal import OnlineRequest, Tap, TerminalConfig, dialogue, run
from tapwealth.wire import tlv
from tapwealth.wire.emv_crypto import Padding, pboc_session_key, retail_mac
from tapwealth.wire.emv_data import DEBIT_SERVICE_CODE, numeric, read_iad
from tapwealth.wire.emv_tags import Tag
from tapwealth.wire.iso8583.fields import Message, pack
from tapwealth.wire.iso8583.frame import Envelope, framed, unframed
from tapwealth.wire.iso8583.terminal_side import Payment, Place, read_answer, sale_message

WALLET, FUND, FORGED, NO_MONEY = "wallet", "wallet and fund", "wrong cryptogram", "no money"
_SECOND = 1_000_000_000
_LENGTH = 2


class Order(msgspec.Struct, frozen=True):
    """A round: `prepared` taps of one `mix` by `callers` terminals, for so many seconds. `spends`: the host counts them.

    `rate`: so many taps a second come, whatever the host does, until all that are prepared have come; 0: each terminal sends the next tap
    when it has the answer to the last.
    """

    port: int
    mix: str
    callers: int
    seconds: int
    prepared: int
    spends: bool = True
    rate: int = 0


class Report(msgspec.Struct, frozen=True):
    """How long it took and each waited, in nanoseconds; the answers' codes; the milliseconds of a core that the load itself used.

    Where taps come at a rate, each waits from the instant at which it was due, not from when a terminal that was busy could send it.
    """

    took: int
    waits: list[int]
    codes: dict[str, int]
    processor: int


class CardMaker:
    """Gives taps of the cards, one after another."""

    def __init__(self, keys: IssuerKeys, people: int) -> None:
        self._keys, self._people = keys, people
        self._draw = seeded_random(people).randrange
        self._counters: Counter[int] = Counter()
        card = self.card(0)
        self._template = tlv.unique(tlv.decode(whole_tap(card, 1).icc_data))
        self._cvr = read_iad(self._template[Tag.IAD_9F10]).cvr
        assert self.chip_data(0, 2, 1, forged=False) == whole_tap(card, 2).icc_data, "the load's taps are not those of a card"

    def card(self, number: int) -> CardState:
        """A person's card, as the phone would be given it."""
        key = LimitedUseKey(KEY_NUMBER, Masked(self._key(number).hex()), 1, LAST_ATC)
        return personalise(pan_of(number), PSN, EXPIRES, (key,), key_index=KEY_INDEX)

    def _key(self, number: int) -> bytes:
        return self._keys.key_in_use(KEY_INDEX, pan_of(number), PSN, KEY_NUMBER)

    def chip_data(self, number: int, amount: int, counter: int, *, forged: bool) -> bytes:
        """Field 55 of a tap."""
        elements = self._template | {Tag.AMOUNT_9F02: numeric(amount, 6), Tag.ATC_9F36: counter.to_bytes(2, "big")}
        key = pboc_session_key(self._key(number), counter)
        maced = b"".join([*(elements[tag] for tag in MACED), self._cvr])
        elements[Tag.CRYPTOGRAM_9F26] = bytes(8) if forged else retail_mac(key, maced, Padding.MARKED)
        return tlv.encode_all(elements.items())

    def number(self, mix: str, terminal: int, callers: int) -> int:
        """Anybody of those that the mix asks for; nobody taps at two terminals of a round, so that counters come in their order."""
        kind = {FUND: INVESTED, NO_MONEY: PENNILESS}.get(mix, self._draw(PENNILESS))
        return (self._draw(self._people // (EIGHTHS * callers)) * callers + terminal) * EIGHTHS + kind

    def next_counter(self, number: int) -> int:
        self._counters[number] += 1
        return self._counters[number]

    def unspent(self, number: int) -> None:
        """Such a tap was made ready, and not sent."""
        self._counters[number] -= 1


def whole_tap(card: CardState, amount: int) -> OnlineRequest:
    """A whole tap of a fresh card, by applet and kernel."""
    state = card

    def transmit(c_apdu: bytes) -> bytes:
        nonlocal state
        state, answer = step(state, c_apdu)
        return answer

    outcome = run(dialogue(TerminalConfig(terminal_number(0)), Tap(amount, DAY, b"\1\2\3\4", 1)), transmit)
    assert isinstance(outcome, OnlineRequest), outcome
    return outcome


def sale_of(number: int, amount: int, terminal: int, stan: str, chip: bytes) -> Message:
    """The 0200 of a tap."""
    track = Pan(f"{pan_of(number).reveal()}D{EXPIRES:%y%m}{DEBIT_SERVICE_CODE}")
    place = Place(MERCHANT, terminal_number(terminal), BATCH, stan)
    return sale_message(place, Payment(track2=track, psn=PSN, amount=amount, entry_mode="07"), chip)


@dataclass(frozen=True, slots=True)
class Ready:
    """A tap on its way: the bytes to send."""

    number: int
    asked: Message
    frame: bytes


class Terminal(Caller):
    """Taps by one terminal; an answer is as long as its first two bytes say."""

    def __init__(self, taps: Sequence[Ready]) -> None:
        super().__init__([tap.frame for tap in taps])
        self.taps = taps

    def _whole(self, held: bytes) -> bytes | None:
        whole = len(held) >= _LENGTH and len(held) == _LENGTH + int.from_bytes(held[:_LENGTH], "big")
        return held[_LENGTH:] if whole else None


class Paced(Terminal):
    """One terminal whose customers come when they come: who finds it busy waits, and has waited since then."""

    def __init__(self, taps: Sequence[Ready]) -> None:
        super().__init__(taps)
        self._due: deque[int] = deque()
        self._busy = False

    def begin(self, transport: asyncio.Transport, end: int) -> None:
        self._transport = transport
        if not self.taps:
            self.done.set_result(None)

    def come(self, due: int) -> None:
        """The next customer, who was due at that nanosecond."""
        self._due.append(due)
        if not self._busy:
            self._next()

    def _next(self) -> None:
        self._busy = bool(self._due)
        if self._due and self._transport is not None:
            self._sent = self._due.popleft()
            self._transport.write(self._requests[len(self.answers)])
        elif len(self.answers) == len(self._requests):
            self.done.set_result(None)


async def _arrive(callers: Sequence[Paced], taps: int, started: int, rate: int) -> None:
    """So many customers, one terminal after another, evenly at so many a second; the loop's clock ticks in milliseconds."""
    came = 0
    while came < taps:
        while came < taps and (due := started + came * _SECOND // rate) <= monotonic_ns():
            callers[came % len(callers)].come(due)
            came += 1
        await sleep_ms(1)


class Load:
    """Carries out orders."""

    def __init__(self, maker: CardMaker) -> None:
        self._maker, self._stans = maker, count(1)

    def prepare(self, order: Order) -> list[list[Ready]]:
        """By terminal."""
        taps: list[list[Ready]] = [[] for _ in range(order.callers)]
        for index in range(order.prepared):
            terminal = index % order.callers
            taps[terminal].append(self._tap(order, terminal))
        return taps

    def _tap(self, order: Order, terminal: int) -> Ready:
        number = self._maker.number(order.mix, terminal, order.callers)
        amount = 100 + number % 64
        chip = self._maker.chip_data(number, amount, self._maker.next_counter(number), forged=order.mix == FORGED)
        asked = sale_of(number, amount, terminal, f"{next(self._stans) % 10**6:06d}", chip)
        return Ready(number, asked, framed(Envelope(), pack(asked, mac_key(terminal))))

    async def round(self, order: Order) -> Report:
        """Prepare, tap, and read what was answered."""
        paced = [Paced(taps) for taps in self.prepare(order)] if order.rate else []
        callers: Sequence[Terminal] = paced or [Terminal(taps) for taps in self.prepare(order)]

        async def arrive(started: int) -> None:
            await _arrive(paced, order.prepared, started, order.rate)

        took = await call(callers, order.port, order.seconds, arrive if paced else None)
        for caller in callers:
            for tap in caller.taps[len(caller.answers) if order.spends and order.mix != FORGED else 0 :]:
                self._maker.unspent(tap.number)
        codes = Counter(code for terminal, caller in enumerate(callers) for code in _codes(terminal, caller))
        return Report(took.nanoseconds, [wait for caller in callers for wait in caller.waits], dict(codes), took.processor)


def _codes(terminal: int, caller: Terminal) -> list[str]:
    asked = zip(caller.taps, caller.answers, strict=False)
    return [read_answer(unframed(answer)[1], tap.asked, mac_key(terminal)).response_code for tap, answer in asked]


def main() -> None:
    """`python -m tapwealth.bench.tap_load KEYS PEOPLE`: the key folder of the house, which makes the cards, and how many there are."""
    folder = Path(sys.argv[1])
    keys = IssuerKeys(key_choice.opened(folder, key_choice.chosen(folder, "")), MASTER_KEYS)
    load = Load(CardMaker(keys, int(sys.argv[2])))
    with runner() as loop:
        loop.run(serve(Order, load.round))


if __name__ == "__main__":
    main()
