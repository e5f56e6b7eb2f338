"""Models whose every row belongs to one organization, and whose every statement says so.

In the database a tenant table's primary key is (id, organization_id) and its foreign keys are
(x_id, organization_id), both written by `core.migrations.TenantTable`; Django sees the single
column `id`. What is here adds organization_id to the statements that Django writes by itself:
joins, related look-ups in both directions, prefetches, saves, reloads and deletes.
"""

from collections.abc import Iterable
from typing import Any, Self, TypeVar

from django.core import exceptions
from django.db import models, router
from django.db.backends.postgresql.features import DatabaseFeatures
from django.db.models.expressions import Col, ResolvedOuterRef
from django.db.models.fields.related_descriptors import (
    ForwardManyToOneDescriptor,
    ReverseManyToOneDescriptor,
)
from django.db.models.lookups import Exact
from django.utils.functional import cached_property

from core.db.fields import uuid7

_Set = TypeVar("_Set")
_Get = TypeVar("_Get")


class TenantQuerySet(models.QuerySet[Any]):
    """Rows of tenant tables."""

    def of(self, organization: Any) -> Self:
        """Only the rows of this organization (or organization id)."""
        return self.filter(organization_id=getattr(organization, "pk", organization))

    def only(self, *fields: Any) -> Self:
        """With the organization as well, which every later reload of the row has to name."""
        return super().only("organization", *fields)

    def defer(self, *fields: Any) -> Self:
        """Never the organization; see `only`."""
        return super().defer(*(name for name in fields if name != "organization"))

    def update(self, **values: Any) -> int:
        return super(TenantQuerySet, self._named_by_themselves()).update(**values)

    update.alters_data = True  # type: ignore[attr-defined]

    def delete(self) -> tuple[int, dict[str, int]]:
        return super(TenantQuerySet, self._named_by_themselves()).delete()

    delete.alters_data = True  # type: ignore[attr-defined]
    delete.queryset_only = True  # type: ignore[attr-defined]

    def _named_by_themselves(self) -> Self:
        """The same rows, without a join. For one, Django's UPDATE and DELETE would name rows by
        `id IN (SELECT …)` alone, with the organization inside only."""
        joined = [alias for alias, count in self.query.alias_refcount.items() if count]
        organization_id = _organization_asked_for(self.query)
        if len(joined) < 2 or organization_id is None:
            return self
        rows = type(self)(self.model, using=self.db).of(organization_id)
        return rows.filter(pk__in=self.order_by().values("pk"))


def _organization_asked_for(query: Any) -> Any:
    """The value with which `organization_id` of the queried table itself is compared, if any."""
    for condition in query.where.children:
        if (
            isinstance(condition, Exact)
            and isinstance(condition.lhs, Col)
            and condition.lhs.alias == query.get_initial_alias()
            and condition.lhs.target.name == "organization"
            and query.where.connector == "AND"
            and not query.where.negated
        ):
            return condition.rhs
    return None


class TenantManager(models.Manager.from_queryset(TenantQuerySet)):  # type: ignore[misc]
    """Adds the organization when Django looks something up on behalf of a row that has one."""

    def get_queryset(self) -> Any:
        rows = super().get_queryset()
        organization_id = getattr(self._hints.get("instance"), "organization_id", None)
        return rows if organization_id is None else rows.of(organization_id)


class _Forward(ForwardManyToOneDescriptor):  # type: ignore[type-arg]
    def get_prefetch_querysets(
        self, instances: Any, querysets: list[Any] | None = None
    ) -> tuple[Any, ...]:
        rows = querysets[0] if querysets else self.get_queryset()
        return super().get_prefetch_querysets(instances, [_of_the_same(rows, instances)])


class _Reverse(ReverseManyToOneDescriptor):  # type: ignore[type-arg]
    @cached_property
    def related_manager_cls(self) -> Any:
        base: Any = super().related_manager_cls

        class TenantRelatedManager(base):  # type: ignore[misc]
            def __call__(self, *, manager: str) -> Any:
                raise NotImplementedError("name the manager's filter instead")

            def _apply_rel_filters(self, queryset: Any) -> Any:
                return super()._apply_rel_filters(queryset.of(self.instance.organization_id))

            def get_prefetch_querysets(self, instances: Any, querysets: Any = None) -> Any:
                rows = querysets[0] if querysets else self.model._default_manager.all()
                return super().get_prefetch_querysets(instances, [_of_the_same(rows, instances)])

        return TenantRelatedManager


def _of_the_same(rows: Any, instances: Iterable[Any]) -> Any:
    organizations = {instance.organization_id for instance in instances}
    if len(organizations) == 1:
        return rows.filter(organization_id=organizations.pop())
    return rows.filter(organization_id__in=sorted(organizations))


class TenantForeignKey(models.ForeignKey[_Set, _Get]):
    """A reference to another row of the same organization.

    The database holds (x_id, organization_id) → (id, organization_id), NOT DEFERRABLE; it
    decides what becomes of dependants, so `on_delete` is always DO_NOTHING here.
    """

    forward_related_accessor_class = _Forward
    related_accessor_class = _Reverse

    def __init__(self, to: Any, on_delete: Any = models.DO_NOTHING, **kwargs: Any) -> None:
        kwargs["db_constraint"] = False
        kwargs.setdefault("db_index", False)
        super().__init__(to, models.DO_NOTHING, **kwargs)

    def deconstruct(self) -> Any:
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("db_constraint", None)
        kwargs["db_index"] = getattr(self, "db_index", False)
        return name, path, args, kwargs

    def get_extra_restriction(self, alias: str | None, related_alias: str | None) -> Any:
        """organization_id of the remote row (alias) = organization_id of the local one.

        Without an alias the remote row is that of the outer query: `exclude()` over a reverse
        relation becomes a NOT EXISTS.
        """
        if related_alias is None:
            return None
        remote: Any = self.remote_field.model._meta.get_field("organization")
        local: Any = self.model._meta.get_field("organization")
        if alias is None:
            return Exact(local.get_col(related_alias), ResolvedOuterRef("organization_id"))
        return Exact(remote.get_col(alias), local.get_col(related_alias))

    def get_extra_descriptor_filter(self, instance: Any) -> dict[str, Any]:
        return {"organization_id": instance.organization_id}

    def validate(self, value: Any, model_instance: Any) -> None:
        """Like Django's, but a row of another organization is as good as none."""
        models.Field.validate(self, value, model_instance)
        if value is None:
            return
        model = self.remote_field.model
        rows = model._base_manager.using(router.db_for_read(model, instance=model_instance))
        if not rows.filter(pk=value, organization_id=model_instance.organization_id).exists():
            raise exceptions.ValidationError(
                self.error_messages["invalid"],
                code="invalid",
                params={
                    "model": model._meta.verbose_name,
                    "pk": value,
                    "field": "id",
                    "value": value,
                },
            )


class TenantModel(models.Model):
    """A row that belongs to one organization, now and for ever."""

    organization = models.ForeignKey(
        "organizations.Organization",
        models.DO_NOTHING,
        related_name="+",
        db_constraint=False,
        db_index=False,
        editable=False,
    )
    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)

    objects = TenantManager()

    class Meta:
        abstract = True
        base_manager_name = "objects"

    def _do_update(
        self,
        base_qs: Any,
        using: Any,
        pk_val: Any,
        values: Any,
        update_fields: Any,
        forced_update: bool,
    ) -> bool:
        # organization_id is never in the SET list: it cannot change.
        values = [value for value in values if value[0].name != "organization"]
        own = base_qs.filter(organization_id=self.organization_id)
        return super()._do_update(own, using, pk_val, values, update_fields, forced_update)

    def refresh_from_db(
        self, using: str | None = None, fields: Any = None, from_queryset: Any = None
    ) -> None:
        rows = type(self)._base_manager.all() if from_queryset is None else from_queryset
        super().refresh_from_db(using, fields, rows.filter(organization_id=self.organization_id))

    def delete(self, using: str | None = None, keep_parents: bool = False) -> tuple[int, Any]:
        """Delete this row alone; the database refuses where others still need it."""
        rows = type(self)._base_manager.using(using or self._state.db)
        count = rows.filter(pk=self.pk, organization_id=self.organization_id)._raw_delete(
            using or self._state.db or "default"
        )
        return count, {self._meta.label: count}


def _has_its_primary_key_in_the_database(_features: Any, model: type[models.Model]) -> bool:
    return bool(model._meta.managed) and not issubclass(model, TenantModel)


# Where the primary key is selected, Django groups by it alone. For the database `id` is only half
# of a tenant table's, so there all columns are named, as for a view.
_answer: Any = _has_its_primary_key_in_the_database
DatabaseFeatures.allows_group_by_selected_pks_on_model = _answer  # type: ignore[method-assign]
