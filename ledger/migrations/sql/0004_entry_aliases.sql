-- What an entry was called before does not change either.
CREATE TRIGGER entryalias_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_entryalias
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
