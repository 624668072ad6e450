"""What goes to the bank and what comes from it, as ISO 20022 messages.

An outbox message names an instruction; the XML is made when it is sent, since a card number may not lie about in clear. What the bank sends
is told apart by its namespace: a status report settles payments, a notification brings receipts.
"""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from uuid import UUID

from tapwealth.bank import mandate_store, store
from tapwealth.bank.partner import BANK_CNAPS, PLATFORM_NAME
from tapwealth.bank.statement import booking_name, shown_name
from tapwealth.customers import store as customers
from tapwealth.flows.bank import payments, receipts
from tapwealth.flows.bank.payments import Outcome, Purpose
from tapwealth.flows.bank.receipts import Pushed, Recogniser
from tapwealth.flows.bills import autopay_cards
from tapwealth.flows.clearing import network
from tapwealth.flows.customers.people import card_number, open_person
from tapwealth.flows.deposits import depository
from tapwealth.flows.frame import House
from tapwealth.flows.funds import advance_interest, advance_outcomes, campaigns, fund_receipts, redemption_outcomes, sweeps
from tapwealth.flows.insurance import claim_outcomes, endorsement_outcomes, policy_outcomes, premium_outcomes
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.refusal import BadInput
from tapwealth.storage.database import Tx
from tapwealth.storage.outbox import OutboxMessage
from tapwealth.wire.iso20022.credit_transfer import CreditTransfer, CreditTransferInitiation, write_credit_transfer
from tapwealth.wire.iso20022.direct_debit import DirectDebit, DirectDebitInitiation, write_direct_debit
from tapwealth.wire.iso20022.message_type import MessageType, sniff
from tapwealth.wire.iso20022.notification import Notification, read_notifications
from tapwealth.wire.iso20022.party import Party
from tapwealth.wire.iso20022.status_report import PaymentOutcome, PaymentStatus, StatusReport, read_status_report

_MESSAGE_ID = re.compile(r"[0-9a-f]{32}")
RECOGNISERS: tuple[Recogniser, ...] = (
    fund_receipts.recognise_channel,
    advance_outcomes.recognise,
    redemption_outcomes.recognise,
    policy_outcomes.recognise_refunds,
    premium_outcomes.recognise_cash_values,
    claim_outcomes.recognise,
    endorsement_outcomes.recognise_refunds,
    network.recognise_network,
    campaigns.recognise,
    network.recognise_capital,
    depository.recognise_interest,
)
"""Who looks at a receipt, in order; what none of them claims goes to suspense."""


async def deliver(house: House, message: OutboxMessage) -> None:
    """Hand one payment to the bank. Raises Outage while the bank is not known to have stored it."""
    await house.rails.bank.send(await _xml(house, UUID(message.payload["instruction"])))


async def _xml(house: House, identifier: UUID) -> bytes:
    async with house.database.read() as tx:
        one = await store.instruction(tx, identifier)
        assert one is not None, f"the outbox names an instruction that is not there: {identifier}"
        at = await tx.fetchval("select instant from platform_clock")
        (first, *_) = (await store.parts_of(tx, [one.id]))[one.id]
        book = first[1].book
        to_card = one.purpose in (Purpose.MOVE_OUT, Purpose.CARD_REFUND, Purpose.SAFE_CARD_PAYOUT)
        if not one.direct_debit:
            theirs = Party(one.to_account, BANK_CNAPS, one.counterparty)
            if to_card:
                theirs = await _holder_of_card(house, tx, book, one.to_account)
            ours = Party(one.from_account, BANK_CNAPS, PLATFORM_NAME)
            transfer = CreditTransfer(one.end_to_end_id, one.amount, ours, theirs, one.requested_date, text=one.purpose)
            return write_credit_transfer(CreditTransferInitiation(one.id.hex, at, PLATFORM_NAME, (transfer,)))
        theirs = await _holder_of_card(house, tx, book, one.from_account)
        mandate, given_on = UUID(one.from_account).hex, one.instructed_on
        if one.purpose == Purpose.CARD_DEBIT:
            mandate, given_on = await _mandate_of(tx, book, one.end_to_end_id)
        if one.purpose == Purpose.SWEEP_IN:
            mandate, given_on = await sweeps.mandate_of(tx, book, one.end_to_end_id)
        if one.purpose == Purpose.BILL_DEBIT:
            mandate, given_on = await autopay_cards.mandate_of(tx, book, one.end_to_end_id)
    ours = Party(one.to_account, BANK_CNAPS, PLATFORM_NAME)
    debit = DirectDebit(one.end_to_end_id, one.amount, ours, theirs, one.requested_date, mandate, given_on, text=one.purpose)
    return write_direct_debit(DirectDebitInitiation(one.id.hex, at, PLATFORM_NAME, (debit,)))


async def _mandate_of(tx: Tx, book: int, name: str) -> tuple[str, date]:
    """Under which mandate a tap is collected, and when that was given."""
    (one,) = await mandate_store.reservations_named(tx, [(book, name)])
    under = await mandate_store.mandate(tx, book, one.mandate)
    assert under is not None, f"the reservation {name} is under no mandate"
    return under.name, under.given_on


async def _holder_of_card(house: House, tx: Tx, book: int, identifier: str) -> Party:
    """The number of a bound card and its holder's name: unsealed for this message and nothing else."""
    card = await customers.bank_card(tx, book, UUID(identifier))
    assert card is not None, f"an instruction names a card that is not there: {identifier}"
    person = (await customers.persons(tx, [(book, card.person)]))[card.person]
    return Party(card_number(house, card).reveal(), BANK_CNAPS, open_person(house, person).name.reveal())


async def take(house: House, content: bytes) -> None:
    """One message of the bank's. Raises BadInput for what cannot be read or is not for us; a repetition changes nothing."""
    kind = sniff(content)
    if kind is MessageType.PAIN_002:
        await _take_report(house, read_status_report(content))
    elif kind is MessageType.CAMT_054:
        notes = read_notifications(content)
        await receipts.receive(house, _pushed(notes), RECOGNISERS)
        await advance_interest.take_charges(house, _taken(notes))
    else:
        raise BadInput(f"{kind.value} is not taken here", where="bank message", hint="send pain.002 or camt.054")


async def _take_report(house: House, report: StatusReport) -> None:
    whole = [] if report.whole is None else await _payments_in(house, report.original_message_id, report.whole)
    outcomes = [
        Outcome(
            one.end_to_end_id,
            one.status is PaymentStatus.SETTLED,
            business_date_of(one.settled_at or report.created_at),
            f"{one.reason or ''} {one.text}".strip(),
        )
        for one in (*report.outcomes, *whole)
        if one.status is not PaymentStatus.PENDING
    ]
    unknown = await payments.hear(house, outcomes)
    if unknown:
        raise BadInput(f"no payment of ours is called {', '.join(unknown)}", where="pain.002", hint="check the end-to-end id")


async def _payments_in(house: House, message_id: str, outcome: PaymentOutcome) -> list[PaymentOutcome]:
    """What became of the one payment of a message of ours (it is called as its instruction is, see `_xml`)."""
    async with house.database.read() as tx:
        one = await store.instruction(tx, UUID(message_id)) if _MESSAGE_ID.fullmatch(message_id) else None
    if one is None:
        raise BadInput(f"no message of ours is called {message_id}", where="pain.002", hint="check OrgnlMsgId")
    return [replace(outcome, end_to_end_id=one.end_to_end_id)]


def _taken(notes: Sequence[Notification]) -> list[Pushed]:
    """What the bank has taken from an account of ours by itself, below zero. (Of payments that we instructed it reports.)"""
    return [
        Pushed(entry.end_to_end_id, note.account, entry.amount, entry.booked_on, shown_name(entry.counterparty_name), entry.text)
        for note in notes
        for entry in note.entries
        if entry.amount < 0
    ]


def _pushed(notes: Sequence[Notification]) -> list[Pushed]:
    """Credits, each under its end-to-end id or, where the payer gave none, the bank's own reference."""
    return [
        Pushed(
            booking_name(note.account, entry.end_to_end_id, entry.booked_on, entry.reference),
            note.account,
            entry.amount,
            entry.booked_on,
            shown_name(entry.counterparty_name),
            entry.text,
        )
        for note in notes
        for entry in note.entries
        if entry.amount > 0
    ]
