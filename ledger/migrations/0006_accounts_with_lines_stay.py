"""An account with lines cannot be deleted, not even to be put back by the same statement."""

from django.db import migrations

from core.migrations import sql_file


class Migration(migrations.Migration):
    dependencies = [("ledger", "0005_seed_schedule")]

    operations = [sql_file(__file__, "0006_accounts_with_lines_stay")]
