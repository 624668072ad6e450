"""Billers' definition files as product managers write them."""

from product_files import changed

GAS_FILE = """\
product: BJGAS
kind: biller_service
name: {zh: 北京燃气, en: Beijing Gas}
parameters:
  region: 110000
  connection: BJPOWER
  bank_account: 0200000008
  cycle: weekly
  fee_kept: 0.30
  items:
  - code: gas
    name: {zh: 居民燃气费, en: Household gas}
    category: gas
    fields:
    - name: branch
      title: {zh: 分公司, en: Branch}
      hint: {zh: 两位数字, en: two digits}
      schema: {type: string, pattern: '^[0-9]{2}$'}
      order: 1
    - name: account_number
      title: {zh: 户号, en: Account number}
      hint: {zh: 户号为8至10位数字, en: 8 to 10 digits}
      schema: {type: string, pattern: '^[0-9]{8,10}$', minLength: 8, maxLength: 10, format: luhn}
      order: 2
    amount: {mode: exact, minimum: 0.01, maximum: 5000.00}
    hours: {opens: '00:05:00', closes: '23:55:00'}
channels: {T01: {}}
"""
"""Its line numbers are named by tests."""
CARRIER = changed(
    ("product: BJGAS", "product: MOBILE"), ("region: 110000", "region: ''"), ("category: gas", "category: top_up"),
    ("code: gas", "code: top_up"), ("en: Beijing Gas", "en: Mobile"), ("en: Household gas", "en: Top-up"),
    ("    - name: branch\n      title: {zh: 分公司, en: Branch}\n      hint: {zh: 两位数字, en: two digits}\n"
     "      schema: {type: string, pattern: '^[0-9]{2}$'}\n      order: 1\n", ""),
    ("'^[0-9]{8,10}$', minLength: 8, maxLength: 10, format: luhn", "'^1[0-9]{10}$'"),
    ("mode: exact, minimum: 0.01, maximum: 5000.00}",
     "mode: presets, maximum: 300.00, faces: [10.00, 50.00]}\n    inquiry: none\n    payer_fee: 0.50\n    prefixes: [138, 139]"),
    text=GAS_FILE,
)  # fmt: skip
"""The same, of a carrier whose telephones are topped up without a bill."""
