"""Lines with exact amounts, the account that changes them, and the ledger that it leaves."""
