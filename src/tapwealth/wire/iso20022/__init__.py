"""ISO 20022 between a company and its bank: five pinned messages, as values and as XML.

| message | module | says |
|---|---|---|
| pain.001.001.09 | `credit_transfer` | pay this from one of our accounts |
| pain.008.001.08 | `direct_debit` | collect this into one of our accounts, under a mandate |
| pain.002.001.12 | `status_report` | what became of each of those |
| camt.054.001.08 | `notification` | money has come in |
| camt.053.001.08 | `statement` | a day of an account: balances and every entry |

Each module holds frozen dataclasses of what is used and `write_…`/`read_…`. XML is validated against the published XSD when it is written
and when it is read. What the XSD allows and this profile does not use is refused too, so that no meaning is dropped in silence.
`message_type.sniff` tells which message some bytes are.
"""
