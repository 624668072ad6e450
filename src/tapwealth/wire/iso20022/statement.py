"""camt.053.001.08, BankToCustomerStatement: one account on one day, opening and closing booked balance and every entry between.

`StatementReader` reads a file of any length in bounded memory. Validation by XSD, the counts and the sums of the summary are only known to
hold when the last entry has been read: stage the entries first, post after the iteration has ended.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from io import BytesIO
from typing import IO, Any

from lxml import etree

from tapwealth.kernel.clock import business_date_of, shanghai
from tapwealth.kernel.refusal import BadInput
from tapwealth.wire.iso20022.entry import Entry, direction_tag, entry_tag, read_entry, signed
from tapwealth.wire.iso20022.guard import MAX_STATEMENT_BYTES, STREAM_OPTIONS, GuardedSource, not_xml, refuse_dtd
from tapwealth.wire.iso20022.message_type import MessageType
from tapwealth.wire.iso20022.party import account_tag, read_account
from tapwealth.wire.iso20022.schema import local_name, plain, schema_of
from tapwealth.wire.iso20022.tree import Node, Tag, amount_tag, id_tag, write
from tapwealth.wire.iso20022.values import write_instant, write_sum

OPENING, CLOSING = "OPBD", "CLBD"
_ONE_DAY = timedelta(days=1)


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


def _read_balance(statement: Node, code: str, day: date) -> int:
    found = [node for node in statement.all("Bal") if node.need("Tp/CdOrPrtry/Cd").text == code]
    if len(found) != 1:
        raise BadInput(f"{len(found)} balances {code}", where=statement.where, hint="one is needed")
    stated = found[0].date("Dt/Dt")
    if stated != day:
        raise BadInput(f"balance {code} is of {stated}", where=found[0].where, hint=f"the statement is of {day}")
    return signed(found[0], "Amt", positive=False)


def _read_day(statement: Node) -> date:
    start, end = statement.instant("FrToDt/FrDtTm"), statement.instant("FrToDt/ToDtTm")
    if end - start != _ONE_DAY or shanghai(business_date_of(start)) != start:
        raise BadInput("it is not of one day from 00:00 to 24:00 in Shanghai", where=statement.need("FrToDt").where, hint="ask for one day")
    return business_date_of(start)


def _read_head(body: Node, statement: Node) -> StatementHead:
    day = _read_day(statement)
    return StatementHead(
        body.identifier("GrpHdr/MsgId"),
        body.instant("GrpHdr/CreDtTm"),
        statement.identifier("Id"),
        read_account(statement, "Acct"),
        day,
        _read_balance(statement, OPENING, day),
        _read_balance(statement, CLOSING, day),
    )


def _read_totals(summary: Node) -> Totals:
    """What the summary states, the number of all entries against the numbers of the two kinds at once."""
    credits, credit_sum = summary.count("TtlCdtNtries/NbOfNtries"), summary.sum("TtlCdtNtries/Sum")
    debits, debit_sum = summary.count("TtlDbtNtries/NbOfNtries"), summary.sum("TtlDbtNtries/Sum")
    summary.equal("TtlNtries/NbOfNtries", summary.count("TtlNtries/NbOfNtries"), credits + debits)
    return Totals(credits, credit_sum, debits, debit_sum)


def _check_totals(summary: Node, stated: Totals, found: Totals) -> None:
    summary.equal("TtlCdtNtries/NbOfNtries", stated.credits, found.credits)
    summary.equal("TtlCdtNtries/Sum", stated.credit_sum, found.credit_sum)
    summary.equal("TtlDbtNtries/NbOfNtries", stated.debits, found.debits)
    summary.equal("TtlDbtNtries/Sum", stated.debit_sum, found.debit_sum)


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
        self._totals = Totals()
        self.head = _read_head(self._body, self._statement)
        self._stated = _read_totals(self._statement.need("TxsSummry"))
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
            if event == "-Ntry":
                yield self._read(element)
                if before is not None:
                    before.getparent().remove(before)
                before = element
        self._check_end()

    def _read(self, element: Any) -> Entry:
        number = self._totals.credits + self._totals.debits + 1
        try:
            entry = read_entry(Node(element))
        except BadInput as bad:
            raise BadInput(bad.what, where=f"entry {number}, {bad.where}", hint=bad.hint) from None
        self._totals.add(entry.amount)
        return entry

    def _check_end(self) -> None:
        _check_totals(self._statement.need("TxsSummry"), self._stated, self._totals)
        for later in (*self._body.element[2:], *self._statement.element.iterfind("{*}AddtlStmtInf")):
            raise BadInput(
                "this element is not part of the profile", where=Node(later).where, hint="leave it out; one statement to a message"
            )


def read_statement(data: bytes) -> Statement:
    """The whole statement. BadInput, in one line, for anything amiss."""
    reader = StatementReader(BytesIO(data))
    entries = tuple(reader)
    return Statement(reader.head, entries)
