"""The funds behind customers' pockets: what a tap, a bill or a card is paid from when the wallet has too little, and in which order.

A fund's number of units never changes once it is on the shelf, and the first fund stays the first: both are looked up once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from tapwealth.customers import store as customers
from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.funds import instant_cap
from tapwealth.funds import store
from tapwealth.funds.fund import Pocket
from tapwealth.funds.pocket import MOST, may_order
from tapwealth.funds.store import Fund
from tapwealth.kernel.money import Asset
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.ledger.chart import Kind
from tapwealth.ledger.port import Limit, NewAccount
from tapwealth.storage.database import Tx

Person = tuple[int, UUID]
"""Book and person."""


async def pocket_of(house: House, tx: Any) -> Pocket | None:
    """The fund of those who have chosen none: the first that was put on the shelf. None while there is none."""
    if not house.pockets:
        house.pockets.extend(await _shelf(tx))
    return min(house.pockets, default=None)


async def units_of(house: House, tx: Any, funds: Iterable[str]) -> dict[str, Asset]:
    """What their units are in the ledger, by code; of funds that are or were on the shelf."""
    wanted = set(funds)
    if not wanted <= {one.fund for one in house.pockets}:
        house.pockets[:] = await _shelf(tx)
    return {one.fund: one.units for one in house.pockets if one.fund in wanted}


async def looked_up(tx: Any) -> Pocket | None:
    """`pocket_of`, read now."""
    return min(await _shelf(tx), default=None)


async def _shelf(tx: Any) -> list[Pocket]:
    return [Pocket(one.asset, one.code) for one in (await store.funds(tx)).values()]


def holding_of(book: int, person: UUID, units: Asset) -> NewAccount:
    """The account of a person's units of a fund."""
    return NewAccount(book, Kind.HOLDING, person, units, Limit.DEBITS_WITHIN_CREDITS)


Holding = tuple[int, UUID, str]
"""Book, person, code of the fund."""


async def behind(house: House, tx: Any, chosen: Mapping[Person, Sequence[str] | None]) -> dict[Holding, NewAccount]:
    """The holdings behind people's pockets, each person's in their order of use. `chosen`: None where somebody has chosen nothing."""
    first = await pocket_of(house, tx)
    fallback = [first.fund] if first else []
    orders = {one: fallback if codes is None else codes for one, codes in chosen.items()}
    units = await units_of(house, tx, {code for codes in orders.values() for code in codes})
    return {(*one, code): holding_of(*one, units[code]) for one, codes in orders.items() for code in codes}


Days = Mapping[Person, Collection[date]]
"""The business dates of what each person asks for, as arrival gives them; more than one around midnight."""


async def spendable(
    house: House, tx: Any, days: Days, free: Mapping[Holding, int], shelf: Mapping[str, Fund] | None = None
) -> dict[UUID, dict[str, int]]:
    """What each person's funds can pay now, by fund in the order in which they come, of units that are free: a fund whose registrar does
    not redeem it is passed over, and where the day's cap binds what is spent, no more than any of their `days` leaves. No statement for
    nothing."""
    if not free:
        return {}
    shelf, found = shelf or await store.funds(tx), dict[UUID, dict[str, int]]()
    for (_, person, code), units in free.items():
        if shelf[code].pays:
            found.setdefault(person, {})[code] = max(units, 0)
    on = defaultdict[date, list[Person]](list)
    for book, person in sorted({(book, person) for book, person, _ in free}):
        for day in days[book, person]:
            on[day].append((book, person))
    for code, day in product(sorted({code for funds in found.values() for code in funds}), on):
        for person, most in (await instant_cap.left_to_spend(tx, house.rule_set, on[day], code, day)).items():
            if code in found.get(person, {}):
                found[person][code] = min(found[person][code], most)
    return found


class Filled(NamedTuple):
    """What the funds of some people can pay, by person and fund in the order of use; their holdings, and what units each fund has."""

    free: dict[UUID, dict[str, int]]
    accounts: dict[Holding, int]
    units: dict[str, Asset]


async def filled(house: House, tx: Any, at: Moment, days: Days) -> Filled:
    """Of those who ask for something, under the locks of their books. Who holds nothing of a fund has no account of it opened."""
    people = sorted(days)
    payers = await customers.payers(tx, people)
    wanted = await behind(house, tx, {one: payers[one[1]].pocket for one in people})
    standing = await house.ledger.find_free(tx, at.now, list(wanted.values()))
    known = {name: one for name, one in zip(wanted, standing, strict=True) if one is not None}
    free = await spendable(house, tx, days, {name: left for name, (_, left) in known.items()})
    accounts = {name: number for name, (number, _) in known.items()}
    units = {name[2]: Asset(wanted[name].asset) for name in known}
    return Filled({person: free.get(person, {}) for _, person in people}, accounts, units)


# ---- the customer's order


class OrderPockets(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The money funds that pay what the wallet lacks, by code, the first one first. A fund that is left out never pays."""

    funds: list[str]


class PocketFund(msgspec.Struct, frozen=True):
    """A fund in its place: units (1/100) that are free, and whether it pays now or is passed over, in words."""

    place: int
    fund: str
    name: str
    name_en: str
    units: int
    pays: bool
    state_zh: str
    state_en: str


class PocketsView(msgspec.Struct, frozen=True):
    """`chosen`: whether the customer has chosen; without a choice the first fund on the shelf pays alone."""

    chosen: bool
    funds: list[PocketFund]


async def order(house: House, envelope: Envelope, command: OrderPockets) -> PocketsView | Refusal:
    """From the next tap on."""
    if len(command.funds) > MOST or len(set(command.funds)) < len(command.funds):
        raise BadInput("a fund stands there twice, or there are too many", where="funds", hint=f"name each once, at most {MOST}")
    book, person = who(envelope)

    async def act(tx: Tx, _at: Moment, _actor: int) -> PocketsView | Refusal:
        refusal = may_order(command.funds, await store.funds(tx))
        if refusal is not None:
            return refusal
        await customers.set_pocket(tx, book, person, command.funds)
        return await shown(house, tx, book, person)

    return await once(house, [book], envelope, command, act, PocketsView)


async def shown(house: House, tx: Any, book: int, person: UUID) -> PocketsView:
    """A person's funds in their order, those that are passed over now as well."""
    shelf, chosen = await store.funds(tx), (await customers.payers(tx, [(book, person)]))[person].pocket
    wanted = await behind(house, tx, {(book, person): chosen})
    codes = [code for _, _, code in wanted]
    found = await house.ledger.find_accounts(tx, list(wanted.values()))
    balances = await house.ledger.balances(tx, [number for number in found if number is not None])
    funds = [
        PocketFund(
            place, code, shelf[code].name, shelf[code].name_en, balances[number].available if number is not None else 0,
            shelf[code].pays, *(_PAYS if shelf[code].pays else _PASSED_OVER),
        )
        for place, (code, number) in enumerate(zip(codes, found, strict=True), 1)
    ]  # fmt: skip
    return PocketsView(chosen is not None, funds)


_PAYS = ("可支付", "pays")
_PASSED_OVER = ("暂停支付，自动跳过", "passed over while its registrar redeems nothing")
