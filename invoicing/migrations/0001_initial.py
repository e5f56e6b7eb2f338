"""Rates, customers, orders, documents and payments."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.core.validators
import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import core.db.fields
import core.db.tenants
import invoicing.models.tax_rates


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("ledger", "0004_entry_aliases"),
        ("organizations", "0005_seed_schedule"),
    ]

    operations = [
        migrations.CreateModel(
            name="Customer",
            fields=[
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
                        blank=True,
                        db_default="",
                        default="",
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Za-z0-9.:_-]*\\Z")
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=200)),
                ("email", models.EmailField(blank=True, db_default="", default="", max_length=254)),
                ("phone", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "address",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Street and number.",
                        max_length=500,
                    ),
                ),
                (
                    "postcode",
                    models.CharField(blank=True, db_default="", default="", max_length=20),
                ),
                ("city", models.CharField(blank=True, db_default="", default="", max_length=100)),
                ("region", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                (
                    "tax_id",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Checked by the rules of the country; needed for the reverse charge.",
                        max_length=40,
                        verbose_name="VAT id",
                    ),
                ),
                (
                    "payment_terms_days",
                    models.PositiveSmallIntegerField(
                        blank=True,
                        help_text="Empty: as the organization's invoices say.",
                        null=True,
                    ),
                ),
                ("active", models.BooleanField(db_default=True, default=True)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
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
            ],
            options={
                "ordering": ("name", "id"),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CreditNote",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField(editable=False)),
                ("sequence", models.BigIntegerField(editable=False)),
                ("number", models.CharField(editable=False, max_length=50)),
                ("issued_on", models.DateField()),
                (
                    "reference",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The seller's own name for it; taken once.",
                        max_length=100,
                    ),
                ),
                ("reason", models.CharField(max_length=500)),
                ("currency", core.db.fields.CurrencyField()),
                ("subtotal_amount", core.db.fields.MinorUnitsField()),
                ("tax_amount", core.db.fields.MinorUnitsField()),
                ("total_amount", core.db.fields.MinorUnitsField()),
                (
                    "refunded_amount",
                    core.db.fields.MinorUnitsField(db_default=0, default=0, editable=False),
                ),
                (
                    "part_count",
                    models.PositiveIntegerField(
                        editable=False,
                        help_text="How many tax lines and items came in with it; none follows.",
                    ),
                ),
                (
                    "snapshot",
                    models.JSONField(help_text="Seller and buyer as they were at the issue."),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.journalentry",
                    ),
                ),
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
                    "receivable",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
                (
                    "customer",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="credit_notes",
                        to="invoicing.customer",
                    ),
                ),
            ],
            options={
                "ordering": ("-issued_on", "-id"),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="Invoice",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField(editable=False)),
                ("sequence", models.BigIntegerField(editable=False)),
                ("number", models.CharField(editable=False, max_length=50)),
                ("issued_on", models.DateField()),
                ("due_on", models.DateField()),
                ("currency", core.db.fields.CurrencyField()),
                ("subtotal_amount", core.db.fields.MinorUnitsField()),
                ("tax_amount", core.db.fields.MinorUnitsField()),
                ("total_amount", core.db.fields.MinorUnitsField()),
                (
                    "paid_amount",
                    core.db.fields.MinorUnitsField(db_default=0, default=0, editable=False),
                ),
                (
                    "refunded_amount",
                    core.db.fields.MinorUnitsField(db_default=0, default=0, editable=False),
                ),
                (
                    "credited_amount",
                    core.db.fields.MinorUnitsField(db_default=0, default=0, editable=False),
                ),
                (
                    "open_amount",
                    models.GeneratedField(
                        db_persist=True,
                        expression=django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("total_amount"), "-", models.F("credited_amount")
                                ),
                                "-",
                                models.F("paid_amount"),
                            ),
                            "+",
                            models.F("refunded_amount"),
                        ),
                        output_field=core.db.fields.MinorUnitsField(),
                    ),
                ),
                (
                    "status",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Case(
                            models.When(
                                models.Q(
                                    ("credited_amount__gt", 0),
                                    ("credited_amount", models.F("total_amount")),
                                ),
                                then=models.Value("credited"),
                            ),
                            models.When(
                                then=models.Value("paid"),
                                total_amount__lte=django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("credited_amount"), "+", models.F("paid_amount")
                                    ),
                                    "-",
                                    models.F("refunded_amount"),
                                ),
                            ),
                            models.When(
                                models.Q(
                                    ("paid_amount__gt", models.F("refunded_amount")),
                                    ("credited_amount__gt", 0),
                                    _connector="OR",
                                ),
                                then=models.Value("partially_paid"),
                            ),
                            default=models.Value("open"),
                        ),
                        output_field=models.CharField(
                            choices=[
                                ("open", "Open"),
                                ("partially_paid", "Partially paid"),
                                ("paid", "Paid"),
                                ("credited", "Credited"),
                            ],
                            max_length=20,
                        ),
                    ),
                ),
                (
                    "snapshot",
                    models.JSONField(help_text="Seller and buyer as they were at the issue."),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "customer",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="invoices",
                        to="invoicing.customer",
                    ),
                ),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.journalentry",
                    ),
                ),
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
                    "receivable",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "ordering": ("-issued_on", "-id"),
                "permissions": [
                    ("issue_invoice", "Can issue invoices"),
                    ("view_statements", "Can see statements and ageing"),
                ],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="FinancialTransaction",
            fields=[
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
                    "type",
                    models.CharField(
                        choices=[
                            ("credit", "Payment"),
                            ("debit", "Payment taken back"),
                            ("refund", "Refund"),
                        ],
                        max_length=10,
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("completed", "Completed"), ("reversed", "Taken back")],
                        db_default="completed",
                        default="completed",
                        max_length=10,
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("cash", "Cash"),
                            ("bank", "Bank"),
                            ("card", "Card"),
                            ("mobile_money", "Mobile money"),
                            ("wallet", "Wallet"),
                        ],
                        max_length=20,
                    ),
                ),
                ("amount", core.db.fields.MinorUnitsField()),
                ("currency", core.db.fields.CurrencyField()),
                (
                    "provider_reference",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                ("occurred_on", models.DateField()),
                ("reason", models.CharField(blank=True, db_default="", default="", max_length=500)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "credit_note",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="transactions",
                        to="invoicing.creditnote",
                    ),
                ),
                (
                    "customer",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="transactions",
                        to="invoicing.customer",
                    ),
                ),
                (
                    "entry",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.journalentry",
                    ),
                ),
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
                    "reverses",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reversals",
                        to="invoicing.financialtransaction",
                    ),
                ),
                (
                    "invoice",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="transactions",
                        to="invoicing.invoice",
                    ),
                ),
            ],
            options={
                "ordering": ("-occurred_on", "-id"),
                "permissions": [
                    ("record_payment", "Can record payments"),
                    ("refund_payment", "Can refund payments"),
                    ("reverse_payment", "Can take payments back"),
                ],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="creditnote",
            name="invoice",
            field=core.db.tenants.TenantForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="credit_notes",
                to="invoicing.invoice",
            ),
        ),
        migrations.CreateModel(
            name="InvoicingProfile",
            fields=[
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
                    "legal_name",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: the organization's name.",
                        max_length=200,
                    ),
                ),
                (
                    "address",
                    models.TextField(blank=True, db_default="", default="", max_length=500),
                ),
                (
                    "tax_id",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=40, verbose_name="VAT id"
                    ),
                ),
                ("email", models.EmailField(blank=True, db_default="", default="", max_length=254)),
                ("phone", models.CharField(blank=True, db_default="", default="", max_length=40)),
                (
                    "website",
                    models.CharField(blank=True, db_default="", default="", max_length=200),
                ),
                (
                    "footer",
                    models.TextField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Printed below every document: how to pay, where the company is registered.",
                        max_length=1000,
                    ),
                ),
                ("logo", models.BinaryField(blank=True, null=True)),
                (
                    "logo_type",
                    models.CharField(blank=True, db_default="", default="", max_length=20),
                ),
                (
                    "paper",
                    models.CharField(
                        choices=[("a4", "A4"), ("us-letter", "Letter")],
                        db_default="a4",
                        default="a4",
                        max_length=10,
                    ),
                ),
                (
                    "rounding",
                    models.CharField(
                        choices=[("document", "Per document"), ("line", "Per line")],
                        db_default="document",
                        default="document",
                        help_text="Where tax is rounded: on the document, by rate (EN 16931), or on every line.",
                        max_length=10,
                    ),
                ),
                ("payment_terms_days", models.PositiveSmallIntegerField(db_default=30, default=30)),
                (
                    "updated_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
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
            ],
            options={
                "verbose_name": "invoicing profile",
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="NumberSeries",
            fields=[
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
                        choices=[("invoice", "Invoice"), ("credit_note", "Credit note")],
                        max_length=20,
                    ),
                ),
                (
                    "code",
                    models.CharField(
                        default="main",
                        max_length=30,
                        validators=[django.core.validators.RegexValidator("\\A[A-Za-z0-9._-]+\\Z")],
                    ),
                ),
                (
                    "prefix",
                    models.CharField(
                        blank=True,
                        default="",
                        help_text="{year} stands for the fiscal year, {yy} for its last two digits.",
                        max_length=30,
                    ),
                ),
                (
                    "width",
                    models.PositiveSmallIntegerField(
                        default=5,
                        help_text="To how many digits the number is filled with zeros.",
                        validators=[
                            django.core.validators.MinValueValidator(1),
                            django.core.validators.MaxValueValidator(12),
                        ],
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
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
            ],
            options={
                "verbose_name_plural": "number series",
                "ordering": ("kind", "code"),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="NumberCounter",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("last_number", models.BigIntegerField(default=0)),
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
                    "series",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="counters",
                        to="invoicing.numberseries",
                    ),
                ),
            ],
            options={
                "ordering": ("fiscal_year",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="invoice",
            name="series",
            field=core.db.tenants.TenantForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="invoicing.numberseries",
            ),
        ),
        migrations.AddField(
            model_name="creditnote",
            name="series",
            field=core.db.tenants.TenantForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="invoicing.numberseries",
            ),
        ),
        migrations.CreateModel(
            name="Order",
            fields=[
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
                    "reference",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="The seller's own name for it; taken once.",
                        max_length=100,
                    ),
                ),
                ("currency", core.db.fields.CurrencyField()),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("draft", "Draft"),
                            ("pending", "Pending"),
                            ("paid", "Paid"),
                            ("partially_refunded", "Partially refunded"),
                            ("refunded", "Refunded"),
                            ("cancelled", "Cancelled"),
                        ],
                        db_default="draft",
                        default="draft",
                        max_length=20,
                    ),
                ),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                ("region", models.CharField(blank=True, db_default="", default="", max_length=20)),
                ("taxed_on", models.DateField(blank=True, null=True)),
                (
                    "rounding",
                    models.CharField(blank=True, db_default="", default="", max_length=10),
                ),
                ("subtotal_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("tax_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("total_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("snapshot", models.JSONField(blank=True, null=True)),
                ("metadata", models.JSONField(blank=True, db_default={}, default=dict)),
                ("locked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("paid_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("cancelled_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
                (
                    "customer",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="orders",
                        to="invoicing.customer",
                    ),
                ),
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
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "permissions": [
                    ("lock_order", "Can lock orders"),
                    ("cancel_order", "Can cancel orders"),
                ],
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="invoice",
            name="order",
            field=core.db.tenants.TenantForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="invoices",
                to="invoicing.order",
            ),
        ),
        migrations.CreateModel(
            name="OrderItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "sku",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=100, verbose_name="SKU"
                    ),
                ),
                ("description", models.CharField(max_length=500)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                (
                    "unit_amount",
                    core.db.fields.MinorUnitsField(
                        help_text="Minor units; contains the rates that are inclusive."
                    ),
                ),
                ("discount_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                (
                    "tax_codes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=50), blank=True, null=True, size=None
                    ),
                ),
                ("net_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("tax_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                ("total_amount", core.db.fields.MinorUnitsField(db_default=0, default=0)),
                (
                    "order",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="items",
                        to="invoicing.order",
                    ),
                ),
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
                    "revenue_account",
                    core.db.tenants.TenantForeignKey(
                        blank=True,
                        db_index=False,
                        help_text="Empty: the account that has the role sales revenue.",
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="ledger.account",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CreditNoteItem",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                (
                    "sku",
                    models.CharField(
                        blank=True, db_default="", default="", max_length=100, verbose_name="SKU"
                    ),
                ),
                ("description", models.CharField(max_length=500)),
                ("quantity", models.DecimalField(decimal_places=6, max_digits=18)),
                ("unit_amount", core.db.fields.MinorUnitsField()),
                ("net_amount", core.db.fields.MinorUnitsField()),
                ("tax_amount", core.db.fields.MinorUnitsField()),
                ("total_amount", core.db.fields.MinorUnitsField()),
                (
                    "credit_note",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="items",
                        to="invoicing.creditnote",
                    ),
                ),
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
                    "order_item",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="invoicing.orderitem",
                    ),
                ),
            ],
            options={
                "ordering": ("position",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="OrderTaxLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                (
                    "percentage",
                    invoicing.models.tax_rates.PercentageField(decimal_places=5, max_digits=8),
                ),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                ("region", models.CharField(blank=True, db_default="", default="", max_length=20)),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("zero", "Zero-rated"),
                            ("exempt", "Exempt"),
                            ("reverse_charge", "Reverse charge"),
                        ],
                        max_length=20,
                    ),
                ),
                ("inclusive", models.BooleanField(default=False)),
                ("compound", models.BooleanField(default=False)),
                ("taxable_amount", core.db.fields.MinorUnitsField()),
                ("tax_amount", core.db.fields.MinorUnitsField()),
                (
                    "order",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="tax_lines",
                        to="invoicing.order",
                    ),
                ),
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
            ],
            options={
                "ordering": ("position",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="TaxRate",
            fields=[
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
                        max_length=50,
                        validators=[
                            django.core.validators.RegexValidator("\\A[A-Za-z0-9.:_-]+\\Z")
                        ],
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "percentage",
                    invoicing.models.tax_rates.PercentageField(
                        decimal_places=5,
                        help_text="17.5 means 17.5 %.",
                        max_digits=8,
                        validators=[
                            django.core.validators.MinValueValidator(0),
                            django.core.validators.MaxValueValidator(100),
                        ],
                    ),
                ),
                (
                    "country",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: everywhere.",
                        max_length=2,
                    ),
                ),
                (
                    "region",
                    models.CharField(
                        blank=True,
                        db_default="",
                        default="",
                        help_text="Empty: the whole country.",
                        max_length=20,
                    ),
                ),
                (
                    "inclusive",
                    models.BooleanField(
                        db_default=False, default=False, help_text="Prices contain this tax."
                    ),
                ),
                (
                    "compound",
                    models.BooleanField(
                        db_default=False,
                        default=False,
                        help_text="Charged on the net and the taxes before it.",
                    ),
                ),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("zero", "Zero-rated"),
                            ("exempt", "Exempt"),
                            ("reverse_charge", "Reverse charge"),
                        ],
                        default="standard",
                        max_length=20,
                    ),
                ),
                ("valid_from", models.DateField(blank=True, null=True)),
                ("valid_to", models.DateField(blank=True, help_text="The last day.", null=True)),
                ("active", models.BooleanField(db_default=True, default=True)),
                (
                    "created_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), editable=False
                    ),
                ),
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
            ],
            options={
                "ordering": ("code",),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="CreditNoteTaxLine",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("position", models.PositiveSmallIntegerField()),
                ("code", models.CharField(max_length=50)),
                ("name", models.CharField(max_length=100)),
                (
                    "percentage",
                    invoicing.models.tax_rates.PercentageField(decimal_places=5, max_digits=8),
                ),
                ("country", models.CharField(blank=True, db_default="", default="", max_length=2)),
                ("region", models.CharField(blank=True, db_default="", default="", max_length=20)),
                (
                    "category",
                    models.CharField(
                        choices=[
                            ("standard", "Standard"),
                            ("zero", "Zero-rated"),
                            ("exempt", "Exempt"),
                            ("reverse_charge", "Reverse charge"),
                        ],
                        max_length=20,
                    ),
                ),
                ("inclusive", models.BooleanField(default=False)),
                ("compound", models.BooleanField(default=False)),
                ("taxable_amount", core.db.fields.MinorUnitsField()),
                ("tax_amount", core.db.fields.MinorUnitsField()),
                (
                    "credit_note",
                    core.db.tenants.TenantForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="tax_lines",
                        to="invoicing.creditnote",
                    ),
                ),
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
            ],
            options={
                "ordering": ("position",),
                "abstract": False,
                "base_manager_name": "objects",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("organization", "credit_note", "code"),
                        name="creditnotetaxline_is_one_per_rate",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("tax_amount__gte", 0), ("taxable_amount__gte", 0)),
                        name="creditnotetaxline_amounts_are_not_negative",
                    ),
                ],
            },
        ),
        migrations.AddIndex(
            model_name="customer",
            index=models.Index(fields=["organization", "name", "id"], name="customer_by_name"),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.UniqueConstraint(
                condition=models.Q(("code", ""), _negated=True),
                fields=("organization", "code"),
                name="customer_code_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9.:_-]{0,50}$")),
                name="customer_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(("name", ""), _negated=True), name="customer_has_a_name"
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"
                ),
                name="customer_country_is_a_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="customer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("payment_terms_days__isnull", True),
                    ("payment_terms_days__lte", 365),
                    _connector="OR",
                ),
                name="customer_payment_terms_are_0_to_365",
            ),
        ),
        migrations.AddIndex(
            model_name="financialtransaction",
            index=models.Index(
                fields=["organization", "occurred_on", "id"], name="transaction_by_date"
            ),
        ),
        migrations.AddIndex(
            model_name="financialtransaction",
            index=models.Index(fields=["organization", "invoice"], name="transaction_by_invoice"),
        ),
        migrations.AddIndex(
            model_name="financialtransaction",
            index=models.Index(
                fields=["organization", "credit_note"], name="transaction_by_creditnote"
            ),
        ),
        migrations.AddIndex(
            model_name="financialtransaction",
            index=models.Index(
                fields=["organization", "customer", "occurred_on"], name="transaction_by_customer"
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("provider_reference", ""), _negated=True),
                fields=("organization", "provider_reference"),
                name="transaction_provider_reference_is_taken_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reverses__isnull", False)),
                fields=("organization", "reverses"),
                name="transaction_is_reversed_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.UniqueConstraint(
                fields=("organization", "entry"), name="transaction_has_an_entry_of_its_own"
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount__gt", 0)), name="transaction_amount_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("type__in", ["credit", "debit", "refund"])),
                name="transaction_type_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("method__in", ["cash", "bank", "card", "mobile_money", "wallet"])
                ),
                name="transaction_method_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "completed"),
                    models.Q(("status", "reversed"), ("type", "credit")),
                    _connector="OR",
                ),
                name="transaction_status_fits_its_type",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("credit_note__isnull", True), ("invoice__isnull", False)),
                    models.Q(
                        ("credit_note__isnull", False),
                        ("invoice__isnull", True),
                        ("type", "refund"),
                    ),
                    _connector="OR",
                ),
                name="transaction_is_of_one_document",
            ),
        ),
        migrations.AddConstraint(
            model_name="financialtransaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("reverses__isnull", False), ("type", "debit")),
                    models.Q(
                        models.Q(("type", "debit"), _negated=True), ("reverses__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="transaction_reverses_a_payment",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicingprofile",
            constraint=models.UniqueConstraint(
                fields=("organization",), name="invoicingprofile_is_one_per_organization"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("paper__in", ["a4", "us-letter"])),
                name="invoicingprofile_paper_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("rounding__in", ["document", "line"])),
                name="invoicingprofile_rounding_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(("payment_terms_days__lte", 365)),
                name="invoicingprofile_payment_terms_are_0_to_365",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoicingprofile",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("logo__isnull", True), ("logo_type", "")),
                    models.Q(
                        ("logo__isnull", False),
                        ("logo_type__in", ["image/png", "image/jpeg", "image/svg+xml"]),
                    ),
                    _connector="OR",
                ),
                name="invoicingprofile_logo_has_a_type",
            ),
        ),
        migrations.AddConstraint(
            model_name="numberseries",
            constraint=models.UniqueConstraint(
                fields=("organization", "kind", "code"), name="numberseries_code_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="numberseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["invoice", "credit_note"])),
                name="numberseries_kind_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="numberseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9._-]{1,30}$")),
                name="numberseries_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="numberseries",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("prefix__regex", "^([A-Za-z0-9 ./_-]|\\{year\\}|\\{yy\\}){0,30}$")
                ),
                name="numberseries_prefix_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="numberseries",
            constraint=models.CheckConstraint(
                condition=models.Q(("width__range", (1, 12))), name="numberseries_width_is_1_to_12"
            ),
        ),
        migrations.AddConstraint(
            model_name="numbercounter",
            constraint=models.UniqueConstraint(
                fields=("organization", "series", "fiscal_year"),
                name="numbercounter_is_one_per_year",
            ),
        ),
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(
                fields=["organization", "issued_on", "id"], name="creditnote_by_date"
            ),
        ),
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(fields=["organization", "invoice"], name="creditnote_by_invoice"),
        ),
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(
                fields=["organization", "customer", "issued_on"], name="creditnote_by_customer"
            ),
        ),
        migrations.AddIndex(
            model_name="creditnote",
            index=models.Index(fields=["organization", "entry"], name="creditnote_by_entry"),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.UniqueConstraint(
                fields=("organization", "number"), name="creditnote_number_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.UniqueConstraint(
                fields=("organization", "series", "fiscal_year", "sequence"),
                name="creditnote_sequence_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reference", ""), _negated=True),
                fields=("organization", "reference"),
                name="creditnote_reference_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("subtotal_amount"), "+", models.F("tax_amount")
                        ),
                    )
                ),
                name="creditnote_total_is_subtotal_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("refunded_amount__gte", 0),
                    ("subtotal_amount__gte", 0),
                    ("tax_amount__gte", 0),
                    ("total_amount__gt", 0),
                ),
                name="creditnote_amounts_are_positive",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded_amount__lte", models.F("total_amount"))),
                name="creditnote_refunds_are_within_its_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("invoice__isnull", True), ("refunded_amount", 0), _connector="OR"
                ),
                name="creditnote_of_an_invoice_is_refunded_there",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnote",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                name="creditnote_currency_is_a_code",
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["organization", "created_at", "id"], name="order_by_time"),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                fields=["organization", "status", "created_at"], name="order_by_status"
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(fields=["organization", "customer"], name="order_by_customer"),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.UniqueConstraint(
                condition=models.Q(("reference", ""), _negated=True),
                fields=("organization", "reference"),
                name="order_reference_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "status__in",
                        ["draft", "pending", "paid", "partially_refunded", "refunded", "cancelled"],
                    )
                ),
                name="order_status_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")),
                name="order_currency_is_a_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("subtotal_amount"), "+", models.F("tax_amount")
                        ),
                    )
                ),
                name="order_total_is_subtotal_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("subtotal_amount__gte", 0), ("tax_amount__gte", 0), ("total_amount__gte", 0)
                ),
                name="order_amounts_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("locked_at__isnull", True), ("snapshot__isnull", True), ("status", "draft")
                    ),
                    ("status", "cancelled"),
                    models.Q(
                        ("locked_at__isnull", False),
                        ("rounding__in", ["document", "line"]),
                        ("snapshot__isnull", False),
                        ("taxed_on__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="order_is_locked_with_its_snapshot",
            ),
        ),
        migrations.AddConstraint(
            model_name="order",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("paid_at__isnull", True),
                        ("status__in", ["draft", "pending"]),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("paid_at__isnull", False),
                        ("status", "paid"),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", True),
                        ("status__in", ["partially_refunded", "refunded"]),
                    ),
                    models.Q(
                        ("cancelled_at__isnull", False),
                        ("paid_at__isnull", True),
                        ("status", "cancelled"),
                    ),
                    _connector="OR",
                ),
                name="order_times_fit_its_status",
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["organization", "issued_on", "id"], name="invoice_by_date"),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                fields=["organization", "customer", "issued_on"], name="invoice_by_customer"
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(
                condition=models.Q(("open_amount", 0), _negated=True),
                fields=["organization", "due_on"],
                name="invoice_open_by_due_date",
            ),
        ),
        migrations.AddIndex(
            model_name="invoice",
            index=models.Index(fields=["organization", "entry"], name="invoice_by_entry"),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("organization", "order"), name="invoice_is_one_per_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("organization", "number"), name="invoice_number_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.UniqueConstraint(
                fields=("organization", "series", "fiscal_year", "sequence"),
                name="invoice_sequence_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("subtotal_amount"), "+", models.F("tax_amount")
                        ),
                    )
                ),
                name="invoice_total_is_subtotal_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("credited_amount__gte", 0),
                    ("paid_amount__gte", 0),
                    ("refunded_amount__gte", 0),
                    ("subtotal_amount__gte", 0),
                    ("tax_amount__gte", 0),
                ),
                name="invoice_amounts_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("refunded_amount__lte", models.F("paid_amount"))),
                name="invoice_refunds_are_within_payments",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("credited_amount__lte", models.F("total_amount"))),
                name="invoice_credits_are_within_its_total",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("entry__isnull", False), ("total_amount", 0), _connector="OR"),
                name="invoice_is_posted",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_on__gte", models.F("issued_on"))),
                name="invoice_is_due_after_its_issue",
            ),
        ),
        migrations.AddConstraint(
            model_name="invoice",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_on__lte", "2199-12-31"), ("issued_on__gte", "1900-01-01")),
                name="invoice_dates_are_plausible",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderitem",
            constraint=models.UniqueConstraint(
                fields=("organization", "order", "position"), name="orderitem_position_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="orderitem_quantity_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit_amount__gte", 0)), name="orderitem_price_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="orderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("discount_amount__gte", 0),
                    (
                        "discount_amount__lte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("quantity"), "*", models.F("unit_amount")
                            ),
                            "+",
                            models.Value(Decimal("0.5")),
                        ),
                    ),
                ),
                name="orderitem_discount_is_within_its_price",
            ),
        ),
        migrations.AddConstraint(
            model_name="orderitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("net_amount"), "+", models.F("tax_amount")
                        ),
                    )
                ),
                name="orderitem_total_is_net_and_tax",
            ),
        ),
        migrations.AddIndex(
            model_name="creditnoteitem",
            index=models.Index(
                fields=["organization", "order_item"], name="creditnoteitem_by_order_item"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteitem",
            constraint=models.UniqueConstraint(
                fields=("organization", "credit_note", "position"),
                name="creditnoteitem_position_is_unique",
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("quantity__gt", 0)), name="creditnoteitem_quantity_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="creditnoteitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total_amount",
                        django.db.models.expressions.CombinedExpression(
                            models.F("net_amount"), "+", models.F("tax_amount")
                        ),
                    )
                ),
                name="creditnoteitem_total_is_net_and_tax",
            ),
        ),
        migrations.AddConstraint(
            model_name="ordertaxline",
            constraint=models.UniqueConstraint(
                fields=("organization", "order", "code"), name="ordertaxline_is_one_per_rate"
            ),
        ),
        migrations.AddConstraint(
            model_name="ordertaxline",
            constraint=models.CheckConstraint(
                condition=models.Q(("tax_amount__gte", 0), ("taxable_amount__gte", 0)),
                name="ordertaxline_amounts_are_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.UniqueConstraint(
                fields=("organization", "code"), name="taxrate_code_is_unique"
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("code__regex", "^[A-Za-z0-9.:_-]{1,50}$")),
                name="taxrate_code_is_plain",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(("percentage__gte", 0), ("percentage__lte", 100)),
                name="taxrate_percentage_is_0_to_100",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("category__in", ["standard", "zero", "exempt", "reverse_charge"])
                ),
                name="taxrate_category_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("category", "standard"), ("percentage__gt", 0)),
                    models.Q(models.Q(("category", "standard"), _negated=True), ("percentage", 0)),
                    _connector="OR",
                ),
                name="taxrate_only_standard_charges",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("country", ""), ("country__regex", "^[A-Z]{2}$"), _connector="OR"
                ),
                name="taxrate_country_is_a_code",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("region", ""), models.Q(("country", ""), _negated=True), _connector="OR"
                ),
                name="taxrate_region_is_of_a_country",
            ),
        ),
        migrations.AddConstraint(
            model_name="taxrate",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_from__isnull", True),
                    ("valid_to__isnull", True),
                    ("valid_from__lte", models.F("valid_to")),
                    _connector="OR",
                ),
                name="taxrate_is_valid_for_a_while",
            ),
        ),
    ]
