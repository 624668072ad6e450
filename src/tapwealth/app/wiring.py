"""Which flow stands behind which door: commands, partners' messages, terminals, the worker's jobs."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum, auto
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request

from tapwealth.acquiring import store as acquiring
from tapwealth.api.commands import CommandSpec, Gate
from tapwealth.api.origin import Network, origin
from tapwealth.api.partners import PartnerGate
from tapwealth.api.server import build
from tapwealth.api.v1.edge import App, Edge
from tapwealth.api.v1.operations import operations
from tapwealth.app.bank_asks import BankAsks
from tapwealth.app.catalogue_commands import catalogue_commands
from tapwealth.app.claim_commands import claim_commands, files_of_claims
from tapwealth.app.deposit_commands import deposit_commands
from tapwealth.app.partner_messages import takers
from tapwealth.app.policy_commands import policy_commands
from tapwealth.flows import acceptance, end_of_day, reports, setup, signing_in
from tapwealth.flows.acquiring import batch_settlement, merchants, sign_on
from tapwealth.flows.acquiring import terminals as enrolment
from tapwealth.flows.bank import bank_messages, transit
from tapwealth.flows.bills import autopay, autopay_cards, autopay_days
from tapwealth.flows.bills import paying as bills
from tapwealth.flows.clearing import fee_concession
from tapwealth.flows.customers import clients, consents, devices, people, sign_in
from tapwealth.flows.day import STEPS
from tapwealth.flows.frame import HOUSE_BOOK, Caller, Envelope, House
from tapwealth.flows.funds import (
    account_answers,
    advance_line,
    campaigns,
    dividend_method,
    dividends,
    exchange_in,
    freeze,
    instant_redemption,
    plans,
    pocket,
    purchase,
    quotation_lists,
    quotations,
    redemption,
    subscription,
    suitability,
    sweeps,
    switch,
)
from tapwealth.flows.insurance import claim_outcomes, claims
from tapwealth.flows.insurance import policies as insurance
from tapwealth.flows.issuing import (
    bank_answers,
    cards,
    electronic_cash,
    mandates,
    offline_sale,
    reservations,
    tap,
    tap_later,
    token_domain,
    tokens,
)
from tapwealth.flows.issuing.reservations import AskBank
from tapwealth.flows.issuing.tap import CardHouse, Routed
from tapwealth.flows.notices import inbox, outgoing, preferences
from tapwealth.flows.signing_in import SlowDown
from tapwealth.host.listener import Listener
from tapwealth.issuing import store as issuing
from tapwealth.issuing.velocity import Velocity
from tapwealth.kernel.clock import iso, machine_now
from tapwealth.kernel.ids import secret_token, system_random
from tapwealth.kernel.masked import Masked, Pan
from tapwealth.kernel.refusal import BadInput, Busy, Outage, Refusal
from tapwealth.notices.messenger import Channel
from tapwealth.storage import platform_clock
from tapwealth.storage.actors import ActorKind
from tapwealth.storage.group_commit import Batcher
from tapwealth.storage.operators import OperatorRole
from tapwealth.web.catalogue_pages import catalogue_pages
from tapwealth.web.customer_pages import CUSTOMER_COMMANDS, customer_pages
from tapwealth.web.desk import COMMANDS, desk_pages
from tapwealth.web.pages import pages
from tapwealth.web.posting import AddressOf
from tapwealth.wire.iso8583.requests import (
    APPROVED,
    AuthorisationRequest,
    AuthorisationResponse,
    BatchUploadRequest,
    BatchUploadResponse,
    FollowUpRequest,
    Management,
    ManagementRequest,
    ManagementResponse,
    ReversalRequest,
    ReversalResponse,
    SettlementRequest,
    SettlementResponse,
    TransactionKind,
)
from tapwealth.worker.biller_lanes import BillerLanes
from tapwealth.worker.notice_lanes import NoticeLane
from tapwealth.worker.worker import Worker

FILE_TAKERS: Mapping[str, exchange_in.Taker] = {
    "02": account_answers.take_accounts,
    "04": quotations.bringing_units(exchange_in.take_confirmations),
    "05": exchange_in.take_holdings,
    "06": quotations.bringing_units(dividends.take),
    "07": quotations.take_quotations,
}
APART = ("subscribe",)
"""Hot flows of which one writer decides everything, in the order in which it comes: their commands name the house's book."""
ANYONE, CUSTOMER, LOCAL = "anyone", "customer", "local"
_OPERATOR = "operator_"


@dataclass
class Edges:
    """Everything that listens or runs by itself."""

    house: House
    http: App
    listener: Listener
    worker: Worker
    batcher: Batcher

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """What runs behind the listeners: the batcher first and last, since the others hand it commands."""
        async with self.batcher:
            self.worker.start()
            try:
                yield
            finally:
                await self.worker.stop()


async def open_edges(
    house: House, token: str, *, real_time: bool, local: str = "", velocity: Velocity | None = None, proxies: Sequence[Network] = ()
) -> Edges:
    """Wire the house to its doors. Partners prove themselves with `token`, commands of this machine's own with `local`.

    `real_time`: the platform clock follows the machine's. `velocity`: how often may be tapped, else what the house's rule set says.
    `proxies`: whose word is taken on where a request comes from.
    """
    clock = ClockReader(house)
    card_house = CardHouse(house, cards.issuer_keys(house), {}, velocity=velocity or tap.velocity_of(house.rule_set))
    terminals = Terminals(house, card_house, Batcher(house.database, _flows(house, card_house), apart=APART))
    await terminals.reload()

    def address_of(request: Request) -> str:
        return origin(request.client.host if request.client else "", request.headers.raw, proxies)

    sessions = Sessions(house, local, address_of)
    gate = Gate(sessions.authenticate, house.flight, clock.read)
    listener = Listener(handlers=terminals, find_mac_keys=terminals.find_mac_keys, read_platform_clock=clock.read, in_flight=house.flight)
    specs = _commands(house, terminals, real_time=real_time)
    http = build(
        gate,
        specs,
        PartnerGate(token),
        takers(house, clock.read),
        sessions.login,
        reports.views(house),
        [
            *pages(house),
            *files_of_claims(house, gate),
            *catalogue_pages(house),
            *desk_pages(house, {name: specs[name].run for name in COMMANDS}, address_of),
            *customer_pages(house, {name: specs[name].run for name in CUSTOMER_COMMANDS}, address_of),
        ],
    )

    def hot(flow: str, book: int, command: Any) -> Awaitable[Any]:
        return terminals.batcher.submit(flow, book, command)

    v1 = Edge(
        gate,
        clients.Tokens(house),
        lambda client, secret, scopes: clients.grant(house, client, secret, scopes),
        operations(house, hot),
        house.books,
        system_random(),
        proxies,
    )
    worker = Worker(
        house,
        {
            "bank": bank_messages.deliver,
            people.IDENTITY: people.deliver_identity,
            sign_in.CODES: sign_in.deliver_code,
            "insurer": insurance.deliver,
            claims.CLAIMS: claim_outcomes.deliver,
            mandates.MANDATES: mandates.deliver,
            reservations.RESERVATIONS: reservations.deliver,
            sweeps.SWEEPS: sweeps.deliver,
            autopay_cards.AUTOPAY: autopay_cards.deliver,
        },
        (
            ("exchange", 150, lambda: exchange_in.take_files(house, FILE_TAKERS)),
            ("transit", 100, lambda: transit.deliver(house)),
            ("autopay", 1_000, lambda: autopay_days.run_due(house)),
            ("sweeps", 500, lambda: sweeps.run_due(house)),
            ("plans", 2_000, lambda: plans.run_due(house)),
            ("advance line", 1_000, lambda: advance_line.level(house)),
            ("bank answers", 500, lambda: bank_answers.resolve(card_house)),
            *((("notices", 100, lambda: outgoing.route(house)),) if house.rails.messenger else ()),
            *((("clock", 100, lambda: _tick(house)),) if real_time else ()),
        ),
        (BillerLanes(house).run, *(NoticeLane(house, one).run for one in Channel if house.rails.messenger)),
    )
    return Edges(house, v1.before(http), listener, worker, terminals.batcher)


async def _tick(house: House) -> None:
    async with house.database.transaction() as tx:
        await platform_clock.advance(tx, machine_now())


def _flows(house: House, card_house: CardHouse) -> dict[str, Callable[[Any, Sequence[Any]], Awaitable[list[Any]]]]:
    """The hot flows: each takes the list of what has come in meanwhile."""
    return {
        "authorise": lambda tx, commands: tap.authorise(card_house, tx, commands),
        "offline_sale": lambda tx, commands: offline_sale.advise(card_house, tx, commands),
        "bank_answer": lambda tx, commands: bank_answers.record(card_house, tx, commands),
        "reverse": lambda tx, commands: tap_later.reverse(card_house, tx, commands),
        "follow_up": lambda tx, commands: tap_later.follow_up(card_house, tx, commands),
        "batch": lambda tx, commands: tap.take_batch(card_house, tx, commands),
        "purchase": lambda tx, commands: purchase.purchase(house, tx, commands),
        "subscribe": lambda tx, commands: subscription.subscribe(house, tx, commands),
        "pay_bill": lambda tx, commands: bills.pay(house, tx, commands),
    }


class ClockReader:
    """The platform clock for the edges. Readers that come while a look is under way share the next one: never one from before they came."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._waiting: list[asyncio.Future[datetime]] = []
        self._looking: asyncio.Task[None] | None = None

    def read(self) -> asyncio.Future[datetime]:
        """The instant to come; Outage, if it cannot be had. One future each: who goes away leaves the others theirs."""
        mine = asyncio.get_running_loop().create_future()
        self._waiting.append(mine)
        if self._looking is None:
            self._looking = asyncio.create_task(self._look_while_asked())
        return mine

    async def _look_while_asked(self) -> None:
        try:
            while self._waiting:
                waiting, self._waiting = self._waiting, []
                await self._look(waiting)
        finally:
            self._looking = None

    async def _look(self, waiting: Sequence[asyncio.Future[datetime]]) -> None:
        try:
            async with self._house.database.look() as tx:
                now = await platform_clock.read(tx)
        except Exception as error:
            for one in waiting:
                if not one.done():
                    one.set_exception(Outage(str(error)) if isinstance(error, Outage) else error)
        else:
            for one in waiting:
                if not one.done():
                    one.set_result(now)


NO_ROUTE = (1, None)
"""A card that is not ours is refused in the first book."""
_MOST_ROUTES = 65_536


@dataclass
class CardRoutes:
    """Where cards lie, by the keyed hash of the number. Who asks while a look is under way shares the next one with all others."""

    house: House
    _known: dict[bytes, tuple[int, UUID]] = field(default_factory=dict)
    _wanted: list[bytes] = field(default_factory=list)
    _next: asyncio.Task[dict[bytes, tuple[int, UUID]]] | None = None
    _busy: asyncio.Task[dict[bytes, tuple[int, UUID]]] | None = None

    async def find(self, lookup: bytes) -> tuple[int, UUID | None]:
        """(book, token), or `NO_ROUTE`."""
        known = self._known.get(lookup)
        if known is not None:
            return known
        self._wanted.append(lookup)
        if self._next is None:
            self._next = asyncio.create_task(self._look(self._busy))
        return (await asyncio.shield(self._next)).get(lookup, NO_ROUTE)

    async def _look(self, before: asyncio.Task[dict[bytes, tuple[int, UUID]]] | None) -> dict[bytes, tuple[int, UUID]]:
        if before is not None:
            await asyncio.gather(before, return_exceptions=True)
        self._busy, self._next = self._next, None
        wanted, self._wanted = self._wanted, []
        async with self.house.database.look() as tx:
            found = await issuing.routes(tx, wanted)
        if len(self._known) > _MOST_ROUTES:
            self._known.clear()
        self._known.update(found)
        return found


@dataclass
class Terminals:
    """What the host asks of the house (see `host.handlers`): requests are routed by the card and handed to the batcher."""

    house: House
    cards: CardHouse
    batcher: Batcher

    def __post_init__(self) -> None:
        self._keys: dict[tuple[str, str], list[bytes]] = {}
        self._given: dict[tuple[str, str], list[acquiring.TerminalKey]] = {}
        self._enrolled: dict[tuple[str, str], acquiring.Terminal] = {}
        self._routes = CardRoutes(self.house)
        self._bank_asks = BankAsks(self.house, self.batcher)

    async def reload(self) -> None:
        """Read merchants and terminals: few, and needed for every tap."""
        async with self.house.database.read() as tx:
            merchants, enrolled = await acquiring.merchants(tx), await acquiring.terminals(tx)
            given = await acquiring.terminal_keys(tx)
        number = {one.id: one.merchant_number for one in merchants.values()}
        self.cards.merchants.update(merchants)
        self._enrolled = {(number[one.merchant], one.terminal_number): one for one in enrolled.values()}
        self.cards.terminals.update(self._enrolled)
        self._given = {place: given.get(one.terminal_number, []) for place, one in self._enrolled.items()}
        self._keys = {place: self._mac_keys(one, self._given[place]) for place, one in self._enrolled.items()}

    def _mac_keys(self, one: acquiring.Terminal, given: Sequence[acquiring.TerminalKey]) -> list[bytes]:
        """The one in use last; before it one that is on its way."""
        keys = [sign_on.opened(self.house, key).mac for key in reversed(given)]
        if given and given[0].used:
            return keys
        injected = self.house.keys.open_sealed("terminal", one.sealed_mac_key, b"terminal" + one.terminal_number.encode())
        return [*keys, injected]

    async def find_mac_keys(self, merchant: str, terminal: str) -> Sequence[bytes]:
        if (merchant, terminal) not in self._keys:
            await self.reload()
        return self._keys.get((merchant, terminal), [])

    async def key_taken(self, merchant: str, terminal: str, key: bytes) -> None:
        """Recorded once; from then on it alone is good."""
        if self._keys[merchant, terminal][-1] != key:
            await sign_on.key_taken(self.house, self._given[merchant, terminal][-1])
            await self.reload()

    async def management(self, request: ManagementRequest) -> ManagementResponse:
        """A sign-off and a test of the line are taken note of by answering them."""
        if request.kind is not Management.SIGN_ON:
            return ManagementResponse(response_code=APPROVED)
        shut = tap.door(self.cards, request.merchant_id, request.terminal_id)
        if shut is not None:
            return ManagementResponse(response_code=shut.response_code)
        answer = await sign_on.sign_on(self.house, self._enrolled[request.merchant_id, request.terminal_id])
        await self.reload()
        return answer

    async def _route(self, pan: Pan, request: Any) -> Routed:
        """Raises Busy where the key store cannot be reached: nothing was tried yet, so that the terminal can be told at once."""
        try:
            lookup = cards.token_lookup(self.house, pan)
        except Outage as unreachable:
            raise Busy(str(unreachable)) from None
        return Routed(*await self._routes.find(lookup), request)

    async def sale(self, request: AuthorisationRequest) -> AuthorisationResponse:
        routed = await self._route(request.pan, request)
        flow = "offline_sale" if request.kind is TransactionKind.OFFLINE_SALE else "authorise"
        answer: AuthorisationResponse | AskBank = await self.batcher.submit(flow, routed.book, routed)
        return await self._bank_asks.answer(answer) if isinstance(answer, AskBank) else answer

    async def follow_up(self, request: FollowUpRequest) -> AuthorisationResponse:
        routed = await self._route(request.pan, request)
        answer: AuthorisationResponse = await self.batcher.submit("follow_up", routed.book, routed)
        return answer

    async def reversal(self, request: ReversalRequest) -> ReversalResponse:
        routed = await self._route(request.pan, request)
        answer: ReversalResponse = await self.batcher.submit("reverse", routed.book, routed)
        return answer

    async def batch_upload(self, request: BatchUploadRequest) -> BatchUploadResponse:
        routed = await self._route(request.pan, request)
        answer: BatchUploadResponse = await self.batcher.submit("batch", routed.book, routed)
        return answer

    async def settlement(self, request: SettlementRequest) -> SettlementResponse:
        return await batch_settlement.settle(self.house, request)


@dataclass
class Sessions:
    """Who a bearer token stands for: a device (known by its hash), or an operator who signed in to this process.

    An operator's session ends with the process. Its token is told from a device's by how it begins, so that who comes with one of an
    earlier process is asked to sign in again and not taken for a new device.
    """

    house: House
    local: str
    address_of: AddressOf

    def __post_init__(self) -> None:
        self._operators: dict[str, tuple[Caller, frozenset[str]]] = {}
        if self.local:  # the command line beside the data: may have a date closed, and is nobody's second pair of eyes
            self._operators[self.local] = Caller(ActorKind.PLATFORM, "command line", "data folder"), frozenset({LOCAL})

    async def authenticate(self, token: str) -> tuple[Caller, frozenset[str]] | None:
        known = self._operators.get(token)
        if known is not None or token.startswith((_OPERATOR, clients.TOKEN)):
            return known
        caller = await people.caller_of_device(self.house, token)
        if caller is None:
            return None
        return caller, frozenset({ANYONE, CUSTOMER} if caller.person else {ANYONE})

    async def login(self, request: Request, login: str, password: Masked) -> str | Refusal | int:
        operator = await signing_in.prove(self.house, self.address_of(request), login, password)
        if isinstance(operator, SlowDown):
            return operator.seconds
        if isinstance(operator, Refusal):
            return operator
        token = _OPERATOR + secret_token()
        caller = Caller(ActorKind.OPERATOR, f"operator:{operator.login}", "password")
        self._operators[token] = caller, frozenset(role.value for role in operator.roles)
        return token


class AdvanceClock(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Move the platform's clock forward to that instant: a test clock's only way."""

    now: datetime


class ClockAdvanced(msgspec.Struct, frozen=True):
    now: datetime


class CloseDay(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Run the end of that business date."""

    business_date: date


class ClockCommandRefusal(Enum):
    """Why the clock is not moved by hand, before it is looked at."""

    REAL_TIME = auto()
    TOO_FAR = auto()


FARTHEST = timedelta(days=31)
"""How far one command may move the clock: what is ahead of it cannot be taken back."""


def _commands(house: House, terminals: Terminals, *, real_time: bool) -> dict[str, CommandSpec]:
    def plain(flow: Callable[[House, Envelope, Any], Awaitable[Any]]) -> Callable[[Envelope, Any], Awaitable[Any]]:
        return lambda envelope, command: flow(house, envelope, command)

    def at_doors(flow: Callable[[House, Envelope, Any], Awaitable[Any]]) -> Callable[[Envelope, Any], Awaitable[Any]]:
        """What changes a merchant or a terminal is known at the host before it is answered."""

        async def run(envelope: Envelope, command: Any) -> Any:
            answer = await flow(house, envelope, command)
            await terminals.reload()
            return answer

        return run

    def hot(flow: str, make: type[Any], check: Callable[[Any], None]) -> Callable[[Envelope, Any], Awaitable[Any]]:
        async def run(envelope: Envelope, command: Any) -> Any:
            check(command)
            book = HOUSE_BOOK if flow in APART else envelope.caller.book
            return await terminals.batcher.submit(flow, book, make(envelope, command))

        return run

    async def advance_clock(_envelope: Envelope, command: AdvanceClock) -> ClockAdvanced | Refusal:
        if command.now.tzinfo is None:
            raise BadInput("the instant has no offset", where="now", hint="write it like 2014-02-24T00:00:00Z")
        if real_time:
            return Refusal(ClockCommandRefusal.REAL_TIME, "this clock follows the machine's; only a test clock is moved")
        async with house.database.transaction() as tx:
            farthest = await platform_clock.read(tx) + FARTHEST
            if command.now > farthest:
                return Refusal(ClockCommandRefusal.TOO_FAR, f"the clock goes at most to {iso(farthest)} at once; move it in steps")
            moved = await platform_clock.advance(tx, command.now)
        return moved if isinstance(moved, Refusal) else ClockAdvanced(moved)

    async def close_day(_envelope: Envelope, command: CloseDay) -> Any:
        return await end_of_day.close_day(house, command.business_date, STEPS)

    operations, product, compliance = (
        role.value for role in (OperatorRole.OPERATIONS, OperatorRole.PRODUCT_MANAGER, OperatorRole.COMPLIANCE)
    )
    return {
        "open_account": CommandSpec(people.OpenAccount, ANYONE, plain(people.open_account)),
        "ask_to_sign_in": CommandSpec(sign_in.AskToSignIn, ANYONE, plain(sign_in.ask)),
        "sign_in": CommandSpec(sign_in.SignIn, ANYONE, plain(sign_in.sign_in)),
        "bind_card": CommandSpec(people.BindCard, CUSTOMER, plain(people.bind_card)),
        "move_in": CommandSpec(people.MoveIn, CUSTOMER, plain(people.move_in)),
        "move_out": CommandSpec(people.MoveOut, CUSTOMER, plain(people.move_out)),
        "send": CommandSpec(people.SendMoney, CUSTOMER, plain(people.send)),
        "provision_token": CommandSpec(tokens.ProvisionToken, CUSTOMER, plain(tokens.provision)),
        "replenish_token": CommandSpec(tokens.ReplenishToken, CUSTOMER, plain(tokens.replenish)),
        "move_token": CommandSpec(tokens.MoveToken, CUSTOMER, plain(tokens.move)),
        "suspend_token": CommandSpec(tokens.SuspendToken, CUSTOMER, plain(tokens.suspend)),
        "resume_token": CommandSpec(tokens.ResumeToken, CUSTOMER, plain(tokens.resume)),
        "delete_token": CommandSpec(tokens.DeleteToken, CUSTOMER, plain(tokens.delete)),
        "load_cash": CommandSpec(electronic_cash.LoadCash, CUSTOMER, plain(electronic_cash.load)),
        "unload_cash": CommandSpec(electronic_cash.UnloadCash, CUSTOMER, plain(electronic_cash.unload)),
        "give_mandate": CommandSpec(mandates.GiveMandate, CUSTOMER, plain(mandates.give)),
        "revoke_mandate": CommandSpec(mandates.RevokeMandate, CUSTOMER, plain(mandates.revoke)),
        "give_consent": CommandSpec(consents.GiveConsent, CUSTOMER, plain(consents.give)),
        "withdraw_consent": CommandSpec(consents.WithdrawConsent, CUSTOMER, plain(consents.withdraw)),
        "read_notices": CommandSpec(inbox.ReadNotices, CUSTOMER, plain(inbox.read)),
        "choose_notices": CommandSpec(preferences.ChooseNotices, CUSTOMER, plain(preferences.choose)),
        "limit_token": CommandSpec(token_domain.LimitToken, CUSTOMER, plain(token_domain.limit)),
        "suspend_device": CommandSpec(devices.SuspendDevice, CUSTOMER, plain(devices.suspend)),
        "resume_device": CommandSpec(devices.ResumeDevice, CUSTOMER, plain(devices.resume)),
        "end_device": CommandSpec(devices.EndDevice, CUSTOMER, plain(devices.end)),
        "report_lost_phone": CommandSpec(devices.ReportLostPhone, operations, plain(devices.report_lost)),
        "purchase_fund": CommandSpec(purchase.PurchaseFund, CUSTOMER, hot("purchase", purchase.Placing, purchase.check)),
        "subscribe_fund": CommandSpec(subscription.SubscribeFund, CUSTOMER, hot("subscribe", subscription.Placing, subscription.check)),
        "assess_suitability": CommandSpec(suitability.AssessSuitability, CUSTOMER, plain(suitability.assess)),
        "order_pockets": CommandSpec(pocket.OrderPockets, CUSTOMER, plain(pocket.order)),
        "confirm_warning": CommandSpec(suitability.ConfirmWarning, CUSTOMER, plain(suitability.confirm)),
        "redeem_fund": CommandSpec(redemption.RedeemFund, CUSTOMER, plain(redemption.redeem)),
        "switch_fund": CommandSpec(switch.SwitchFund, CUSTOMER, plain(switch.switch)),
        "choose_dividend_method": CommandSpec(dividend_method.ChooseDividendMethod, CUSTOMER, plain(dividend_method.choose)),
        "cancel_order": CommandSpec(redemption.CancelOrder, CUSTOMER, plain(redemption.cancel)),
        "redeem_instantly": CommandSpec(instant_redemption.RedeemInstantly, CUSTOMER, plain(instant_redemption.redeem)),
        "agree_autopay": CommandSpec(autopay.AgreeAutopay, CUSTOMER, plain(autopay.agree)),
        "change_autopay": CommandSpec(autopay.ChangeAutopay, CUSTOMER, plain(autopay.change)),
        "end_autopay": CommandSpec(autopay.EndAutopay, CUSTOMER, plain(autopay.end)),
        "agree_sweep": CommandSpec(sweeps.AgreeSweep, CUSTOMER, plain(sweeps.agree)),
        "agree_plan": CommandSpec(plans.AgreePlan, CUSTOMER, plain(plans.agree)),
        "pause_plan": CommandSpec(plans.PausePlan, CUSTOMER, plain(plans.pause)),
        "resume_plan": CommandSpec(plans.ResumePlan, CUSTOMER, plain(plans.resume)),
        "end_plan": CommandSpec(plans.EndPlan, CUSTOMER, plain(plans.end)),
        "end_sweep": CommandSpec(sweeps.EndSweep, CUSTOMER, plain(sweeps.end)),
        "inquire_bill": CommandSpec(bills.InquireBill, CUSTOMER, plain(bills.inquire_bill)),
        "pay_account": CommandSpec(bills.PayAccount, CUSTOMER, plain(bills.pay_account)),
        "pay_bill": CommandSpec(bills.PayBill, CUSTOMER, hot("pay_bill", bills.Placing, bills.check)),
        **policy_commands(plain),
        **claim_commands(plain),
        **deposit_commands(plain),
        "propose_merchant": CommandSpec(merchants.ProposeMerchant, operations, plain(setup.propose)),
        "propose_merchant_state": CommandSpec(merchants.ProposeMerchantState, operations, plain(setup.propose)),
        "suspend_merchant": CommandSpec(merchants.SuspendMerchant, operations, at_doors(merchants.suspend), also=compliance),
        "list_party": CommandSpec(merchants.ListParty, compliance, plain(merchants.list_party)),
        "delist_party": CommandSpec(merchants.DelistParty, compliance, plain(merchants.delist_party)),
        "propose_campaign": CommandSpec(campaigns.ProposeCampaign, product, plain(setup.propose)),
        "propose_quotations": CommandSpec(quotation_lists.ProposeQuotations, operations, plain(setup.propose)),
        "propose_held_quotation": CommandSpec(quotation_lists.ProposeHeldQuotation, operations, plain(setup.propose)),
        "propose_acceptance": CommandSpec(acceptance.ProposeAcceptance, operations, plain(setup.propose)),
        "propose_fee_concession": CommandSpec(fee_concession.ProposeFeeConcession, operations, plain(setup.propose)),
        "propose_token_domain": CommandSpec(token_domain.ProposeTokenDomain, operations, plain(setup.propose)),
        "propose_freeze": CommandSpec(freeze.ProposeFreeze, operations, plain(setup.propose)),
        "propose_unfreeze": CommandSpec(freeze.ProposeUnfreeze, operations, plain(setup.propose)),
        "propose_client": CommandSpec(clients.ProposeClient, operations, plain(setup.propose)),
        "propose_client_secret": CommandSpec(clients.ProposeClientSecret, operations, plain(setup.propose)),
        "propose_client_state": CommandSpec(clients.ProposeClientState, operations, plain(setup.propose)),
        "suspend_client": CommandSpec(clients.SuspendClient, operations, plain(clients.suspend), also=compliance),
        **catalogue_commands(plain),
        "approve": CommandSpec(setup.Approve, operations, at_doors(setup.approve), also=compliance),
        "reject": CommandSpec(setup.Reject, operations, plain(setup.reject), also=compliance),
        "register_terminal": CommandSpec(enrolment.RegisterTerminal, operations, at_doors(enrolment.register)),
        "enter_transport_key": CommandSpec(enrolment.EnterTransportKey, operations, plain(enrolment.enter_transport_key)),
        "enrol_terminal": CommandSpec(enrolment.EnrolTerminal, operations, at_doors(enrolment.enrol)),
        "renew_terminal_key": CommandSpec(enrolment.RenewTerminalKey, operations, at_doors(enrolment.renew_key)),
        "change_terminal": CommandSpec(enrolment.ChangeTerminal, operations, at_doors(enrolment.change)),
        "advance_clock": CommandSpec(AdvanceClock, operations, advance_clock),
        "close_day": CommandSpec(CloseDay, operations, close_day, also=LOCAL),
    }
