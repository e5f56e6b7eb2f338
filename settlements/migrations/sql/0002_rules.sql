-- What settlements promise that needs more than one row. Each trigger raises with the ERRCODE of a
-- CHECK and the name of the truth that was broken; DETAIL holds the facts as a JSON object.
--
-- No rule asks pg_trigger_depth(): what is written must equal what the rows say, whoever writes it.
-- Locks are taken in one order everywhere: payee, settlement, payout, sale, ledger. They are
-- FOR NO KEY UPDATE, which the foreign keys of rows that come in do not wait for.

-- An old snapshot would not see what came in while a lock was waited for.
CREATE FUNCTION settlements_need_new_snapshots() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM ledger_refuse('settlement_is_made_in_read_committed', '{}');
  END IF;
END $$;

CREATE FUNCTION settlements_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM ledger_refuse('item_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

------------------------------------------------------------------------------------------------
-- Payees and events: what their items stand on never changes.
------------------------------------------------------------------------------------------------

CREATE FUNCTION settlements_guard_payee() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  control ledger_account;
BEGIN
  IF TG_OP = 'UPDATE' THEN
    IF (OLD.currency, OLD.payable_id) IS DISTINCT FROM (NEW.currency, NEW.payable_id) THEN
      PERFORM ledger_refuse('payee_keeps_its_currency_and_account',
        jsonb_build_object('payee', OLD.code, 'currency', OLD.currency));
    END IF;
    RETURN NEW;
  END IF;
  -- FOR SHARE: it is what it is until the payee is there, for settlements_guard_payable to find.
  SELECT * INTO control FROM ledger_account a
    WHERE a.id = NEW.payable_id AND a.organization_id = NEW.organization_id FOR SHARE;
  IF control.id IS NULL OR (control.type, control.currency) <> ('liability', NEW.currency) THEN
    PERFORM ledger_refuse('payee_payable_is_a_liability_in_its_currency',
      jsonb_build_object('payee', NEW.code, 'account', control.code, 'currency', NEW.currency));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payee_keeps_what_it_stands_on BEFORE INSERT OR UPDATE ON settlements_payee
  FOR EACH ROW EXECUTE FUNCTION settlements_guard_payee();
-- A row that is deleted and put back by one statement is a change that no key refuses.
CREATE TRIGGER payee_stays BEFORE DELETE OR TRUNCATE ON settlements_payee
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- Without lines an account may become another. The ledger has locked it (account_waits_for_postings
-- comes first by its name) and asks for a new snapshot.
CREATE FUNCTION settlements_guard_payable() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM settlements_payee p
    WHERE p.organization_id = OLD.organization_id AND p.payable_id = OLD.id;
  IF FOUND THEN
    PERFORM ledger_refuse('payable_keeps_its_type_and_currency',
      jsonb_build_object('account', OLD.code, 'currency', OLD.currency));
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;

CREATE TRIGGER payable_keeps_its_type_and_currency BEFORE UPDATE OF type, currency ON ledger_account
  FOR EACH ROW WHEN ((OLD.type, OLD.currency) IS DISTINCT FROM (NEW.type, NEW.currency))
  EXECUTE FUNCTION settlements_guard_payable();
CREATE TRIGGER payable_stays BEFORE DELETE ON ledger_account
  FOR EACH ROW EXECUTE FUNCTION settlements_guard_payable();

CREATE FUNCTION settlements_guard_event() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF OLD.payee_id <> NEW.payee_id THEN
    PERFORM ledger_refuse('event_keeps_its_payee', jsonb_build_object('event', OLD.code));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER event_keeps_its_payee BEFORE UPDATE ON settlements_event
  FOR EACH ROW EXECUTE FUNCTION settlements_guard_event();
CREATE TRIGGER event_stays BEFORE DELETE OR TRUNCATE ON settlements_event
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

------------------------------------------------------------------------------------------------
-- Postings: each item and each payout names the entry that says the same.
------------------------------------------------------------------------------------------------

-- `owed` is what the entry adds to what the payee is owed: credits of its payable less debits.
CREATE FUNCTION settlements_check_posting(
  organization uuid, payee uuid, entry uuid, wanted_reference text, wanted_on date,
  wanted_currency text, wanted_total bigint, owed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  control record;
  posted record;
  moved numeric;
BEGIN
  SELECT p.code, p.currency, p.payable_id INTO control FROM settlements_payee p
    WHERE p.id = payee AND p.organization_id = organization;
  IF control.currency IS DISTINCT FROM wanted_currency THEN
    PERFORM ledger_refuse('item_is_in_the_currency_of_its_payee',
      jsonb_build_object('payee', control.code, 'currency', wanted_currency,
                         'expected', control.currency));
  END IF;
  -- FOR SHARE: it is not voided between this look and the item's coming in.
  SELECT e.status, e.reference, e.effective_on, e.currency, e.total_amount INTO posted
    FROM ledger_journalentry e
    WHERE e.id = entry AND e.organization_id = organization FOR SHARE;
  SELECT coalesce(sum(l.credit - l.debit), 0) INTO moved FROM ledger_journalline l
    WHERE l.organization_id = organization AND l.entry_id = entry
      AND l.account_id = control.payable_id;
  IF (posted.status, posted.reference, posted.effective_on, posted.currency, posted.total_amount,
      moved)
     IS DISTINCT FROM
     ('posted', wanted_reference, wanted_on, wanted_currency, wanted_total, owed::numeric) THEN
    PERFORM ledger_refuse('item_is_posted_as_it_says',
      jsonb_build_object('reference', wanted_reference, 'amount', wanted_total, 'owed', owed,
                         'payable', moved));
  END IF;
END $$;

CREATE FUNCTION settlements_check_event(organization uuid, event uuid, payee uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM settlements_event e
    WHERE e.id = event AND e.organization_id = organization AND e.payee_id = payee;
  IF NOT FOUND THEN
    PERFORM ledger_refuse('item_is_of_an_event_of_its_payee', jsonb_build_object('event', event));
  END IF;
END $$;

-- What a payee's item posted is corrected by another item, not by voiding the entry under it.
CREATE FUNCTION settlements_guard_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named text := split_part(NEW.reference, ':', 1);
  rest text := substr(NEW.reference, length(named) + 2);
  is_taken boolean;
BEGIN
  PERFORM settlements_need_new_snapshots();
  is_taken := CASE named
    WHEN 'sale' THEN EXISTS (SELECT FROM settlements_sale s
      WHERE s.organization_id = NEW.organization_id AND s.reference = rest)
    WHEN 'sale-refund' THEN EXISTS (SELECT FROM settlements_refund r
      WHERE r.organization_id = NEW.organization_id AND r.reference = rest)
    WHEN 'adjustment' THEN EXISTS (SELECT FROM settlements_adjustment a
      WHERE a.organization_id = NEW.organization_id AND a.reference = rest)
    WHEN 'payout' THEN EXISTS (SELECT FROM settlements_payout p
      WHERE p.organization_id = NEW.organization_id AND p.end_to_end_id = rest
        AND p.entry_id = NEW.id)
    ELSE EXISTS (SELECT FROM settlements_payout p
      WHERE p.organization_id = NEW.organization_id AND p.end_to_end_id = rest
        AND p.return_entry_id = NEW.id)
  END;
  IF is_taken THEN
    PERFORM ledger_refuse('entry_of_a_payee_stays', jsonb_build_object('reference', NEW.reference));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER entry_of_a_payee_stays BEFORE UPDATE OF status ON ledger_journalentry
  FOR EACH ROW WHEN (OLD.status = 'posted' AND NEW.status = 'voided'
    AND NEW.reference ~ '^(sale|sale-refund|adjustment|payout|payout-return):')
  EXECUTE FUNCTION settlements_guard_entry();

------------------------------------------------------------------------------------------------
-- Items: they come in unsettled, and change by being settled, and a sale by its refunds.
------------------------------------------------------------------------------------------------

CREATE FUNCTION settlements_check_sale() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.settlement_id IS NOT NULL OR NEW.refunded_amount <> 0 THEN
    PERFORM ledger_refuse('item_begins_unsettled', jsonb_build_object('reference', NEW.reference));
  END IF;
  PERFORM settlements_check_posting(NEW.organization_id, NEW.payee_id, NEW.entry_id,
    'sale:' || NEW.reference, NEW.sold_on, NEW.currency, NEW.total_amount, NEW.organizer_amount);
  IF NEW.event_id IS NOT NULL THEN
    PERFORM settlements_check_event(NEW.organization_id, NEW.event_id, NEW.payee_id);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER sale_is_posted AFTER INSERT ON settlements_sale
  FOR EACH ROW EXECUTE FUNCTION settlements_check_sale();

-- The sale is locked, so that of two refunds that race one sees what the other has left.
CREATE FUNCTION settlements_check_refund() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  sold settlements_sale;
  given record;
BEGIN
  IF NEW.settlement_id IS NOT NULL THEN
    PERFORM ledger_refuse('item_begins_unsettled', jsonb_build_object('reference', NEW.reference));
  END IF;
  SELECT * INTO sold FROM settlements_sale s
    WHERE s.id = NEW.sale_id AND s.organization_id = NEW.organization_id FOR NO KEY UPDATE;
  IF (sold.payee_id, sold.event_id, sold.currency)
     IS DISTINCT FROM (NEW.payee_id, NEW.event_id, NEW.currency) OR NEW.refunded_on < sold.sold_on THEN
    PERFORM ledger_refuse('refund_is_of_its_sale',
      jsonb_build_object('sale', sold.reference, 'currency', sold.currency,
                         'sold_on', sold.sold_on, 'refunded_on', NEW.refunded_on));
  END IF;
  -- With this row, and with all others of its statement.
  SELECT sum(r.amount) AS amount, sum(r.ticket_revenue) AS ticket_revenue,
         sum(r.platform_fee + r.kept_fee_amount) AS platform_fee, sum(r.tax_amount) AS tax_amount,
         sum(r.organizer_amount - r.kept_fee_amount) AS organizer_amount
    INTO given
    FROM settlements_refund r
   WHERE r.organization_id = NEW.organization_id AND r.sale_id = NEW.sale_id;
  IF given.amount > sold.total_amount OR given.ticket_revenue > sold.ticket_revenue
     OR given.platform_fee > sold.platform_fee OR given.tax_amount > sold.tax_amount
     OR given.organizer_amount > sold.organizer_amount THEN
    PERFORM ledger_refuse('sale_is_not_overrefunded',
      jsonb_build_object('sale', sold.reference, 'amount', NEW.amount, 'currency', sold.currency,
                         'left', greatest(sold.total_amount - given.amount + NEW.amount, 0)));
  END IF;
  UPDATE settlements_sale s SET refunded_amount = given.amount
    WHERE s.id = NEW.sale_id AND s.organization_id = NEW.organization_id;
  PERFORM settlements_check_posting(NEW.organization_id, NEW.payee_id, NEW.entry_id,
    'sale-refund:' || NEW.reference, NEW.refunded_on, NEW.currency, NEW.amount,
    -NEW.organizer_amount);
  RETURN NULL;
END $$;

CREATE TRIGGER refund_is_within_its_sale AFTER INSERT ON settlements_refund
  FOR EACH ROW EXECUTE FUNCTION settlements_check_refund();

CREATE FUNCTION settlements_check_adjustment() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  moved numeric;
BEGIN
  IF NEW.settlement_id IS NOT NULL THEN
    PERFORM ledger_refuse('item_begins_unsettled', jsonb_build_object('reference', NEW.reference));
  END IF;
  PERFORM settlements_check_posting(NEW.organization_id, NEW.payee_id, NEW.entry_id,
    'adjustment:' || NEW.reference, NEW.adjusted_on, NEW.currency, abs(NEW.amount), NEW.amount);
  SELECT coalesce(sum(l.debit - l.credit), 0) INTO moved FROM ledger_journalline l
    WHERE l.organization_id = NEW.organization_id AND l.entry_id = NEW.entry_id
      AND l.account_id = NEW.account_id;
  IF moved <> NEW.amount THEN
    PERFORM ledger_refuse('item_is_posted_as_it_says',
      jsonb_build_object('reference', 'adjustment:' || NEW.reference, 'amount', NEW.amount,
                         'account', NEW.account_id, 'moved', moved));
  END IF;
  IF NEW.event_id IS NOT NULL THEN
    PERFORM settlements_check_event(NEW.organization_id, NEW.event_id, NEW.payee_id);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER adjustment_is_posted AFTER INSERT ON settlements_adjustment
  FOR EACH ROW EXECUTE FUNCTION settlements_check_adjustment();

-- *= and *<> compare what is stored: for = the metadata {"rate": 1.0} and {"rate": 1.00} are the same.
CREATE FUNCTION settlements_guard_sale() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected settlements_sale := OLD;
BEGIN
  IF NEW.refunded_amount <> OLD.refunded_amount THEN
    SELECT coalesce(sum(r.amount), 0) INTO expected.refunded_amount FROM settlements_refund r
      WHERE r.organization_id = OLD.organization_id AND r.sale_id = OLD.id;
  END IF;
  -- From none to one or from one to none; whether its settlement wants that is checked at the end
  -- of the statement.
  IF OLD.settlement_id IS NULL OR NEW.settlement_id IS NULL THEN
    expected.settlement_id := NEW.settlement_id;
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('item_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER sale_is_final BEFORE UPDATE ON settlements_sale
  FOR EACH ROW WHEN (OLD *<> NEW) EXECUTE FUNCTION settlements_guard_sale();
CREATE TRIGGER sale_stays BEFORE DELETE OR TRUNCATE ON settlements_sale
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();

CREATE FUNCTION settlements_guard_refund() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected settlements_refund := OLD;
BEGIN
  IF OLD.settlement_id IS NULL OR NEW.settlement_id IS NULL THEN
    expected.settlement_id := NEW.settlement_id;
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('item_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER refund_is_final BEFORE UPDATE ON settlements_refund
  FOR EACH ROW WHEN (OLD *<> NEW) EXECUTE FUNCTION settlements_guard_refund();
CREATE TRIGGER refund_stays BEFORE DELETE OR TRUNCATE ON settlements_refund
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();

CREATE FUNCTION settlements_guard_adjustment() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected settlements_adjustment := OLD;
BEGIN
  IF OLD.settlement_id IS NULL OR NEW.settlement_id IS NULL THEN
    expected.settlement_id := NEW.settlement_id;
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('item_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER adjustment_is_final BEFORE UPDATE ON settlements_adjustment
  FOR EACH ROW WHEN (OLD *<> NEW) EXECUTE FUNCTION settlements_guard_adjustment();
CREATE TRIGGER adjustment_stays BEFORE DELETE OR TRUNCATE ON settlements_adjustment
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();

------------------------------------------------------------------------------------------------
-- Settlements: a settlement and the items that it takes in (or leaves) change by ONE statement, at
-- whose end all triggers fire and see all of it. So it says at every moment what its items say.
------------------------------------------------------------------------------------------------

-- `is_left` when items, or reserves that it released, were let go: only with the settlement itself.
-- Else one item could take another's place, and the sums would not tell.
--
-- Planned anew each time: a plan made while the tables were all but empty would walk them for good.
CREATE FUNCTION settlements_check_settlement(organization uuid, settlement uuid, is_left boolean)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  made settlements_settlement;
  sales record;
  refunds record;
  adjustments record;
  released record;
BEGIN
  SELECT * INTO made FROM settlements_settlement s
    WHERE s.organization_id = organization AND s.id = settlement;
  -- One that was discarded: no item can name it, by their foreign keys.
  IF NOT FOUND THEN
    RETURN;
  END IF;
  IF is_left THEN
    PERFORM ledger_refuse('settlement_keeps_its_items',
      jsonb_build_object('settlement', made.id, 'status', made.status));
  END IF;
  SELECT count(*) AS how_many, coalesce(sum(i.organizer_amount), 0) AS amount,
         coalesce(bool_and(i.payee_id = made.payee_id AND i.sold_on <= made.through), true) AS fits
    INTO sales FROM settlements_sale i
   WHERE i.organization_id = organization AND i.settlement_id = settlement;
  SELECT count(*) AS how_many, coalesce(sum(i.organizer_amount), 0) AS amount,
         coalesce(bool_and(i.payee_id = made.payee_id AND i.refunded_on <= made.through), true) AS fits
    INTO refunds FROM settlements_refund i
   WHERE i.organization_id = organization AND i.settlement_id = settlement;
  SELECT count(*) AS how_many, coalesce(sum(i.amount), 0) AS amount,
         coalesce(bool_and(i.payee_id = made.payee_id AND i.adjusted_on <= made.through), true) AS fits
    INTO adjustments FROM settlements_adjustment i
   WHERE i.organization_id = organization AND i.settlement_id = settlement;
  SELECT coalesce(sum(r.reserve_held_amount), 0) AS amount,
         coalesce(bool_and(r.payee_id = made.payee_id AND r.sequence < made.sequence
                           AND r.reserve_held_amount > 0
                           AND coalesce(r.reserve_release_on <= made.through, true)), true) AS fits
    INTO released FROM settlements_settlement r
   WHERE r.organization_id = organization AND r.reserve_released_by_id = settlement;
  IF NOT (sales.fits AND refunds.fits AND adjustments.fits AND released.fits)
     OR (sales.how_many + refunds.how_many + adjustments.how_many, sales.amount, refunds.amount,
         adjustments.amount, released.amount)
        IS DISTINCT FROM
        (made.item_count::bigint, made.sales_amount::numeric, made.refunds_amount::numeric,
         made.adjustments_amount::numeric, made.reserve_released_amount::numeric) THEN
    PERFORM ledger_refuse('settlement_amounts_are_those_of_its_items',
      jsonb_build_object('settlement', made.id, 'expected_items', made.item_count,
        'items', sales.how_many + refunds.how_many + adjustments.how_many,
        'sales', sales.amount, 'refunds', refunds.amount, 'adjustments', adjustments.amount,
        'released', released.amount));
  END IF;
END $$;

CREATE FUNCTION settlements_check_settled_items() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  PERFORM settlements_check_settlement(c.organization_id, c.settlement_id, c.is_left)
     FROM (SELECT DISTINCT n.organization_id, t.settlement_id, t.is_left
             FROM new_rows n
             JOIN old_rows o ON o.id = n.id AND (o.organization_id = n.organization_id) IS TRUE
            CROSS JOIN LATERAL (VALUES (n.settlement_id, false), (o.settlement_id, true))
                    AS t (settlement_id, is_left)
            WHERE n.settlement_id IS DISTINCT FROM o.settlement_id
              AND t.settlement_id IS NOT NULL) c;
  RETURN NULL;
END $$;

CREATE TRIGGER settled_sales_are_of_their_settlement AFTER UPDATE ON settlements_sale
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_settled_items();
CREATE TRIGGER settled_refunds_are_of_their_settlement AFTER UPDATE ON settlements_refund
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_settled_items();
CREATE TRIGGER settled_adjustments_are_of_their_settlement AFTER UPDATE ON settlements_adjustment
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_settled_items();

-- The next of its payee's chain: it carries forward what the one before was below zero.
CREATE FUNCTION settlements_check_chain() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  paid settlements_payee;
  before settlements_settlement;
BEGIN
  PERFORM settlements_need_new_snapshots();
  SELECT * INTO paid FROM settlements_payee p
    WHERE p.id = NEW.payee_id AND p.organization_id = NEW.organization_id FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    -- Not left to the foreign key, which is content with a payee that comes in later in the same
    -- statement, unseen by the checks below.
    PERFORM ledger_refuse('settlement_payee_is_of_its_organization',
      jsonb_build_object('payee', NEW.payee_id));
  END IF;
  IF paid.status <> 'active' THEN
    PERFORM ledger_refuse('settlement_is_of_an_active_payee',
      jsonb_build_object('payee', paid.code));
  END IF;
  IF paid.currency <> NEW.currency THEN
    PERFORM ledger_refuse('item_is_in_the_currency_of_its_payee',
      jsonb_build_object('payee', paid.code, 'currency', NEW.currency, 'expected', paid.currency));
  END IF;
  IF NEW.reserve_released_by_id IS NOT NULL OR NEW.approved_at IS NOT NULL
     OR NEW.status <> (CASE WHEN NEW.total_amount > 0 THEN 'pending' ELSE 'completed' END) THEN
    PERFORM ledger_refuse('settlement_begins_pending', jsonb_build_object('payee', paid.code));
  END IF;
  SELECT * INTO before FROM settlements_settlement s
    WHERE s.organization_id = NEW.organization_id AND s.payee_id = NEW.payee_id
    ORDER BY s.sequence DESC LIMIT 1;
  IF NEW.sequence <> coalesce(before.sequence, 0) + 1
     OR NEW.carried_forward_amount <> least(coalesce(before.total_amount, 0), 0)
     OR NEW.through < before.through THEN
    PERFORM ledger_refuse('settlement_follows_the_one_before',
      jsonb_build_object('payee', paid.code, 'through', NEW.through, 'before', before.through,
                         'carried', NEW.carried_forward_amount));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER settlement_follows_the_one_before BEFORE INSERT ON settlements_settlement
  FOR EACH ROW EXECUTE FUNCTION settlements_check_chain();

CREATE FUNCTION settlements_check_new_settlements() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM settlements_check_settlement(n.organization_id, n.id, false) FROM new_rows n;
  RETURN NULL;
END $$;

CREATE TRIGGER settlement_says_what_its_items_say AFTER INSERT ON settlements_settlement
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_new_settlements();

-- What became of the latest attempt at paying is what became of the settlement.
CREATE FUNCTION settlements_status_of(organization uuid, settlement uuid, total bigint)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  latest text;
BEGIN
  IF total <= 0 THEN
    RETURN 'completed';
  END IF;
  SELECT p.status INTO latest FROM settlements_payout p
    WHERE p.organization_id = organization AND p.settlement_id = settlement
    ORDER BY p.attempt DESC LIMIT 1;
  RETURN CASE latest WHEN 'initiated' THEN 'processing' WHEN 'paid' THEN 'completed'
                     WHEN 'failed' THEN 'failed' WHEN 'returned' THEN 'failed' ELSE 'pending' END;
END $$;

-- The person behind a user or a key, where a person made the key.
CREATE FUNCTION settlements_person(organization uuid, of_user uuid, of_key uuid) RETURNS uuid
LANGUAGE sql STABLE SET search_path = pg_catalog, public, pg_temp AS $$
  SELECT coalesce(of_user, (SELECT k.created_by_id FROM organizations_apikey k
                             WHERE k.organization_id = organization AND k.id = of_key))
$$;

CREATE FUNCTION settlements_guard_settlement() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected settlements_settlement := OLD;
BEGIN
  -- Nor by the same person with another key.
  IF NEW.approved_at IS NOT NULL AND OLD.approved_at IS NULL
     AND settlements_person(OLD.organization_id, OLD.prepared_by_id, OLD.prepared_by_key_id)
         = settlements_person(NEW.organization_id, NEW.approved_by_id, NEW.approved_by_key_id) THEN
    PERFORM ledger_refuse('settlement_is_approved_by_another',
      jsonb_build_object('settlement', OLD.id));
  END IF;
  IF OLD.approved_at IS NULL AND OLD.status = 'pending' THEN
    expected.approved_at := NEW.approved_at;
    expected.approved_by_id := NEW.approved_by_id;
    expected.approved_by_key_id := NEW.approved_by_key_id;
  END IF;
  IF NEW.status <> OLD.status THEN
    expected.status := settlements_status_of(OLD.organization_id, OLD.id, OLD.total_amount);
  END IF;
  IF OLD.reserve_released_by_id IS NULL OR NEW.reserve_released_by_id IS NULL THEN
    expected.reserve_released_by_id := NEW.reserve_released_by_id;
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse(
    CASE WHEN NEW.status <> expected.status
         THEN 'settlement_status_follows_its_payouts' ELSE 'settlement_is_final' END,
    jsonb_build_object('settlement', OLD.id, 'status', OLD.status));
  RETURN NULL;
END $$;

CREATE TRIGGER settlement_is_final BEFORE UPDATE ON settlements_settlement
  FOR EACH ROW WHEN (OLD *<> NEW) EXECUTE FUNCTION settlements_guard_settlement();

CREATE FUNCTION settlements_check_released() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  PERFORM settlements_check_settlement(c.organization_id, c.settlement_id, c.is_left)
     FROM (SELECT DISTINCT n.organization_id, t.settlement_id, t.is_left
             FROM new_rows n
             JOIN old_rows o ON o.id = n.id AND (o.organization_id = n.organization_id) IS TRUE
            CROSS JOIN LATERAL (VALUES (n.reserve_released_by_id, false),
                                       (o.reserve_released_by_id, true))
                    AS t (settlement_id, is_left)
            WHERE n.reserve_released_by_id IS DISTINCT FROM o.reserve_released_by_id
              AND t.settlement_id IS NOT NULL) c;
  RETURN NULL;
END $$;

CREATE TRIGGER released_reserves_are_of_their_settlement AFTER UPDATE ON settlements_settlement
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_released();

-- A calculation that nobody has approved may be thrown away, as long as none stands on it. Its items
-- are let go by the same statement, or their foreign keys refuse.
CREATE FUNCTION settlements_guard_discard() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM settlements_need_new_snapshots();
  PERFORM 1 FROM settlements_payee p
    WHERE p.id = OLD.payee_id AND p.organization_id = OLD.organization_id FOR NO KEY UPDATE;
  IF OLD.status <> 'pending' OR OLD.approved_at IS NOT NULL
     OR EXISTS (SELECT FROM settlements_settlement s
                 WHERE s.organization_id = OLD.organization_id AND s.payee_id = OLD.payee_id
                   AND s.sequence > OLD.sequence) THEN
    PERFORM ledger_refuse('settlement_is_discarded_while_pending_and_last',
      jsonb_build_object('settlement', OLD.id, 'status', OLD.status));
  END IF;
  RETURN OLD;
END $$;

CREATE TRIGGER settlement_is_discarded_while_pending BEFORE DELETE ON settlements_settlement
  FOR EACH ROW EXECUTE FUNCTION settlements_guard_discard();
CREATE TRIGGER settlements_are_not_truncated BEFORE TRUNCATE ON settlements_settlement
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

------------------------------------------------------------------------------------------------
-- Payouts: of an approved settlement, one at a time; each posts what it says.
------------------------------------------------------------------------------------------------

CREATE FUNCTION settlements_check_payout() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  made settlements_settlement;
  attempts int;
BEGIN
  PERFORM settlements_need_new_snapshots();
  SELECT * INTO made FROM settlements_settlement s
    WHERE s.id = NEW.settlement_id AND s.organization_id = NEW.organization_id FOR NO KEY UPDATE;
  IF made.approved_at IS NULL THEN
    PERFORM ledger_refuse('payout_is_of_an_approved_settlement',
      jsonb_build_object('settlement', NEW.settlement_id, 'status', made.status));
  END IF;
  SELECT coalesce(max(p.attempt), 0) INTO attempts FROM settlements_payout p
    WHERE p.organization_id = NEW.organization_id AND p.settlement_id = NEW.settlement_id;
  IF (NEW.amount, NEW.currency, NEW.attempt, NEW.status, NEW.failure_reason, NEW.failure_code)
     IS DISTINCT FROM (made.total_amount, made.currency, attempts + 1, 'initiated', '', '') THEN
    PERFORM ledger_refuse('payout_is_of_its_settlement',
      jsonb_build_object('settlement', NEW.settlement_id, 'amount', NEW.amount,
                         'expected', made.total_amount, 'attempt', NEW.attempt));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER payout_is_of_its_settlement BEFORE INSERT ON settlements_payout
  FOR EACH ROW EXECUTE FUNCTION settlements_check_payout();

CREATE FUNCTION settlements_guard_payout() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected settlements_payout := OLD;
  payee uuid;
BEGIN
  SELECT s.payee_id INTO payee FROM settlements_settlement s
    WHERE s.id = OLD.settlement_id AND s.organization_id = OLD.organization_id;
  expected.status := NEW.status;
  IF (OLD.status, NEW.status) = ('initiated', 'paid') THEN
    expected.paid_on := NEW.paid_on;
    expected.entry_id := NEW.entry_id;
    PERFORM settlements_check_posting(NEW.organization_id, payee, NEW.entry_id,
      'payout:' || NEW.end_to_end_id, NEW.paid_on, NEW.currency, NEW.amount, -NEW.amount);
  ELSIF (OLD.status, NEW.status) IN (('initiated', 'failed'), ('paid', 'returned')) THEN
    expected.failed_on := NEW.failed_on;
    expected.failure_reason := NEW.failure_reason;
    expected.failure_code := NEW.failure_code;
    IF NEW.status = 'returned' THEN
      expected.return_entry_id := NEW.return_entry_id;
      PERFORM settlements_check_posting(NEW.organization_id, payee, NEW.return_entry_id,
        'payout-return:' || NEW.end_to_end_id, NEW.failed_on, NEW.currency, NEW.amount, NEW.amount);
    END IF;
  ELSE
    PERFORM ledger_refuse('payout_goes_forward_only',
      jsonb_build_object('payout', OLD.end_to_end_id, 'status', OLD.status, 'wanted', NEW.status));
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('payout_goes_forward_only',
    jsonb_build_object('payout', OLD.end_to_end_id, 'status', OLD.status, 'wanted', NEW.status));
  RETURN NULL;
END $$;

CREATE TRIGGER payout_goes_forward_only BEFORE UPDATE ON settlements_payout
  FOR EACH ROW WHEN (OLD *<> NEW) EXECUTE FUNCTION settlements_guard_payout();
CREATE TRIGGER payout_stays BEFORE DELETE OR TRUNCATE ON settlements_payout
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();

CREATE FUNCTION settlements_follow_payout() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE settlements_settlement s
     SET status = settlements_status_of(s.organization_id, s.id, s.total_amount)
   WHERE s.id = NEW.settlement_id AND s.organization_id = NEW.organization_id;
  RETURN NULL;
END $$;

CREATE TRIGGER settlement_follows_its_payout AFTER INSERT OR UPDATE ON settlements_payout
  FOR EACH ROW EXECUTE FUNCTION settlements_follow_payout();

------------------------------------------------------------------------------------------------
-- Payout batches: a batch and its items come in by one statement. None is exported twice unsaid.
------------------------------------------------------------------------------------------------

CREATE FUNCTION settlements_check_batch(organization uuid, batch uuid) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
DECLARE
  made settlements_payoutbatch;
  asked record;
  again text;
BEGIN
  SELECT * INTO made FROM settlements_payoutbatch b
    WHERE b.organization_id = organization AND b.id = batch;
  SELECT count(*) AS how_many, coalesce(sum(p.amount), 0) AS amount,
         bool_and(p.currency = made.currency) AS fits, bool_and(p.status = 'initiated') AS live
    INTO asked
    FROM settlements_payoutbatchitem i
    JOIN settlements_payout p
      ON p.id = i.payout_id AND (p.organization_id = i.organization_id) IS TRUE
   WHERE i.organization_id = organization AND i.batch_id = batch;
  IF (asked.how_many, asked.amount, asked.fits)
     IS DISTINCT FROM (made.payout_count::bigint, made.control_sum_amount::numeric, true) THEN
    PERFORM ledger_refuse('payoutbatch_amounts_are_those_of_its_payouts',
      jsonb_build_object('batch', made.message_id, 'expected', made.control_sum_amount,
                         'got', asked.amount, 'payouts', asked.how_many));
  END IF;
  IF encode(sha256(made.content), 'hex') <> made.content_hash THEN
    PERFORM ledger_refuse('payoutbatch_hash_is_that_of_its_content',
      jsonb_build_object('batch', made.message_id));
  END IF;
  IF NOT asked.live THEN
    PERFORM ledger_refuse('payoutbatch_asks_for_initiated_payouts',
      jsonb_build_object('batch', made.message_id));
  END IF;
  IF made.reason = '' THEN
    SELECT p.end_to_end_id INTO again
      FROM settlements_payoutbatchitem i
      JOIN settlements_payoutbatchitem o
        ON o.organization_id = i.organization_id AND (o.payout_id = i.payout_id) IS TRUE
       AND o.batch_id <> i.batch_id
      JOIN settlements_payout p
        ON p.id = i.payout_id AND (p.organization_id = i.organization_id) IS TRUE
     WHERE i.organization_id = organization AND i.batch_id = batch
     LIMIT 1;
    IF again IS NOT NULL THEN
      PERFORM ledger_refuse('payoutbatch_says_why_it_asks_again',
        jsonb_build_object('payout', again));
    END IF;
  END IF;
END $$;

CREATE FUNCTION settlements_check_new_batches() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM settlements_check_batch(n.organization_id, n.id) FROM new_rows n;
  RETURN NULL;
END $$;

-- The payouts are locked, so that of two batches that race one sees the other.
CREATE FUNCTION settlements_check_new_batch_items() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  PERFORM settlements_need_new_snapshots();
  PERFORM 1 FROM settlements_payout p
    WHERE (p.id, p.organization_id) IN (SELECT n.payout_id, n.organization_id FROM new_rows n)
    ORDER BY p.organization_id, p.id FOR NO KEY UPDATE;
  PERFORM settlements_check_batch(b.organization_id, b.batch_id)
     FROM (SELECT DISTINCT n.organization_id, n.batch_id FROM new_rows n) b;
  RETURN NULL;
END $$;

CREATE TRIGGER payoutbatch_has_its_items AFTER INSERT ON settlements_payoutbatch
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_new_batches();
CREATE TRIGGER payoutbatchitems_are_of_their_batch AFTER INSERT ON settlements_payoutbatchitem
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_check_new_batch_items();
CREATE TRIGGER payoutbatch_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements_payoutbatch
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();
CREATE TRIGGER payoutbatchitem_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON settlements_payoutbatchitem
  FOR EACH STATEMENT EXECUTE FUNCTION settlements_refuse_change();
