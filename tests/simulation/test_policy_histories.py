"""Random histories of one policy, against an oracle and the insurer's own books: month ends, leap days, the last days of grace.

Each date on which something happens is ended with those after it: the bordereau and the settlement agree with the insurer's process, the
premium trust is explained by item, and premiums, wallet, state, what is earned and the commission are the oracle's, to the fen.
"""

import random
from collections.abc import Callable
from datetime import date, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from bill_town import MONDAY, Person, Town, town
from four_eyes import decided, operator
from policy_files import ASKING_FILE, sell_policies, with_commission
from policy_oracle import DAY, Oracle
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.flows import reports, setup
from tapwealth.flows.bank import payments
from tapwealth.flows.insurance import delivery, insurers, policies, premium_days, premium_trust, premiums, settling
from tapwealth.flows.insurance.discoveries import ProposeTrueAge
from tapwealth.flows.insurance.policies import BuyPolicy, CancelPolicy, PolicyTaken
from tapwealth.flows.insurance.premiums import DemandPremium, EndPremiums, LetPremiums, PayPremium, ReinstatePolicy
from tapwealth.flows.setup import Approved
from tapwealth.insurance import premium_store, store
from tapwealth.insurance.insurer_http import InsurerHttp
from tapwealth.kernel.clock import shanghai
from tapwealth.kernel.refusal import Refusal

HISTORIES = 24
YEARS, MONEY = 3, 10_000_000
BEGUN = tuple(map(date.fromisoformat, ("2014-02-25", "2014-11-29", "2015-01-01", "2015-01-31", "2015-02-28", "2015-08-31", "2016-02-29")))
EVERY = {"month": 1, "quarter": 3, "year": 12}
WAITS = (0, 1, 5, 12, 25, 29, 31, 55, 59, 60, 61, 88, 120, 200, 400)
AROUND = (-31, -30, -1, 0, 1, 29, 30, 58, 59, 60, 61)
"""Days after a premium is due on which something is tried."""
ACTS = [*["pay"] * 5, *["reinstate"] * 3, *["correct"] * 3, "demand", "let", "end_agreement", "cancel"]
BIRTHDAYS = (date(1990, 1, 15), date(1988, 5, 1), date(1984, 1, 16))
AGREED = {"product": "TL20", "free_look_days": 15, "free_look_cost": 1_000}
RATES, OF_BEFORE = (1, 10, 40, 60), 25
"""Percent of a premium that are commission: from some day in the history on, and before."""
HAD = "select coalesce(sum(commission), 0)::bigint from policy_event"
SETTLED = "select count(*) from policy_event where matched_on is null or settled_on is null"
OVER = ("expired", "lapsed", "cancelled")


class Port:
    """The house's way to the insurer's process; scripted ones have a clock."""

    def __init__(self, tpins: SandboxPartner) -> None:
        self.now, self.http = shanghai(MONDAY, 9), InsurerHttp(tpins.url, TOKEN, timeout_ms=5_000)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.http, name)


class History:
    """One policy, what is done with it, and the oracle that is told the same."""

    def __init__(self, place: Town, tpins: SandboxPartner, seed: int) -> None:
        self.place, self.tpins, self.chance = place, tpins, random.Random(seed)
        self.every = self.chance.choice(list(EVERY))
        self.today = self.chance.choice(BEGUN) - DAY
        self.loading = Fraction(1, 4) if self.chance.random() < 0.3 else None
        changed = self.today + random.Random(f"rates {seed}").randint(1, 300 * YEARS) * DAY
        self.rates = [(date(2014, 1, 1), OF_BEFORE), (changed, random.Random(f"rate {seed}").choice(RATES))]
        self.log: list[object] = [seed, self.every, self.today, self.loading, self.rates]

    @property
    def file(self) -> str:
        """A term life of three years, by the year or by instalments."""
        more = "\n  arrears_interest: 5\n  cash_value: 20" + (f"\n  every: {self.every}" if EVERY[self.every] < 12 else "")
        text = ASKING_FILE.replace("  loading: 25", f"  loading: 25{more}").replace("years: 20", f"years: {YEARS}")
        if self.loading is not None:
            text = text.replace("cancellation: unearned", "cancellation: unearned_less_loading")
        return with_commission(text, *self.rates)

    async def clock(self, day: date, hour: int, minute: int = 0) -> None:
        now = shanghai(day, hour) + timedelta(minutes=minute)
        await self.place.clock(max(now, self.place.biller.now))
        self.tpins.clock(now.isoformat())

    async def begin(self) -> None:
        agreed = [AGREED | {"from_day": str(day), "per_million": percent * 10_000} for day, percent in self.rates]
        self.tpins.post("/admin/commission", {"agreements": agreed})
        await sell_policies(self.place.house, self.file)
        self.person: Person = await self.place.person("Wang", MONEY)
        await self.clock(self.today, 10)
        wish = BuyPolicy("TL20", ["terms"], answers={"smoking": "never", "heart": "none"})
        taken = await policies.buy(self.place.house, self.place.envelope(self.person), wish)
        assert isinstance(taken, PolicyTaken), taken
        self.key = self.person.book, UUID(taken.policy)
        rates = [(day, Fraction(percent, 100)) for day, percent in self.rates]
        self.oracle = Oracle(self.today + DAY, EVERY[self.every], YEARS, taken.premium, rates, self.loading)
        self.oracle.wallet, self.bought = MONEY - taken.premium, self.today
        await self.finish()

    async def finish(self) -> None:
        """The dates from this one on, until all that happened is settled; the last of grace may fall into them."""
        assert await self.place.work("insurer", delivery.deliver) == [], self.log
        for number in range(9):
            async with self.place.house.database.read() as tx:
                if number >= 4 and not await tx.fetchval(SETTLED):
                    assert await tx.fetchval(HAD) == self.oracle.commission, self.log
                    return
            self.oracle.end(self.today)
            await self.end()
            await self.compare()
            self.today += DAY

    async def end(self) -> None:
        house, day = self.place.house, self.today
        await self.clock(day, 24, 10)
        await self.place.cut(day)
        for step in (premium_days.collect_premiums, insurers.begin_cover, premium_days.suspend_and_lapse, premium_days.expire_and_renew):
            await step(house, day)
        assert await self.place.work("insurer", delivery.deliver) == [], self.log
        for step in (settling.pay_insurer, insurers.sweep_premiums):
            await step(house, day)
        await payments.instruct_again(house, day)
        for step in (insurers.compare_insurer, settling.agree_settlement, premium_trust.prove_trust):
            assert (await step(house, day)).wrong == [], (day, self.log)
        trust = await reports.premium_trust(house, day)
        assert trust.held == trust.commission + sum(one.amount for one in (*trust.owed, *trust.leaving, *trust.suspense)), (day, self.log)
        await self.clock(day + DAY, 9)
        await self.place.bank_executes(day + DAY)

    async def compare(self) -> None:
        told, day = self.oracle, self.today
        async with self.place.house.database.read() as tx:
            row = (await store.policies(tx, [self.key]))[self.key]
            schedule = (await premium_store.schedules(tx, {self.key: row}))[self.key]
        assert (row.state, row.paid_until, schedule.premium) == (told.state, told.begins[told.paid], told.premium), (day, self.log)
        assert await self.place.owed(self.person.wallet) == [told.wallet], (day, self.log)
        (earned,) = await reports.earned_premiums(self.place.house, day)
        assert (earned.premium, earned.unearned) == (told.taken_on(day), told.unearned(day)), (day, self.log)

    async def wait(self, last: date) -> None:
        """End the dates to before that one on which the house looks at the policy."""
        while True:
            async with self.place.house.database.read() as tx:
                following = await tx.fetchval("select min(next_due) from policy_schedule")
            if following is None or following >= last:
                self.today = max(self.today, last)
                return
            self.today = max(self.today, following)
            await self.finish()

    async def play(self) -> None:
        for _ in range(self.chance.randint(4, 12)):
            await self.wait(self.next_day())
            if self.oracle.state in OVER:
                break
            await self.clock(self.today, *self.chance.choice([(9, 0), (23, 59)]))
            act = self.chance.choice(ACTS)
            self.log += [(str(self.today), act, self.oracle.state, self.oracle.paid)]
            await getattr(self, act)()
            await self.finish()
        await self.wait(self.oracle.over + DAY)

    def next_day(self) -> date:
        """Around the day on which a premium is due, or some days later; the last days of cover at most."""
        due, after = self.oracle.due, self.today + self.chance.choice(WAITS) * DAY
        if due is not None and self.chance.random() < 0.4:
            after = due + self.chance.choice(AROUND) * DAY
        return max(self.today, min(after, self.oracle.over - self.chance.choice([1, 2, 3]) * DAY))

    async def give(self, deed: Callable[..., Any], command: Any) -> Any:
        return await deed(self.place.house, self.place.envelope(self.person), command)

    async def pay(self) -> None:
        told, day = self.oracle, self.today
        said = await self.give(premiums.pay, PayPremium(self.key[1]))
        may = told.state in ("issued", "in_force") and told.due is not None and told.due - 30 * DAY <= day
        assert isinstance(said, Refusal) != may, (said, self.log)
        if may:
            assert said.amount == told.pay(max(told.owed(day), 1), day), (said, self.log)

    async def reinstate(self) -> None:
        """The insurer does not take on again whose cover was away for more than a year."""
        told, day = self.oracle, self.today
        said = await self.give(premiums.reinstate, ReinstatePolicy(self.key[1]))
        assert isinstance(said, Refusal) != (told.state == "suspended"), (said, self.log)
        if told.suspended is None or told.state != "suspended":
            return
        interest = told.interest(day)
        assert (said.amount, said.interest) == (told.owed(day) * told.premium + interest, interest), (said, self.log)
        if (day - told.suspended).days <= 365:
            told.pay(told.owed(day), day, interest)
            told.state, told.suspended = "in_force", None

    async def demand(self) -> None:
        told, day = self.oracle, self.today
        said = await premiums.demand(self.place.house, await operator(self.place, "ops.chen"), DemandPremium(self.key[1]))
        may = told.state in ("issued", "in_force") and told.owed(day) > 0 and told.demanded is None
        assert isinstance(said, Refusal) != may, (said, self.log)
        if may:
            told.demanded = day
            assert (said.amount, said.grace_until) == (told.owed(day) * told.premium, told.last_of_grace), (said, self.log)

    async def let(self) -> None:
        said = await self.give(premiums.let, LetPremiums(self.key[1], MONEY))
        assert isinstance(said, Refusal) == (self.oracle.due is None), (said, self.log)
        self.oracle.collects = self.oracle.due is not None or self.oracle.collects

    async def end_agreement(self) -> None:
        said = await self.give(premiums.end, EndPremiums(self.key[1]))
        assert isinstance(said, Refusal) != self.oracle.collects, (said, self.log)
        self.oracle.collects = False

    async def correct(self) -> None:
        """Only who is younger has other premiums; a policy that is suspended is not changed."""
        told = self.oracle
        if told.state not in ("issued", "in_force"):
            return
        wanted = ProposeTrueAge(self.key[1], self.chance.choice(BIRTHDAYS), self.today)
        made = await setup.propose(self.place.house, await operator(self.place, "ops.chen"), wanted)
        if isinstance(made, Refusal):
            assert made.code.name == "SAME_AS_BEFORE", (made, self.log)
            return
        assert isinstance(await decided(self.place, made.proposal), Approved), self.log
        assert await self.place.work("insurer", delivery.deliver) == [], self.log
        async with self.place.house.database.read() as tx:
            asked = await tx.fetchrow("select amount, premium_to from policy_endorsement order by asked_at desc, id desc limit 1")
        assert -asked["amount"] == (told.correct(asked["premium_to"], self.today) if asked["premium_to"] < told.premium else 0), self.log

    async def cancel(self) -> None:
        free = self.today <= self.bought + 15 * DAY
        said = await self.give(policies.cancel, CancelPolicy(self.key[1]))
        assert (said.refund, said.free_look) == (self.oracle.cancel(self.today, free=free), free), (said, self.log)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(HISTORIES))
async def test_a_policy_is_what_the_oracle_says(
    new_database: Callable[[], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    monkeypatch.setattr("tapwealth.flows.end_of_day.OUTAGE_SECONDS", 0)
    with sandbox_partner("insurer", tmp_path) as tpins:
        port = Port(tpins)
        async with town(new_database(), tmp_path, insurer=port) as place:
            history = History(place, tpins, seed)
            await history.begin()
            await history.play()
            async with place.house.database.read() as tx:
                assert (await tx.fetchval(HAD), await tx.fetchval(SETTLED)) == (history.oracle.commission, 0), history.log
            await place.all_books_balance()
        await port.http.close()
