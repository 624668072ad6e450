"""A family's billers as the sandbox's real processes, reached by the product's own ports: electricity, water, the bank card. Their books,
their penalties and their day-end files are their own."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from bill_town import NINE
from sandbox_partner import TOKEN, SandboxPartner, sandbox_partner

from tapwealth.bills.bill import Bill
from tapwealth.bills.biller_http import BillerHttp
from tapwealth.kernel.clock import business_date_of, iso

PARTNERS = {"BJPOWER": "biller", "BJWATER": "water", "BOBCARD": "issuer"}
"""By the biller's code, which is its connection's as well."""
_ASKED = ("inquire", "pay", "payment_inquiry")


@dataclass
class FamilyBillers:
    """`billers`: the code of each account's. `bills` are those that were handed in, as they were."""

    partners: dict[str, SandboxPartner]
    billers: dict[str, str]
    bills: dict[str, list[Bill]] = field(default_factory=dict)
    mood: str = ""
    _now: datetime = NINE
    _moods: int = 0
    _clocks: int = 0

    def __post_init__(self) -> None:
        self.ports = {code: BillerHttp(partner.url, TOKEN, timeout_ms=300) for code, partner in self.partners.items()}
        self.now = NINE

    @property
    def now(self) -> datetime:
        return self._now

    @now.setter
    def now(self, now: datetime) -> None:
        """Their clocks go from day to day: nothing of theirs hangs on the hour."""
        if business_date_of(now) != business_date_of(self._now) or not self._clocks:
            self._clocks += 1
            for partner in self.partners.values():
                partner.clock(iso(now))
        self._now = now

    def behave(self, *, silent: bool = False, deaf: bool = False) -> None:
        """All are out, or lose what they are sent; in odd months they lose the answer alone. Else as they should be."""
        answer = "silent" if business_date_of(self.now).month % 2 else "silent_unprocessed"
        mood = "error" if silent else answer if deaf else ""
        if mood == self.mood:
            return
        self.mood, self._moods = mood, self._moods + 1
        hit = _ASKED if silent else ("pay",)
        for partner in self.partners.values():
            plan = [{"message": one, "nth": 0, "fault": mood} for one in hit] if mood else []
            partner.faults(*plan, serial=f"mood {self._moods}")

    def owe(self, account: str, number: str, amount: int, due_on: date) -> None:
        one = Bill(number, account, f"{due_on:%Y-%m}", amount, 0, amount, "*芳", "朝阳区**号", due_on)
        self.bills.setdefault(account, []).append(one)
        body = {"bill_id": number, "account_number": account, "period": one.period, "amount": amount, "due_on": due_on.isoformat()}
        partner = self.partners[self.billers[account]]
        assert partner.post("/admin/bills", {"bills": [{**body, "owner": one.owner, "address": one.address}]}).status_code == 200

    @property
    def paid(self) -> dict[str, tuple[str, str, int, datetime]]:
        """By serial: bill, account, fen and when, as the billers' own books have it."""
        accounts = {bill.bill_id: account for account, of in self.bills.items() for bill in of}
        return {
            row["serial"]: (row["bill_id"], accounts[row["bill_id"]], row["amount"], datetime.fromisoformat(row["paid_at"]))
            for partner in self.partners.values()
            for row in partner.get("/admin/payments").json()
            if row["state"] == "paid"
        }

    async def close(self) -> None:
        for port in self.ports.values():
            await port.close()


@contextmanager
def family_billers(folder: Path, billers: dict[str, str]) -> Iterator[FamilyBillers]:
    """On Monday at nine, nothing is owed."""
    with ExitStack() as stack:
        yield FamilyBillers({code: stack.enter_context(sandbox_partner(name, folder)) for code, name in PARTNERS.items()}, billers)
