"""A biller's definition file as a product manager writes it. Its line numbers are named by tests."""

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
