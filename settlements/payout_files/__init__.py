"""Files that ask the bank to pay: the same orders as pain.001 or as CSV, byte for byte."""

from settlements.payout_files.content import Debtor, PayoutFile, PayoutOrder
from settlements.payout_files.csv_file import write_csv
from settlements.payout_files.pain001 import write_pain001

__all__ = ["Debtor", "PayoutFile", "PayoutOrder", "write_csv", "write_pain001"]
