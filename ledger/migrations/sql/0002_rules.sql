-- The laws of the books that need more than one row. Each trigger raises with the ERRCODE of a
-- CHECK and the name of the truth that was broken; DETAIL holds the facts as a JSON object.
--
-- Statement triggers see all rows of a statement, so they name every entry that is off, not only
-- the batch. A posting is ONE statement that inserts entries and lines together; both statement
-- triggers fire at its end, and each sees the rows of both tables.
--
-- Every trigger function fixes its search_path: otherwise a temporary table, or a schema that a
-- session puts before ours, could stand in for the tables, functions and operators named here.

CREATE FUNCTION ledger_refuse(truth text, facts jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the books refuse this: %', truth
    USING ERRCODE = 'check_violation', CONSTRAINT = truth, DETAIL = facts::text;
END $$;

-- The queue of an organization's books: postings stand in it together, a closing alone.
CREATE FUNCTION ledger_queue(organization uuid) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
  SELECT uuid_hash_extended(organization, 0)
$$;

------------------------------------------------------------------------------------------------
-- Journal lines: law 1 (balanced), law 8 (period open), law 9 (accounts), law 4 (balances).
------------------------------------------------------------------------------------------------

CREATE FUNCTION ledger_check_new_lines() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  offenders jsonb;
BEGIN
  -- Hold what the checks below rely on until COMMIT. Each later query has a newer snapshot, so it
  -- sees whatever a change committed while we waited here. Sorted, so that two cannot deadlock.
  -- FOR SHARE conflicts with any UPDATE of the organization (closed_through), and not with the
  -- FOR KEY SHARE of foreign keys. The advisory lock is for fairness alone: whoever waits for the
  -- postings in flight is not overtaken by new ones (docs/why/closing-under-load.md).
  PERFORM pg_advisory_xact_lock_shared(ledger_queue(o.organization_id))
    FROM (SELECT DISTINCT l.organization_id FROM new_lines l ORDER BY 1) o;
  PERFORM 1 FROM organizations_organization o
    WHERE o.id IN (SELECT l.organization_id FROM new_lines l)
    ORDER BY o.id FOR SHARE;
  PERFORM 1 FROM ledger_account a
    WHERE (a.id, a.organization_id) IN (SELECT l.account_id, l.organization_id FROM new_lines l)
    ORDER BY a.organization_id, a.id FOR KEY SHARE;

  -- One pass over the lines finds the entries that are off; why they are is asked only then.
  -- Every statement's lines for an entry hold its position 1, and positions are unique, so an
  -- entry cannot get lines twice.
  -- (… = …) IS TRUE keeps the planner from walking an index by organization_id alone, which on
  -- tables without statistics it takes for as good as the primary key.
  SELECT jsonb_agg(jsonb_build_array(t.organization_id, t.entry_id, t.has_first)) INTO offenders
    FROM (
  SELECT s.organization_id, s.entry_id, bool_or(s.has_first) AS has_first
    FROM (SELECT l.organization_id, l.entry_id, a.currency, sum(l.debit) AS debit,
                 sum(l.credit) AS credit, bool_or(l.position = 1) AS has_first
            FROM new_lines l
            JOIN ledger_account a
              ON a.id = l.account_id AND (a.organization_id = l.organization_id) IS TRUE
           GROUP BY l.organization_id, l.entry_id, a.currency) s
    JOIN ledger_journalentry e
      ON e.id = s.entry_id AND (e.organization_id = s.organization_id) IS TRUE
    JOIN organizations_organization o ON o.id = s.organization_id
   GROUP BY s.organization_id, s.entry_id
  HAVING NOT bool_and(s.debit = s.credit)
      OR NOT bool_or(s.has_first)
      OR NOT bool_or(s.currency = e.currency AND s.debit = e.total_amount)
      OR bool_or(e.status <> 'posted')
      OR bool_or(e.effective_on <= o.closed_through)) t;
  IF offenders IS NOT NULL THEN
    PERFORM ledger_name_offending_entries(offenders);
  END IF;

  SELECT jsonb_agg(jsonb_build_object('organization_id', a.organization_id, 'account_id', a.id,
                                      'account', a.code, 'status', a.status))
    INTO offenders
    FROM ledger_account a
   WHERE (a.id, a.organization_id) IN (SELECT l.account_id, l.organization_id FROM new_lines l)
     AND (a.status <> 'active'
          OR EXISTS (SELECT FROM ledger_account c
                      WHERE c.organization_id = a.organization_id AND c.parent_id = a.id));
  IF offenders IS NOT NULL THEN
    PERFORM ledger_refuse(
      CASE WHEN offenders -> 0 ->> 'status' <> 'active'
           THEN 'line_account_is_active' ELSE 'line_account_has_no_children' END,
      jsonb_build_object('account', offenders -> 0 ->> 'account', 'references',
        (SELECT jsonb_agg(DISTINCT e.reference)
           FROM new_lines l
           JOIN ledger_journalentry e
             ON e.id = l.entry_id AND e.organization_id = l.organization_id
          WHERE l.account_id = (offenders -> 0 ->> 'account_id')::uuid)));
  END IF;

  -- Law 4. A posting adds to the slot of its connection; sorted, so that two cannot deadlock.
  INSERT INTO ledger_accountbalance AS b
         (organization_id, id, account_id, month, slot, debits, credits)
  SELECT s.organization_id, gen_random_uuid(), s.account_id, s.month, s.slot, s.debits, s.credits
    FROM (SELECT l.organization_id, l.account_id,
                 date_trunc('month', e.effective_on::timestamp)::date AS month,
                 (pg_backend_pid() % a.balance_slots)::smallint AS slot,
                 sum(l.debit) AS debits, sum(l.credit) AS credits
            FROM new_lines l
            JOIN ledger_journalentry e
              ON e.id = l.entry_id AND (e.organization_id = l.organization_id) IS TRUE
            JOIN ledger_account a
              ON a.id = l.account_id AND (a.organization_id = l.organization_id) IS TRUE
           GROUP BY 1, 2, 3, 4
           ORDER BY 1, 2, 3, 4) s
  ON CONFLICT (organization_id, account_id, month, slot) DO UPDATE
     SET debits = b.debits + EXCLUDED.debits, credits = b.credits + EXCLUDED.credits;
  RETURN NULL;
END $$;

-- Why entries were refused: raises for the first truth that is broken, naming every entry that
-- breaks it. Runs only when something is off.
CREATE FUNCTION ledger_name_offending_entries(pairs jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  named jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
    FROM jsonb_array_elements(pairs) p
    JOIN ledger_journalentry e
      ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid
   WHERE e.status <> 'posted';
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('line_entry_is_posted', ledger_first_and_all(named));
  END IF;

  SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
    FROM jsonb_array_elements(pairs) p
    JOIN ledger_journalentry e
      ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid
   WHERE NOT (p ->> 2)::boolean;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('entry_gets_its_lines_once', ledger_first_and_all(named));
  END IF;

  SELECT jsonb_agg(jsonb_build_object(
           'reference', t.reference, 'currency', t.currency, 'debit', t.debit,
           'credit', t.credit, 'difference', t.debit - t.credit)
           ORDER BY t.reference, t.currency) INTO named
    FROM (SELECT e.reference, a.currency, sum(l.debit) AS debit, sum(l.credit) AS credit
            FROM jsonb_array_elements(pairs) p
            JOIN ledger_journalentry e
              ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid
            JOIN ledger_journalline l
              ON l.organization_id = e.organization_id AND l.entry_id = e.id
            JOIN ledger_account a
              ON a.organization_id = l.organization_id AND a.id = l.account_id
           GROUP BY e.organization_id, e.id, e.reference, a.currency
          HAVING sum(l.debit) <> sum(l.credit)) t;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('entry_is_balanced', ledger_first_and_all(named));
  END IF;

  SELECT jsonb_agg(jsonb_build_object('reference', e.reference, 'effective_on', e.effective_on,
                                      'closed_through', o.closed_through)
                   ORDER BY e.reference) INTO named
    FROM jsonb_array_elements(pairs) p
    JOIN ledger_journalentry e
      ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid
    JOIN organizations_organization o ON o.id = e.organization_id
   WHERE e.effective_on <= o.closed_through;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('entry_period_is_open', ledger_first_and_all(named));
  END IF;

  SELECT jsonb_agg(jsonb_build_object('reference', e.reference, 'total', e.total_amount)
                   ORDER BY e.reference) INTO named
    FROM jsonb_array_elements(pairs) p
    JOIN ledger_journalentry e
      ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid
   WHERE e.total_amount IS DISTINCT FROM
         (SELECT sum(l.debit) FROM ledger_journalline l
            JOIN ledger_account a ON a.organization_id = l.organization_id AND a.id = l.account_id
           WHERE l.organization_id = e.organization_id AND l.entry_id = e.id
             AND a.currency = e.currency);
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('entry_total_matches_its_lines', ledger_first_and_all(named));
  END IF;

  -- In order as a whole, but not by this statement's lines: others are adding some at this moment,
  -- a function inside the statement for instance.
  SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
    FROM jsonb_array_elements(pairs) p
    JOIN ledger_journalentry e
      ON e.organization_id = (p ->> 0)::uuid AND e.id = (p ->> 1)::uuid;
  PERFORM ledger_refuse('entry_gets_its_lines_once', ledger_first_and_all(named));
END $$;

CREATE FUNCTION ledger_first_and_all(named jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE AS $$
  SELECT (named -> 0) || jsonb_build_object('offenders', named, 'references',
           (SELECT jsonb_agg(DISTINCT n ->> 'reference') FROM jsonb_array_elements(named) n))
$$;

CREATE TRIGGER lines_keep_the_laws
  AFTER INSERT ON ledger_journalline
  REFERENCING NEW TABLE AS new_lines
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_new_lines();

-- Law 3. There is no permitted change to a line.
CREATE TRIGGER line_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_journalline
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- Law 4. Balances are written by ledger_check_new_lines (trigger depth 1) and by nothing else.
CREATE FUNCTION ledger_refuse_balance() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM ledger_refuse('balance_is_the_sum_of_its_lines', '{}');
  RETURN NULL;
END $$;

CREATE TRIGGER balance_is_the_sum_of_its_lines
  BEFORE INSERT OR UPDATE OR DELETE ON ledger_accountbalance
  FOR EACH STATEMENT WHEN (pg_trigger_depth() = 0) EXECUTE FUNCTION ledger_refuse_balance();

CREATE TRIGGER balance_is_not_truncated
  BEFORE TRUNCATE ON ledger_accountbalance
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_balance();

-- The same few rows are updated by every posting: leave room for the new versions on their page.
ALTER TABLE ledger_accountbalance SET (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.05);

------------------------------------------------------------------------------------------------
-- Journal entries: law 1 (an entry has lines), law 3 (final, but for becoming voided).
------------------------------------------------------------------------------------------------

-- Entries that are new, or newly posted: that they have lines (ledger_check_new_lines checks those).
-- Newly voided ones: their reversal. `changed` are the new versions of the rows.
CREATE FUNCTION ledger_check_entries() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    SELECT jsonb_agg(jsonb_build_object('reference', e.reference)) INTO named
      FROM changed e WHERE e.status = 'voided';
    IF named IS NOT NULL THEN
      PERFORM ledger_refuse('entry_is_voided_by_its_reversal', ledger_first_and_all(named));
    END IF;
  END IF;

  -- OFFSET 0 keeps this one look-up in an index for each entry. Made into a join, its plan would
  -- hang on statistics that a table which is just being filled does not have.
  SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
    FROM changed e
   WHERE e.status = 'posted'
     AND NOT EXISTS (SELECT FROM ledger_journalline l
                      WHERE l.organization_id = e.organization_id AND l.entry_id = e.id
                        AND l.position = 1 OFFSET 0);
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('entry_has_lines', ledger_first_and_all(named));
  END IF;

  -- A reversal mirrors a voided entry: every line, with its sides swapped.
  SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
    FROM changed e
   WHERE e.status = 'posted' AND e.reverses_id IS NOT NULL
     AND (NOT EXISTS (SELECT FROM ledger_journalentry o
                       WHERE o.organization_id = e.organization_id AND o.id = e.reverses_id
                         AND o.status = 'voided')
          OR EXISTS (
            SELECT FROM (
              SELECT l.account_id, l.debit, l.credit, 1 AS times FROM ledger_journalline l
               WHERE l.organization_id = e.organization_id AND l.entry_id = e.id
              UNION ALL
              SELECT l.account_id, l.credit, l.debit, -1 FROM ledger_journalline l
               WHERE l.organization_id = e.organization_id AND l.entry_id = e.reverses_id) both_
             GROUP BY both_.account_id, both_.debit, both_.credit
            HAVING sum(both_.times) <> 0));
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('reversal_mirrors_its_entry', ledger_first_and_all(named));
  END IF;

  IF TG_OP = 'UPDATE' THEN
    SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
      FROM changed e
     WHERE e.status = 'voided'
       AND NOT EXISTS (SELECT FROM ledger_journalentry r
                        WHERE r.organization_id = e.organization_id AND r.reverses_id = e.id
                          AND r.status <> 'pending');
    IF named IS NOT NULL THEN
      PERFORM ledger_refuse('entry_is_voided_by_its_reversal', ledger_first_and_all(named));
    END IF;

    -- Whoever approved an entry saw its proposed lines; no others may go in under their name.
    SELECT jsonb_agg(jsonb_build_object('reference', e.reference) ORDER BY e.reference) INTO named
      FROM changed e
      JOIN before b ON b.organization_id = e.organization_id AND b.id = e.id
     WHERE b.status = 'pending' AND e.status = 'posted'
       AND EXISTS (
             SELECT FROM (
               SELECT l.position, l.account_id, l.debit, l.credit, 1 AS times
                 FROM ledger_journalline l
                WHERE l.organization_id = e.organization_id AND l.entry_id = e.id
               UNION ALL
               SELECT p.position, p.account_id, p.debit, p.credit, -1
                 FROM ledger_proposedline p
                WHERE p.organization_id = e.organization_id AND p.entry_id = e.id) both_
              GROUP BY both_.position, both_.account_id, both_.debit, both_.credit
             HAVING sum(both_.times) <> 0);
    IF named IS NOT NULL THEN
      PERFORM ledger_refuse('entry_is_posted_as_proposed', ledger_first_and_all(named));
    END IF;
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER new_entries_keep_the_laws
  AFTER INSERT ON ledger_journalentry
  REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

CREATE TRIGGER changed_entries_keep_the_laws
  AFTER UPDATE ON ledger_journalentry
  REFERENCING OLD TABLE AS before NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ledger_check_entries();

-- A pending entry may change and become posted. A posted one may become voided and nothing else.
-- *= compares what is stored: for = the metadata {"rate": 1.0} and {"rate": 1.00} are the same.
CREATE FUNCTION ledger_refuse_entry_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  unchanged ledger_journalentry;
BEGIN
  IF TG_OP = 'DELETE' THEN
    IF OLD.status = 'pending' THEN
      RETURN OLD;
    END IF;
  ELSIF OLD.status = 'pending' THEN
    IF NEW.status IN ('pending', 'posted') THEN
      RETURN NEW;
    END IF;
  ELSIF OLD.status = 'posted' AND NEW.status = 'voided' THEN
    unchanged := NEW;
    unchanged.status := 'posted';
    IF unchanged *= OLD THEN
      RETURN NEW;
    END IF;
  ELSIF NEW *= OLD THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('entry_is_final',
    jsonb_build_object('reference', OLD.reference, 'status', OLD.status));
  RETURN NULL;
END $$;

CREATE TRIGGER entry_is_final
  BEFORE UPDATE OR DELETE ON ledger_journalentry
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_entry_change();

CREATE TRIGGER entries_are_not_truncated
  BEFORE TRUNCATE ON ledger_journalentry
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

------------------------------------------------------------------------------------------------
-- Accounts: law 9, and the shape of the tree.
------------------------------------------------------------------------------------------------

-- Lines hold FOR KEY SHARE on their account; FOR UPDATE waits for those in flight. What is asked
-- then must be answered by a new snapshot, which only READ COMMITTED takes for every query.
CREATE FUNCTION ledger_guard_account() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  ancestor uuid := NEW.parent_id;
  above ledger_account;
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM ledger_refuse('account_changes_in_read_committed',
      jsonb_build_object('account', NEW.code));
  END IF;
  IF TG_OP = 'UPDATE' THEN
    PERFORM 1 FROM ledger_account
      WHERE id = OLD.id AND organization_id = OLD.organization_id FOR UPDATE;
    IF (NEW.type, NEW.currency) IS DISTINCT FROM (OLD.type, OLD.currency)
       AND (EXISTS (SELECT FROM ledger_journalline
                     WHERE organization_id = OLD.organization_id AND account_id = OLD.id)
            OR EXISTS (SELECT FROM ledger_proposedline
                        WHERE organization_id = OLD.organization_id AND account_id = OLD.id)) THEN
      PERFORM ledger_refuse('account_keeps_its_type_and_currency',
        jsonb_build_object('account', OLD.code));
    END IF;
    IF NEW.type <> OLD.type
       AND EXISTS (SELECT FROM ledger_account
                    WHERE organization_id = OLD.organization_id AND parent_id = OLD.id) THEN
      PERFORM ledger_refuse('account_has_the_type_of_its_parent',
        jsonb_build_object('account', NEW.code, 'type', NEW.type));
    END IF;
  END IF;

  IF ancestor IS NOT NULL
     AND (TG_OP = 'INSERT' OR (NEW.parent_id, NEW.type) IS DISTINCT FROM (OLD.parent_id, OLD.type))
  THEN
    -- The parent may not take a line while it gets a child, and nobody may move any of the
    -- accounts above while we make sure that we are not among them.
    WHILE ancestor IS NOT NULL LOOP
      IF ancestor = NEW.id THEN
        PERFORM ledger_refuse('account_is_not_above_itself', jsonb_build_object('account', NEW.code));
      END IF;
      SELECT * INTO above FROM ledger_account
        WHERE id = ancestor AND organization_id = NEW.organization_id FOR UPDATE;
      IF NOT FOUND THEN
        -- Not left to the foreign key, which is content with a parent that comes in later in the
        -- same statement, unseen by the checks below.
        PERFORM ledger_refuse('account_parent_is_of_its_organization',
          jsonb_build_object('account', NEW.code));
      END IF;
      IF above.type <> NEW.type THEN
        PERFORM ledger_refuse('account_has_the_type_of_its_parent',
          jsonb_build_object('account', NEW.code, 'type', NEW.type, 'parent', above.code,
                             'parent_type', above.type));
      END IF;
      IF above.id = NEW.parent_id
         AND EXISTS (SELECT FROM ledger_journalline
                      WHERE organization_id = NEW.organization_id AND account_id = above.id) THEN
        PERFORM ledger_refuse('account_with_lines_has_no_children',
          jsonb_build_object('account', above.code));
      END IF;
      ancestor := above.parent_id;
    END LOOP;
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER account_is_added
  BEFORE INSERT ON ledger_account
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ledger_guard_account();

CREATE TRIGGER account_waits_for_postings
  BEFORE UPDATE OF type, currency, status, parent_id ON ledger_account
  FOR EACH ROW WHEN ((OLD.type, OLD.currency, OLD.status, OLD.parent_id)
    IS DISTINCT FROM (NEW.type, NEW.currency, NEW.status, NEW.parent_id))
  EXECUTE FUNCTION ledger_guard_account();

-- A new version of the parent's row: a posting with an older snapshot (REPEATABLE READ), which
-- cannot see the child, fails when it comes to lock the row.
CREATE FUNCTION ledger_touch_parent() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE ledger_account SET name = name
   WHERE id = NEW.parent_id AND organization_id = NEW.organization_id;
  RETURN NULL;
END $$;

CREATE TRIGGER account_gets_a_child
  AFTER INSERT OR UPDATE OF parent_id ON ledger_account
  FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION ledger_touch_parent();

------------------------------------------------------------------------------------------------
-- Proposed lines belong to pending entries; cash entries and reconciliation runs are append-only.
------------------------------------------------------------------------------------------------

CREATE FUNCTION ledger_guard_proposed_line() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  entry ledger_journalentry;
BEGIN
  SELECT * INTO entry FROM ledger_journalentry
    WHERE id = NEW.entry_id AND organization_id = NEW.organization_id FOR UPDATE;
  IF FOUND AND entry.status <> 'pending' THEN
    PERFORM ledger_refuse('proposedline_entry_is_pending',
      jsonb_build_object('reference', entry.reference, 'status', entry.status));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER proposedline_entry_is_pending
  BEFORE INSERT OR UPDATE ON ledger_proposedline
  FOR EACH ROW EXECUTE FUNCTION ledger_guard_proposed_line();

CREATE FUNCTION ledger_refuse_cash_entry_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  unchanged ledger_cashentry;
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.settled_at IS NULL THEN
    unchanged := NEW;
    unchanged.settled_at := NULL;
    unchanged.settled_by_id := NULL;
    IF unchanged IS NOT DISTINCT FROM OLD THEN
      RETURN NEW;
    END IF;
  END IF;
  PERFORM ledger_refuse('cashentry_is_final', jsonb_build_object('id', OLD.id));
  RETURN NULL;
END $$;

CREATE TRIGGER cashentry_is_final
  BEFORE UPDATE OR DELETE ON ledger_cashentry
  FOR EACH ROW EXECUTE FUNCTION ledger_refuse_cash_entry_change();

CREATE TRIGGER cash_entries_are_not_truncated
  BEFORE TRUNCATE ON ledger_cashentry
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

CREATE TRIGGER reconciliation_run_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_reconciliationrun
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
