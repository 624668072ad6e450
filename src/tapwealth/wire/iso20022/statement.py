"""camt.053.001.08, BankToCustomerStatement: one account on one day, opening and closing booked balance and every entry between.

`StatementReader` reads a file of any length in bounded memory. Validation by XSD, the counts and the sums of the summary are only known to
hold when the last entry has been read: stage the entries first, post after the iteration has ended.

Read is what a bank may write of one account and one day: the opening balance as OPBD or as the former day's PRCD, other balances beside,
the period and the summary or neither, entries that are not booked yet (they are passed over), and words. A statement in several pages, of
several accounts or of several days is refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import IO, Any

from lxml import etree

from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry, direction_tag, entry_tag, is_booked, read_entry, signed
from tapwealth.wire.iso20022.guard import MAX_STATEMENT_BYTES, STREAM_OPTIONS, GuardedSource, not_xml, refuse_dtd
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import account_tag
from tapwealth.wire.iso20022.report import ASIDE, read_header, read_own_account, refuse_pages
from tapwealth.wire.iso20022.schema import local_name, plain, schema_of
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, id_tag, write
from tapwealth.wire.iso20022.values import write_instant, write_sum

OPENING, CLOSING = "OPBD", "CLBD"
_FORMER_CLOSING = "PRCD"
_ONE_DAY, _ONE_SECOND = timedelta(days=1), timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class StatementHead:
    """Everything before the first entry. Balances are signed fen; `statement_id` is the bank's name of this account's day."""

    message_id: str
    created_at: datetime
    statement_id: str
    account: str
    day: date
    opening: int
    closing: int


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whole."""

    head: StatementHead
    entries: tuple[Entry, ...]


@dataclass
class Totals:
    """Number and sum of entries, credits and debits apart: what TxsSummry states."""

    credits: int = 0
    credit_sum: int = 0
    debits: int = 0
    debit_sum: int = 0

    def add(self, amount: int) -> None:
        if amount > 0:
            self.credits, self.credit_sum = self.credits + 1, self.credit_sum + amount
        else:
            self.debits, self.debit_sum = self.debits + 1, self.debit_sum - amount


def _summary_tag(entries: Iterable[Entry]) -> Tag:
    totals = Totals()
    for entry in entries:
        totals.add(entry.amount)
    return Tag(
        "TxsSummry",
        [
            Tag("TtlNtries", [Tag("NbOfNtries", str(totals.credits + totals.debits))]),
            Tag("TtlCdtNtries", [Tag("NbOfNtries", str(totals.credits)), Tag("Sum", write_sum(totals.credit_sum))]),
            Tag("TtlDbtNtries", [Tag("NbOfNtries", str(totals.debits)), Tag("Sum", write_sum(totals.debit_sum))]),
        ],
    )


def _balance_tag(code: str, balance: int, day: date) -> Tag:
    return Tag(
        "Bal",
        [
            Tag("Tp", [Tag("CdOrPrtry", [Tag("Cd", code)])]),
            amount_tag("Amt", abs(balance), positive=False),
            direction_tag(balance),
            Tag("Dt", [Tag("Dt", day.isoformat())]),
        ],
    )


def write_statement(statement: Statement) -> bytes:
    """The message as XML, valid against its schema. BadInput when a value cannot stand in it."""
    head = statement.head
    header = Tag("GrpHdr", [id_tag("MsgId", head.message_id), Tag("CreDtTm", write_instant(head.created_at))])
    start, end = shanghai(head.day), shanghai(head.day, 24)
    body = [
        id_tag("Id", head.statement_id),
        Tag("FrToDt", [Tag("FrDtTm", write_instant(start)), Tag("ToDtTm", write_instant(end))]),
        account_tag("Acct", head.account),
        _balance_tag(OPENING, head.opening, head.day),
        _balance_tag(CLOSING, head.closing, head.day),
        _summary_tag(statement.entries),
        *map(entry_tag, statement.entries),
    ]
    return write(MessageType.CAMT_053, Tag("BkToCstmrStmt", [header, Tag("Stmt", body)]))


def _balances(statement: Node) -> dict[str, list[Node]]:
    """Booked balances by their code; those of a page in between, and those of other kinds, say nothing about the day."""
    found: dict[str, list[Node]] = {OPENING: [], _FORMER_CLOSING: [], CLOSING: []}
    for node in statement.all("Bal"):
        code = node.find("Tp/CdOrPrtry/Cd")
        if code and not node.find("Tp/SubTp"):
            found.setdefault(code.text, []).append(node)
    statement.pass_over("Bal")
    return found


def _one(statement: Node, code: str, found: list[Node]) -> Node:
    if len(found) != 1:
        raise BadInput(f"{len(found)} balances {code}", where=statement.where, hint="one is needed")
    return found[0]


def _read_opening(statement: Node, balances: dict[str, list[Node]], day: date) -> int:
    """What the account held when the day began: dated this day, or an earlier one whose closing balance it is."""
    code = OPENING if balances[OPENING] else _FORMER_CLOSING
    node = _one(statement, code if balances[code] else OPENING, balances[code])
    stated = node.day("Dt")
    if stated > day or (code == OPENING and stated < day - _ONE_DAY):
        raise BadInput(f"balance {code} is of {stated}", where=node.where, hint=f"the statement is of {day}")
    return signed(node, "Amt", positive=False)


def _read_day(statement: Node, closing: Node) -> date:
    """The day of the closing balance, which the period must agree with where it is given."""
    day = closing.day("Dt")
    if statement.find("FrToDt"):
        start, end = statement.instant("FrToDt/FrDtTm"), statement.instant("FrToDt/ToDtTm")
        if business_date_of(start) != day:
            raise BadInput(f"balance {CLOSING} is of {day}", where=closing.where, hint=f"the statement is of {business_date_of(start)}")
        if shanghai(day) != start or not _ONE_DAY - _ONE_SECOND <= end - start <= _ONE_DAY:
            where = statement.need("FrToDt").where
            raise BadInput("it is not of one day from 00:00 to 24:00 in Shanghai", where=where, hint="ask for one day")
    return day


def _read_head(body: Node, statement: Node) -> StatementHead:
    refuse_pages(statement, "StmtPgntn")
    statement.pass_over(*ASIDE)
    balances = _balances(statement)
    closing = _one(statement, CLOSING, balances[CLOSING])
    day = _read_day(statement, closing)
    message_id, created_at = read_header(body)
    return StatementHead(
        message_id,
        created_at,
        statement.identifier("Id"),
        read_own_account(statement, "Acct"),
        day,
        _read_opening(statement, balances, day),
        signed(closing, "Amt", positive=False),
    )


_SUMMARY = ("TtlNtries/NbOfNtries", "TtlCdtNtries/NbOfNtries", "TtlCdtNtries/Sum", "TtlDbtNtries/NbOfNtries", "TtlDbtNtries/Sum")


def _read_totals(statement: Node) -> dict[str, int]:
    """What the summary states, as far as it does, by path."""
    summary = statement.find("TxsSummry")
    if summary is None:
        return {}
    summary.pass_over("TtlNtriesPerBkTxCd")
    if total := summary.find("TtlNtries"):
        total.pass_over("Sum", "TtlNetNtry")
    return {path: (summary.sum if path.endswith("Sum") else summary.count)(path) for path in _SUMMARY if summary.find(path)}


def _check_totals(statement: Node, stated: dict[str, int], found: Totals) -> None:
    counted = (found.credits + found.debits, found.credits, found.credit_sum, found.debits, found.debit_sum)
    for path, value in zip(_SUMMARY, counted, strict=True):
        if path in stated:
            statement.need("TxsSummry").equal(path, stated[path], value)


def _bad(error: Any) -> BadInput:
    """The streaming parser's complaint: of the schema (which knows no line then) or of XML itself."""
    message = error.msg or ""
    if message.startswith("Element '"):
        return BadInput(plain(message), hint=f"make it valid against {MessageType.CAMT_053}.xsd")
    return not_xml(error)


def _events(source: IO[bytes], limit: int) -> Iterator[tuple[str, Any]]:
    """Starts (`+Ntry`) and ends (`-Ntry`) of the elements that matter here, validated on the way.

    `resolve_entities` keeps its default (none but a DTD's own, and a DTD is refused): iterparse of lxml 6.1 with a schema and
    `resolve_entities=False` forgets to report what is torn.
    """
    namespace = MessageType.CAMT_053.namespace
    tags = [f"{{{namespace}}}{name}" for name in ("Document", "Stmt", "Ntry")]
    schema = schema_of(MessageType.CAMT_053)
    try:
        for event, element in etree.iterparse(
            GuardedSource(source, limit), events=("start", "end"), tag=tags, schema=schema, **STREAM_OPTIONS
        ):
            yield ("+" if event == "start" else "-") + local_name(element), element
    except etree.XMLSyntaxError as error:
        raise _bad(error) from None


class StatementReader:
    """A statement as a stream: `head` at once, then the entries by iteration, once. BadInput at the entry that is amiss, or at the end."""

    def __init__(self, source: IO[bytes], limit: int = MAX_STATEMENT_BYTES) -> None:
        self._events = _events(source, limit)
        self._body, self._statement = self._until_first_entry()
        self._entries, self._totals = 0, Totals()
        self.head = _read_head(self._body, self._statement)
        self._stated = _read_totals(self._statement)
        self._statement.done(besides="Ntry")
        self._body.need("GrpHdr").done()

    def _until_first_entry(self) -> tuple[Node, Node]:
        """Body and statement, read up to where the entries begin or the statement ends: the schema puts all of the head before them."""
        for event, element in self._events:
            if event == "+Document":
                refuse_dtd(element.getroottree())
            elif event in ("+Ntry", "-Stmt"):
                statement = element.getparent() if event == "+Ntry" else element
                return Node(statement.getparent()), Node(statement)
        raise BadInput("there is no statement in it", where="line 1", hint="send it again whole")

    def __iter__(self) -> Iterator[Entry]:
        """Each entry once; when all are read, the summary is checked against them."""
        before: Any = None
        for event, element in self._events:
            if event == "+Stmt":
                raise BadInput("another statement begins", where=Node(element).where, hint="send one statement to a message")
            if event == "-Ntry":
                yield from self._read(element)
                if before is not None:
                    before.getparent().remove(before)
                before = element
        _check_totals(self._statement, self._stated, self._totals)

    def _read(self, element: Any) -> list[Entry]:
        self._entries += 1
        node = Node(element)
        try:
            if not is_booked(node):
                return []
            entries = read_entry(node)
        except BadInput as bad:
            raise BadInput(bad.what, where=f"entry {self._entries}, {bad.where}", hint=bad.hint) from None
        self._totals.add(sum(entry.amount for entry in entries))
        return entries


def read_statement(data: bytes) -> Statement:
    """The whole statement. BadInput, in one line, for anything amiss."""
    reader = StatementReader(BytesIO(data))
    entries = tuple(reader)
    return Statement(reader.head, entries)
