"""The card network in memory: honest, with our own tariff, unless a test says what it makes of the items.

It reads and writes real files, as the sandbox's process does.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from io import BytesIO

from tapwealth.acquiring.fee import Change
from tapwealth.flows.acquiring.card_fees import tariff
from tapwealth.flows.clearing import captures as clearing
from tapwealth.flows.clearing import network
from tapwealth.flows.clearing.network import INSTITUTION
from tapwealth.flows.end_of_day import StepReport
from tapwealth.flows.frame import House
from tapwealth.kernel.refusal import BadInput, Outage
from tapwealth.wire.clearing_file import Direction, Item, ItemKind, NetworkFile, write_network_file


@dataclass
class MemoryNetwork:
    """`presented` and `answers` by date and sequence. `makes` is what becomes of the next file's items (once); `spoils` of every answer's
    bytes; while `silent`, nobody is there."""

    presented: dict[tuple[date, int], bytes] = field(default_factory=dict)
    answers: dict[tuple[date, int], bytes] = field(default_factory=dict)
    makes: Callable[[list[Item]], Sequence[Item]] | None = None
    spoils: Callable[[bytes], bytes | None] = lambda content: content
    silent: bool = False
    left: dict[str, int] = field(default_factory=dict)

    def priced(self, item: Item) -> Item:
        """With the fees of the tariff; a test's own are left alone."""
        change = Change(0, item.amount)
        if item.original_rrn:
            before = self.left.get(item.original_rrn, item.amount)
            change = Change(before - item.amount, before)
            self.left[item.original_rrn] = change.before
        elif item.kind is ItemKind.PRESENTMENT:
            self.left[item.rrn] = item.amount
        prices = tariff("current", item.category_code)
        fees = {
            "interchange": prices.issuer.by(change),
            "issuer_fee": prices.network_of_issuer.by(change),
            "acquirer_fee": prices.network_of_acquirer.by(change),
        }
        return item if item.issuer_fee else replace(item, **fees)

    async def present(self, content: bytes) -> None:
        if self.silent:
            raise Outage("nobody is there")
        file = NetworkFile(BytesIO(content))
        place, items = (file.header.day, file.header.sequence), list(file)
        if self.presented.setdefault(place, content) != content:
            raise BadInput("another file was presented under its name")
        if place in self.answers:
            return
        made, self.makes = items if self.makes is None else self.makes(items), None
        self.answers[place] = write_network_file(Direction.CLEARED, INSTITUTION, *place, [self.priced(one) for one in made])

    async def clearing(self, institution: str, day: date, sequence: int) -> bytes | None:
        if self.silent:
            raise Outage("nobody is there")
        content = self.answers.get((day, sequence)) if institution == INSTITUTION else None
        return None if content is None else self.spoils(content)

    def items(self, day: date, sequence: int = 1) -> list[Item]:
        """What was presented."""
        return list(NetworkFile(BytesIO(self.presented[day, sequence])))


async def clear(house: House, day: date) -> StepReport:
    """Both steps of the day's end: present, and take what comes back. What `clear_cards` reports, or why it could not begin."""
    presented = await network.present_cards(house, day)
    return presented if presented.wrong else await clearing.clear_cards(house, day)
