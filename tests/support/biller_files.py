"""Billers come into a town's directory as product managers put them there: a definition, drafted by one person, put on sale by another."""

from collections.abc import Callable
from datetime import UTC, datetime, time
from typing import Any

import msgspec

from tapwealth.bills.biller import AmountTerms, BillerItem, Category, Hours
from tapwealth.bills.biller_terms import BillerParameters
from tapwealth.bills.inputs import InputField, InputSchema, Spoken
from tapwealth.bills.settlement import Cycle
from tapwealth.catalogue.definition import Definition, Names, NoTerms, ProductKind
from tapwealth.catalogue.reading import write_definition
from tapwealth.flows.catalogue import products
from tapwealth.flows.catalogue.kinds import KINDS
from tapwealth.flows.frame import Caller, Envelope, House, moment
from tapwealth.kernel.ids import named, seeded_random
from tapwealth.kernel.refusal import Refusal
from tapwealth.storage import operators
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.operators import OperatorRole

MAKER, CHECKER = "bills.one", "bills.two"
_THEN = datetime(2014, 2, 24, tzinfo=UTC)


class BillerFile(msgspec.Struct, frozen=True):
    """A biller with one item; `pattern` between its anchors, `maximum` in fen."""

    code: str
    name: str
    bank_account: str
    category: Category
    title: str
    hint: str
    pattern: str
    maximum: int
    opens: time
    closes: time
    name_en: str = ""
    region: str = ""
    connection: str = ""
    cycle: Cycle = Cycle.NEXT_DAY
    fee: int = 0

    @property
    def item(self) -> BillerItem:
        account = InputField(
            "account_number", Spoken(self.title, self.title), Spoken(self.hint, self.hint), InputSchema(f"^{self.pattern}$")
        )
        names = Spoken(self.name, self.name_en or self.name)
        hours = Hours(self.opens, self.closes)
        return BillerItem(self.category.value, names, self.category, [account], AmountTerms(self.maximum), hours)

    @property
    def definition(self) -> Definition:
        parameters = BillerParameters(
            region=self.region, connection=self.connection or self.code, bank_account=self.bank_account, cycle=self.cycle,
            fee_kept=self.fee, items=[self.item],
        )  # fmt: skip
        return Definition(
            self.code, ProductKind.BILLER_SERVICE, Names(self.name, self.name_en or self.name), parameters, {"T01": NoTerms()}
        )


async def put_in_directory(house: House, one: Definition, version: int = 1) -> Refusal | None:
    """By two people, who are taken on first if need be; the first refusal there is. A repetition changes nothing."""
    async with house.database.transaction() as tx:
        now = (await moment(tx)).now
        for login in (MAKER, CHECKER):
            if await operators.stored(tx, login) is None:
                roles = [OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS]
                await operators.create(tx, _draws(login), login, login, roles, "nobody signs in here", now)

    def by(login: str, what: str) -> Envelope:
        key = named(_THEN, 0, f"{login} {what} {one.product} {version}")
        return Envelope(key, Caller(ActorKind.OPERATOR, f"operator:{login}", "password"), now)

    file = write_definition(one, KINDS[one.kind].shape).decode()
    made: Any = await products.draft(house, by(MAKER, "draft"), products.DraftProduct(file))
    if isinstance(made, Refusal):
        return made
    for flow, command in ((products.review, products.ReviewProduct), (products.approve, products.ApproveProduct)):
        answer = await flow(house, by(CHECKER, command.__name__), command(one.product, made.version))
        if isinstance(answer, Refusal):
            return answer
    return None


def _draws(login: str) -> Callable[[], int]:
    draw = seeded_random(sum(login.encode()))
    return lambda: draw.getrandbits(64)
