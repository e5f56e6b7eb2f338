import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import core.db.fields
import core.db.tenants


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("organizations", "0002_append_only"),
    ]

    operations = [
        migrations.CreateModel(
            name="Account",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        max_length=100,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Za-z0-9.:_-]+\\Z")
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("asset", "Asset"),
                            ("liability", "Liability"),
                            ("equity", "Equity"),
                            ("revenue", "Revenue"),
                            ("expense", "Expense"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "parent",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="children",
                        to="ledger.account",
                    ),
                ),
                ("currency", core.db.fields.CurrencyField()),
                (
                    "status",
                    models.CharField(
                        choices=[("active", "Active"), ("archived", "Archived")],
                        db_default="active",
                        default="active",
                        max_length=10,
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("cash", "Cash"),
                            ("bank", "Bank"),
                            ("card_clearing", "Card clearing"),
                            ("mobile_money", "Mobile money"),
                            ("accounts_receivable", "Accounts receivable"),
                            ("accounts_payable", "Accounts payable"),
                            ("tax_payable", "Tax payable"),
                            ("tax_receivable", "Tax receivable"),
                            ("customer_wallets", "Customer wallets"),
                            ("organizer_payable", "Organizer payable"),
                            ("loans_payable", "Loans payable"),
                            ("loans_receivable", "Loans receivable"),
                            ("retained_earnings", "Retained earnings"),
                            ("opening_balance", "Opening balance equity"),
                            ("owner_equity", "Owner's equity"),
                            ("ticket_revenue", "Ticket revenue"),
                            ("sales_revenue", "Sales revenue"),
                            ("sales_returns", "Sales returns"),
                            ("sales_discounts", "Sales discounts"),
                            ("other_income", "Other income"),
                            ("platform_fees", "Platform fees"),
                            ("payment_fees", "Payment fees"),
                            ("cost_of_sales", "Cost of sales"),
                            ("operating_expense", "Operating expense"),
                            ("suspense", "Suspense"),
                            ("rounding", "Rounding"),
                            ("exchange_gain_loss", "Exchange gain and loss"),
                            ("exchange_clearing", "Exchange clearing"),
                        ],
                        db_default="",
                        default="",
                        max_length=40,
                    ),
                ),
                ("description", models.TextField(blank=True, db_default="", default="")),
                (
                    "balance_slots",
                    models.PositiveSmallIntegerField(
                        db_default=1,
                        default=1,
                        help_text="Into how many rows a month's balance is split, so that concurrent postings to a busy account do not queue behind one row.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(64),
                        ],
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "ordering": ("code",),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "parent"], name="account_by_parent")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "code"), name="account_code_is_unique"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("role", ""), _negated=True),
                        fields=("organization", "role", "currency"),
                        name="account_role_is_unique_per_currency",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("code__regex", "^[A-Za-z0-9.:_-]{1,100}$")),
                        name="account_code_is_plain",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("type__in", ["asset", "liability", "equity", "revenue", "expense"])
                        ),
                        name="account_type_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["active", "archived"])),
                        name="account_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="account_currency_is_a_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("balance_slots__range", (1, 64))),
                        name="account_balance_slots_are_1_to_64",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalEntry",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("reference", models.CharField(max_length=200)),
                ("effective_on", models.DateField()),
                (
                    "posted_at",
                    models.DateTimeField(
                        blank=True, db_default=django.db.models.functions.datetime.Now(), null=True
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("posted", "Posted"),
                            ("voided", "Voided"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "description",
                    models.CharField(blank=True, db_default="", default="", max_length=1000),
                ),
                (
                    "reference_type",
                    models.CharField(blank=True, db_default="", default="", max_length=60),
                ),
                (
                    "reference_id",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "currency",
                    core.db.fields.CurrencyField(
                        help_text="The currency of `total_amount`: that of the first line."
                    ),
                ),
                (
                    "total_amount",
                    core.db.fields.MinorUnitsField(
                        help_text="The sum of the debits in `currency`."
                    ),
                ),
                (
                    "reverses",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reversals",
                        to="ledger.journalentry",
                    ),
                ),
                (
                    "maker",
                    core.db.fields.GlobalForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "maker_key",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.apikey",
                    ),
                ),
                (
                    "checker",
                    core.db.fields.GlobalForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "checker_key",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.apikey",
                    ),
                ),
                (
                    "needs_approval",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="A manual entry above the threshold: somebody other than its maker posts it.",
                    ),
                ),
                (
                    "revision",
                    models.PositiveIntegerField(
                        db_default=1, default=1, help_text="Counts the edits of a pending entry."
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "journal entries",
                "ordering": ("-effective_on", "-id"),
                "permissions": [
                    ("post_journalentry", "Can post journal entries"),
                    ("approve_journalentry", "Can approve journal entries that somebody else made"),
                    ("void_journalentry", "Can void posted journal entries"),
                    ("import_journal", "Can import journals and legacy data"),
                    ("view_reports", "Can read reports"),
                    ("verify_books", "Can verify and reconcile the books"),
                ],
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        fields=["organization", "effective_on", "id"], name="entry_by_date"
                    ),
                    models.Index(
                        fields=["organization", "posted_at", "id"], name="entry_by_posting_time"
                    ),
                    models.Index(
                        condition=models.Q(("reference_type", ""), _negated=True),
                        fields=["organization", "reference_type", "reference_id"],
                        name="entry_by_business_fact",
                    ),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["organization", "effective_on"],
                        name="entry_pending",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "reference"), name="entry_reference_is_unique"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("reverses__isnull", False)),
                        fields=("organization", "reverses"),
                        name="entry_is_reversed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "posted", "voided"])),
                        name="entry_status_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("reference", ""), _negated=True),
                        name="entry_has_a_reference",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("effective_on__range", ("1900-01-01", "2199-12-31"))),
                        name="entry_effective_on_is_plausible",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="entry_currency_is_a_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("total_amount__gte", 0)),
                        name="entry_total_is_not_negative",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("posted_at__isnull", True), ("status", "pending")),
                            models.Q(
                                models.Q(("status", "pending"), _negated=True),
                                ("posted_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="entry_is_dated_when_posted",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("needs_approval", False),
                            ("status", "pending"),
                            models.Q(
                                models.Q(
                                    ("checker__isnull", False),
                                    ("checker_key__isnull", False),
                                    _connector="OR",
                                ),
                                models.Q(
                                    ("checker__isnull", True),
                                    ("maker__isnull", True),
                                    models.Q(("checker", models.F("maker")), _negated=True),
                                    _connector="OR",
                                ),
                                models.Q(
                                    ("checker_key__isnull", True),
                                    ("maker_key__isnull", True),
                                    models.Q(("checker_key", models.F("maker_key")), _negated=True),
                                    _connector="OR",
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="entry_is_approved_by_another",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="JournalLine",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="lines",
                        to="ledger.journalentry",
                    ),
                ),
                (
                    "account",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="lines",
                        to="ledger.account",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("debit", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("credit", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                (
                    "description",
                    models.CharField(blank=True, db_default="", default="", max_length=1000),
                ),
            ],
            options={
                "ordering": ("entry", "position"),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        fields=["organization", "account", "entry"], name="line_by_account"
                    )
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "entry", "position"),
                        include=("account", "debit", "credit"),
                        name="line_position_is_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credit", 0), ("debit__gt", 0)),
                            models.Q(("credit__gt", 0), ("debit", 0)),
                            _connector="OR",
                        ),
                        name="line_is_debit_or_credit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProposedLine",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="proposed_lines",
                        to="ledger.journalentry",
                    ),
                ),
                (
                    "account",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="proposed_lines",
                        to="ledger.account",
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("debit", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("credit", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                (
                    "description",
                    models.CharField(blank=True, db_default="", default="", max_length=1000),
                ),
            ],
            options={
                "ordering": ("entry", "position"),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "account"], name="proposedline_by_account")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "entry", "position"),
                        name="proposedline_position_is_unique",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("credit", 0), ("debit__gt", 0)),
                            models.Q(("credit__gt", 0), ("debit", 0)),
                            _connector="OR",
                        ),
                        name="proposedline_is_debit_or_credit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="AccountBalance",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "account",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="balances",
                        to="ledger.account",
                    ),
                ),
                (
                    "month",
                    models.DateField(
                        help_text="The first day of the month of the entries' effective date."
                    ),
                ),
                ("slot", models.PositiveSmallIntegerField()),
                ("debits", core.db.fields.MinorUnitsField()),
                ("credits", core.db.fields.MinorUnitsField()),
            ],
            options={
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "month"], name="balance_by_month")
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "account", "month", "slot"),
                        name="balance_is_one_per_account_month_and_slot",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("month__day", 1)), name="balance_month_is_a_first_day"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credits__gte", 0), ("debits__gte", 0)),
                        name="balance_totals_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CashEntry",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("REVENUE", "Revenue"),
                            ("EXPENSE", "Expense"),
                            ("PAYMENT", "Payment"),
                            ("DEBT", "Debt"),
                        ],
                        max_length=10,
                    ),
                ),
                ("amount", core.db.fields.MinorUnitsField()),
                ("currency", core.db.fields.CurrencyField()),
                ("occurred_at", models.DateTimeField()),
                ("settled_at", models.DateTimeField(blank=True, null=True)),
                (
                    "settled_by",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="settles",
                        to="ledger.cashentry",
                    ),
                ),
                (
                    "user",
                    core.db.fields.GlobalForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("memo", models.CharField(blank=True, db_default="", default="", max_length=1000)),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="cash_entries",
                        to="ledger.journalentry",
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
            ],
            options={
                "verbose_name_plural": "cash entries",
                "ordering": ("-occurred_at", "-id"),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(
                        fields=["organization", "occurred_at", "id"], name="cashentry_by_time"
                    ),
                    models.Index(
                        fields=["organization", "user", "occurred_at"], name="cashentry_by_user"
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "entry"), name="cashentry_has_an_entry_of_its_own"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["REVENUE", "EXPENSE", "PAYMENT", "DEBT"])),
                        name="cashentry_kind_is_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("amount__gt", 0), ("kind", "REVENUE")),
                            models.Q(("amount__lt", 0), ("kind", "EXPENSE")),
                            models.Q(
                                ("kind__in", ["PAYMENT", "DEBT"]),
                                models.Q(("amount", 0), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="cashentry_sign_fits_its_kind",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                        name="cashentry_currency_is_a_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("settled_at__isnull", True), ("settled_by__isnull", True)),
                            models.Q(
                                ("kind", "DEBT"),
                                ("settled_at__isnull", False),
                                ("settled_by__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="cashentry_only_a_debt_is_settled",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ExchangeRate",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("currency", core.db.fields.CurrencyField()),
                ("quote_currency", core.db.fields.CurrencyField()),
                ("valid_on", models.DateField()),
                ("rate", models.DecimalField(decimal_places=12, max_digits=24)),
                ("source", models.CharField(blank=True, db_default="", default="", max_length=100)),
            ],
            options={
                "ordering": ("-valid_on", "currency"),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "currency", "quote_currency", "valid_on"),
                        name="exchangerate_is_one_per_day",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("rate__gt", 0)), name="exchangerate_is_positive"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("currency", models.F("quote_currency")), _negated=True),
                        name="exchangerate_joins_two_currencies",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ReconciliationRun",
            fields=[
                (
                    "organization",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        editable=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="organizations.organization",
                    ),
                ),
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("started_at", models.DateTimeField()),
                (
                    "ended_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("check_name", models.CharField(max_length=60)),
                ("ties", models.BooleanField()),
                ("mismatch_count", models.PositiveIntegerField()),
                ("findings", models.JSONField(default=list)),
            ],
            options={
                "ordering": ("-started_at", "-id"),
                "abstract": False,
                "base_manager_name": "objects",
                "indexes": [
                    models.Index(fields=["organization", "started_at", "id"], name="run_by_time")
                ],
                "constraints": [],
            },
        ),
    ]
