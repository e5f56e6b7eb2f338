"""What entries were called in the books that came before."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Now

from core.db import TenantForeignKey, TenantModel


class EntryAlias(TenantModel):
    """Another name of an entry, by which it is found as by its reference. Append-only.

    A posted entry keeps its reference for ever, so what is renamed is not the entry: the other
    name stands beside it (docs/how-to/backfill.md).
    """

    alias = models.CharField(max_length=200)
    entry = TenantForeignKey("JournalEntry", related_name="aliases")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta(TenantModel.Meta):
        ordering = ("alias",)
        verbose_name_plural = "entry aliases"
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "alias"], name="entryalias_names_one_entry"
            ),
            models.CheckConstraint(name="entryalias_is_not_empty", condition=~Q(alias="")),
        ]
        indexes = [models.Index(fields=["organization", "entry"], name="entryalias_by_entry")]

    def __str__(self) -> str:
        return self.alias
