-- What analytics promises. What breaks a rule is refused by ledger_refuse, from ledger/0002_rules.

-- Revenue of a snapshot is in the currency of the event's payee. Neither the payee of an event nor
-- the currency of a payee ever changes, so this holds for good once it held.
CREATE FUNCTION analytics_check_snapshot() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected text;
BEGIN
  SELECT p.currency INTO expected
    FROM settlements_event e
    JOIN settlements_payee p ON p.id = e.payee_id AND p.organization_id = e.organization_id
   WHERE e.id = NEW.event_id AND e.organization_id = NEW.organization_id;
  -- An event that is not there is left to the foreign key.
  IF expected <> NEW.currency THEN
    PERFORM ledger_refuse('funnelsnapshot_is_in_the_currency_of_its_payee',
      jsonb_build_object('currency', NEW.currency, 'expected', expected));
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER funnelsnapshot_is_in_the_currency_of_its_payee
  BEFORE INSERT OR UPDATE OF event_id, currency ON analytics_funnelsnapshot
  FOR EACH ROW EXECUTE FUNCTION analytics_check_snapshot();
