"""The issuer's side of a tap: card credentials in phones, cryptograms, the authorisation and what becomes of it (PBOC 3.0, EMV)."""
