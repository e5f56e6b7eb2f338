"""What every table of ours is made of: tenant models, their keys, money columns, transactions."""

from core.db.fields import CurrencyField, GlobalForeignKey, MinorUnitsField, uuid7
from core.db.prepared import prepared_cursor
from core.db.tenants import TenantForeignKey, TenantManager, TenantModel, TenantQuerySet
from core.db.transactions import require_transaction, use_case_transaction

__all__ = [
    "CurrencyField",
    "GlobalForeignKey",
    "MinorUnitsField",
    "TenantForeignKey",
    "TenantManager",
    "TenantModel",
    "TenantQuerySet",
    "prepared_cursor",
    "require_transaction",
    "use_case_transaction",
    "uuid7",
]
