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

CREATE TRIGGER auditevent_is_final
  BEFORE UPDATE OR DELETE OR TRUNCATE ON organizations_auditevent
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
