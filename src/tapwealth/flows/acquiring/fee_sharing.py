"""The revenue of a date, card fees and commission on premiums, is shared by contract, and the parties are paid: two steps of the day's end.

What is the issuer's and the acquirer's of the settled fees, and the commission of the day's settlement with the insurer less what was given
back of it, is booked to the bank's and the phone maker's account of the day on which it was
earned, though the money follows into our own account a day later. A party is paid what stands there when its contract says so, on the first
working day on which the money must have come; what the bank rejects comes back there and goes with the next payment.
"""

from datetime import date, timedelta

from tapwealth.acquiring import entries
from tapwealth.acquiring import store as acquiring
from tapwealth.acquiring.share_contract import Contract, Party, Revenue, contract_on
from tapwealth.acquiring.store import RevenueShare
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, actor_number, moment, must_post, step_key
from tapwealth.insurance import policy_event_store
from tapwealth.kernel.money import Asset, format_minor
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind, house_account

_CODE = {Party.BANK: "BANK", Party.PHONE_MAKER: "PHONE"}


async def share_fees(house: House, day: date) -> StepReport:
    """What each party has of the date's fees and commission. Nothing is shared before the first contract."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        contract = contract_on(day)
        if contract is not None and not await acquiring.revenue_shares(tx, day, day):
            settled = await acquiring.settlements(tx, day)
            earned = {
                Revenue.ISSUER: sum(one.issuer_share for one in settled),
                Revenue.ACQUIRER: sum(one.acquirer_share for one in settled),
            }
            commission = await policy_event_store.commission_settled(tx, list(house.all_books), day)
            if commission:
                earned[Revenue.COMMISSION] = commission
            made = [
                RevenueShare(day, revenue, party, amount)
                for revenue, whole in earned.items()
                for party, amount in contract.split(revenue, whole).items()
            ]
            amounts = {(Revenue(one.revenue), Party(one.party)): one.amount for one in made}
            if any(amounts.values()):
                at, actor = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM)
                await must_post(house, tx, at, [entries.shared(HOUSE_BOOK, step_key(day, "shares", HOUSE_BOOK), amounts, day, actor)])
            await acquiring.add_revenue_shares(tx, made)
        return _shared(await acquiring.revenue_shares(tx, day, day))


def _shared(made: list[RevenueShare]) -> StepReport:
    bank, maker = (sum(one.amount for one in made if one.party == party) for party in Party)
    text = f"of fees and commission {format_minor(bank)} are the bank's, {format_minor(maker)} the phone maker's"
    return StepReport(text, {"bank": bank, "phone_maker": maker})


async def pay_shares(house: House, day: date) -> StepReport:
    """Whoever is to be paid at this date's end, all that stands on their account."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        at, actor, contract = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM), contract_on(day)
        account = {party: house_account(HOUSE_BOOK, entries.SHARE[party], Asset.CNY) for party in Party}
        standing = await house.ledger.totals_dated(tx, list(account.values()), day)
        made = [
            _payment(house, contract, party, day, Part(HOUSE_BOOK, standing[account[party]].owed, account[party]))
            for party in Party
            if contract is not None and contract.terms[party].settled.is_due(day) and standing[account[party]].owed > 0
        ]
        await payments.instruct(house, tx, at, day, actor, made)
        paid = format_minor(sum(one.amount for one in made))
        text = f"{counted(len(made), 'party', 'parties')} paid a share of fees and commission, {paid} yuan"
        return await reported(tx, StepReport(text, {"payments": [one.end_to_end_id for one in made]}))


def share_name(party: Party, day: date) -> str:
    """The payment of a date, as the bank's statement names it."""
    return f"SHR-{_CODE[party]}-{day:%Y%m%d}"


def _payment(house: House, contract: Contract, party: Party, day: date, part: Part) -> Payment:
    terms = contract.terms[party]
    return Payment(
        step_key(day, "share", HOUSE_BOOK, party),
        share_name(party, day),
        Purpose.FEE_SHARE,
        NUMBER_OF[Kind.OWN_MONEY],
        terms.account,
        terms.name,
        house.calendar.next_working_day(day + timedelta(days=1)),
        (part,),
    )
