"""The directory of billers: who can be paid in a region, for what, and what a payer fills in. Open to everybody."""

import re
from collections.abc import Mapping
from typing import Any

import msgspec

from tapwealth.bills import store
from tapwealth.bills.biller import BillerItem, Category
from tapwealth.bills.inputs import as_schema
from tapwealth.bills.region import name_of, reaches, read_region
from tapwealth.bills.store import BillerRow
from tapwealth.flows.frame import moment
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.kernel.refusal import BadInput, Refusal


class ItemListed(msgspec.Struct, frozen=True):
    """Something to pay. `input`: JSON Schema of what is filled in, by name; amounts in fen: `fee` is paid on top of each payment."""

    item: str
    name_zh: str
    name_en: str
    category: str
    category_zh: str
    category_en: str
    mode: str
    minimum: int
    maximum: int
    faces: list[int]
    opens: str
    closes: str
    fee: int
    inquiry: str
    prefixes: list[str]
    input: dict[str, Any]


class BillerListed(msgspec.Struct, frozen=True):
    """Who can be paid now; `region`: of GB/T 2260, empty for the whole country; `version`: of the catalogue."""

    biller: str
    name_zh: str
    name_en: str
    region: str
    region_name: str
    version: int
    items: list[ItemListed]


async def listed(tx: Any, given: Mapping[str, str]) -> list[BillerListed]:
    """By code; those of a `region` (its parts and what it is a part of as well), of a `category`, and whose telephone numbers have that
    `prefix` (at most 7 digits, which name nobody), if these are given. Raises BadInput for what there is not."""
    region = read_region(given.get("region", ""))
    category = _category(given.get("category", ""))
    number = _prefix(given.get("prefix", ""))
    now = (await moment(tx)).now
    rows = [row for row in (await store.billers(tx)).values() if row.serves(now) and reaches(row.region, region)]
    longest = max((one.carries(number) for row in rows for one in row.biller.items if one.offered), default=0) if number else 0
    found = [_listed(row, category, number, longest) for row in rows] if longest or not number else []
    return [one for one in found if one.items]


def _prefix(text: str) -> str:
    if text and not re.fullmatch(r"[0-9]{3,7}", text, re.ASCII):
        raise BadInput("this is no number's beginning", where="prefix", hint="give its first 3 to 7 digits")
    return text


def _category(text: str) -> Category | None:
    if not text:
        return None
    found = next((one for one in Category if one == text), None)
    if found is None:
        raise BadInput(f"there is no category {text[:20]!r}", where="category", hint=f"choose one of {', '.join(Category)}")
    return found


async def shown(tx: Any, code: str) -> BillerListed | Refusal:
    """One of them."""
    now = (await moment(tx)).now
    row = next((row for row in (await store.billers(tx)).values() if row.biller.code == code and row.serves(now)), None)
    if row is None:
        return Refusal(ReportRefusal.UNKNOWN, f"there is no biller {code[:20]!r} to be paid; /view/directory lists them")
    return _listed(row, None)


def _listed(row: BillerRow, category: Category | None, number: str = "", longest: int = 0) -> BillerListed:
    """With what it offers of a category, and to a number that begins with `longest` digits of a prefix of its carrier."""
    offered = [one for one in row.biller.items if one.offered and category in (None, one.category)]
    items = [_item(one) for one in offered if not number or one.carries(number) == longest]
    return BillerListed(row.biller.code, row.biller.name, row.name_en, row.region, name_of(row.region) or "", row.version, items)


def _item(one: BillerItem) -> ItemListed:
    amount, hours = one.amount, one.hours
    return ItemListed(
        one.code, one.name.zh, one.name.en, one.category.value, *one.category.words, amount.mode.value, amount.minimum, amount.maximum,
        amount.faces, f"{hours.opens:%H:%M}", f"{hours.closes:%H:%M}", one.payer_fee, one.inquiry.value, one.prefixes,
        as_schema(one.fields),
    )  # fmt: skip
