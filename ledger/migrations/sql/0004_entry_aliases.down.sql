DROP TRIGGER entryalias_is_final ON ledger_entryalias;
