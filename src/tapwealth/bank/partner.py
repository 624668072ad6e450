"""The partner bank and who we are to it: facts of the installation (Bank of Beijing, public CNAPS number)."""

BANK_CNAPS = "313100000013"
BANK_NAMES = "北京银行", "Bank of Beijing"
PLATFORM_NAME = "Tapwealth"
