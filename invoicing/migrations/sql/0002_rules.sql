-- What invoicing promises that needs more than one row. Each trigger raises with the ERRCODE of a
-- CHECK and the name of the truth that was broken; DETAIL holds the facts as a JSON object.
--
-- Amounts paid, refunded and credited are kept by triggers on the rows that pay, refund and credit:
-- the UPDATE locks the document, so of two that race one sees what the other has left. What may be
-- written there is what those rows say, whoever writes it: no rule asks pg_trigger_depth(), for
-- everybody can make a trigger on a temporary table of their own.
--
-- Locks are taken in one order everywhere: order, invoice, credit note, number counter, ledger.
-- They are FOR NO KEY UPDATE: the foreign keys of a row that comes in hold FOR KEY SHARE already,
-- and two of those that both asked for FOR UPDATE would wait for each other.

------------------------------------------------------------------------------------------------
-- Orders: free while a draft; the lock fixes them; afterwards the status follows the invoice.
------------------------------------------------------------------------------------------------

-- What an order becomes by the amounts of its invoice.
CREATE FUNCTION invoicing_follow(sold invoicing_order, billed invoicing_invoice)
RETURNS invoicing_order
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  wanted text := CASE
    WHEN billed.refunded_amount > 0 AND billed.refunded_amount = billed.paid_amount
         AND billed.credited_amount = billed.total_amount THEN 'refunded'
    WHEN billed.refunded_amount > 0 THEN 'partially_refunded'
    WHEN billed.credited_amount = billed.total_amount AND billed.total_amount > 0
         AND billed.paid_amount = 0 THEN 'cancelled'
    WHEN billed.open_amount <= 0 THEN 'paid'
    ELSE 'pending' END;
BEGIN
  IF sold.status <> wanted THEN
    sold.status := wanted;
    sold.paid_at := CASE WHEN wanted = 'paid' THEN coalesce(sold.paid_at, now())
                         WHEN wanted NOT IN ('pending', 'cancelled') THEN sold.paid_at END;
    sold.cancelled_at := CASE WHEN wanted = 'cancelled' THEN now() END;
  END IF;
  RETURN sold;
END $$;

CREATE FUNCTION invoicing_guard_order() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected invoicing_order;
  billed invoicing_invoice;
  items record;
  taxes numeric;
BEGIN
  IF TG_OP = 'INSERT' THEN
    IF NEW.status <> 'draft' THEN
      PERFORM ledger_refuse('order_begins_as_a_draft', jsonb_build_object('status', NEW.status));
    END IF;
    RETURN NEW;
  END IF;

  IF TG_OP = 'DELETE' THEN
    IF OLD.status = 'draft' THEN
      RETURN OLD;
    END IF;
    PERFORM ledger_refuse('order_is_frozen',
      jsonb_build_object('order', OLD.id, 'status', OLD.status));
  END IF;

  IF (OLD.status = 'draft' AND NEW.status = 'draft') OR NEW *= OLD THEN
    RETURN NEW;
  END IF;

  IF OLD.status NOT IN ('draft', 'cancelled') THEN
    SELECT * INTO billed FROM invoicing_invoice i
      WHERE i.organization_id = OLD.organization_id AND i.order_id = OLD.id;
    IF FOUND THEN
      expected := invoicing_follow(OLD, billed);
      IF NEW *= expected THEN
        RETURN NEW;
      END IF;
      IF OLD.status = 'pending' AND NEW.status = 'cancelled' THEN
        PERFORM ledger_refuse('order_with_an_invoice_is_not_cancelled',
          jsonb_build_object('order', OLD.id));
      END IF;
      PERFORM ledger_refuse('order_is_frozen',
        jsonb_build_object('order', OLD.id, 'status', OLD.status));
    END IF;
  END IF;

  -- Whoever adds an item or an invoice locks the order without changing it. That none came in must
  -- be answered by a new snapshot, which only READ COMMITTED takes for every query.
  IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
    PERFORM ledger_refuse('order_changes_in_read_committed',
      jsonb_build_object('order', OLD.id, 'status', OLD.status));
  END IF;

  IF OLD.status = 'draft' AND NEW.status = 'pending' THEN
    SELECT count(*) AS how_many, coalesce(sum(i.net_amount), 0) AS net,
           coalesce(sum(i.tax_amount), 0) AS tax, coalesce(bool_and(i.tax_codes IS NOT NULL), true) AS coded
      INTO items
      FROM invoicing_orderitem i
     WHERE i.organization_id = NEW.organization_id AND i.order_id = NEW.id;
    SELECT coalesce(sum(t.tax_amount), 0) INTO taxes
      FROM invoicing_ordertaxline t
     WHERE t.organization_id = NEW.organization_id AND t.order_id = NEW.id;
    IF items.how_many = 0 THEN
      PERFORM ledger_refuse('order_has_items', jsonb_build_object('order', NEW.id));
    END IF;
    IF NOT items.coded
       OR (items.net, items.tax, taxes)
          IS DISTINCT FROM (NEW.subtotal_amount::numeric, NEW.tax_amount::numeric, NEW.tax_amount::numeric) THEN
      PERFORM ledger_refuse('order_amounts_are_those_of_its_items',
        jsonb_build_object('order', NEW.id, 'items', items.net, 'subtotal', NEW.subtotal_amount,
                           'tax', NEW.tax_amount, 'tax_of_items', items.tax, 'tax_lines', taxes));
    END IF;
    RETURN NEW;
  END IF;

  -- A draft that is cancelled was never locked; a locked order stays as it was locked.
  IF NEW.status = 'cancelled' THEN
    expected := OLD;
    expected.status := 'cancelled';
    expected.cancelled_at := NEW.cancelled_at;
    IF (OLD.status = 'draft' AND NEW.locked_at IS NULL AND NEW.snapshot IS NULL)
       OR (OLD.status = 'pending' AND NEW *= expected) THEN
      RETURN NEW;
    END IF;
  END IF;
  PERFORM ledger_refuse('order_is_frozen',
    jsonb_build_object('order', OLD.id, 'status', OLD.status));
  RETURN NULL;
END $$;

CREATE TRIGGER order_is_frozen
  BEFORE INSERT OR UPDATE OR DELETE ON invoicing_order
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_order();

CREATE TRIGGER orders_are_not_truncated
  BEFORE TRUNCATE ON invoicing_order
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

-- Items and tax lines: only of drafts. The order's row is locked, so that nothing slips in while it
-- is being locked by somebody else.
CREATE FUNCTION invoicing_guard_order_parts() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named jsonb;
BEGIN
  IF TG_OP = 'INSERT' THEN
    PERFORM 1 FROM invoicing_order o
      WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM new_rows n)
      ORDER BY o.organization_id, o.id FOR NO KEY UPDATE;
    SELECT jsonb_build_object('order', o.id, 'status', o.status) INTO named
      FROM invoicing_order o
     WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM new_rows n)
       AND o.status <> 'draft' LIMIT 1;
  ELSIF TG_OP = 'DELETE' THEN
    PERFORM 1 FROM invoicing_order o
      WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM old_rows n)
      ORDER BY o.organization_id, o.id FOR NO KEY UPDATE;
    SELECT jsonb_build_object('order', o.id, 'status', o.status) INTO named
      FROM invoicing_order o
     WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM old_rows n)
       AND o.status <> 'draft' LIMIT 1;
  ELSE
    PERFORM 1 FROM invoicing_order o
      WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM new_rows n
                                          UNION SELECT n.order_id, n.organization_id FROM old_rows n)
      ORDER BY o.organization_id, o.id FOR NO KEY UPDATE;
    SELECT jsonb_build_object('order', o.id, 'status', o.status) INTO named
      FROM invoicing_order o
     WHERE (o.id, o.organization_id) IN (SELECT n.order_id, n.organization_id FROM new_rows n
                                         UNION SELECT n.order_id, n.organization_id FROM old_rows n)
       AND o.status <> 'draft' LIMIT 1;
  END IF;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('order_is_frozen', named);
  END IF;
  RETURN NULL;
END $$;

CREATE TRIGGER new_items_are_of_drafts AFTER INSERT ON invoicing_orderitem
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER changed_items_are_of_drafts AFTER UPDATE ON invoicing_orderitem
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER deleted_items_are_of_drafts AFTER DELETE ON invoicing_orderitem
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER items_are_not_truncated BEFORE TRUNCATE ON invoicing_orderitem
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

CREATE TRIGGER new_tax_lines_are_of_drafts AFTER INSERT ON invoicing_ordertaxline
  REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER changed_tax_lines_are_of_drafts AFTER UPDATE ON invoicing_ordertaxline
  REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER deleted_tax_lines_are_of_drafts AFTER DELETE ON invoicing_ordertaxline
  REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION invoicing_guard_order_parts();
CREATE TRIGGER tax_lines_are_not_truncated BEFORE TRUNCATE ON invoicing_ordertaxline
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

------------------------------------------------------------------------------------------------
-- Legal numbers: given by the insert of a document, from the counter row of series and year. The
-- number is read before the row goes in and counted after it is in: an insert that comes to nothing
-- (ON CONFLICT DO NOTHING) leaves no gap. So documents go in one by one.
------------------------------------------------------------------------------------------------

-- A fiscal year is named after the year in which it ends (ledger/periods.py).
CREATE FUNCTION invoicing_fiscal_year(day date, start_month int) RETURNS int LANGUAGE sql IMMUTABLE AS $$
  SELECT extract(year FROM day)::int
         + CASE WHEN start_month > 1 AND extract(month FROM day) >= start_month THEN 1 ELSE 0 END
$$;

CREATE FUNCTION invoicing_number(prefix text, width int, fiscal_year int, sequence bigint)
RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT replace(replace(prefix, '{year}', lpad(fiscal_year::text, 4, '0')),
                 '{yy}', lpad((fiscal_year % 100)::text, 2, '0'))
         || lpad(sequence::text, greatest(width, length(sequence::text)), '0')
$$;

CREATE FUNCTION invoicing_give_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  used invoicing_numberseries;
BEGIN
  SELECT * INTO used FROM invoicing_numberseries s
    WHERE s.id = NEW.series_id AND s.organization_id = NEW.organization_id;
  IF used.id IS NULL OR used.kind <> TG_ARGV[0] THEN
    PERFORM ledger_refuse('document_number_is_of_its_kind',
      jsonb_build_object('series', NEW.series_id, 'kind', TG_ARGV[0]));
  END IF;
  SELECT invoicing_fiscal_year(NEW.issued_on, o.fiscal_year_start_month) INTO NEW.fiscal_year
    FROM organizations_organization o WHERE o.id = NEW.organization_id;
  -- Locks the counter until the end of the transaction; by an UPDATE that changes nothing only where
  -- another transaction makes it at this moment, because each leaves a dead row behind.
  SELECT c.last_number + 1 INTO NEW.sequence FROM invoicing_numbercounter c
    WHERE c.organization_id = NEW.organization_id AND c.series_id = NEW.series_id
      AND c.fiscal_year = NEW.fiscal_year
    FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    INSERT INTO invoicing_numbercounter AS c
           (organization_id, id, series_id, fiscal_year, last_number)
      VALUES (NEW.organization_id, gen_random_uuid(), NEW.series_id, NEW.fiscal_year, 0)
      ON CONFLICT (organization_id, series_id, fiscal_year) DO UPDATE SET last_number = c.last_number
      RETURNING c.last_number + 1 INTO NEW.sequence;
  END IF;
  NEW.number := invoicing_number(used.prefix, used.width, NEW.fiscal_year, NEW.sequence);
  RETURN NEW;
END $$;

CREATE FUNCTION invoicing_count_number() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE invoicing_numbercounter c SET last_number = NEW.sequence
    WHERE c.organization_id = NEW.organization_id AND c.series_id = NEW.series_id
      AND c.fiscal_year = NEW.fiscal_year AND c.last_number = NEW.sequence - 1;
  IF NOT FOUND THEN
    PERFORM ledger_refuse('numbercounter_counts_documents',
      jsonb_build_object('number', NEW.number));
  END IF;
  RETURN NULL;
END $$;

-- Whoever needs to know the next number locks the counter (an UPDATE that changes nothing, or a row
-- that begins at zero). It moves by one, to the number of a document that is in, and never goes: so
-- it says how many documents there are.
CREATE FUNCTION invoicing_refuse_counter() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM ledger_refuse('numbercounter_counts_documents', '{}');
  RETURN NULL;
END $$;

-- Planned anew each time: a plan that was made while the table was all but empty would walk an
-- organization's documents for good.
CREATE FUNCTION invoicing_guard_counter() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  IF (NEW.series_id, NEW.fiscal_year, NEW.last_number)
     = (OLD.series_id, OLD.fiscal_year, OLD.last_number + 1) THEN
    IF EXISTS (SELECT FROM invoicing_invoice i
                WHERE i.organization_id = NEW.organization_id AND i.series_id = NEW.series_id
                  AND i.fiscal_year = NEW.fiscal_year AND i.sequence = NEW.last_number) THEN
      RETURN NEW;
    END IF;
    IF EXISTS (SELECT FROM invoicing_creditnote c
                WHERE c.organization_id = NEW.organization_id AND c.series_id = NEW.series_id
                  AND c.fiscal_year = NEW.fiscal_year AND c.sequence = NEW.last_number) THEN
      RETURN NEW;
    END IF;
  END IF;
  PERFORM ledger_refuse('numbercounter_counts_documents', '{}');
  RETURN NULL;
END $$;

-- AFTER the insert: one that meets ON CONFLICT is none.
CREATE TRIGGER counter_begins_at_zero AFTER INSERT ON invoicing_numbercounter
  FOR EACH ROW WHEN (NEW.last_number <> 0) EXECUTE FUNCTION invoicing_refuse_counter();
CREATE TRIGGER counter_is_moved_by_documents BEFORE UPDATE ON invoicing_numbercounter
  FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION invoicing_guard_counter();
CREATE TRIGGER counter_stays BEFORE DELETE OR TRUNCATE ON invoicing_numbercounter
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_counter();

CREATE FUNCTION invoicing_guard_series() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF NEW.kind <> OLD.kind THEN
    PERFORM ledger_refuse('numberseries_keeps_its_kind', jsonb_build_object('series', OLD.code));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER series_keeps_its_kind BEFORE UPDATE OF kind ON invoicing_numberseries
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_series();

------------------------------------------------------------------------------------------------
-- Postings: each document and each payment names the entry that says the same.
------------------------------------------------------------------------------------------------

-- `owed` is what the entry adds to the receivable: negative where it takes off.
CREATE FUNCTION invoicing_check_entry(
  organization uuid, entry uuid, wanted_reference text, wanted_on date, wanted_currency text,
  receivable uuid, owed bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  found_entry ledger_journalentry;
  moved numeric;
BEGIN
  -- FOR SHARE: it is not voided between this look and the document's coming in.
  SELECT * INTO found_entry FROM ledger_journalentry e
    WHERE e.id = entry AND e.organization_id = organization FOR SHARE;
  SELECT sum(l.debit - l.credit) INTO moved
    FROM ledger_journalline l
    JOIN ledger_account a ON a.id = l.account_id AND (a.organization_id = l.organization_id) IS TRUE
   WHERE l.organization_id = organization AND l.entry_id = entry AND l.account_id = receivable
     AND a.currency = wanted_currency;
  IF found_entry.id IS NULL
     OR (found_entry.status, found_entry.reference, found_entry.effective_on, found_entry.currency,
         found_entry.total_amount, moved)
        IS DISTINCT FROM ('posted', wanted_reference, wanted_on, wanted_currency, abs(owed),
                          owed::numeric) THEN
    PERFORM ledger_refuse('document_is_posted_as_it_says',
      jsonb_build_object('reference', wanted_reference, 'amount', abs(owed), 'receivable', moved));
  END IF;
END $$;

-- What a document posted is corrected by another document, not by voiding the entry under it.
-- An old snapshot would not see a document that came in since; only READ COMMITTED takes a new one.
CREATE FUNCTION invoicing_guard_entry() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  IF EXISTS (SELECT FROM invoicing_invoice d
              WHERE d.organization_id = NEW.organization_id AND d.entry_id = NEW.id)
     OR EXISTS (SELECT FROM invoicing_creditnote d
                 WHERE d.organization_id = NEW.organization_id AND d.entry_id = NEW.id)
     OR EXISTS (SELECT FROM invoicing_financialtransaction d
                 WHERE d.organization_id = NEW.organization_id AND d.entry_id = NEW.id)
     OR (NEW.reference ~ '^(invoice|credit-note)-'
         AND current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted'))
  THEN
    PERFORM ledger_refuse('entry_of_a_document_stays', jsonb_build_object('reference', NEW.reference));
  END IF;
  RETURN NEW;
END $$;

CREATE TRIGGER entry_of_a_document_stays BEFORE UPDATE OF status ON ledger_journalentry
  FOR EACH ROW WHEN (OLD.status = 'posted' AND NEW.status = 'voided')
  EXECUTE FUNCTION invoicing_guard_entry();

-- Whatever changes an invoice locks its order first.
CREATE FUNCTION invoicing_lock_order_of(organization uuid, invoice uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM invoicing_order o
    WHERE o.organization_id = organization
      AND o.id = (SELECT i.order_id FROM invoicing_invoice i
                   WHERE i.id = invoice AND i.organization_id = organization)
    FOR NO KEY UPDATE;
END $$;

------------------------------------------------------------------------------------------------
-- Invoices: of a locked order, with its amounts; never changed but by what pays and credits them.
------------------------------------------------------------------------------------------------

CREATE FUNCTION invoicing_check_invoice() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  sold invoicing_order;
BEGIN
  SELECT * INTO sold FROM invoicing_order o
    WHERE o.id = NEW.order_id AND o.organization_id = NEW.organization_id FOR NO KEY UPDATE;
  IF sold.id IS NULL OR sold.status <> 'pending'
     OR (sold.currency, sold.customer_id, sold.subtotal_amount, sold.tax_amount, sold.total_amount)
        IS DISTINCT FROM
        (NEW.currency, NEW.customer_id, NEW.subtotal_amount, NEW.tax_amount, NEW.total_amount) THEN
    PERFORM ledger_refuse('invoice_is_of_its_locked_order',
      jsonb_build_object('order', NEW.order_id, 'status', sold.status));
  END IF;
  IF (NEW.paid_amount, NEW.refunded_amount, NEW.credited_amount) IS DISTINCT FROM (0, 0, 0) THEN
    PERFORM ledger_refuse('invoice_begins_unpaid', jsonb_build_object('order', NEW.order_id));
  END IF;
  IF NEW.entry_id IS NOT NULL THEN
    PERFORM invoicing_check_entry(NEW.organization_id, NEW.entry_id,
      'invoice-' || NEW.id || '-issuance', NEW.issued_on, NEW.currency, NEW.receivable_id,
      NEW.total_amount);
  END IF;
  RETURN NEW;
END $$;

-- In the order of their names: first what the invoice says is checked, then it gets its number.
CREATE TRIGGER invoice_1_is_of_its_locked_order BEFORE INSERT ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_check_invoice();
CREATE TRIGGER invoice_2_gets_its_number BEFORE INSERT ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_give_number('invoice');
CREATE TRIGGER invoice_3_is_counted AFTER INSERT ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_count_number();

CREATE FUNCTION invoicing_refuse_change() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM ledger_refuse('document_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

-- What the rows say that pay, refund and credit an invoice. Planned anew each time: a plan that was
-- made while the table was all but empty would walk an organization's rows for good.
CREATE FUNCTION invoicing_paid_of(
  organization uuid, invoice uuid, OUT paid bigint, OUT refunded bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  SELECT coalesce(sum(CASE t.type WHEN 'credit' THEN t.amount WHEN 'debit' THEN -t.amount END), 0),
         coalesce(sum(t.amount) FILTER (WHERE t.type = 'refund'), 0)
    INTO paid, refunded
    FROM invoicing_financialtransaction t
   WHERE t.organization_id = organization AND t.invoice_id = invoice;
END $$;

CREATE FUNCTION invoicing_credited_of(
  organization uuid, invoice uuid, OUT net bigint, OUT tax bigint, OUT total bigint)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, public, pg_temp SET plan_cache_mode = force_custom_plan AS $$
BEGIN
  SELECT coalesce(sum(c.subtotal_amount), 0), coalesce(sum(c.tax_amount), 0),
         coalesce(sum(c.total_amount), 0)
    INTO net, tax, total
    FROM invoicing_creditnote c
   WHERE c.organization_id = organization AND c.invoice_id = invoice;
END $$;

CREATE FUNCTION invoicing_guard_invoice() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected invoicing_invoice := OLD;
BEGIN
  IF (NEW.paid_amount, NEW.refunded_amount) <> (OLD.paid_amount, OLD.refunded_amount) THEN
    SELECT p.paid, p.refunded INTO expected.paid_amount, expected.refunded_amount
      FROM invoicing_paid_of(OLD.organization_id, OLD.id) p;
  END IF;
  IF NEW.credited_amount <> OLD.credited_amount THEN
    SELECT c.total INTO expected.credited_amount
      FROM invoicing_credited_of(OLD.organization_id, OLD.id) c;
  END IF;
  -- Generated columns are computed after this.
  NEW.open_amount := OLD.open_amount;
  NEW.status := OLD.status;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('document_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER invoice_is_final BEFORE UPDATE ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_invoice();
CREATE TRIGGER invoice_stays BEFORE DELETE OR TRUNCATE ON invoicing_invoice
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_change();

CREATE FUNCTION invoicing_follow_invoice() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE invoicing_order o
     SET (status, paid_at, cancelled_at)
         = (SELECT f.status, f.paid_at, f.cancelled_at FROM invoicing_follow(o, NEW) f)
   WHERE o.id = NEW.order_id AND o.organization_id = NEW.organization_id
     AND o.status <> (invoicing_follow(o, NEW)).status;
  RETURN NULL;
END $$;

-- At the issue as well: what costs nothing is paid.
CREATE TRIGGER order_follows_its_invoice AFTER INSERT OR UPDATE ON invoicing_invoice
  FOR EACH ROW EXECUTE FUNCTION invoicing_follow_invoice();

------------------------------------------------------------------------------------------------
-- Credit notes: never more than their invoice, as a whole, by rate and by item.
------------------------------------------------------------------------------------------------

CREATE FUNCTION invoicing_check_credit_note() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  credited invoicing_invoice;
  left_net numeric;
  left_tax numeric;
  wanted_reference text := 'credit-note-' || NEW.id || '-issuance';
BEGIN
  IF NEW.refunded_amount <> 0 THEN
    PERFORM ledger_refuse('creditnote_begins_unrefunded', '{}');
  END IF;
  IF NEW.invoice_id IS NOT NULL THEN
    wanted_reference := 'invoice-' || NEW.invoice_id || '-credit-note-' || NEW.id;
    PERFORM invoicing_lock_order_of(NEW.organization_id, NEW.invoice_id);
    SELECT * INTO credited FROM invoicing_invoice i
      WHERE i.id = NEW.invoice_id AND i.organization_id = NEW.organization_id FOR NO KEY UPDATE;
    IF NEW.total_amount > credited.total_amount - credited.credited_amount THEN
      PERFORM ledger_refuse('invoice_is_not_overcredited',
        jsonb_build_object('invoice', credited.number, 'amount', NEW.total_amount,
                           'left', credited.total_amount - credited.credited_amount,
                           'currency', credited.currency));
    END IF;
    -- Nor more of the net, nor of the tax: what is left of one does not stand in for the other.
    SELECT credited.subtotal_amount - c.net, credited.tax_amount - c.tax INTO left_net, left_tax
      FROM invoicing_credited_of(NEW.organization_id, NEW.invoice_id) c;
    IF NEW.subtotal_amount > left_net THEN
      PERFORM ledger_refuse('invoice_is_not_overcredited',
        jsonb_build_object('invoice', credited.number, 'amount', NEW.subtotal_amount,
                           'left', left_net, 'currency', credited.currency));
    END IF;
    IF NEW.tax_amount > left_tax THEN
      PERFORM ledger_refuse('invoice_tax_is_not_overcredited',
        jsonb_build_object('invoice', credited.number, 'rate', 'of all rates',
                           'amount', NEW.tax_amount, 'left', left_tax));
    END IF;
    IF (credited.currency, credited.customer_id, credited.receivable_id)
       IS DISTINCT FROM (NEW.currency, NEW.customer_id, NEW.receivable_id) THEN
      PERFORM ledger_refuse('creditnote_is_of_its_invoice',
        jsonb_build_object('invoice', credited.number, 'currency', credited.currency));
    END IF;
  END IF;
  PERFORM invoicing_check_entry(NEW.organization_id, NEW.entry_id, wanted_reference,
    NEW.issued_on, NEW.currency, NEW.receivable_id, -NEW.total_amount);
  RETURN NEW;
END $$;

-- After the row is in, and only then. Two rows of one statement that are too much together break
-- invoice_credits_are_within_its_total.
CREATE FUNCTION invoicing_apply_credit_note() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE invoicing_invoice i SET credited_amount = c.total
    FROM invoicing_credited_of(NEW.organization_id, NEW.invoice_id) c
    WHERE i.id = NEW.invoice_id AND i.organization_id = NEW.organization_id;
  RETURN NULL;
END $$;

CREATE TRIGGER creditnote_1_is_within_its_invoice BEFORE INSERT ON invoicing_creditnote
  FOR EACH ROW EXECUTE FUNCTION invoicing_check_credit_note();
CREATE TRIGGER creditnote_2_gets_its_number BEFORE INSERT ON invoicing_creditnote
  FOR EACH ROW EXECUTE FUNCTION invoicing_give_number('credit_note');
CREATE TRIGGER creditnote_3_is_counted AFTER INSERT ON invoicing_creditnote
  FOR EACH ROW EXECUTE FUNCTION invoicing_count_number();
CREATE TRIGGER creditnote_4_is_applied AFTER INSERT ON invoicing_creditnote
  FOR EACH ROW WHEN (NEW.invoice_id IS NOT NULL) EXECUTE FUNCTION invoicing_apply_credit_note();

CREATE FUNCTION invoicing_guard_credit_note() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected invoicing_creditnote := OLD;
BEGIN
  SELECT coalesce(sum(t.amount), 0) INTO expected.refunded_amount
    FROM invoicing_financialtransaction t
   WHERE t.organization_id = OLD.organization_id AND t.credit_note_id = OLD.id;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('document_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER creditnote_is_final BEFORE UPDATE ON invoicing_creditnote
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_credit_note();
CREATE TRIGGER creditnote_stays BEFORE DELETE OR TRUNCATE ON invoicing_creditnote
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_change();

-- A credit note, its tax lines and its items come in by ONE statement: all of their triggers fire at
-- its end, and see all of it. The note says how many parts it has and never changes, so that none can
-- follow, be it in the same transaction and of no amount.
CREATE FUNCTION invoicing_check_parts(of_organization uuid, of_note uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  note invoicing_creditnote;
  taxes record;
  items record;
BEGIN
  SELECT * INTO note FROM invoicing_creditnote c
    WHERE c.organization_id = of_organization AND c.id = of_note;
  SELECT count(*) AS how_many, coalesce(sum(t.tax_amount), 0) AS tax INTO taxes
    FROM invoicing_creditnotetaxline t
   WHERE t.organization_id = of_organization AND t.credit_note_id = of_note;
  SELECT count(*) AS how_many, sum(i.net_amount) AS net, sum(i.tax_amount) AS tax INTO items
    FROM invoicing_creditnoteitem i
   WHERE i.organization_id = of_organization AND i.credit_note_id = of_note;
  IF taxes.how_many + items.how_many > note.part_count THEN
    PERFORM ledger_refuse('creditnote_gets_its_parts_once',
      jsonb_build_object('number', note.number));
  END IF;
  IF taxes.how_many + items.how_many < note.part_count
     OR taxes.tax <> note.tax_amount
     -- What is credited of an invoice by amount has no items.
     OR (items.how_many = 0 AND note.invoice_id IS NULL)
     OR (items.how_many > 0 AND (items.net, items.tax)
         IS DISTINCT FROM (note.subtotal_amount::numeric, note.tax_amount::numeric)) THEN
    PERFORM ledger_refuse('creditnote_amounts_are_those_of_its_parts',
      jsonb_build_object('number', note.number, 'expected_parts', note.part_count,
                         'parts', taxes.how_many + items.how_many, 'items', items.net,
                         'subtotal', note.subtotal_amount, 'tax', note.tax_amount,
                         'tax_of_items', items.tax, 'tax_lines', taxes.tax));
  END IF;
END $$;

CREATE FUNCTION invoicing_check_parts_of_notes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM invoicing_check_parts(n.organization_id, n.id) FROM new_rows n;
  RETURN NULL;
END $$;

CREATE TRIGGER creditnote_has_its_parts AFTER INSERT ON invoicing_creditnote
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_check_parts_of_notes();

-- Per rate: no more of the net or of the tax than the invoice charged under it.
CREATE FUNCTION invoicing_check_credited_taxes() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named jsonb;
BEGIN
  SELECT jsonb_build_object('invoice', i.number, 'rate', t.code,
           'amount', t.tax_amount, 'left', charged.tax_amount - credited.tax + t.tax_amount)
    INTO named
    FROM new_rows t
    JOIN invoicing_creditnote c
      ON c.id = t.credit_note_id AND (c.organization_id = t.organization_id) IS TRUE
    JOIN invoicing_invoice i
      ON i.id = c.invoice_id AND (i.organization_id = c.organization_id) IS TRUE
    LEFT JOIN invoicing_ordertaxline charged
      ON charged.organization_id = i.organization_id AND charged.order_id = i.order_id
     AND charged.code = t.code
   CROSS JOIN LATERAL (
     SELECT sum(o.tax_amount) AS tax, sum(o.taxable_amount) AS taxable
       FROM invoicing_creditnote n
       JOIN invoicing_creditnotetaxline o
         ON o.organization_id = n.organization_id AND o.credit_note_id = n.id
      WHERE n.organization_id = i.organization_id AND n.invoice_id = i.id AND o.code = t.code
   ) credited
   WHERE t.tax_amount < 0 OR t.taxable_amount < 0
      OR charged.id IS NULL
      OR (t.percentage, t.category) IS DISTINCT FROM (charged.percentage, charged.category)
      OR credited.tax > charged.tax_amount OR credited.taxable > charged.taxable_amount
   LIMIT 1;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('invoice_tax_is_not_overcredited', named);
  END IF;

  PERFORM invoicing_check_parts(p.organization_id, p.credit_note_id)
     FROM (SELECT DISTINCT t.organization_id, t.credit_note_id FROM new_rows t) p;
  RETURN NULL;
END $$;

CREATE TRIGGER credited_taxes_are_within_the_invoice AFTER INSERT ON invoicing_creditnotetaxline
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_check_credited_taxes();
CREATE TRIGGER credited_tax_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON invoicing_creditnotetaxline
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

CREATE FUNCTION invoicing_check_credited_items() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  named jsonb;
BEGIN
  SELECT jsonb_build_object('invoice', i.number, 'item', t.description,
           'quantity', t.quantity,
           'left', coalesce(sold.quantity - credited.quantity + t.quantity, 0))
    INTO named
    FROM new_rows t
    JOIN invoicing_creditnote c
      ON c.id = t.credit_note_id AND (c.organization_id = t.organization_id) IS TRUE
    LEFT JOIN invoicing_invoice i
      ON i.id = c.invoice_id AND (i.organization_id = c.organization_id) IS TRUE
    LEFT JOIN invoicing_orderitem sold
      ON sold.id = t.order_item_id AND (sold.organization_id = t.organization_id) IS TRUE
   CROSS JOIN LATERAL (
     SELECT sum(o.quantity) AS quantity FROM invoicing_creditnoteitem o
      WHERE o.organization_id = t.organization_id AND o.order_item_id = t.order_item_id
   ) credited
   WHERE i.order_id IS DISTINCT FROM sold.order_id OR credited.quantity > sold.quantity
   LIMIT 1;
  IF named IS NOT NULL THEN
    PERFORM ledger_refuse('invoice_item_is_not_overcredited', named);
  END IF;

  PERFORM invoicing_check_parts(p.organization_id, p.credit_note_id)
     FROM (SELECT DISTINCT t.organization_id, t.credit_note_id FROM new_rows t) p;
  RETURN NULL;
END $$;

CREATE TRIGGER credited_items_are_within_the_invoice AFTER INSERT ON invoicing_creditnoteitem
  REFERENCING NEW TABLE AS new_rows
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_check_credited_items();
CREATE TRIGGER credited_item_is_final BEFORE UPDATE OR DELETE OR TRUNCATE ON invoicing_creditnoteitem
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();

------------------------------------------------------------------------------------------------
-- Payments and refunds.
------------------------------------------------------------------------------------------------

CREATE FUNCTION invoicing_apply_transaction() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  billed invoicing_invoice;
  given invoicing_creditnote;
  taken_back invoicing_financialtransaction;
  sums record;
  still_open numeric;
  receivable uuid;
  wanted_reference text;
BEGIN
  IF NEW.status <> 'completed' THEN
    PERFORM ledger_refuse('transaction_begins_completed', '{}');
  END IF;

  IF NEW.invoice_id IS NOT NULL THEN
    PERFORM invoicing_lock_order_of(NEW.organization_id, NEW.invoice_id);
    SELECT * INTO billed FROM invoicing_invoice i
      WHERE i.id = NEW.invoice_id AND i.organization_id = NEW.organization_id FOR NO KEY UPDATE;
    IF (billed.currency, billed.customer_id) IS DISTINCT FROM (NEW.currency, NEW.customer_id) THEN
      PERFORM ledger_refuse('transaction_is_of_its_document',
        jsonb_build_object('document', billed.number, 'currency', billed.currency));
    END IF;
    -- With this row, and with all others of its statement.
    SELECT * INTO sums FROM invoicing_paid_of(NEW.organization_id, NEW.invoice_id);
    receivable := billed.receivable_id;
    wanted_reference := 'invoice-' || NEW.invoice_id || '-payment-' || NEW.id;
    IF NEW.type = 'credit' THEN
      still_open := billed.total_amount::numeric - billed.credited_amount - sums.paid + sums.refunded;
      IF still_open < 0 THEN
        PERFORM ledger_refuse('invoice_is_not_overpaid',
          jsonb_build_object('invoice', billed.number, 'amount', NEW.amount,
                             'open', greatest(still_open + NEW.amount, 0),
                             'currency', billed.currency));
      END IF;
    ELSIF NEW.type = 'refund' THEN
      wanted_reference := 'invoice-' || NEW.invoice_id || '-refund-' || NEW.id;
      IF sums.refunded > sums.paid THEN
        PERFORM ledger_refuse('invoice_is_not_overrefunded',
          jsonb_build_object('document', billed.number, 'amount', NEW.amount,
                             'left', greatest(sums.paid - sums.refunded + NEW.amount, 0),
                             'currency', billed.currency));
      END IF;
    ELSE
      UPDATE invoicing_financialtransaction t SET status = 'reversed'
        WHERE t.id = NEW.reverses_id AND t.organization_id = NEW.organization_id
          AND t.type = 'credit' AND t.status = 'completed'
        RETURNING * INTO taken_back;
      IF taken_back.id IS NULL
         OR (taken_back.invoice_id, taken_back.amount, taken_back.method)
            IS DISTINCT FROM (NEW.invoice_id, NEW.amount, NEW.method) THEN
        PERFORM ledger_refuse('transaction_takes_back_a_whole_payment',
          jsonb_build_object('payment', NEW.reverses_id));
      END IF;
      wanted_reference := 'invoice-' || NEW.invoice_id || '-payment-' || NEW.reverses_id || '-reversal';
      IF sums.refunded > sums.paid THEN
        PERFORM ledger_refuse('payment_was_not_refunded',
          jsonb_build_object('document', billed.number, 'amount', NEW.amount,
                             'left', greatest(sums.paid - sums.refunded + NEW.amount, 0)));
      END IF;
    END IF;
    UPDATE invoicing_invoice i SET paid_amount = sums.paid, refunded_amount = sums.refunded
      WHERE i.id = NEW.invoice_id AND i.organization_id = NEW.organization_id;
  ELSE
    wanted_reference := 'credit-note-' || NEW.credit_note_id || '-refund-' || NEW.id;
    SELECT * INTO given FROM invoicing_creditnote c
      WHERE c.id = NEW.credit_note_id AND c.organization_id = NEW.organization_id FOR NO KEY UPDATE;
    IF given.invoice_id IS NOT NULL
       OR (given.currency, given.customer_id) IS DISTINCT FROM (NEW.currency, NEW.customer_id) THEN
      PERFORM ledger_refuse('transaction_is_of_its_document',
        jsonb_build_object('document', given.number, 'currency', given.currency));
    END IF;
    receivable := given.receivable_id;
    SELECT sum(t.amount) AS refunded INTO sums FROM invoicing_financialtransaction t
      WHERE t.organization_id = NEW.organization_id AND t.credit_note_id = NEW.credit_note_id;
    IF sums.refunded > given.total_amount THEN
      PERFORM ledger_refuse('invoice_is_not_overrefunded',
        jsonb_build_object('document', given.number, 'amount', NEW.amount,
                           'left', greatest(given.total_amount - sums.refunded + NEW.amount, 0),
                           'currency', given.currency));
    END IF;
    UPDATE invoicing_creditnote c SET refunded_amount = sums.refunded
      WHERE c.id = NEW.credit_note_id AND c.organization_id = NEW.organization_id;
  END IF;

  PERFORM invoicing_check_entry(NEW.organization_id, NEW.entry_id, wanted_reference,
    NEW.occurred_on, NEW.currency, receivable,
    CASE NEW.type WHEN 'credit' THEN -NEW.amount ELSE NEW.amount END);
  RETURN NULL;
END $$;

-- A payment becomes reversed by the debit that takes it back.
CREATE FUNCTION invoicing_guard_transaction() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
  expected invoicing_financialtransaction := OLD;
BEGIN
  IF EXISTS (SELECT FROM invoicing_financialtransaction t
              WHERE t.organization_id = OLD.organization_id AND t.reverses_id = OLD.id) THEN
    expected.status := 'reversed';
  END IF;
  IF NEW *= expected THEN
    RETURN NEW;
  END IF;
  PERFORM ledger_refuse('document_is_final', jsonb_build_object('table', TG_TABLE_NAME));
  RETURN NULL;
END $$;

CREATE TRIGGER transaction_is_applied AFTER INSERT ON invoicing_financialtransaction
  FOR EACH ROW EXECUTE FUNCTION invoicing_apply_transaction();
CREATE TRIGGER transaction_is_final BEFORE UPDATE ON invoicing_financialtransaction
  FOR EACH ROW EXECUTE FUNCTION invoicing_guard_transaction();
CREATE TRIGGER transaction_stays BEFORE DELETE OR TRUNCATE ON invoicing_financialtransaction
  FOR EACH STATEMENT EXECUTE FUNCTION invoicing_refuse_change();
