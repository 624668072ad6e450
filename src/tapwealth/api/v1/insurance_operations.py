"""What /v1 can be asked of policies."""

from tapwealth.api.v1.operation import Operation, who
from tapwealth.catalogue.eligible import EligibilityRefusal
from tapwealth.flows.frame import House
from tapwealth.flows.insurance import applications, endorsements, policies, premiums
from tapwealth.flows.insurance.policies import InsuranceRefusal
from tapwealth.flows.reports import policy_counter
from tapwealth.flows.v1 import insurance
from tapwealth.flows.v1.deposit_shapes import Nothing
from tapwealth.flows.v1.insurance_shapes import (
    Application,
    ApplicationMade,
    InsuranceProduct,
    NewAddress,
    NewApplication,
    NewBeneficiaries,
    NewCancellation,
    NewOccupation,
    NewPolicy,
    NewPolicyQuote,
    NewPremium,
    NewPremiumsCollected,
    NewReinstatement,
    Policy,
    PolicyCancelling,
    PolicyChanging,
    PolicyListed,
    PolicyQuote,
    PolicyTaken,
    PremiumMandate,
    PremiumTaken,
    RefundQuote,
)
from tapwealth.flows.v1.shapes import Page
from tapwealth.flows.v1.translation import identified, listed, on_shelf, one_of, performs
from tapwealth.insurance.applicant import ApplicantRefusal
from tapwealth.insurance.buy import BuyRefusal
from tapwealth.insurance.collect import PremiumRefusal
from tapwealth.insurance.endorsement import EndorsementRefusal
from tapwealth.insurance.phone import PhoneRefusal
from tapwealth.insurance.policy import PolicyRefusal
from tapwealth.insurance.premium import QuoteRefusal
from tapwealth.insurance.schedule import ReinstateRefusal
from tapwealth.insurance.underwriting import UnderwritingRefusal
from tapwealth.storage.clients import Scope

_B, _U, _E, _P = BuyRefusal, UnderwritingRefusal, EndorsementRefusal, PremiumRefusal
_SOLD = (_B.UNKNOWN_PRODUCT, _B.NOT_SOLD_NOW)
QUOTING = (
    *_SOLD, _B.BEGINS_WHEN, *EligibilityRefusal, *(one for one in ApplicantRefusal if one is not ApplicantRefusal.NOT_PAID_AT_DEATH),
    PhoneRefusal.NO_PHONE_WANTED, PhoneRefusal.PHONE_MISSING, PhoneRefusal.PHONE_TOO_OLD,
    *(one for one in UnderwritingRefusal if one is not _U.NOT_REFERRED), *QuoteRefusal,
)  # fmt: skip
BUYING = (*QUOTING, *BuyRefusal, ApplicantRefusal.NOT_PAID_AT_DEATH, PhoneRefusal.NOT_INSPECTED, PhoneRefusal.PHONE_INSURED)
CHANGING = (InsuranceRefusal.UNKNOWN_POLICY, _E.NOT_RUNNING, InsuranceRefusal.UNDER_WAY, _E.ENDORSEMENT_UNDER_WAY)
CANCELLING = (InsuranceRefusal.UNDER_WAY, *(one for one in PolicyRefusal))
PAYING = (_P.UNKNOWN_POLICY, _P.UNDER_WAY, _P.PREMIUM_DIFFERS, _P.UNKNOWN_FUND, _P.ABOVE_LIMIT, _P.NO_MONEY)
_YUAN = {"amount": 100_00, "currency": "CNY"}
_WANG = {"name": "王芳", "identity_number": "110105198401151037", "relation": "spouse", "rank": 1, "share": "100.00"}


def insurance_operations(house: House) -> list[Operation]:
    """All of them."""
    account = "/v1/accounts/{account}"
    one, read, write = f"{account}/policies/{{policy}}", Scope.INSURANCE_READ, Scope.INSURANCE_WRITE

    return [
        Operation(
            "list_insurance_products", "GET", "/v1/insurance-products", read, "Policies that can be bought, with what they ask",
            Page[InsuranceProduct], listed=True, seen="code",
            read=lambda asked: on_shelf(house, asked.bearer, asked.wanted, insurance.products),
        ),
        Operation(
            "quote_policy", "POST", f"{account}/policy-quotes", read, "What a policy would cost, and what has to be shown", PolicyQuote,
            act=lambda envelope, asked, _path: insurance.quote(house, envelope, asked), takes=NewPolicyQuote, makes=False,
            refusals=QUOTING, example={"product": "ACC1", "occupation": 2},
        ),
        Operation(
            "create_application", "POST", f"{account}/policy-applications", write, "Have an underwriter look at answers", ApplicationMade,
            act=performs(house, applications.apply_for, applications.ApplyForPolicy, ApplicationMade), takes=NewApplication,
            refusals=(*_SOLD, _U.NOT_ANSWERED, _U.DECLINED, _U.NOT_REFERRED),
            example={"product": "TL20", "answers": {"smoking": "never", "heart": "treated"}},
        ),
        Operation(
            "list_applications", "GET", f"{account}/policy-applications", read, "An account's applications, newest first",
            Page[Application], listed=True,
            read=lambda asked: listed(
                house, who(asked), asked.wanted, lambda tx, book, person: applications.held(house, tx, book, person), Application
            ),
        ),
        Operation(
            "get_application", "GET", f"{account}/policy-applications/{{application}}", read, "What was decided of an application",
            Application,
            read=lambda asked: one_of(
                house, who(asked), identified(asked.path, "application"),
                lambda tx, book, person: applications.held(house, tx, book, person), Application, "application",
            ),
        ),
        Operation(
            "create_policy", "POST", f"{account}/policies", write, "Buy a policy from the wallet", PolicyTaken, takes=NewPolicy,
            act=performs(house, policies.buy, policies.BuyPolicy, PolicyTaken), refusals=BUYING,
            example={"product": "ACC1", "confirmed": ["terms"], "premium": _YUAN, "beneficiaries": [_WANG]},
        ),
        Operation(
            "list_policies", "GET", f"{account}/policies", read, "An account's policies, newest first", Page[PolicyListed], listed=True,
            read=lambda asked: listed(house, who(asked), asked.wanted, policy_counter.held, PolicyListed),
        ),
        Operation(
            "get_policy", "GET", one, read, "A policy, what it owes and what was changed", Policy,
            read=lambda asked: insurance.policy(house, who(asked), identified(asked.path, "policy")),
        ),
        Operation(
            "quote_refund", "GET", f"{one}/refund-quote", read, "What cancelling a policy would bring back", RefundQuote,
            filters={"date": "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"}, refusals=CANCELLING,
            read=lambda asked: insurance.refund(house, who(asked), identified(asked.path, "policy"), asked.wanted.filters),
        ),
        Operation(
            "cancel_policy", "POST", f"{one}/cancel", write, "Give a policy back in its free look, or end it", PolicyCancelling,
            act=performs(house, policies.cancel, policies.CancelPolicy, PolicyCancelling), takes=NewCancellation, makes=False,
            refusals=(InsuranceRefusal.UNKNOWN_POLICY, *CANCELLING, InsuranceRefusal.REFUND_DIFFERS), example={"refund": _YUAN},
        ),
        Operation(
            "pay_premium", "POST", f"{one}/premiums", write, "Pay the premium that is due, or the next one", PremiumTaken,
            act=performs(house, premiums.pay, premiums.PayPremium, PremiumTaken), takes=NewPremium, makes=False,
            refusals=(*PAYING, _P.NOT_IN_FORCE, _P.COVER_SUSPENDED, _P.NOTHING_DUE), example={"premium": _YUAN, "fund": "pocket"},
        ),
        Operation(
            "reinstate_policy", "POST", f"{one}/reinstate", write, "Pay what is owed and have cover again", PremiumTaken,
            act=performs(house, premiums.reinstate, premiums.ReinstatePolicy, PremiumTaken), takes=NewReinstatement, makes=False,
            refusals=(*PAYING, *ReinstateRefusal), example={"amount": _YUAN},
        ),
        Operation(
            "collect_premiums", "POST", f"{one}/collect-premiums", write, "Have premiums collected when they are due", PremiumMandate,
            act=performs(house, premiums.let, premiums.LetPremiums, PremiumMandate), takes=NewPremiumsCollected, makes=False,
            refusals=(_P.UNKNOWN_POLICY, _P.NOT_IN_FORCE, _P.UNKNOWN_FUND, _P.NOTHING_DUE), example={"most": _YUAN, "renews": True},
        ),
        Operation(
            "end_premiums", "POST", f"{one}/end-premiums", write, "Have premiums collected no more", PremiumMandate,
            act=performs(house, premiums.end, premiums.EndPremiums, PremiumMandate), takes=Nothing, makes=False,
            refusals=(_P.NO_MANDATE,), example={},
        ),
        Operation(
            "change_occupation", "POST", f"{one}/occupation", write, "The insured person has other work", PolicyChanging,
            act=performs(house, endorsements.change_occupation, endorsements.ChangeOccupation, PolicyChanging), takes=NewOccupation,
            makes=False, example={"occupation": 3},
            refusals=(
                *CHANGING, _E.NOT_BY_OCCUPATION, _E.SAME_AS_BEFORE, _E.TOO_LATE, *QuoteRefusal, _E.AMOUNT_DIFFERS, *PolicyRefusal,
                _B.ABOVE_LIMIT, _B.NO_MONEY,
            ),
        ),
        Operation(
            "change_beneficiaries", "POST", f"{one}/beneficiaries", write, "Others receive what is paid at death", PolicyChanging,
            act=performs(house, endorsements.change_beneficiaries, endorsements.ChangeBeneficiaries, PolicyChanging),
            takes=NewBeneficiaries, makes=False, example={"beneficiaries": [_WANG]},
            refusals=(*CHANGING, ApplicantRefusal.NOT_PAID_AT_DEATH, ApplicantRefusal.CONSENT_MISSING),
        ),
        Operation(
            "change_policy_address", "POST", f"{one}/address", write, "The insurer writes to another address", PolicyChanging,
            act=performs(house, endorsements.change_address, endorsements.ChangePolicyAddress, PolicyChanging), takes=NewAddress,
            makes=False, refusals=CHANGING, example={"address": "北京市朝阳区建国路1号"},
        ),
    ]  # fmt: skip
