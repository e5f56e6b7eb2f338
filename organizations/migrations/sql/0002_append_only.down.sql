DROP TRIGGER auditevent_is_final ON organizations_auditevent;
DROP TRIGGER organization_waits_for_postings ON organizations_organization;
DROP FUNCTION organizations_wait_for_postings();
DROP FUNCTION core_refuse_change();
DROP FUNCTION core_refuse_move();
