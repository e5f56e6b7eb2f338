-- A job's run is written when it starts and once more when it ends.

CREATE FUNCTION organizations_guard_jobrun() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  RAISE EXCEPTION 'a run of a job is written when it starts and once more when it ends'
    USING ERRCODE = 'check_violation', CONSTRAINT = 'jobrun_ends_once', TABLE = TG_TABLE_NAME,
          DETAIL = json_build_object('job', OLD.name, 'outcome', OLD.outcome)::text;
END $$;

CREATE TRIGGER jobrun_ends_once
  BEFORE UPDATE ON organizations_jobrun
  FOR EACH ROW WHEN (OLD.outcome <> 'running' OR NEW.outcome = 'running'
    OR (OLD.name, OLD.started_at) IS DISTINCT FROM (NEW.name, NEW.started_at))
  EXECUTE FUNCTION organizations_guard_jobrun();

CREATE TRIGGER jobrun_is_final
  BEFORE DELETE OR TRUNCATE ON organizations_jobrun
  FOR EACH STATEMENT EXECUTE FUNCTION core_refuse_change();
