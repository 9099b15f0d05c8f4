from django.db import migrations

# The sums are the database's to keep too: an entry takes no more out of an account than stands in it, and the first
# entry brings exactly what was offered. The delegation is locked meanwhile, so that two at once are judged in turn.
WITHIN = """
CREATE FUNCTION delegation_ledger_within() RETURNS trigger LANGUAGE plpgsql AS $within$
DECLARE offered bigint; standing bigint;
BEGIN
  SELECT d.ceiling INTO offered FROM delegation_delegation d WHERE d.id = NEW.delegation_id FOR UPDATE;
  IF NEW.source = 'given' THEN
    IF NEW.amount <> offered OR EXISTS (
        SELECT 1 FROM delegation_ledgerentry e WHERE e.delegation_id = NEW.delegation_id) THEN
      RAISE EXCEPTION 'an offer is made once, of the whole ceiling' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
  END IF;
  SELECT coalesce(sum(CASE WHEN e.target = NEW.source THEN e.amount ELSE -e.amount END), 0) INTO standing
    FROM delegation_ledgerentry e
   WHERE e.delegation_id = NEW.delegation_id AND NEW.source IN (e.source, e.target);
  IF NEW.amount > standing THEN
    RAISE EXCEPTION 'the ledger holds less than this entry moves' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $within$;
CREATE TRIGGER delegation_ledger_within BEFORE INSERT ON delegation_ledgerentry
  FOR EACH ROW EXECUTE FUNCTION delegation_ledger_within();
"""
WITHOUT = """
DROP TRIGGER delegation_ledger_within ON delegation_ledgerentry;
DROP FUNCTION delegation_ledger_within();
"""


class Migration(migrations.Migration):
    dependencies = [("delegation", "0001_initial")]

    operations = [migrations.RunSQL(WITHIN, WITHOUT)]
