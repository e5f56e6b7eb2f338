"""The chart of accounts."""

from django.core.validators import MaxValueValidator, MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import CurrencyField, TenantForeignKey, TenantModel


class AccountType(models.TextChoices):
    ASSET = "asset", "Asset"
    LIABILITY = "liability", "Liability"
    EQUITY = "equity", "Equity"
    REVENUE = "revenue", "Revenue"
    EXPENSE = "expense", "Expense"

    @property
    def normal_sign(self) -> int:
        """+1 where a balance reads as debit − credit, −1 where it reads as credit − debit."""
        return 1 if self in (AccountType.ASSET, AccountType.EXPENSE) else -1


class AccountStatus(models.TextChoices):
    ACTIVE = "active", "Active"
    ARCHIVED = "archived", "Archived"


class AccountRole(models.TextChoices):
    """What services ask for, instead of a code: one account of a role per currency."""

    CASH = "cash", "Cash"
    BANK = "bank", "Bank"
    CARD_CLEARING = "card_clearing", "Card clearing"
    MOBILE_MONEY = "mobile_money", "Mobile money"
    ACCOUNTS_RECEIVABLE = "accounts_receivable", "Accounts receivable"
    ACCOUNTS_PAYABLE = "accounts_payable", "Accounts payable"
    TAX_PAYABLE = "tax_payable", "Tax payable"
    TAX_RECEIVABLE = "tax_receivable", "Tax receivable"
    CUSTOMER_WALLETS = "customer_wallets", "Customer wallets"
    ORGANIZER_PAYABLE = "organizer_payable", "Organizer payable"
    LOANS_PAYABLE = "loans_payable", "Loans payable"
    LOANS_RECEIVABLE = "loans_receivable", "Loans receivable"
    RETAINED_EARNINGS = "retained_earnings", "Retained earnings"
    OPENING_BALANCE = "opening_balance", "Opening balance equity"
    OWNER_EQUITY = "owner_equity", "Owner's equity"
    TICKET_REVENUE = "ticket_revenue", "Ticket revenue"
    SALES_REVENUE = "sales_revenue", "Sales revenue"
    SALES_RETURNS = "sales_returns", "Sales returns"
    SALES_DISCOUNTS = "sales_discounts", "Sales discounts"
    OTHER_INCOME = "other_income", "Other income"
    PLATFORM_FEES = "platform_fees", "Platform fees"
    PAYMENT_FEES = "payment_fees", "Payment fees"
    COST_OF_SALES = "cost_of_sales", "Cost of sales"
    OPERATING_EXPENSE = "operating_expense", "Operating expense"
    SUSPENSE = "suspense", "Suspense"
    ROUNDING = "rounding", "Rounding"
    EXCHANGE_GAIN_LOSS = "exchange_gain_loss", "Exchange gain and loss"
    EXCHANGE_CLEARING = "exchange_clearing", "Exchange clearing"


class Account(TenantModel):
    """One account, in one currency. Only an active one without children takes lines.

    Triggers keep: the parent's type, no cycles, no children under an account with lines, no
    change of type or currency under lines (ledger/migrations/sql/0002_rules.sql).
    """

    code = models.CharField(max_length=100, validators=[RegexValidator(r"\A[A-Za-z0-9.:_-]+\Z")])
    name = models.CharField(max_length=200)
    type = models.CharField(max_length=10, choices=AccountType)
    parent = TenantForeignKey("self", null=True, blank=True, related_name="children")
    currency = CurrencyField()
    status = models.CharField(
        max_length=10,
        choices=AccountStatus,
        default=AccountStatus.ACTIVE,
        db_default=AccountStatus.ACTIVE.value,
    )
    role = models.CharField(
        max_length=40, choices=AccountRole, blank=True, default="", db_default=""
    )
    description = models.TextField(blank=True, default="", db_default="")
    balance_slots = models.PositiveSmallIntegerField(
        default=1,
        db_default=1,
        validators=[MinValueValidator(1), MaxValueValidator(64)],
        help_text="Into how many rows a month's balance is split, so that concurrent postings to "
        "a busy account do not queue behind one row.",
    )
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("code",)
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="account_code_is_unique"),
            models.UniqueConstraint(
                fields=["organization", "role", "currency"],
                condition=~Q(role=""),
                name="account_role_is_unique_per_currency",
            ),
            models.CheckConstraint(
                name="account_code_is_plain", condition=Q(code__regex=r"^[A-Za-z0-9.:_-]{1,100}$")
            ),
            models.CheckConstraint(
                name="account_type_is_known",
                condition=Q(type__in=[t.value for t in AccountType]),
            ),
            models.CheckConstraint(
                name="account_status_is_known",
                condition=Q(status__in=[s.value for s in AccountStatus]),
            ),
            models.CheckConstraint(
                name="account_currency_is_a_code", condition=Q(currency__regex=r"^[A-Z]{3}$")
            ),
            models.CheckConstraint(
                name="account_balance_slots_are_1_to_64", condition=Q(balance_slots__range=(1, 64))
            ),
        ]
        indexes = [models.Index(fields=["organization", "parent"], name="account_by_parent")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def normal_sign(self) -> int:
        return AccountType(self.type).normal_sign
