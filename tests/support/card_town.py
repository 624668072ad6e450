"""A merchant with terminals, phones with cards, and the host's side of a tap, in a `bill_town.Town`.

Cards and terminals exchange real APDUs; what goes to the flows is what the host reads from an ISO 8583 message.
"""

from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import count
from typing import Any
from uuid import UUID

from bill_town import MONDAY, NINE, Person, Town
from clearing_network import clear
from device import DeviceKey, card_of
from shelf import UNITS, give_units, put_on_the_shelf

from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.store import Merchant
from tapwealth.bank.entries import NUMBER_OF
from tapwealth.card import step
from tapwealth.card.state import CardState
from tapwealth.flows.bank import receipts
from tapwealth.flows.bank.receipts import Pushed
from tapwealth.flows.issuing import cards, tap, tap_later
from tapwealth.flows.issuing.tap import CardHouse, Routed
from tapwealth.flows.issuing.tokens import Provisioned
from tapwealth.issuing import store as issuing
from tapwealth.issuing.limited_use import KEYS_AHEAD, LAST_ATC
from tapwealth.issuing.store import Authorisation
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.ids import named
from tapwealth.kernel.masked import Pan
from tapwealth.kernel.money import Asset
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.play.wallet_phone import with_other_keys
from tapwealth.terminal import OnlineRequest, Tap, TerminalConfig, dialogue, run
from tapwealth.terminal.config import INQUIRY, PURCHASE
from tapwealth.wire.iso8583.requests import (
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    OriginalReference,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    Totals,
    TransactionKind,
)

MERCHANT, TERMINAL, BATCH = "898110053110001", "10000001", "000001"
NO_FEE = Merchant(named(NINE, 0, "merchant"), MERCHANT, "早点铺", "5814", "91110105MA00000000", "0300000009", 0)


class Phone:
    """A phone with a card, in memory."""

    def __init__(self, state: CardState) -> None:
        self.state = state

    def transmit(self, c_apdu: bytes) -> bytes:
        self.state, answer = step(self.state, c_apdu)
        return answer

    def copied(self, **changes: Any) -> "Phone":
        """Somebody's copy of the card, with other data."""
        return Phone(replace(self.state.powered_off(), **changes))

    def forged(self) -> "Phone":
        """All of it but the key."""
        return Phone(with_other_keys(self.state.powered_off()))


@dataclass
class CardTown:
    """`place` is the town around it."""

    place: Town
    cards: CardHouse
    stans: Any = field(default_factory=lambda: count(1))
    routes: dict[str, tuple[int, UUID]] = field(default_factory=dict)

    async def phone(self, person: Person) -> Phone:
        """A new phone of the person's, with a card."""
        return await self.with_card(await DeviceKey().get_card(self.place.house, self.place.envelope(person)))

    async def tireless_phone(self, person: Person) -> Phone:
        """One whose keys neither run out nor grow old: what is asked of it is not the keys' to decide."""
        phone = await self.phone(person)
        async with self.place.house.database.transaction() as tx:
            await tx.execute(
                "update token_key set amount_limit = $3, good_until = $4, last_atc = case number when $5 then $6 else last_atc end"
                " where book = $1 and token = $2",
                *self.routes[phone.state.track2.pan.reveal()], 10**15, NINE + timedelta(days=36_500), KEYS_AHEAD, LAST_ATC,
            )  # fmt: skip
        *others, last = phone.state.keys
        return phone.copied(keys=(*others, replace(last, last_atc=LAST_ATC)))

    async def with_card(self, given: Provisioned) -> Phone:
        """A phone that was given this card; the host finds it."""
        house = self.place.house
        async with house.database.read() as tx:
            (self.routes[given.pan],) = (await issuing.routes(tx, [cards.token_lookup(house, Pan(given.pan))])).values()
        return Phone(card_of(given))

    def sale(self, phone: Phone, amount: int, /, **changes: Any) -> AuthorisationRequest:
        """What the host makes of a tap over that amount; `changes` are what it did not come with."""
        number = next(self.stans)
        at = self.place.biller.now
        tapped = Tap(amount, business_date_of(at), b"\1\2\3\4", number, PURCHASE if amount else INQUIRY)
        outcome = run(dialogue(TerminalConfig(TERMINAL), tapped), phone.transmit)
        assert isinstance(outcome, OnlineRequest), outcome
        phone.state = phone.state.powered_off()
        asked = AuthorisationRequest(
            merchant_id=MERCHANT,
            terminal_id=TERMINAL,
            batch=BATCH,
            stan=f"{number:06d}",
            received_at=at,
            pan=outcome.track2.pan,
            psn=outcome.psn or "00",
            expiry_date=outcome.track2.expiry,
            amount=amount,
            currency="156",
            entry_mode="07",
            icc_data=outcome.icc_data,
        )
        return replace(asked, **changes)

    def reversal(self, sale: AuthorisationRequest | FollowUpRequest, **changes: Any) -> ReversalRequest:
        asked = ReversalRequest(
            merchant_id=sale.merchant_id,
            terminal_id=sale.terminal_id,
            batch=sale.batch,
            stan=sale.stan,
            received_at=self.place.biller.now,
            pan=sale.pan,
            amount=sale.amount,
            currency="156",
            reason="98",
            original=OriginalReference(sale.batch, sale.stan),
            kind=sale.kind,
        )
        return replace(asked, **changes)

    def follow_up(self, kind: TransactionKind, of: Any, rrn: str, amount: int = 0, **changes: Any) -> FollowUpRequest:
        """Of all of it, if no amount is given."""
        asked = FollowUpRequest(
            merchant_id=of.merchant_id,
            terminal_id=of.terminal_id,
            batch=of.batch,
            stan=f"{next(self.stans):06d}",
            received_at=self.place.biller.now,
            pan=of.pan,
            amount=amount or of.amount,
            currency="156",
            original=OriginalReference(of.batch, of.stan),
            rrn=rrn,
            kind=kind,
        )
        return replace(asked, **changes)

    def claim(self, sale: AuthorisationRequest | FollowUpRequest, **changes: Any) -> BatchUploadRequest:
        asked = BatchUploadRequest(
            merchant_id=sale.merchant_id,
            terminal_id=sale.terminal_id,
            batch=sale.batch,
            stan=f"{next(self.stans):06d}",
            received_at=self.place.biller.now,
            pan=sale.pan,
            psn="01",
            amount=sale.amount,
            currency="156",
            entry_mode="07",
            original=OriginalReference(sale.batch, sale.stan),
            rrn="",
            authorisation_code="",
        )
        return replace(asked, **changes)

    def settlement(self, batch: str, totals: Totals) -> SettlementRequest:
        return SettlementRequest(
            merchant_id=MERCHANT,
            terminal_id=TERMINAL,
            batch=batch,
            stan=f"{next(self.stans):06d}",
            received_at=self.place.biller.now,
            currency="156",
            totals=totals,
        )

    def routed(self, request: Any) -> Routed:
        return Routed(*self.routes.get(request.pan.reveal(), (1, None)), request)

    async def decide(self, flow: Any, requests: tuple[Any, ...]) -> list[Any]:
        """As the group commit does: in one transaction that holds the books."""
        routed = [self.routed(one) for one in requests]
        async with self.place.house.database.transaction() as tx:
            await self.place.house.ledger.lock_books(tx, sorted({one.book for one in routed}))
            answers: list[Any] = await flow(self.cards, tx, routed)
            return answers

    async def authorise(self, *sales: AuthorisationRequest) -> list[AuthorisationResponse]:
        return await self.decide(tap.authorise, sales)

    async def tap(self, phone: Phone, amount: int, /, **changes: Any) -> tuple[AuthorisationRequest, str]:
        """One tap and its response code."""
        sale = self.sale(phone, amount, **changes)
        return sale, (await self.authorise(sale))[0].response_code

    async def reverse(self, *reversals: ReversalRequest) -> list[ReversalResponse]:
        return await self.decide(tap_later.reverse, reversals)

    async def later(self, *requests: FollowUpRequest) -> list[AuthorisationResponse]:
        return await self.decide(tap_later.follow_up, requests)

    async def upload(self, *claims: BatchUploadRequest) -> list[BatchUploadResponse]:
        return await self.decide(tap.take_batch, claims)

    async def clear(self, day: date = MONDAY) -> dict[str, Any]:
        """What the step of the day's end reports."""
        return (await clear(self.place.house, day)).figures

    async def row(self, sale: AuthorisationRequest | FollowUpRequest) -> Authorisation:
        """The sale as it is stored."""
        book = self.routed(sale).book
        async with self.place.house.database.read() as tx:
            (row,) = (await issuing.by_sale(tx, [(book, tap.sale_key(sale.key))])).values()
        return row

    async def give_units(self, person: Person, units: int, asset: Asset = UNITS) -> int:
        """So many units of the fund, or of another one, confirmed; the holding's account."""
        return await give_units(self.place.house, person.book, person.id, units, asset, str(next(self.stans)))

    async def open_line(self, amount: int) -> None:
        """The bank puts money into the advance account: in equal parts for the books."""
        pushed = Pushed(f"LINE-{next(self.stans)}", NUMBER_OF[Kind.ADVANCE], amount, MONDAY, "Bank", "line")
        await receipts.receive(self.place.house, [pushed], ())

    async def free(self, *accounts: int) -> list[int]:
        """What can be taken from them now, by what is posted and held."""
        async with self.place.house.database.read() as tx:
            balances = await self.place.house.ledger.balances(tx, list(accounts))
        return [balances[account].available for account in accounts]

    async def used(self, person: Person) -> int:
        """What counts against the person's limit."""
        async with self.place.house.database.read() as tx:
            paid = await tx.fetchval(
                "select coalesce(sum(amount), 0)::bigint from payment_usage where book = $1 and person = $2", person.book, person.id
            )
        return int(paid)

    async def after(self, **time: float) -> None:
        """Let time pass."""
        await self.place.clock(self.place.biller.now + timedelta(**time))

    async def merchant(self, book: int) -> int:
        """The merchant's account in a book."""
        async with self.place.house.database.transaction() as tx:
            wanted = NewAccount(book, Kind.MERCHANT, NO_FEE.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)
            return (await self.place.house.ledger.open_accounts(tx, [wanted]))[0]


async def card_town(place: Town) -> CardTown:
    """A merchant without a fee, and the issuer's key."""
    house = place.house
    house.keys.generate(cards.MASTER_KEYS[1])
    async with house.database.transaction() as tx:
        await acquiring.add_merchant(tx, NO_FEE, NINE)
        await put_on_the_shelf(house, tx)
    return CardTown(place, CardHouse(house, cards.issuer_keys(house), {MERCHANT: NO_FEE}))
