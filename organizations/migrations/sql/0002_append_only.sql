-- Rules that every tenant table shares, and those of the organizations app.

-- A row keeps its id and its organization. (The trigger is made by core.migrations.TenantTable.)
CREATE FUNCTION core_refuse_move() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'a row of % keeps its id and its organization', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'row_keeps_its_organization',
          TABLE = TG_TABLE_NAME, DETAIL = json_build_object('table', TG_TABLE_NAME)::text;
END $$;

-- For append-only tables: BEFORE UPDATE OR DELETE OR TRUNCATE … FOR EACH STATEMENT.
CREATE FUNCTION core_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'rows of % are append-only', TG_TABLE_NAME
    USING ERRCODE = 'check_violation', CONSTRAINT = 'row_is_final',
          TABLE = TG_TABLE_NAME, DETAIL = json_build_object('table', TG_TABLE_NAME)::text;
END $$;

-- Postings hold FOR KEY SHARE on their organization's row from their statement to their COMMIT.
-- Whoever changes what they relied on takes the one lock that conflicts with it, so that either
-- the posting sees the new value or the change waits until the posting is in the books. (The
-- search_path is fixed, or a temporary table of that name would be locked instead.)
CREATE FUNCTION organizations_wait_for_postings() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  PERFORM 1 FROM organizations_organization WHERE id = OLD.id FOR UPDATE;
  RETURN NEW;
END $$;

CREATE TRIGGER organization_waits_for_postings
  BEFORE UPDATE OF closed_through ON organizations_organization
  FOR EACH ROW WHEN (OLD.closed_through IS DISTINCT FROM NEW.closed_through)
  EXECUTE FUNCTION organizations_wait_for_postings();
CREATE TRIGGER auditevent_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON organizations_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
