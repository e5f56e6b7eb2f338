"""What a settlement would take in, summed up by one SELECT, and the statement that takes it in.

Both state what belongs to it by the same conditions, so the second can tell whether it still is
what was counted.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from django.db import connection

from core.db.rows import as_instance, columns_of
from settlements.models import Payee, Settlement
from settlements.policies import schedule_of
from settlements.reserves import Hold
from settlements.schedules import latest_event_end


@dataclass(frozen=True, slots=True)
class Open:
    """A payee's account at one moment: the open items through a day, the reserves that none has
    released, and the last settlement."""

    item_count: int
    sales_amount: int
    refunds_amount: int
    adjustments_amount: int
    holds: tuple[Hold, ...]
    last_sequence: int
    last_through: date | None
    last_total_amount: int


def count_open(payee: Payee, through: date) -> Open:
    """Behind the payee's lock only new items can change it."""
    with connection.cursor() as cursor:
        cursor.execute(_FIGURES.format(**_conditions(payee)), _parameters(payee, through))
        [row] = cursor.fetchall()
    item_count, sales, refunds, adjustments, holds, sequence, last_through, last_total = row
    # Sums are of type numeric.
    return Open(
        item_count=item_count,
        sales_amount=int(sales),
        refunds_amount=int(refunds),
        adjustments_amount=int(adjustments),
        holds=_holds(holds),
        last_sequence=sequence,
        last_through=last_through,
        last_total_amount=last_total,
    )


def take_items(
    settlement: Settlement, payee: Payee, counted: Open, released: tuple[UUID, ...]
) -> Settlement | None:
    """Insert the settlement, and have it take in its items and release reserves, by one statement.
    None if the items are no longer what was counted: then nothing is written."""
    parameters = {
        **_parameters(payee, settlement.through),
        **{f"counted_{name}": getattr(counted, name) for name in _COUNTED},
        **{f"new_{name}": getattr(settlement, name) for name in _GIVEN},
        "released": list(released),
    }
    with connection.cursor() as cursor:
        cursor.execute(_TAKE.format(**_conditions(payee)), parameters)
        row = cursor.fetchone()
    return None if row is None else as_instance(Settlement, row)


def _holds(rows: str) -> tuple[Hold, ...]:
    return tuple(
        Hold(UUID(id), amount, None if release_on is None else date.fromisoformat(release_on))
        for id, amount, release_on in json.loads(rows)
    )


def _parameters(payee: Payee, through: date) -> dict[str, Any]:
    return {
        "organization": payee.organization_id,
        "payee": payee.pk,
        "through": through,
        "latest_event_end": latest_event_end(schedule_of(payee), through),
    }


def _conditions(payee: Payee) -> Mapping[str, str]:
    """Which items belong to the settlement. What is sold for an event waits for its end, if the
    payee is settled by events; what is of no event does not wait."""
    event = _OF_AN_EVENT_THAT_IS_OVER if payee.schedule_every == "event" else ""
    return {
        name: f"{_IS_OPEN} AND i.{day} <= %(through)s{event}"
        for name, day in (
            ("sales", "sold_on"),
            ("refunds", "refunded_on"),
            ("adjustments", "adjusted_on"),
        )
    }


_IS_OPEN = (
    "i.organization_id = %(organization)s AND i.payee_id = %(payee)s AND i.settlement_id IS NULL"
)
_OF_AN_EVENT_THAT_IS_OVER = """
   AND (i.event_id IS NULL OR i.event_id IN (
         SELECT e.id FROM settlements_event e
          WHERE e.organization_id = %(organization)s AND e.payee_id = %(payee)s
            AND e.ends_on <= %(latest_event_end)s))"""

_COUNTED = ("item_count", "sales_amount", "refunds_amount", "adjustments_amount")
_SUMS = """
SELECT s.how_many + f.how_many + a.how_many AS item_count, s.amount AS sales_amount,
       f.amount AS refunds_amount, a.amount AS adjustments_amount
  FROM (SELECT count(*) AS how_many, coalesce(sum(i.organizer_amount), 0) AS amount
          FROM settlements_sale i WHERE {sales}) s,
       (SELECT count(*) AS how_many, coalesce(sum(i.organizer_amount), 0) AS amount
          FROM settlements_refund i WHERE {refunds}) f,
       (SELECT count(*) AS how_many, coalesce(sum(i.amount), 0) AS amount
          FROM settlements_adjustment i WHERE {adjustments}) a"""

_FIGURES = f"""
WITH counted AS ({_SUMS})
SELECT c.item_count, c.sales_amount, c.refunds_amount, c.adjustments_amount,
       (SELECT coalesce(jsonb_agg(jsonb_build_array(r.id, r.reserve_held_amount,
                 r.reserve_release_on) ORDER BY r.sequence), '[]')::text
          FROM settlements_settlement r
         WHERE r.organization_id = %(organization)s AND r.payee_id = %(payee)s
           AND r.reserve_held_amount > 0 AND r.reserve_released_by_id IS NULL),
       coalesce(b.sequence, 0), b.through, coalesce(b.total_amount, 0)
  FROM counted c
  LEFT JOIN (SELECT b.sequence, b.through, b.total_amount FROM settlements_settlement b
              WHERE b.organization_id = %(organization)s AND b.payee_id = %(payee)s
              ORDER BY b.sequence DESC LIMIT 1) b ON true"""

_GIVEN = (
    *("organization_id", "id", "payee_id", "sequence", "through", "due_on", "currency", "status"),
    *("item_count", "sales_amount", "refunds_amount", "adjustments_amount"),
    *("carried_forward_amount", "reserve_held_amount", "reserve_released_amount"),
    *("total_amount", "reserve_release_on", "prepared_by_id", "prepared_by_key_id"),
    "prepared_at",
)
# What it takes in is updated by the same conditions in the same snapshot, so it is what was summed
# up here. The triggers see all of it at the end of the statement.
_TAKE = f"""
WITH counted AS ({_SUMS}), made AS (
  INSERT INTO settlements_settlement ({", ".join(_GIVEN)})
  SELECT {", ".join(f"%(new_{name})s" for name in _GIVEN)}
    FROM counted c
   WHERE ({", ".join(f"c.{name}" for name in _COUNTED)})
       = ({", ".join(f"%(counted_{name})s" for name in _COUNTED)})
  RETURNING *
), sales AS (
  UPDATE settlements_sale i SET settlement_id = m.id FROM made m WHERE {{sales}}
), refunds AS (
  UPDATE settlements_refund i SET settlement_id = m.id FROM made m WHERE {{refunds}}
), adjustments AS (
  UPDATE settlements_adjustment i SET settlement_id = m.id FROM made m WHERE {{adjustments}}
), released AS (
  UPDATE settlements_settlement r SET reserve_released_by_id = m.id FROM made m
   WHERE r.organization_id = %(organization)s AND r.id = ANY(%(released)s::uuid[])
     AND r.reserve_released_by_id IS NULL
)
SELECT {columns_of(Settlement, "m")} FROM made m"""
