"""Deposits as product managers define them; line numbers are named by tests."""

DEMAND_FILE = """\
product: DEMAND
kind: deposit
name: {zh: 活期存款, en: Demand deposit}
parameters:
  bank: 313100000013
  form: {of: demand}
  minimum: 1.00
  chart:
  - from: 2012-07-06
    rates: [{rate: 0.35}]
channels:
  app: {}
"""
FIXED_FILE = """\
product: FIXED
kind: deposit
name: {zh: 整存整取, en: Fixed term}
parameters:
  bank: 313100000013
  form: {of: fixed_term, terms: [3m, 1y], method: matched_dates, early: in_part, renews: true}
  minimum: 50.00
  demand: DEMAND
  chart:
  - from: 2012-07-06
    until: 2014-11-21
    rates:
    - {term: 3m, rate: 2.85}
    - {term: 1y, rate: 3.25}
  - from: 2014-11-22
    rates:
    - {term: 3m, rate: 2.60}
    - {term: 3m, from_amount: 100000.00, rate: 2.82}
    - {term: 1y, rate: 3.03}
channels:
  app: {}
"""


def certificate_file() -> str:
    """A large certificate, to be taken out as a whole."""
    text = FIXED_FILE.replace("product: FIXED", "product: CD").replace("minimum: 50.00", "minimum: 200000.00")
    return text.replace("of: fixed_term", "of: certificate").replace("early: in_part, renews: true", "early: whole")


NOTICE_FILE = """\
product: NOTICE7
kind: deposit
name: {zh: 七天通知存款, en: Seven days' notice}
parameters:
  bank: 313100000013
  form: {of: notice, days: 7, least_withdrawal: 50000.00, least_balance: 50000.00}
  minimum: 50000.00
  demand: DEMAND
  chart:
  - from: 2012-07-06
    rates: [{rate: 1.35}]
channels:
  app: {}
"""
