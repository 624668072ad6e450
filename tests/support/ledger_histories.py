"""Random histories for the ledger: calls of a few entries over few accounts, little money, few holds, so that every refusal turns up.

A `Story` draws from a `Random` of its own, so that a seed tells the whole history; it keeps what it has made, to repeat, reuse and end it.
Accounts are named by (person, asset) and lie in book `person % books + 1`, so that one story can be told with any number of books.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random
from uuid import UUID

from tapwealth.kernel.ids import named, uuid7
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind, house_account
from tapwealth.ledger.port import JournalEntry, Limit, Line, NewAccount, Op

START = datetime(2014, 2, 24, 1, 0, tzinfo=UTC)
FIRST_DAY = date(2014, 2, 24)
CNY, UNITS = Asset.CNY, Asset(2)


def owner(person: int) -> UUID:
    return named(START, 0, f"person {person}")


def book_of_person(person: int, books: int) -> int:
    return person % books + 1


def people_accounts(people: int, books: int) -> list[NewAccount]:
    """A wallet each, a holding each, and for every third person an account limited on the other side."""
    wanted = []
    for person in range(people):
        book = book_of_person(person, books)
        wanted.append(NewAccount(book, Kind.WALLET, owner(person), CNY, Limit.DEBITS_WITHIN_CREDITS))
        wanted.append(NewAccount(book, Kind.HOLDING, owner(person), UNITS, Limit.DEBITS_WITHIN_CREDITS))
        if person % 3 == 0:
            wanted.append(NewAccount(book, Kind.MERCHANT, owner(person), CNY, Limit.CREDITS_WITHIN_DEBITS))
    return wanted


@dataclass
class Story:
    """Makes calls. `accounts`: by person, the ids of their CNY accounts and of their unit accounts."""

    random: Random
    books: int
    people: int
    cny: dict[int, list[int]]
    units: dict[int, list[int]]
    now: datetime = START
    day: date = FIRST_DAY
    made: list[JournalEntry] = field(default_factory=list)
    holds: list[tuple[JournalEntry, Line]] = field(default_factory=list)

    @classmethod
    def of(cls, random: Random, books: int, people: int, wanted: list[NewAccount], ids: list[int]) -> "Story":
        cny: dict[int, list[int]] = {}
        units: dict[int, list[int]] = {}
        persons = {owner(person): person for person in range(people)}
        for new, number in zip(wanted, ids, strict=True):
            assert new.owner is not None
            (cny if new.asset == CNY else units).setdefault(persons[new.owner], []).append(number)
        return cls(random, books, people, cny, units)

    def calls(self, count: int, most: int = 12) -> Iterator[tuple[datetime, list[JournalEntry]]]:
        for _ in range(count):
            self.tick()
            yield self.now, [self.entry() for _ in range(self.random.randint(1, most))]

    def tick(self) -> None:
        self.now += timedelta(seconds=self.random.choice((0, 0, 1, 30, 600)))

    def entry(self) -> JournalEntry:
        draw = self.random.random()
        if self.made and draw < 0.08:
            return self._repeated()
        person = self.random.randrange(self.people)
        book = book_of_person(person, self.books)
        key = uuid7(self.now, book, lambda: self.random.getrandbits(64))
        lines = self._ending(book) if draw < 0.35 else None
        if lines is None:
            lines = self._fresh(person, key)
        if self.random.random() < 0.02:
            lines = [self._spoilt(line) for line in lines]
        day = self.day + timedelta(days=self.random.choice((0, 0, 0, 0, 1, 1, -1)))
        reference = self.random.choice((None, key))
        entry = JournalEntry(book, key, self.random.randint(1, 9), day, self.random.randint(0, 3), reference, tuple(lines))
        self._keep(entry)
        return entry

    def _keep(self, entry: JournalEntry) -> None:
        self.made.append(entry)
        self.holds += [(entry, line) for line in entry.lines if line.op == Op.HOLD]

    def _repeated(self) -> JournalEntry:
        entry = self.random.choice(self.made[-40:])
        if self.random.random() < 0.7:
            return entry
        what = self.random.randrange(4)
        if what == 0:
            return entry._replace(kind=entry.kind + 1)
        if what == 1:
            return entry._replace(lines=entry.lines[:-1] or (*entry.lines, *entry.lines))
        if what == 2:
            return entry._replace(reference=owner(77))
        line = entry.lines[0]
        return entry._replace(lines=(line._replace(amount=line.amount + 1), *entry.lines[1:]))

    def _fresh(self, person: int, key: UUID) -> list[Line]:
        lines = []
        expires_at = self.now + timedelta(seconds=self.random.choice((1, 60, 3600)))
        for number in range(self.random.choice((1, 1, 1, 2, 3))):
            asset = self.random.choice((CNY, CNY, UNITS))
            debit, credit = self._pair(person, asset)
            amount = self.random.choice((1, 5, 20, 50, 100))
            if self.random.random() < 0.35:
                hold = named(self.now, book_of_person(person, self.books), f"hold {key} {number}")
                if self.holds and self.random.random() < 0.05:
                    hold = self.random.choice(self.holds)[1].hold or hold
                lines.append(Line(Op.HOLD, debit, credit, asset, amount, hold, expires_at))
            else:
                lines.append(Line(Op.POST, debit, credit, asset, amount))
        return lines

    def _pair(self, person: int, asset: int) -> tuple[int, int]:
        """Between people of one book, or with the house, which gives more often than it takes."""
        book = book_of_person(person, self.books)
        house = house_account(book, Kind.SUSPENSE if asset == CNY else Kind.ADVANCER, asset)
        mine = self.random.choice((self.cny if asset == CNY else self.units)[person])
        draw = self.random.random()
        if draw < 0.3:
            return house, mine
        if draw < 0.5:
            return mine, house
        other = self.random.choice(self._neighbours(person))
        theirs = self.random.choice((self.cny if asset == CNY else self.units)[other])
        return (mine, theirs) if mine != theirs else (mine, house)

    def _neighbours(self, person: int) -> list[int]:
        """Those who share the book whatever the number of books."""
        return [other for other in range(self.people) if other % 16 == person % 16]

    def _ending(self, book: int) -> list[Line] | None:
        """End the holds of an earlier entry, mostly well."""
        candidates = [entry for entry, _ in self.holds[-30:] if entry.book == book]
        if not candidates:
            return None
        entry = self.random.choice(candidates)
        op = self.random.choice((Op.CAPTURE, Op.CAPTURE, Op.CAPTURE, Op.RELEASE, Op.EXPIRE))
        lines = []
        for line in entry.lines:
            if line.op == Op.HOLD and self.random.random() < 0.95:
                amount = line.amount
                if self.random.random() < 0.25:
                    amount = max(1, amount + self.random.choice((-1, -3, 1)))
                lines.append(Line(op, line.debit, line.credit, line.asset, amount, line.hold))
        return lines or None

    def _spoilt(self, line: Line) -> Line:
        return self.random.choice(
            (
                line._replace(amount=0),
                line._replace(amount=-5),
                line._replace(amount=10**15 + 1),
                line._replace(credit=line.debit),
                line._replace(debit=line.debit + 999),
                line._replace(asset=3 - line.asset),
                line._replace(hold=None if line.hold else owner(5)),
                line._replace(expires_at=self.now if line.expires_at is None else None),
            )
        )
