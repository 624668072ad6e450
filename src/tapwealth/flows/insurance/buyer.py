"""Who buys a policy, and how its first premium is paid: from the wallet, and, where that was agreed for a policy that goes on, from funds
what it lacks. It waits in transit until the insurer has issued the policy."""

from dataclasses import dataclass
from uuid import UUID

from tapwealth.compliance import store as compliance
from tapwealth.compliance.limits import Used
from tapwealth.customers import store as customers
from tapwealth.customers.store import PersonRow
from tapwealth.flows.customers.people import wallet_of, who
from tapwealth.flows.frame import Envelope, House, Moment, post
from tapwealth.flows.funds import fund_pockets
from tapwealth.flows.funds.advances import TakenOver, take_over
from tapwealth.flows.funds.fund_pockets import Pockets
from tapwealth.flows.funds.pocket import holding_of
from tapwealth.funds import store as funds
from tapwealth.insurance import entries
from tapwealth.insurance.entries import Premium
from tapwealth.insurance.store import PolicyRow
from tapwealth.kernel.ids import derived, named
from tapwealth.kernel.parts import Parts
from tapwealth.ledger.port import Share
from tapwealth.storage.database import Tx

_NAMES = UUID(int=601)
"""What parts that funds pay are named under."""


@dataclass(frozen=True, slots=True)
class Buyer:
    """`available` fen are in the wallet; `fund` (a code or `pocket`; empty: none) pays what it lacks."""

    row: PersonRow
    wallet: int
    available: int
    used: Used
    fund: str
    pockets: Pockets

    @property
    def there(self) -> int:
        """Fen in the wallet and in the fund; none in a fund that is not sold any more."""
        from_fund = self.pockets.left(self.row.book, self.row.id, self.fund) if self.fund else 0
        return self.available if not from_fund else max(self.available, 0) + from_fund


async def buyer_of(house: House, tx: Tx, at: Moment, envelope: Envelope, fund: str) -> Buyer:
    """Under the lock of their book."""
    book, person = who(envelope)
    row = (await customers.persons(tx, [(book, person)]))[person]
    wallet, day = await wallet_of(house, tx, book, person), at.date_of(envelope.received_at)
    available = (await house.ledger.free(tx, at.now, [wallet]))[wallet]
    used = await compliance.usage(tx, [(book, person, row.kyc_level)], [day])
    asked = [(book, person, fund)] if fund else []
    return Buyer(row, wallet, available, used, fund, await fund_pockets.open_pockets(house, tx, at, asked, {(book, person): {day}}))


async def pay_first(house: House, tx: Tx, at: Moment, actor: int, buyer: Buyer, policy: PolicyRow) -> bool:
    """Whether the premium is paid now. What funds pay of it the bank advances."""
    by_funds = max(policy.premium - max(buyer.available, 0), 0) if buyer.fund else 0
    parts = buyer.pockets.take(policy.book, policy.person, buyer.fund, by_funds)
    taken = await _taken_over(house, tx, policy, parts)
    shares = tuple(Share(one.holding, one.units, one.fund.asset) for one in taken)
    day = policy.business_date
    entry = entries.premium_taken(Premium(policy.book, policy.id, buyer.wallet, policy.premium, shares), day, actor)
    (answer,) = await post(house, tx, at, [entry])
    if answer.posted:
        await take_over(house, tx, at, day, actor, taken)
    return bool(answer.posted)


async def _taken_over(house: House, tx: Tx, policy: PolicyRow, parts: Parts) -> list[TakenOver]:
    if not parts:
        return []
    shelf = await funds.funds(tx)
    held = [holding_of(policy.book, policy.person, shelf[part.source].asset) for part in parts]
    made = []
    for part, holding in zip(parts, await house.ledger.open_accounts(tx, held), strict=True):
        name = derived(_NAMES, f"{policy.serial} {part.source}")
        order = named(policy.applied_at, policy.book, f"first premium:{name}")
        fund = shelf[part.source]
        made.append(TakenOver(policy.book, order, name, policy.person, fund, holding, part.amount, policy.applied_at, policy.id))
    return made
