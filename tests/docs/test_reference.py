"""The pages on HTTP and on the ledger are complete: every route, field, problem, kind of account, refusal and finding stands there."""

import re
from collections.abc import Iterable
from enum import Enum
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.routing import Route

from tapwealth.api.claim_files import claim_files
from tapwealth.api.partners import PartnerGate
from tapwealth.api.server import build
from tapwealth.app import partner_messages, wiring
from tapwealth.bills.autopay import AutopayRefusal
from tapwealth.bills.biller import BillRefusal
from tapwealth.bills.pay import PayRefusal
from tapwealth.catalogue.eligible import EligibilityRefusal
from tapwealth.catalogue.version import ProductRefusal
from tapwealth.deposits.deposit import DepositRefusal
from tapwealth.deposits.notice import DepositNoticeRefusal
from tapwealth.deposits.raise_rules import WealthRefusal, WealthShelfRefusal
from tapwealth.flows import reports
from tapwealth.flows.acceptance import AcceptanceRefusal
from tapwealth.flows.bills.paying import BillsRefusal
from tapwealth.flows.customers.clients import ClientRefusal
from tapwealth.flows.customers.consents import ConsentRefusal
from tapwealth.flows.customers.devices import DeviceRefusal
from tapwealth.flows.customers.people import PeopleRefusal
from tapwealth.flows.customers.sign_in import SignInRefusal
from tapwealth.flows.end_of_day import DayRefusal
from tapwealth.flows.frame import FrameRefusal
from tapwealth.flows.funds.channel import ChannelRefusal
from tapwealth.flows.funds.dividend_method import DividendMethodRefusal
from tapwealth.flows.funds.freeze import FreezeRefusal
from tapwealth.flows.funds.quotation_lists import QuotationRefusal
from tapwealth.flows.funds.suitability import SuitabilityRefusal
from tapwealth.flows.insurance.policies import InsuranceRefusal
from tapwealth.flows.issuing.disputes import DisputeRefusal
from tapwealth.flows.issuing.electronic_cash import CashRefusal
from tapwealth.flows.issuing.mandates import MandateRefusal
from tapwealth.flows.issuing.token_domain import DomainRefusal
from tapwealth.flows.issuing.tokens import TokenRefusal
from tapwealth.flows.reports.refusals import ReportRefusal
from tapwealth.funds.campaign import CampaignRefusal
from tapwealth.funds.instant import InstantRefusal
from tapwealth.funds.plan import PlanRefusal
from tapwealth.funds.pocket import PocketRefusal
from tapwealth.funds.purchase import PurchaseRefusal
from tapwealth.funds.redemption import CancelRefusal, RedemptionRefusal
from tapwealth.funds.sweep import SweepRefusal
from tapwealth.funds.switch import SwitchRefusal
from tapwealth.insurance.applicant import ApplicantRefusal
from tapwealth.insurance.buy import BuyRefusal
from tapwealth.insurance.claim import ClaimRefusal
from tapwealth.insurance.collect import PremiumRefusal
from tapwealth.insurance.discovery import DiscoveryRefusal
from tapwealth.insurance.endorsement import EndorsementRefusal
from tapwealth.insurance.phone import PhoneRefusal
from tapwealth.insurance.policy import PolicyRefusal
from tapwealth.insurance.premium import QuoteRefusal
from tapwealth.insurance.schedule import ReinstateRefusal
from tapwealth.insurance.underwriting import UnderwritingRefusal
from tapwealth.issuing.decline import DeclineReason
from tapwealth.ledger.chart import CHART
from tapwealth.ledger.findings import Wrong
from tapwealth.ledger.port import LedgerRefusal, Op
from tapwealth.notices.choice import NoticeRefusal
from tapwealth.storage.approvals import ApprovalRefusal
from tapwealth.storage.platform_clock import ClockRefusal
from tapwealth.web.catalogue_pages import catalogue_pages
from tapwealth.web.customer_pages import customer_pages
from tapwealth.web.desk import desk_pages
from tapwealth.web.pages import pages

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
HTTP, LEDGER = (REFERENCE / "http.md").read_text(), (REFERENCE / "ledger.md").read_text()
NOTHING: Any = None
"""Stands for the house where nothing is asked of it."""
SPECS = wiring._commands(NOTHING, NOTHING, real_time=False)
REFUSALS: tuple[type[Enum], ...] = (
    PeopleRefusal, PurchaseRefusal, BillsRefusal, BillRefusal, PayRefusal, InsuranceRefusal, BuyRefusal, QuoteRefusal,
    DepositRefusal, DepositNoticeRefusal, PolicyRefusal, PremiumRefusal, ReinstateRefusal, PhoneRefusal, ApplicantRefusal,
    EndorsementRefusal, DiscoveryRefusal,
    UnderwritingRefusal, AcceptanceRefusal,
    ApprovalRefusal, ClockRefusal,
    wiring.ClockCommandRefusal, ChannelRefusal, DayRefusal,
    ReportRefusal, FrameRefusal, TokenRefusal, CashRefusal, MandateRefusal, DeviceRefusal, SignInRefusal, DomainRefusal,
    ClientRefusal, ConsentRefusal,
    InstantRefusal, RedemptionRefusal, SwitchRefusal, CancelRefusal, FreezeRefusal, SuitabilityRefusal, SweepRefusal, AutopayRefusal,
    CampaignRefusal, PlanRefusal, PocketRefusal, QuotationRefusal, DividendMethodRefusal, ProductRefusal,
    EligibilityRefusal, NoticeRefusal, ClaimRefusal, DisputeRefusal, WealthRefusal, WealthShelfRefusal,
)  # fmt: skip


def names(text: str) -> set[str]:
    """Everything in backquotes."""
    return set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)))


def row_of(page: str, name: str) -> list[str]:
    """The cells of the table's row that is about `name`."""
    (row,) = [line for line in page.splitlines() if line.startswith((f"| `{name}` |", f"| {name} |"))]
    return [cell.strip() for cell in row.split("|")[1:-1]]


def undocumented(routes: Iterable[Route], page: str) -> list[str]:
    """Routes that the page does not name, views by what follows /view/; a page in English lies at the path of the Chinese one."""
    named, missing = names(page), []
    for route in routes:
        for method in (route.methods or set()) - {"HEAD"}:
            wanted = route.path.removeprefix("/view/") if route.path.startswith("/view/") else f"{method} {route.path}"
            wanted = wanted.replace(" /en/", " /", 1)
            if wanted not in named:
                missing.append(f"{method} {route.path}")
    return missing


def test_every_route_is_documented() -> None:
    every_page = [
        *pages(NOTHING),
        *claim_files(NOTHING, NOTHING, NOTHING),
        *catalogue_pages(NOTHING),
        *desk_pages(NOTHING, {}, NOTHING),
        *customer_pages(NOTHING, {}, NOTHING),
    ]
    app = build(NOTHING, SPECS, PartnerGate(""), partner_messages.takers(NOTHING, NOTHING), NOTHING, reports.views(NOTHING), every_page)
    routes = [route for route in app.routes if isinstance(route, Route)]
    assert len(routes) > 20
    assert undocumented(routes, HTTP) == []
    planted = [Route("/view/hidden", print, methods=["GET"]), Route("/x", print, methods=["PUT"])]
    assert undocumented(planted, HTTP) == ["GET /view/hidden", "PUT /x"]


@pytest.mark.parametrize("name", SPECS)
def test_every_command_is_documented_with_its_fields(name: str) -> None:
    spec = SPECS[name]
    _, who, fields, *_ = row_of(HTTP, name)
    wanted = set(spec.shape.__struct_fields__)
    assert who == spec.who
    assert names(fields) - {"terms"} == wanted
    optional = {one.encode_name for one in msgspec.structs.fields(spec.shape) if not one.required}
    assert names("".join(re.findall(r"\[(.*?)\]", fields))) == optional


def test_no_command_is_documented_that_is_not_there() -> None:
    table = HTTP.split("## Commands")[1].split("## Partners")[0]
    assert sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == sorted(SPECS)


def test_every_refusal_of_a_command_is_documented() -> None:
    assert [f"{kind.__name__}.{one.name}" for kind in REFUSALS for one in kind if one.name.lower() not in names(HTTP)] == []


def test_every_kind_of_account_is_documented_as_it_is() -> None:
    for row in CHART:
        number, kind, name, mirror, whose, limit = row_of(LEDGER, str(int(row.kind)))
        assert (int(number), kind, name, mirror) == (row.kind, f"`{row.kind.name.lower()}`", row.name, f"`{row.mirror.name.lower()}`")
        assert (whose == "each owner's", bool(limit)) == (row.personal, bool(row.limit))
    chart = LEDGER.split("### The chart")[1].split("## Entries")[0]
    assert len(re.findall(r"^\| \d+ \|", chart, re.MULTILINE)) == len(CHART)


def test_every_refusal_of_the_ledger_is_documented_in_its_order() -> None:
    refusals = LEDGER.split("## Refusals")[1].split("## Clocks")[0]
    assert re.findall(r"^\| (\d+) \| `(\w+)` \|", refusals, re.MULTILINE) == [(str(int(one)), one.name.lower()) for one in LedgerRefusal]


def test_every_op_and_every_finding_is_documented() -> None:
    assert re.findall(r"^\| `(\w+)` \|", LEDGER.split("## Entries")[1].split("## Refusals")[0], re.MULTILINE) == [
        one.name.lower() for one in Op
    ]
    found = dict(re.findall(r"^\| `(\w+)` \| (.*) \|$", LEDGER.split("## Audit")[1], re.MULTILINE))
    assert found == {one.name.lower(): one.value for one in Wrong}


def test_every_reason_to_decline_is_documented_with_its_code_in_the_order_of_checking() -> None:
    page = (REFERENCE / "declines.md").read_text()
    rows = re.findall(r"^\| `(\w+)` \| (\d\d) \| (.*) \|$", page, flags=re.MULTILINE)
    assert rows == [(one.name.lower(), one.response_code, one.text) for one in DeclineReason]
