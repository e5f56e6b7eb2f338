DROP TRIGGER account_with_lines_stays ON ledger_account;
DROP FUNCTION ledger_guard_account_deletion();
