DROP TRIGGER jobrun_is_final ON organizations_jobrun;
DROP TRIGGER jobrun_ends_once ON organizations_jobrun;
DROP FUNCTION organizations_guard_jobrun();
