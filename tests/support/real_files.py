"""Real files that the program carries: an order file of a distributor, and what a money fund published day by day."""

from importlib.resources import files
from pathlib import Path

ORDERS_FILE = Path(str(files("tapwealth.play") / "data" / "OFD_996_H0_20170427_03.TXT"))
"""1,006 purchases of fund 000198 (JR/T 0017 V2.0, type 03)."""

HISTORY_FILE = Path(str(files("tapwealth.sandbox.registrar") / "data" / "money_fund_000198_daily.csv"))
"""Income per 10,000 units and seven-day yield of 427 days."""
