"""All SQL about people. What names a person comes and goes sealed; look-ups go by keyed hash."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID


@dataclass(frozen=True, slots=True)
class PersonRow:
    """A person as stored: `sealed` holds name, identity number and phone number."""

    book: int
    id: UUID
    identity_lookup: bytes
    sealed: bytes
    shown_name: str
    kyc_level: int
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class BankCardRow:
    """A bound bank card; `sealed` holds its number."""

    book: int
    id: UUID
    person: UUID
    pan_lookup: bytes
    sealed: bytes
    masked_pan: str
    bank_code: str
    bank_name: str
    bound_at: datetime


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """A phone that acts for a person while it is `active`; `suspended` and `ended` ones act for nobody. Known by the hash of its token."""

    token_lookup: bytes
    book: int
    person: UUID
    enrolled_at: datetime
    state: str


@dataclass(frozen=True, slots=True)
class SignInRow:
    """Somebody asks to sign in on the phone of `device_lookup`. `person` is None if what was given names nobody; `state`: asked, sent
    (the code is on its way), refused, used. `tries` counts the codes that were tried."""

    book: int
    id: UUID
    identity_lookup: bytes
    phone_lookup: bytes
    device_lookup: bytes
    person: UUID | None
    asked_at: datetime
    good_until: datetime
    tries: int = 0
    state: str = "asked"


_PERSON = "select book, id, identity_lookup, sealed, shown_name, kyc_level, opened_at from person"
_DEVICE = "select token_lookup, book, person, enrolled_at, state from device"
_SIGN_IN = "book, id, identity_lookup, phone_lookup, device_lookup, person, asked_at, good_until, tries, state"
_CARD = "select book, id, person, pan_lookup, sealed, masked_pan, bank_code, bank_name, bound_at from bank_card"


async def claim_phone(tx: Any, phone_lookup: bytes, book: int, person: UUID) -> bool:
    """The number is this person's from now on; False if it is somebody's already. Waits for who is just claiming it."""
    claim = "insert into phone_directory (phone_lookup, book, person) values ($1, $2, $3) on conflict do nothing returning 1"
    return await tx.fetchval(claim, phone_lookup, book, person) is not None


async def enroll_device(tx: Any, token_lookup: bytes, book: int, person: UUID, now: datetime) -> bool:
    """The device acts for this person from now on; False if it acts for somebody already. Waits as `claim_phone` does."""
    claim = "insert into device (token_lookup, book, person, enrolled_at) values ($1, $2, $3, $4) on conflict do nothing returning 1"
    return await tx.fetchval(claim, token_lookup, book, person, now) is not None


async def add_persons(tx: Any, persons: Sequence[PersonRow]) -> None:
    await tx.execute(
        "insert into person (book, id, identity_lookup, sealed, shown_name, kyc_level, opened_at)"
        " select * from unnest($1::int[], $2::uuid[], $3::bytea[], $4::bytea[], $5::text[], $6::smallint[], $7::timestamptz[])",
        [one.book for one in persons],
        [one.id for one in persons],
        [one.identity_lookup for one in persons],
        [one.sealed for one in persons],
        [one.shown_name for one in persons],
        [one.kyc_level for one in persons],
        [one.opened_at for one in persons],
    )


async def by_identity(tx: Any, book: int, identity_lookup: bytes) -> PersonRow | None:
    row = await tx.fetchrow(f"{_PERSON} where book = $1 and identity_lookup = $2", book, identity_lookup)
    return PersonRow(*row) if row else None


async def by_phone(tx: Any, phone_lookup: bytes) -> tuple[int, UUID] | None:
    """(book, person) of a phone number."""
    row = await tx.fetchrow("select book, person from phone_directory where phone_lookup = $1", phone_lookup)
    return (row["book"], row["person"]) if row else None


async def by_device(tx: Any, token_lookup: bytes) -> DeviceRow | None:
    """A device, whatever its state: who asks in its name looks at that."""
    row = await tx.fetchrow(f"{_DEVICE} where token_lookup = $1", token_lookup)
    return DeviceRow(*row) if row else None


async def devices_of(tx: Any, book: int, person: UUID) -> list[DeviceRow]:
    """A person's phones, the ended ones as well, in the order of enrolling."""
    return [
        DeviceRow(*row)
        for row in await tx.fetch(f"{_DEVICE} where book = $1 and person = $2 order by enrolled_at, token_lookup", book, person)
    ]


async def active_devices(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[tuple[int, UUID], list[bytes]]:
    """By (book, person): the phones that act for them, in the order of enrolling."""
    rows = await tx.fetch(
        "select d.book, d.person, d.token_lookup from device d join unnest($1::int[], $2::uuid[]) k(book, person) using (book, person)"
        " where d.state = 'active' order by d.enrolled_at, d.token_lookup",
        [book for book, _ in keys],
        [person for _, person in keys],
    )
    found: dict[tuple[int, UUID], list[bytes]] = {}
    for book, person, lookup in rows:
        found.setdefault((book, person), []).append(lookup)
    return found


async def silent_devices(tx: Any, token_lookups: Sequence[bytes]) -> set[bytes]:
    """Which of these devices act for nobody now. One statement, none for no device."""
    if not token_lookups:
        return set()
    rows = await tx.fetch("select token_lookup from device where token_lookup = any($1) and state <> 'active'", list(token_lookups))
    return {row["token_lookup"] for row in rows}


async def set_device_states(tx: Any, token_lookups: Sequence[bytes], state: str, now: datetime) -> None:
    """What has ended stays ended."""
    await tx.execute(
        "update device set state = $2, state_since = $3 where token_lookup = any($1) and state not in ('ended', $2)",
        list(token_lookups),
        state,
        now,
    )


async def add_sign_in(tx: Any, row: SignInRow) -> None:
    values = [getattr(row, name) for name in _SIGN_IN.split(", ")]
    await tx.execute(f"insert into sign_in ({_SIGN_IN}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)", *values)


async def sign_in(tx: Any, book: int, identifier: UUID) -> SignInRow | None:
    row = await tx.fetchrow(f"select {_SIGN_IN} from sign_in where book = $1 and id = $2", book, identifier)
    return SignInRow(*row) if row else None


async def sign_ins_since(tx: Any, book: int, identity_lookup: bytes, phone_lookup: bytes, since: datetime) -> list[datetime]:
    """When it was asked for these two numbers together, oldest first, whether they name somebody or not."""
    rows = await tx.fetch(
        "select asked_at from sign_in where book = $1 and identity_lookup = $2 and phone_lookup = $3 and asked_at > $4 order by asked_at",
        book,
        identity_lookup,
        phone_lookup,
        since,
    )
    return [row["asked_at"] for row in rows]


async def set_sign_in_state(tx: Any, book: int, identifier: UUID, state: str) -> None:
    """What was used or refused stays so."""
    await tx.execute("update sign_in set state = $3 where book = $1 and id = $2 and state in ('asked', 'sent')", book, identifier, state)


async def refuse_sign_ins(tx: Any, book: int, person: UUID) -> None:
    """All that are open for a person."""
    await tx.execute("update sign_in set state = 'refused' where book = $1 and person = $2 and state in ('asked', 'sent')", book, person)


async def count_try(tx: Any, book: int, identifier: UUID, device_lookup: bytes) -> None:
    """A code is being tried by the phone that asked."""
    await tx.execute(
        "update sign_in set tries = tries + 1 where book = $1 and id = $2 and device_lookup = $3", book, identifier, device_lookup
    )


class Buyer(NamedTuple):
    """What an order asks of a `PersonRow`."""

    identity_lookup: bytes
    shown_name: str
    kyc_level: int


async def buyers(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, Buyer]:
    """By person."""
    rows = await tx.fetch(
        "select id, identity_lookup, shown_name, kyc_level from person p join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in keys],
        [person for _, person in keys],
    )
    return {row[0]: Buyer(*row[1:]) for row in rows}


class Payer(NamedTuple):
    """`level`: the identity class; `pocket`: the funds that the person has put behind their wallet, in their order of use, None where they
    have chosen nothing."""

    level: int
    pocket: tuple[str, ...] | None


async def payers(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, Payer]:
    """By person."""
    rows = await tx.fetch(
        "select id, kyc_level, pocket from person p join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in keys],
        [person for _, person in keys],
    )
    return {row[0]: Payer(row[1], None if row[2] is None else tuple(row[2])) for row in rows}


async def set_pocket(tx: Any, book: int, person: UUID, funds: Sequence[str]) -> None:
    """In the place of what was chosen before."""
    await tx.execute("update person set pocket = $3 where book = $1 and id = $2", book, person, list(funds))


async def persons(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, PersonRow]:
    rows = await tx.fetch(
        f"{_PERSON} p join unnest($1::int[], $2::uuid[]) x(book, id) using (book, id)",
        [book for book, _ in keys],
        [person for _, person in keys],
    )
    return {row["id"]: PersonRow(*row) for row in rows}


async def everybody(tx: Any) -> list[PersonRow]:
    """Everyone with an account, in the order of opening."""
    return [PersonRow(*row) for row in await tx.fetch(f"{_PERSON} order by opened_at, id")]


async def add_checks(tx: Any, book: int, person: UUID, serials: Sequence[tuple[str, str]], now: datetime) -> None:
    """(channel, serial) of each question put to an identity channel."""
    await tx.execute(
        "insert into identity_check (book, person, channel, serial, asked_at)"
        " select $1, $2, x.*, $5 from unnest($3::text[], $4::text[]) x on conflict (book, person, channel) do nothing",
        book,
        person,
        [channel for channel, _ in serials],
        [serial for _, serial in serials],
        now,
    )


async def answer_check(tx: Any, book: int, person: UUID, channel: str, result: str, now: datetime) -> None:
    """The first answer stands."""
    await tx.execute(
        "update identity_check set result = $4, answered_at = $5 where book = $1 and person = $2 and channel = $3 and result = 'asked'",
        book,
        person,
        channel,
        result,
        now,
    )


async def checks(tx: Any, book: int, person: UUID) -> dict[str, str]:
    """Result by channel."""
    rows = await tx.fetch("select channel, result from identity_check where book = $1 and person = $2", book, person)
    return {row["channel"]: row["result"] for row in rows}


async def set_kyc_level(tx: Any, book: int, person: UUID, level: int) -> None:
    await tx.execute("update person set kyc_level = $3 where book = $1 and id = $2", book, person, level)


async def add_bank_card(tx: Any, card: BankCardRow) -> None:
    await tx.execute(
        "insert into bank_card (book, id, person, pan_lookup, sealed, masked_pan, bank_code, bank_name, bound_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (book, person, pan_lookup) do nothing",
        card.book,
        card.id,
        card.person,
        card.pan_lookup,
        card.sealed,
        card.masked_pan,
        card.bank_code,
        card.bank_name,
        card.bound_at,
    )


async def bank_card_by_number(tx: Any, book: int, person: UUID, pan_lookup: bytes) -> BankCardRow | None:
    row = await tx.fetchrow(f"{_CARD} where book = $1 and person = $2 and pan_lookup = $3", book, person, pan_lookup)
    return BankCardRow(*row) if row else None


async def bank_card(tx: Any, book: int, identifier: UUID) -> BankCardRow | None:
    row = await tx.fetchrow(f"{_CARD} where book = $1 and id = $2", book, identifier)
    return BankCardRow(*row) if row else None


async def bank_cards(tx: Any, keys: Sequence[tuple[int, UUID]]) -> dict[UUID, BankCardRow]:
    """By id, of those (book, id) that there are."""
    rows = await tx.fetch(
        f"{_CARD} join unnest($1::int[], $2::uuid[]) k(book, id) using (book, id)",
        [book for book, _ in keys],
        [identifier for _, identifier in keys],
    )
    return {row["id"]: BankCardRow(*row) for row in rows}


async def bank_cards_of(tx: Any, book: int, person: UUID) -> list[BankCardRow]:
    return [BankCardRow(*row) for row in await tx.fetch(f"{_CARD} where book = $1 and person = $2 order by bound_at, id", book, person)]
