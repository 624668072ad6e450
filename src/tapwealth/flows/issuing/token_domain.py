"""Where a card may pay, set by two of the bank's people; and what its customer turns off and allows for its day.

Each works from the next tap on, and the customer is told of it.
"""

from collections.abc import Sequence
from enum import Enum, auto
from uuid import UUID

import msgspec

from tapwealth.flows.customers.people import who
from tapwealth.flows.frame import Envelope, House, Moment, once
from tapwealth.flows.issuing import tokens
from tapwealth.issuing import store, tapped
from tapwealth.issuing.domain import MOST_CATEGORIES, Domain, read_categories
from tapwealth.issuing.store import Token
from tapwealth.kernel.ids import derived
from tapwealth.kernel.money import checked, format_minor
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.notices import store as notices
from tapwealth.notices.notice import Notice, NoticeKind
from tapwealth.storage.database import Tx


class DomainRefusal(Enum):
    """In the order in which they are checked."""

    UNKNOWN_TOKEN = auto()


class ProposeTokenDomain(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How a card may be read and which merchants it pays: `contact` by its contacts as well, `allowed` categories (none: all), `denied`
    ones in any case."""

    token: UUID
    contact: bool
    allowed: list[str]
    denied: list[str]


class LimitToken(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """By its customer: categories that are `off`, and `day_limit` in fen (null: no limit of one's own). Both replace what was set."""

    token: UUID
    off: list[str]
    day_limit: int | None


class CardView(msgspec.Struct, frozen=True):
    """A card on a device, and where it pays. `day_limit` in fen."""

    token: str
    masked: str
    expiry: str
    state: str
    contact: bool
    allowed: tuple[str, ...]
    denied: tuple[str, ...]
    off: tuple[str, ...]
    day_limit: int | None


def check(command: ProposeTokenDomain) -> None:
    """Raises BadInput for what no card could have."""
    for where in ("allowed", "denied"):
        _codes(getattr(command, where), where)


def _codes(given: list[str], where: str) -> tuple[str, ...]:
    codes = read_categories(given, where)
    if len(codes) > MOST_CATEGORIES:
        raise BadInput(f"it has {len(codes)} categories", where=where, hint=f"at most {MOST_CATEGORIES} are taken")
    return codes


async def limit(house: House, envelope: Envelope, command: LimitToken) -> CardView | Refusal:
    """The customer's own card, from any of the customer's phones."""
    off = _codes(command.off, "off")
    if command.day_limit is not None:
        checked(command.day_limit, where="day_limit")
    book, person = who(envelope)

    async def act(tx: Tx, at: Moment, _actor: int) -> CardView | Refusal:
        token = await tokens.own(tx, book, person, command.token)
        if isinstance(token, Refusal):
            return token
        return await _set(
            tx, at, token, msgspec.structs.replace(token.domain, off=off, day_limit=command.day_limit), *_limited(command.day_limit, off)
        )

    return await once(house, [book], envelope, command, act, CardView)


async def unknown_token(house: House, tx: Tx, proposal: ProposeTokenDomain) -> Refusal | None:
    """Why there is nothing to decide."""
    token = await _wherever(house, tx, proposal.token)
    return None if token is not None and token.state != "deleted" else _unknown()


async def _wherever(house: House, tx: Tx, identifier: UUID) -> Token | None:
    """A card by its id alone, which does not tell the book."""
    return (await store.tokens(tx, [(book, identifier) for book in house.all_books])).get(identifier)


async def bring_about(house: House, tx: Tx, at: Moment, proposal: ProposeTokenDomain) -> Refusal | None:
    """What two operators have agreed on; refused if the card was deleted meanwhile."""
    found = await _wherever(house, tx, proposal.token)
    if found is None:
        return _unknown()
    await house.ledger.lock_books(tx, [found.book])
    token = (await store.tokens(tx, [(found.book, found.id)]))[found.id]  # again: its customer may have changed it before the lock
    if token.state == "deleted":
        return _unknown()
    allowed, denied = _codes(proposal.allowed, "allowed"), _codes(proposal.denied, "denied")
    domain = msgspec.structs.replace(token.domain, contact=proposal.contact, allowed=allowed, denied=denied)
    zh, en = "银行更改了它可以付款的商户类别和读卡方式", "pays where the bank says anew: categories of merchants, and how it is read"
    await _set(tx, at, token, domain, zh, en)
    return None


async def _set(tx: Tx, at: Moment, token: Token, domain: Domain, zh: str, en: str) -> CardView:
    await tapped.set_domain(tx, token.book, token.id, domain)
    identifier, card = derived(token.id, f"domain {at.now.isoformat()} {domain}"), token.masked_token
    notice = Notice(
        token.book,
        identifier,
        token.person,
        at.now,
        f"手机里的卡 {card}：{zh}。",
        f"The card {card} in your phone {en}.",
        NoticeKind.SECURITY,
        "tokens",
    )
    await notices.tell(tx, [notice])
    return _view(token, domain)


def _limited(day_limit: int | None, off: Sequence[str]) -> tuple[str, str]:
    """What the customer has set, in both languages."""
    if day_limit is None:
        zh, en = "您没有设每日限额", "has no day's limit of yours"
    else:
        zh, en = f"您设的每日限额为 {format_minor(day_limit)} 元", f"pays {format_minor(day_limit)} yuan a day at most, as you set it"
    listed = ", ".join(off)
    return f"{zh}，关闭的商户类别：{listed or '无'}", f"{en}; categories turned off: {listed or 'none'}"


async def held(tx: Tx, book: int, person: UUID) -> list[CardView]:
    """A person's cards on devices, the deleted ones as well."""
    return [_view(one, one.domain) for one in await store.device_tokens(tx, book, person)]


def _view(token: Token, domain: Domain) -> CardView:
    return CardView(
        str(token.id),
        token.masked_token,
        token.expiry,
        token.state,
        domain.contact,
        domain.allowed,
        domain.denied,
        domain.off,
        domain.day_limit,
    )


def _unknown() -> Refusal:
    return Refusal(DomainRefusal.UNKNOWN_TOKEN, "there is no such card; /view/tokens lists a customer's")
