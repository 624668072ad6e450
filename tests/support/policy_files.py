"""Policies as product managers define them, the files of the played week; on sale in a town without the four eyes that put them there."""

import re
from datetime import date, timedelta
from pathlib import Path

from tapwealth.catalogue.version import State, Step, Version
from tapwealth.flows.catalogue import products
from tapwealth.flows.catalogue.products import read_file
from tapwealth.flows.frame import HOUSE_BOOK, House, moment
from tapwealth.flows.insurance.policy_product import product_of
from tapwealth.insurance.product import Product
from tapwealth.kernel.refusal import Refusal
from tapwealth.play.acts import POLICIES, definition_of

COMMISSION = re.compile(r"  commission:\n(  - .*\n)+")
ACCIDENT_FILE, TERM_LIFE_FILE = (COMMISSION.sub("", definition_of(code)) for code in POLICIES)
"""Without commission: `with_commission` says which."""
DAY = date(2014, 2, 24)


def offered(text: str, day: date = DAY) -> Product:
    """As policies are judged by it, at the prices of that day."""
    definition = read_file(text.encode()).definition
    return product_of(Version(definition.product, 1, definition, b""), day)


def with_commission(text: str, *rates: int | tuple[date, int]) -> str:
    """The file of a product of whose premiums so many percent are the house's, from a day on or from the beginning of 2014."""
    dated = [(date(2014, 1, 1), one) if isinstance(one, int) else one for one in rates]
    ends = [f", until: {day - timedelta(days=1)}" for day, _ in dated[1:]] + [""]
    lines = "".join(f"  - {{from: {day}{end}, value: {percent}}}\n" for (day, percent), end in zip(dated, ends, strict=True))
    return text.replace("rates:\n", f"rates:\n  commission:\n{lines}")


async def sell_policies(house: House, *texts: str) -> None:
    """These are on sale, by default the two of the played week; nobody drafted them."""
    async with house.database.transaction() as tx:
        await house.ledger.lock_books(tx, [HOUSE_BOOK])
        at = await moment(tx)
        for text in texts or (ACCIDENT_FILE, TERM_LIFE_FILE):
            made = await products.add_draft(house, tx, at, read_file(text.encode()), 0)
            assert isinstance(made, Version), made
            refusal = await products.pass_to(house, tx, at, made, Step(State.ON_SALE, 0, at.now))
            assert not isinstance(refusal, Refusal), refusal


SCREEN_FILE = """\
product: SCREEN
kind: insurance
name: {zh: 碎屏险, en: 'Screen cover'}
parameters:
  insurer: TPINS
  cover: {of: phone_screen, replacements: 1, late_days: 60}
  sum_insured: 2000.00
  loading: 30
  waiting_days: 7
channels:
  app: {}
rates:
  premium:
  - {from: 2014-01-01, value: 199.00}
"""
"""One replacement of a phone's screen within a year, after seven days."""


QUESTIONS = """\
  questions:
  - question: smoking
    asks: {zh: 您是否吸烟, en: Do you smoke?}
    choices:
    - {answer: never, says: {zh: 从不, en: never}}
    - {answer: sometimes, says: {zh: 偶尔, en: sometimes}, then: load, permille: 100}
    - {answer: daily, says: {zh: 每天, en: every day}, then: load, permille: 250}
  - question: heart
    asks: {zh: 您是否患有心脏病, en: Do you have a heart disease?}
    choices:
    - {answer: none, says: {zh: 无, en: none}}
    - {answer: mild, says: {zh: 轻度, en: mild}, then: load, permille: 50}
    - {answer: treated, says: {zh: 治疗中, en: treated}, then: refer}
    - {answer: severe, says: {zh: 重度, en: severe}, then: decline}
"""
ASKING_FILE = TERM_LIFE_FILE.replace("channels:", f"{QUESTIONS}channels:")
"""The term life of the played week, with two questions."""


HEALTH_FILE = (Path(__file__).parents[2] / "docs/how-to/critical-illness.yaml").read_text("utf-8")
"""Critical illness for ten years, the file of the how-to."""
