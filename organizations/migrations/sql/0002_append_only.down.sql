DROP TRIGGER auditevent_is_final ON organizations_auditevent;
DROP FUNCTION core_refuse_change();
DROP FUNCTION core_refuse_move();
