"""The registrar's records, as fields of the exchange's file types; what is not named here is zero or blank in the file."""

from collections.abc import Mapping
from datetime import date

from tapwealth.sandbox.registrar.decisions import REASONS, Decision, Entered
from tapwealth.sandbox.registrar.raises import FORMED, End
from tapwealth.sandbox.registrar.rates import Rate
from tapwealth.sandbox.registrar.register import FUND_CODE, Holder, Holding
from tapwealth.sandbox.registrar.shelf import PAR
from tapwealth.sandbox.registrar.started import Given, Moved
from tapwealth.wire.ofd import Value, write_date

Fields = Mapping[str, Value]

REGISTRAR = "H0"
FUND_NAME, REGISTRAR_NAME = "天弘增利宝货币", "天弘基金管理有限公司"
CNY, OPEN, REINVEST, PERSON, POSITIVE = "156", "0", "0", "1", "0"


def account_confirmation(decision: Decision, day: date, ta_serial: str) -> Fields:
    """02."""
    request = decision.request
    return {
        "AppSheetSerialNo": request["serial"],
        "TransactionCfmDate": write_date(day),
        "ReturnCode": decision.code.value,
        "TransactionAccountID": request["trading_account"],
        "DistributorCode": request["distributor"],
        "BusinessCode": _confirmed(request["business_code"]),
        "TAAccountID": decision.ta_account,
        "TASerialNO": ta_serial,
        "TransactionDate": request["transaction_date"],
        "TransactionTime": request["transaction_time"],
        "FromTAFlag": "0",
        "CertificateType": "0",
        "CertificateNo": request["identity_number"],
        "InvestorName": request["name"],
        "IndividualOrInstitution": PERSON,
        "ErrorDetail": REASONS[decision.code],
    }


def order_confirmation(decision: Decision, day: date, ta_serial: str) -> Fields:
    """04."""
    request = decision.request
    return {
        "AppSheetSerialNo": request["serial"],
        "TransactionCfmDate": write_date(day),
        "CurrencyType": CNY,
        "ConfirmedVol": decision.units,
        "ConfirmedAmount": decision.amount,
        "FundCode": request["fund_code"],
        "TransactionDate": request["transaction_date"],
        "TransactionTime": request["transaction_time"],
        "ReturnCode": decision.code.value,
        "TransactionAccountID": request["trading_account"],
        "DistributorCode": request["distributor"],
        "ApplicationVol": request["volume"],
        "ApplicationAmount": request["amount"],
        "BusinessCode": _confirmed(request["business_code"]),
        "TAAccountID": decision.ta_account,
        "TASerialNO": ta_serial,
        "LargeRedemptionFlag": request["large_flag"],
        "BusinessFinishFlag": "1" if decision.finished else "0",
        "DownLoaddate": write_date(day),
        "Charge": decision.fee,
        "NAV": decision.nav,
        "IndividualOrInstitution": PERSON,
        "TargetDistributorCode": request["target_distributor"],
        "TargetTransactionAccountID": request["target_trading_account"],
        "TargetTAAccountID": request["target_ta_account"],
        "CodeOfTargetFund": request["target_fund"],
        **(_entered(decision.into) if decision.into else {}),
        "FromTAFlag": "0",
        "ErrorDetail": REASONS[decision.code],
    }


def _entered(into: Entered) -> Fields:
    return {"CfmVolOfTargetFund": into.units, "TargetNAV": into.nav, "RecuperateFee": into.fee}


def holding(held: Holding, day: date) -> Fields:
    """05, at the end of `day`."""
    return {
        "AvailableVol": held.available,
        "TotalVolOfDistributorInTA": held.units,
        "TransactionCfmDate": write_date(day),
        "FundCode": held.fund,
        "TransactionAccountID": held.holder.trading_account,
        "DistributorCode": held.holder.distributor,
        "TAAccountID": held.holder.ta_account,
        "TotalFrozenVol": held.frozen,
        "DetailFlag": "0",
        "AccountStatus": "0",
        "DefDividendMethod": REINVEST,
    }


def dividend(holder: Holder, base: int, income: int, earned_on: date, day: date, ta_serial: str) -> Fields:
    """06: the income of `earned_on`, credited on `day`."""
    return {
        "BasisforCalculatingDividend": base,
        "TransactionCfmDate": write_date(day),
        "CurrencyType": CNY,
        "VolOfDividendforReinvestment": income,
        "DividentDate": write_date(day),
        "XRDate": write_date(earned_on),
        "ConfirmedAmount": income,
        "FundCode": FUND_CODE,
        "RegistrationDate": write_date(earned_on),
        "ReturnCode": "0000",
        "TransactionAccountID": holder.trading_account,
        "DistributorCode": holder.distributor,
        "BusinessCode": "143",
        "TAAccountID": holder.ta_account,
        "DefDividendMethod": REINVEST,
        "DownLoaddate": write_date(day),
        "NAV": PAR,
        "IndividualOrInstitution": PERSON,
        "TASerialNO": ta_serial,
    }


def given(one: Given, day: date, ta_serial: str) -> Fields:
    """06: a holder's part of a dividend of a fund with a NAV."""
    return {
        "BasisforCalculatingDividend": one.base,
        "TransactionCfmDate": write_date(day),
        "CurrencyType": CNY,
        "VolOfDividendforReinvestment": one.units,
        "DividentDate": write_date(day),
        "DividendAmount": one.amount,
        "XRDate": write_date(one.terms.ex_date),
        "ConfirmedAmount": one.amount,
        "FundCode": one.terms.fund,
        "RegistrationDate": write_date(one.terms.record_date),
        "ReturnCode": "0000",
        "TransactionAccountID": one.holder.trading_account,
        "DistributorCode": one.holder.distributor,
        "BusinessCode": "143",
        "TAAccountID": one.holder.ta_account,
        "DividendPerUnit": one.terms.fen,
        "DefDividendMethod": one.method,
        "DownLoaddate": write_date(day),
        "NAV": one.nav,
        "IndividualOrInstitution": PERSON,
        "TASerialNO": ta_serial,
        "DrawBonusUnit": one.terms.per,
    }


def moved(one: Moved, day: date, ta_serial: str) -> Fields:
    """04 of what the registrar started; it has no serial of a distributor's."""
    return {
        "AppSheetSerialNo": ta_serial,
        "TransactionCfmDate": write_date(day),
        "CurrencyType": CNY,
        "ConfirmedVol": one.units,
        "ConfirmedAmount": one.amount,
        "FundCode": one.fund,
        "TransactionDate": write_date(day),
        "TransactionTime": "090000",
        "ReturnCode": "0000",
        "TransactionAccountID": one.holder.trading_account,
        "DistributorCode": one.holder.distributor,
        "BusinessCode": one.code,
        "TAAccountID": one.holder.ta_account,
        "TASerialNO": ta_serial,
        "BusinessFinishFlag": "1",
        "DownLoaddate": write_date(day),
        "NAV": one.nav,
        "Charge": one.fee,
        "IndividualOrInstitution": PERSON,
        "FromTAFlag": "1",
    }


def ended(one: End, day: date, ta_serial: str) -> Fields:
    """04 of the end of a raise: 130 with units, or 149 with what goes back; under the serial of the subscription."""
    request, formed = one.request, one.code == FORMED
    return {
        "AppSheetSerialNo": request["serial"],
        "TransactionCfmDate": write_date(day),
        "CurrencyType": CNY,
        "ConfirmedVol": one.units,
        "ConfirmedAmount": request["amount"] if formed else 0,
        "FundCode": request["fund_code"],
        "TransactionDate": request["transaction_date"],
        "TransactionTime": request["transaction_time"],
        "ReturnCode": "0000",
        "TransactionAccountID": request["trading_account"],
        "DistributorCode": request["distributor"],
        "ApplicationAmount": request["amount"],
        "BusinessCode": one.code,
        "TAAccountID": one.ta_account,
        "TASerialNO": ta_serial,
        "BusinessFinishFlag": "1",
        "DownLoaddate": write_date(day),
        "VolumeByInterest": one.interest if formed else 0,
        "RaiseInterest": one.interest,
        "RefundAmount": one.refund,
        "NAV": PAR,
        "IndividualOrInstitution": PERSON,
        "FromTAFlag": "1",
    }


def quotation(rate: Rate, day_income: int, units: int, earned_on: date) -> Fields:
    """07 of `earned_on`: FundIncome and Yield have five decimals, of which the fund publishes four and three."""
    return {
        "FundName": FUND_NAME,
        "TotalFundVol": units,
        "FundCode": FUND_CODE,
        "FundStatus": OPEN,
        "NAV": PAR,
        "UpdateDate": write_date(earned_on),
        "AccumulativeNAV": PAR,
        "FundSize": units,
        "CurrencyType": CNY,
        "DefDividendMethod": REINVEST,
        "RegistrarCode": REGISTRAR,
        "FaceValue": PAR,
        "FundIncome": rate.income_per_10k * 10,
        "FundIncomeFlag": POSITIVE,
        "Yield": rate.seven_day_yield * 100,
        "YieldFlag": POSITIVE,
        "FundDayIncomeFlag": POSITIVE,
        "FundDayIncome": day_income,
        "RegistrarName": REGISTRAR_NAME,
    }


def price(fund: str, name: str, nav: int, units: int, day: date) -> Fields:
    """07 of a fund with a NAV, of the dealing day `day`."""
    return {
        "FundName": name,
        "TotalFundVol": units,
        "FundCode": fund,
        "FundStatus": OPEN,
        "NAV": nav,
        "UpdateDate": write_date(day),
        "AccumulativeNAV": nav,
        "FundSize": units,
        "CurrencyType": CNY,
        "DefDividendMethod": REINVEST,
        "RegistrarCode": REGISTRAR,
        "FaceValue": PAR,
        "RegistrarName": REGISTRAR_NAME,
    }


def _confirmed(business_code: str) -> str:
    """Request + 100; what is no number comes back as it was."""
    return f"{int(business_code) + 100:03d}"[-3:] if business_code.isdecimal() else business_code
