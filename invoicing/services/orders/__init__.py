"""Orders: drafted, changed, locked, cancelled."""

from invoicing.services.orders.changing import cancel_order, change_order
from invoicing.services.orders.creating import add_order, create_order
from invoicing.services.orders.drafts import MOST_ITEMS, ItemDraft
from invoicing.services.orders.locking import lock, lock_order
from invoicing.services.orders.selling import add_locked_order

__all__ = [
    "MOST_ITEMS",
    "ItemDraft",
    "add_locked_order",
    "add_order",
    "cancel_order",
    "change_order",
    "create_order",
    "lock",
    "lock_order",
]
