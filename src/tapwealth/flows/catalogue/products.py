"""A product's way onto the shelf: drafted by one person, reviewed and put on sale by another one, closed in the end.

Every step is one transaction under the house's book, and every version stays as it was written. What putting it on sale brings about is the
business of its kind.
"""

from collections.abc import Sequence
from typing import ClassVar

import msgspec

from tapwealth.catalogue import store
from tapwealth.catalogue.reading import Written, read_definition
from tapwealth.catalogue.version import ProductRefusal, State, Step, Version, may_follow
from tapwealth.flows.catalogue.kinds import KINDS, shape_of
from tapwealth.flows.frame import HOUSE_BOOK, Envelope, House, Moment, once
from tapwealth.kernel.refusal import BadInput, Refusal
from tapwealth.storage import operators
from tapwealth.storage.approvals import same_person
from tapwealth.storage.database import Tx
from tapwealth.storage.operators import Operator, OperatorRole

MOST_DOCUMENT = 10 * 1024 * 1024
MEDIA_TYPES = ("application/pdf", "text/plain", "text/html")
_BEGINS = {"application/pdf": b"%PDF-"}


class DraftProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A definition, as the text of its file (YAML): the next version of its product."""

    LONG_TEXTS: ClassVar = ("yaml",)
    yaml: str


class ReviewProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A second person has read that version and finds it right."""

    product: str
    version: int


class ApproveProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Put that version on sale, in place of the one that is."""

    product: str
    version: int


class RejectProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Give a draft back, with the reason."""

    product: str
    version: int
    reason: str


class WithdrawProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Take back a version of one's own that is not on sale yet, with the reason."""

    product: str
    version: int
    reason: str


class CloseProduct(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Sell it no more. What was sold goes on."""

    product: str
    version: int
    reason: str


class AddDocument(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A document's file (base64), to be named by its hash in a definition."""

    LONG_TEXTS: ClassVar = ("content",)
    media_type: str
    content: bytes


class ProductStands(msgspec.Struct, frozen=True):
    """Where a version stands now."""

    product: str
    version: int
    state: str
    sha256: str


class DocumentKept(msgspec.Struct, frozen=True):
    sha256: str


def _stands(version: Version, state: State) -> ProductStands:
    return ProductStands(version.product, version.version, state.value, version.digest.hex())


def read_file(content: bytes) -> Written:
    """A definition's file, judged by the rules of its kind. Raises BadInput that names line and column."""
    written = read_definition(content, shape_of)
    try:
        KINDS[written.definition.kind].check(written.definition)
    except BadInput as error:
        raise written.bad(error) from None
    return written


async def draft(house: House, envelope: Envelope, command: DraftProduct) -> ProductStands | Refusal:
    """Raises BadInput for what cannot be read."""
    written = read_file(command.yaml.encode())

    async def act(tx: Tx, at: Moment, _actor: int) -> ProductStands | Refusal:
        maker = await _operator(tx, envelope, _MAKERS)
        if isinstance(maker, Refusal):
            return maker
        made = await add_draft(house, tx, at, written, maker.id)
        return made if isinstance(made, Refusal) else _stands(made, State.DRAFT)

    return await once(house, [HOUSE_BOOK], envelope, command, act, ProductStands)


async def add_draft(house: House, tx: Tx, at: Moment, written: Written, maker: int) -> Version | Refusal:
    """The next version of its product."""
    definition = written.definition
    kind = await store.kind_of(tx, definition.product)
    if kind is not None and kind is not definition.kind:
        text = f"{definition.product} is sold as {kind.words[1]}, and stays that; choose another code"
        return Refusal(ProductRefusal.OTHER_KIND, text)
    await _documents_there(tx, written)
    before = (await store.versions_of(tx, [definition.product], shape_of))[definition.product]
    if before and before[-1].definition == definition and before[-1].state not in (State.REJECTED, State.WITHDRAWN, State.CLOSED):
        text = f"{before[-1].name} says the same and is {before[-1].state.words[1]}; change the file first"
        return Refusal(ProductRefusal.NOTHING_NEW, text)
    version = await store.add_version(tx, definition, maker, at.now)
    return await KINDS[definition.kind].wrong(house, tx, at, version) or version


async def _documents_there(tx: Tx, written: Written) -> None:
    """Raises BadInput: the line of the first document that was not handed in."""
    wanted = [bytes.fromhex(one.sha256) for one in written.definition.documents]
    kept = await store.known_documents(tx, wanted) if wanted else set()
    for number, one in enumerate(wanted):
        if one not in kept:
            hint = "add the file first: tapwealth product document FILE"
            raise written.bad(BadInput("no document has this hash", where=f"documents[{number}].sha256", hint=hint))


async def review(house: House, envelope: Envelope, command: ReviewProduct) -> ProductStands | Refusal:
    return await _decide(house, envelope, command, State.REVIEWED, "")


async def reject(house: House, envelope: Envelope, command: RejectProduct) -> ProductStands | Refusal:
    _check_reason(command.reason)
    return await _decide(house, envelope, command, State.REJECTED, command.reason)


async def approve(house: House, envelope: Envelope, command: ApproveProduct) -> ProductStands | Refusal:
    return await _decide(house, envelope, command, State.ON_SALE, "")


async def close(house: House, envelope: Envelope, command: CloseProduct) -> ProductStands | Refusal:
    """Of those who may decide one suffices: what is sold no more does no harm."""
    _check_reason(command.reason)
    return await _decide(house, envelope, command, State.CLOSED, command.reason)


async def withdraw(house: House, envelope: Envelope, command: WithdrawProduct) -> ProductStands | Refusal:
    """By who drafted it alone, under any of their logins."""
    _check_reason(command.reason)
    return await _decide(house, envelope, command, State.WITHDRAWN, command.reason)


_Decision = ReviewProduct | RejectProduct | ApproveProduct | CloseProduct | WithdrawProduct


async def _decide(house: House, envelope: Envelope, command: _Decision, state: State, reason: str) -> ProductStands | Refusal:
    async def act(tx: Tx, at: Moment, _actor: int) -> ProductStands | Refusal:
        version = await store.version_of(tx, command.product, command.version, shape_of)
        if version is None:
            text = f"there is no version {command.version} of {command.product[:40]}; /view/products lists them"
            return Refusal(ProductRefusal.UNKNOWN, text)
        checker = await _operator(tx, envelope, _MAKERS if state is State.WITHDRAWN else _CHECKERS)
        if isinstance(checker, Refusal):
            return checker
        refusal = await _by_whom(tx, version, checker, state) or may_follow(version, state)
        if refusal is None:
            refusal = await pass_to(house, tx, at, version, Step(state, checker.id, at.now, reason))
        return _stands(version, state) if refusal is None else refusal

    return await once(house, [HOUSE_BOOK], envelope, command, act, ProductStands)


async def pass_to(house: House, tx: Tx, at: Moment, version: Version, step: Step) -> Refusal | None:
    """Write the step, and let the kind do what follows from it."""
    kind = KINDS[version.definition.kind]
    if step.state in (State.REVIEWED, State.ON_SALE) and (refusal := await kind.wrong(house, tx, at, version)) is not None:
        return refusal
    if step.state is State.ON_SALE:
        former = (await store.on_sale_of(tx, [version.product], shape_of)).get(version.product)
        steps = await store.steps_of(tx, version.product)
        later = [one for one, taken in steps.items() if one > version.version and State.ON_SALE in [of.state for of in taken]]
        if later:
            text = f"version {max(later)} of {version.product} is the later one, and has been on sale; draft a new version"
            return Refusal(ProductRefusal.LATER_VERSION, text)
        if former is not None:
            await store.add_step(tx, former, Step(State.REPLACED, step.by, at.now, f"by version {version.version}"))
    await store.add_step(tx, version, step)
    if step.state is State.ON_SALE:
        return await kind.bring_about(house, tx, at, version)
    return await kind.end(house, tx, at, version) if step.state is State.CLOSED else None


async def _by_whom(tx: Tx, version: Version, checker: Operator, state: State) -> Refusal | None:
    """Who drafted neither reviews, rejects nor puts on sale, and alone withdraws; a close needs no second person."""
    if state is State.CLOSED:
        return None
    drafted = (await store.steps_of(tx, version.product))[version.version][0].by
    maker = (await operators.found(tx, [drafted])).get(drafted)
    same = maker is not None and maker.person == checker.person
    if state is State.WITHDRAWN:
        text = f"{maker.login if maker else 'somebody else'} drafted {version.name}, and withdraws it alone; reject it instead"
        return None if same else Refusal(ProductRefusal.NOT_YOURS, text)
    if maker is None or not same:
        return None
    return Refusal(ProductRefusal.SAME_PERSON, same_person(maker, checker, f"drafted {version.name}; a second person must decide it"))


_MAKERS = (OperatorRole.PRODUCT_MANAGER,)
_CHECKERS = (OperatorRole.PRODUCT_MANAGER, OperatorRole.OPERATIONS)


async def _operator(tx: Tx, envelope: Envelope, roles: Sequence[OperatorRole]) -> Operator | Refusal:
    found = await operators.stored(tx, envelope.caller.who.removeprefix("operator:"))
    if found is None or not any(found[0].may(role) for role in roles):
        who = " or ".join(role.replace("_", " ") for role in roles)
        return Refusal(ProductRefusal.NOT_ALLOWED, f"this is for {who}; sign in as one")
    return found[0]


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise BadInput("it is empty", where="reason", hint="say why in a sentence")


async def add_document(house: House, envelope: Envelope, command: AddDocument) -> DocumentKept | Refusal:
    """Keep a document under the hash of its bytes; the same bytes once more are the same document."""
    _check_document(command)

    async def act(tx: Tx, at: Moment, _actor: int) -> DocumentKept | Refusal:
        maker = await _operator(tx, envelope, _MAKERS)
        if isinstance(maker, Refusal):
            return maker
        return DocumentKept((await store.add_document(tx, command.media_type, command.content, at.now)).hex())

    return await once(house, [HOUSE_BOOK], envelope, command, act, DocumentKept)


def _check_document(command: AddDocument) -> None:
    if command.media_type not in MEDIA_TYPES:
        raise BadInput(f"{command.media_type[:40]!r} is not kept", where="media_type", hint=f"choose one of {', '.join(MEDIA_TYPES)}")
    if not command.content or len(command.content) > MOST_DOCUMENT:
        raise BadInput(f"it has {len(command.content):,} bytes", where="content", hint=f"a document has 1 to {MOST_DOCUMENT:,}")
    if not command.content.startswith(_BEGINS.get(command.media_type, b"")):
        raise BadInput(f"this is no {command.media_type}", where="content", hint="send the file as it is, or say what it is")
    if command.media_type.startswith("text/"):
        try:
            command.content.decode()
        except UnicodeDecodeError:
            raise BadInput("the text is not UTF-8", where="content", hint="save it as UTF-8") from None
