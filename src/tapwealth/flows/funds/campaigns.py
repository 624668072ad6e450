"""A campaign's subsidy: a sponsor's own money on top of a fund's income, shown apart from it.

Two operators decide a campaign. The sponsor pays its budget into our own account at the bank under the campaign's code; it stands on an
account of the campaign's that can never go below zero. At each day's end the holders' units of the day before, whose date is closed, are
granted their part, and one payment brings it from our own account to the reserve, into their wallets when the bank has executed it. What is
left after the last day goes back to the sponsor.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.bank import entries as bank
from tapwealth.bank import store as bank_store
from tapwealth.bank.bank_number import check_account_number
from tapwealth.bank.entries import NUMBER_OF, Part
from tapwealth.bank.store import BreakRow
from tapwealth.flows.bank import payments
from tapwealth.flows.bank.payments import Payment, Purpose
from tapwealth.flows.bank.receipts import Claim, Pushed
from tapwealth.flows.end_of_day import StepReport, reported
from tapwealth.flows.frame import HOUSE_BOOK, PLATFORM, House, Moment, actor_number, moment, must_post, step_key
from tapwealth.flows.funds.exchange_out import ADVANCER
from tapwealth.flows.funds.income import Register, registers_on
from tapwealth.flows.funds.purchase import OWN_CHANNEL
from tapwealth.funds import campaign_store as store
from tapwealth.funds import store as funds
from tapwealth.funds.campaign import RATE_SCALE, Campaign, CampaignRefusal, CampaignTerms, Standing, grants
from tapwealth.funds.campaign_store import CampaignDay, GrantRow
from tapwealth.funds.conditions import FundKind
from tapwealth.funds.store import FundAccount
from tapwealth.kernel.clock import business_date_of
from tapwealth.kernel.money import Asset, checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.kernel.words import counted
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.approvals import Approval
from tapwealth.storage.database import Tx

SOURCE = "campaign"
"""Of breaks."""
LONGEST = timedelta(days=366)
_OWN = NUMBER_OF[Kind.OWN_MONEY]
_PAID = (Purpose.CAMPAIGN_SUBSIDY, Purpose.CAMPAIGN_RETURN)


class ProposeCampaign(CampaignTerms, frozen=True, forbid_unknown_fields=True):
    """Put a campaign before the others."""


def check(command: ProposeCampaign) -> None:
    """Raises BadInput for what no campaign can be."""
    if not re.fullmatch(r"[A-Z0-9]{3,12}", command.code):
        raise BadInput(f"{command.code[:20]!r} is no campaign's code", where="code", hint="3 to 12 capital letters and digits")
    if not all(text.strip() for text in (command.name, command.name_en, command.sponsor)):
        raise BadInput("a name is empty", where="name, name_en, sponsor", hint="give the campaign's in both languages, and the sponsor's")
    check_account_number(command.sponsor_account, "sponsor_account")
    if not command.first_day <= command.last_day <= command.first_day + LONGEST:
        raise BadInput("the window is none, or longer than a year", where="first_day, last_day", hint="give its first and its last day")
    if not 0 < command.rate <= RATE_SCALE:
        raise BadInput("the rate lies outside 1 to 1000000 millionths", where="rate", hint="2 percent a year are 20000")
    checked(command.holder_cap, where="holder_cap")
    checked(command.total_cap, where="total_cap")
    if command.total_cap < command.holder_cap:
        raise BadInput("one holder could have more than all together", where="total_cap", hint="give at least the holder's cap")


async def wrong(tx: Tx, at: Moment, command: ProposeCampaign) -> Refusal | None:
    """Why it cannot be brought about as things stand."""
    fund = (await funds.funds(tx)).get(command.fund)
    if fund is None:
        return Refusal(CampaignRefusal.UNKNOWN_FUND, f"there is no fund {command.fund[:20]} on the shelf; /view/funds lists them")
    if fund.kind is not FundKind.MONEY:
        return Refusal(CampaignRefusal.NOT_A_MONEY_FUND, f"{fund.code} has a price of its own; choose a money fund")
    if command.code in {one.code for one in await store.campaigns(tx)}:
        return Refusal(CampaignRefusal.CAMPAIGN_EXISTS, f"there is a campaign {command.code} already; choose another code")
    today = business_date_of(at.now)
    if command.first_day <= today:
        return Refusal(CampaignRefusal.HAS_BEGUN, f"it would have begun on {command.first_day}; let it begin after {today}")
    return None


async def bring_about(tx: Tx, at: Moment, made: Approval, command: ProposeCampaign) -> Refusal | None:
    refusal = await wrong(tx, at, command)
    if refusal is None:
        await store.add_campaign(tx, Campaign(id=made.id, **msgspec.structs.asdict(command)), at.now)
    return refusal


def money_of(book: int, campaign: Campaign) -> NewAccount:
    """The campaign's money in a book: the house's holds what is not granted yet, another what is on its way to that book's wallets."""
    return NewAccount(book, Kind.CAMPAIGN_SUBSIDY, campaign.id, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS)


# ---- the sponsor pays in


async def recognise(house: House, tx: Any, at: Moment, pushed: Sequence[Pushed], actor: int) -> Mapping[str, Claim]:
    """Money in our own account whose text begins with a campaign's code."""
    known = {one.code: one for one in await store.campaigns(tx)}
    paid = {one: known[code] for one in pushed if one.account == _OWN and (code := one.text.split(" ", 1)[0]) in known}
    accounts = await house.ledger.open_accounts(tx, [money_of(HOUSE_BOOK, campaign) for campaign in paid.values()])
    return {
        one.end_to_end_id: Claim(
            _destination(campaign),
            (bank.received(HOUSE_BOOK, one.key, _OWN, account, one.amount, at.booking_date(one.booked_on), actor, known=True),),
        )
        for (one, campaign), account in zip(paid.items(), accounts, strict=True)
    }


def _destination(campaign: Campaign) -> str:
    return f"campaign:{campaign.code}"


# ---- a day's end


@dataclass(slots=True)
class _Facts:
    """`budgets`: what is free on each campaign's account of the house; `accounts`: by campaign and book."""

    registers: Mapping[str, Register]
    standings: Mapping[UUID, Mapping[str, Standing]]
    granted: Mapping[UUID, int]
    budgets: Mapping[UUID, int]
    accounts: Mapping[tuple[UUID, int], int]


class _Granted(NamedTuple):
    campaign: Campaign
    day: CampaignDay
    rows: list[GrantRow]


async def pay(house: House, day: date) -> StepReport:
    """The step of the day's end: grant for the day before, and give back what ended campaigns have left."""
    earned_on = day - timedelta(days=1)
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, range(house.books + 1))
        at, actor, known = await moment(tx), await actor_number(tx, HOUSE_BOOK, PLATFORM), await store.campaigns(tx)
        done = await store.days(tx, earned_on)
        running = [one for one in known if one.runs_on(earned_on) and one.id not in done]
        over = [one for one in known if one.last_day < earned_on]
        facts = await _load(house, tx, at, earned_on, running, over)
        made = [_grant(facts, one, earned_on) for one in running]
        await store.add_day(tx, [one.day for one in made], [row for one in made for row in one.rows])
        await _pay_out(house, tx, at, day, actor, facts, made)
        left = [one for one in over if facts.budgets[one.id] > 0]
        await payments.instruct(house, tx, at, day, actor, [_return(facts, one, day) for one in left])
        await bank_store.add_breaks(tx, day, [_short(one) for one in made if _is_short(one, facts)], at.now)
        granted, back = sum(one.day.granted for one in made), sum(facts.budgets[one.id] for one in left)
        text = f"{format_minor(granted)} yuan granted by {counted(len(made), 'campaign')}, {format_minor(back)} given back to sponsors"
        return await reported(tx, StepReport(text, {"granted": granted, "given_back": back}))


async def _load(house: House, tx: Tx, at: Moment, earned_on: date, running: Sequence[Campaign], over: Sequence[Campaign]) -> _Facts:
    wanted = [(one, book) for one in (*running, *over) for book in range(house.books + 1)]
    numbers = await house.ledger.open_accounts(tx, [money_of(book, one) for one, book in wanted])
    accounts = {(one.id, book): number for (one, book), number in zip(wanted, numbers, strict=True)}
    free = await house.ledger.free(tx, at.now, [accounts[one.id, HOUSE_BOOK] for one in (*running, *over)])
    return _Facts(
        await registers_on(house, tx, earned_on, coming=True) if running else {},
        await store.standings(tx, [one.id for one in running], earned_on),
        await store.granted(tx),
        {one.id: free[accounts[one.id, HOUSE_BOOK]] for one in (*running, *over)},
        accounts,
    )


def _grant(facts: _Facts, campaign: Campaign, day: date) -> _Granted:
    could = min(facts.budgets[campaign.id], campaign.total_cap - facts.granted.get(campaign.id, 0))
    rows = _rows(campaign, day, facts.registers[campaign.fund], facts.standings[campaign.id], could)
    return _Granted(campaign, CampaignDay(campaign.id, day, could, sum(row.amount for row in rows)), rows)


def _rows(campaign: Campaign, day: date, register: Register, before: Mapping[str, Standing], could: int) -> list[GrantRow]:
    """What a campaign's day comes to, for who has had units in it. It follows from a closed date and the day before."""
    people = {one.trading_account: (one, key) for key, one in register.holders.items() if _takes_part(one)}
    now = {name: before.get(name, Standing()).after(register.units.get(key, 0)) for name, (_, key) in people.items()}
    now = {name: one for name, one in now.items() if one.unit_days}
    amounts = grants(campaign, now, could)
    return [
        GrantRow(
            people[name][0].book, campaign.id, day, people[name][0].id, name, one.unit_days, one.granted + amounts.get(name, 0),
            amounts.get(name, 0),
        )
        for name, one in sorted(now.items())
    ]  # fmt: skip


def _takes_part(one: FundAccount) -> bool:
    return one.channel == OWN_CHANNEL and one.id != ADVANCER


async def _pay_out(house: House, tx: Tx, at: Moment, day: date, actor: int, facts: _Facts, made: Sequence[_Granted]) -> None:
    """Bring each book its share of the budget, and tell the bank to bring the money to the reserve."""
    paid = [(one.campaign, row) for one in made for row in one.rows if row.amount]
    wallets = await house.ledger.open_accounts(
        tx, [NewAccount(row.book, Kind.WALLET, row.person, Asset.CNY, Limit.DEBITS_WITHIN_CREDITS) for _, row in paid]
    )
    parts: dict[UUID, list[Part]] = {one.campaign.id: [] for one in made}
    shares: dict[tuple[Campaign, int], int] = {}
    for (campaign, row), wallet in zip(paid, wallets, strict=True):
        parts[campaign.id].append(Part(row.book, row.amount, facts.accounts[campaign.id, row.book], wallet))
        shares[campaign, row.book] = shares.get((campaign, row.book), 0) + row.amount
    allotted = [
        bank.allotted(
            facts.accounts[one.id, HOUSE_BOOK], facts.accounts[one.id, book], _OWN, amount, step_key(day, "campaign", HOUSE_BOOK, one.code),
            day, actor,
        )
        for (one, book), amount in shares.items()
    ]  # fmt: skip
    await must_post(house, tx, at, [entry for pair in allotted for entry in pair])
    await payments.instruct(house, tx, at, day, actor, [_subsidy(one, day, parts[one.campaign.id]) for one in made])


def _subsidy(one: _Granted, day: date, parts: Sequence[Part]) -> Payment:
    return Payment(
        step_key(day, "campaign subsidy", HOUSE_BOOK, one.campaign.code),
        f"CMP-{one.campaign.code}-{one.day.day:%Y%m%d}",
        Purpose.CAMPAIGN_SUBSIDY,
        _OWN,
        NUMBER_OF[Kind.CUSTOMER_RESERVE],
        "Tapwealth customer reserve",
        day + timedelta(days=1),
        tuple(parts),
    )


def _return(facts: _Facts, campaign: Campaign, day: date) -> Payment:
    """All that stands there; what the bank rejects comes back there and goes again the next day."""
    return Payment(
        step_key(day, "campaign return", HOUSE_BOOK, campaign.code),
        f"CMR-{campaign.code}-{day:%Y%m%d}",
        Purpose.CAMPAIGN_RETURN,
        _OWN,
        campaign.sponsor_account,
        campaign.sponsor,
        day + timedelta(days=1),
        (Part(HOUSE_BOOK, facts.budgets[campaign.id], facts.accounts[campaign.id, HOUSE_BOOK]),),
    )


def _is_short(one: _Granted, facts: _Facts) -> bool:
    """Whether the sponsor has paid in less than holders were to have, though the campaign could go on."""
    if one.day.granted < one.day.could:
        return False
    full = _rows(one.campaign, one.day.day, facts.registers[one.campaign.fund], facts.standings[one.campaign.id], one.campaign.total_cap)
    left = one.campaign.total_cap - facts.granted.get(one.campaign.id, 0)
    return one.day.granted < min(sum(row.amount for row in full), left)


def _short(one: _Granted) -> BreakRow:
    text = f"campaign {one.campaign.code} had {format_minor(one.day.could)} yuan for {one.day.day}, less than its holders were to have"
    return BreakRow(SOURCE, "campaign_short", f"{one.campaign.code} {one.day.day}", 0, f"{text}; ask its sponsor for more", accounted=True)


# ---- its proof


async def prove(house: House, day: date) -> StepReport:
    """The step of the day's end: what was granted for the day before follows from that day's units, no cap is passed, and each campaign's
    account is what its sponsor has paid in less what was paid out of it."""
    async with house.database.read() as tx:
        known = await store.campaigns(tx)
        wrong = await unproved(house, tx, day, known) if known else []
    return StepReport(f"{counted(len(known), 'campaign')}: each account is what the sponsor has paid in, less what was paid out", {}, wrong)


async def unproved(house: House, tx: Tx, day: date, known: Sequence[Campaign]) -> list[str]:
    """What does not hold of these campaigns as of a date, in words."""
    earned_on = day - timedelta(days=1)
    done = await store.days(tx, earned_on)
    granted = [one for one in known if one.id in done]
    registers = await registers_on(house, tx, earned_on, coming=True) if granted else {}
    before = await store.standings(tx, [one.id for one in granted], earned_on)
    kept = await store.grants_of_day(tx, [one.id for one in granted], earned_on)
    sums, standing = await store.granted(tx), await _standing(house, tx, known, day)
    wrong = [line for one in granted for line in _wrong_grants(one, done[one.id], registers[one.fund], before[one.id], kept)]
    wrong += [_passed(one) for one in known if sums.get(one.id, 0) > one.total_cap]
    return wrong + [_uneven(one, *standing[one.code]) for one in known if sum(standing[one.code])]


def _wrong_grants(
    campaign: Campaign, day: CampaignDay, register: Register, before: Mapping[str, Standing], kept: Sequence[GrantRow]
) -> list[str]:
    ours = {row for row in kept if row.campaign == campaign.id}
    expected = set(_rows(campaign, day.day, register, before, day.could))
    names = sorted({row.trading_account for row in ours ^ expected})
    wrong = [f"campaign {campaign.code}: what {name} was granted for {day.day} does not follow from its units" for name in names]
    if sum(row.amount for row in ours) != day.granted:
        wrong.append(f"campaign {campaign.code}: its grants of {day.day} are not the {format_minor(day.granted)} yuan that were paid")
    return wrong


def _passed(campaign: Campaign) -> str:
    return f"campaign {campaign.code} has granted more than its {format_minor(campaign.total_cap)} yuan"


async def _standing(house: House, tx: Tx, known: Sequence[Campaign], day: date) -> dict[str, tuple[int, int, int]]:
    """By code: what was paid in, less what was instructed out of it and not rejected, less what stands there: in sum nothing."""
    wanted = [(one, book) for one in known for book in range(house.books + 1)]
    found = await house.ledger.find_accounts(tx, [money_of(book, one) for one, book in wanted])
    totals = await house.ledger.totals_dated(tx, [number for number in found if number is not None], day)
    paid_in = await bank_store.received_for(tx, [_destination(one) for one in known], day)
    paid_out = await bank_store.instructed_under(tx, _PAID, day)
    stands = {one.code: 0 for one in known}
    for (one, _), number in zip(wanted, found, strict=True):
        stands[one.code] += totals[number].owed if number is not None else 0
    return {one.code: (paid_in.get(_destination(one), 0), -paid_out.get(one.code, 0), -stands[one.code]) for one in known}


def _uneven(campaign: Campaign, paid_in: int, paid_out: int, stands: int) -> str:
    sums = f"{format_minor(paid_in)} yuan were paid in and {format_minor(-paid_out)} paid out, {format_minor(-stands)} stand there"
    return f"campaign {campaign.code}: {sums}; run the audit"


# ---- what is shown


class SubsidyShown(msgspec.Struct, frozen=True):
    """What a person was granted by a campaign so far, in fen. It is the sponsor's money and no return of the fund."""

    campaign: str
    name: str
    name_en: str
    fund: str
    sponsor: str
    last_day: date
    granted: int


class CampaignShown(msgspec.Struct, frozen=True):
    """A campaign as operators see it. Fen; `left` of what the sponsor has paid in is neither granted nor given back."""

    campaign: str
    fund: str
    name: str
    name_en: str
    sponsor: str
    first_day: date
    last_day: date
    rate: int
    holder_cap: int
    total_cap: int
    paid_in: int
    granted: int
    left: int


async def granted_to(tx: Any, book: int, person: UUID) -> list[SubsidyShown]:
    """By code; only campaigns that have granted something."""
    sums = await store.grants_of(tx, book, person)
    return [
        SubsidyShown(one.code, one.name, one.name_en, one.fund, one.sponsor, one.last_day, sums[one.id])
        for one in (await store.campaigns(tx) if sums else [])
        if sums.get(one.id)
    ]


async def shown(house: House, tx: Any) -> list[CampaignShown]:
    """By code."""
    known, granted = await store.campaigns(tx), await store.granted(tx)
    paid_in = await bank_store.received_for(tx, [_destination(one) for one in known], date.max)
    found = await house.ledger.find_accounts(tx, [money_of(HOUSE_BOOK, one) for one in known])
    balances = await house.ledger.balances(tx, [number for number in found if number is not None])
    return [
        CampaignShown(
            one.code, one.fund, one.name, one.name_en, one.sponsor, one.first_day, one.last_day, one.rate, one.holder_cap, one.total_cap,
            paid_in.get(_destination(one), 0), granted.get(one.id, 0), balances[number].available if number is not None else 0,
        )
        for one, number in zip(known, found, strict=True)
    ]  # fmt: skip
