"""Files that asked the bank to pay, one or many."""

from uuid import UUID

from django.db.models import QuerySet

from organizations.models import Organization
from settlements.errors import PayoutBatchNotFound
from settlements.models import PayoutBatch, PayoutBatchItem, Settlement


def get_batch(organization: Organization, id: UUID) -> PayoutBatch:
    """The batch, without its file.

    Raises:
        PayoutBatchNotFound: there is none, or it is another organization's.
    """
    found: PayoutBatch | None = list_batches(organization).filter(pk=id).first()
    if found is None:
        raise PayoutBatchNotFound(batch=str(id))
    return found


def get_batch_file(organization: Organization, id: UUID) -> PayoutBatch:
    """The batch with the bytes of its file.

    Raises:
        PayoutBatchNotFound
    """
    found: PayoutBatch | None = PayoutBatch.objects.of(organization).filter(pk=id).first()
    if found is None:
        raise PayoutBatchNotFound(batch=str(id))
    return found


def list_batches(
    organization: Organization,
    *,
    format: str | None = None,
    settlement: Settlement | None = None,
) -> QuerySet[PayoutBatch]:
    """Batches without their files, the latest first; of one settlement where it is given."""
    batches: QuerySet[PayoutBatch] = PayoutBatch.objects.of(organization).defer("content")
    if format is not None:
        batches = batches.filter(format=format)
    if settlement is not None:
        items = PayoutBatchItem.objects.of(organization)
        asked = items.filter(payout__settlement_id=settlement.pk).order_by()
        batches = batches.filter(pk__in=asked.values("batch_id"))
    return batches.order_by("-created_at", "-id")


def batch_items(organization: Organization, batch: PayoutBatch) -> QuerySet[PayoutBatchItem]:
    """What a batch asks for, in the order of its file, each with payout, settlement and payee."""
    items: QuerySet[PayoutBatchItem] = (
        PayoutBatchItem.objects.of(organization)
        .filter(batch_id=batch.pk)
        .select_related("payout__settlement__payee")
    )
    return items.order_by("position")
