-- Law 9. The foreign keys of lines are asked at the end of a statement, and one statement can delete
-- an account and put another back under its id.
CREATE FUNCTION ledger_guard_account_deletion() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  -- An old snapshot would not see a line that came in while the account's row was waited for.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM ledger_refuse('account_changes_in_read_committed',
      jsonb_build_object('account', OLD.code));
  END IF;
  IF EXISTS (SELECT FROM ledger_journalline l
              WHERE l.organization_id = OLD.organization_id AND l.account_id = OLD.id) THEN
    PERFORM ledger_refuse('account_with_lines_stays', jsonb_build_object('account', OLD.code));
  END IF;
  RETURN OLD;
END $$;

CREATE TRIGGER account_with_lines_stays
  BEFORE DELETE ON ledger_account
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_account_deletion();
