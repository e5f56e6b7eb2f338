"""From a statement's rows to findings: counted in full, shown as far as there is room."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from ledger.reconciliation import MOST_FINDINGS, Finding
from organizations.models import Organization


@dataclass(frozen=True, slots=True)
class Problem:
    """What kind of row is off, and the sentence that says how: a format string over `name`,
    `expected`, `got` and `detail`."""

    row: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Question:
    """A statement that names rows that are off, and the problems that it knows."""

    statement: str
    problems: Mapping[str, Problem]


Findings = dict[str, list[Finding]]
Counts = dict[str, int]

_RANKED = """
WITH off AS ({statement}), ranked AS (
  SELECT off.*, count(*) OVER (PARTITION BY problem) AS found,
         row_number() OVER (PARTITION BY problem ORDER BY organization_id, name, detail, id) AS rank
    FROM off
)
SELECT r.problem, r.found, coalesce(o.slug, r.organization_id::text), r.id::text, r.name,
       r.expected, r.got, r.detail
  FROM ranked r
  LEFT JOIN organizations_organization o ON o.id = r.organization_id
 WHERE r.rank <= %(most)s
 ORDER BY r.problem, r.rank
"""


def find(
    questions: Iterable[Question], organization: Organization | None, **given: Any
) -> tuple[Findings, Counts]:
    """What the statements name, by problem, and how many of each there are. `given` are parameters
    of the statements' own."""
    findings: Findings = {}
    counts: Counts = {}
    parameters: dict[str, Any] = {**given, "most": MOST_FINDINGS}
    if organization is not None:
        parameters["organization"] = organization.pk
    for question in questions:
        with connection.cursor() as cursor:
            cursor.execute(_sql(question.statement, organization), parameters)
            for problem, found, *row in cursor.fetchall():
                counts[problem] = found
                findings.setdefault(problem, []).append(_finding(question, problem, row))
    return findings, counts


def _finding(question: Question, problem: str, row: Sequence[str]) -> Finding:
    slug, row_id, name, expected, got, detail = row
    kind = question.problems[problem]
    message = kind.sentence.format(name=name, expected=expected, got=got, detail=detail)
    return Finding(slug, kind.row, row_id, name, problem, expected, got, detail, message)


def _sql(statement: str, organization: Organization | None) -> str:
    """The statement for one organization, or for all of them."""
    if organization is None:
        own, self = "true", "true"
    else:
        own, self = r"\1.organization_id = %(organization)s", r"\1.id = %(organization)s"
    statement = re.sub(r"\bOF\((\w+)\)", own, statement)
    statement = re.sub(r"\bOF_ORGANIZATION\((\w+)\)", self, statement)
    return _RANKED.format(statement=statement)
