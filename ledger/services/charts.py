"""Charts of accounts as CSV: templates, import with a report of what was refused, export."""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef

from core.errors import Refusal
from ledger.accountdrafts import AccountDraft
from ledger.errors import ChartHeaderWrong, ChartNotApplied, ChartTooLong, UnknownChart
from ledger.models import Account, AccountStatus, JournalLine
from ledger.selectors.accounts import account_tree
from organizations.actors import Actor
from organizations.models import Organization
from organizations.services.auditing import atomic_use_case
from organizations.services.organizations import lock_organization

COLUMNS = ("code", "name", "type", "parent", "currency", "role", "description")
REQUIRED_COLUMNS = ("code", "name", "type")
MOST_ROWS = 20_000
CHART_NAMES = ("general", "ticketing", "retail", "school", "rental")

_TEMPLATES = Path(__file__).parent.parent / "charts"

# A spreadsheet runs a cell that begins like this. An apostrophe in front makes it text; what has
# apostrophes in front already gets one more, so that taking one away gives back what was there.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
_DEFUSED = re.compile(r"'+[=+\-@\t\r\n]")


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that was left out: the line on which it begins, its code, and why."""

    line: int
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class ChartImport:
    """How many accounts are new, how many were there just so, and what was refused.

    After a dry run, what would be.
    """

    created: int
    unchanged: int
    refused: list[RefusedRow]


def chart_template(name: str) -> Path:
    """The CSV file of a chart that ships with the program. Raises UnknownChart."""
    if name not in CHART_NAMES:
        raise UnknownChart(chart=ascii(name), known=", ".join(CHART_NAMES))
    return _TEMPLATES / f"{name}.csv"


def install_chart(*, actor: Actor, chart: str) -> ChartImport:
    """Import a template, all of it.

    Raises:
        UnknownChart
        ChartNotApplied: the organization has accounts already that are in its way.
    """
    with chart_template(chart).open(encoding="utf-8", newline="") as lines:
        imported = import_chart(actor=actor, lines=lines)
    if imported.refused:
        first = imported.refused[0]
        raise ChartNotApplied(chart=chart, line=first.line, account=first.code, reason=first.reason)
    return imported


def import_chart(*, actor: Actor, lines: Iterable[str], dry_run: bool = False) -> ChartImport:
    """Add the accounts of a CSV file: the good rows are in, the others named.

    An account that is there already is never changed: a row that says the same is `unchanged`,
    one that says something else is refused. The number of SQL statements does not depend on the
    number of rows.

    Raises:
        ChartHeaderWrong, ChartTooLong: nothing was imported.
    """
    rows = list(_read(lines))
    if dry_run:
        return _plan(actor.organization, rows).result()
    with atomic_use_case(actor, "import_chart") as audit:
        lock_organization(actor.organization)
        plan = _plan(actor.organization, rows)
        accounts = [placed.account for placed in plan.created]
        if accounts:
            # In the order of the file, parents before their children, as the triggers need it.
            Account.objects.bulk_create(accounts)
            audit(*accounts, after={"codes": [account.code for account in accounts]})
    return plan.result()


def export_chart(organization: Organization) -> Iterator[str]:
    """The organization's accounts as lines of CSV, parents before their children.

    Importing them again changes nothing. Codes and names that a spreadsheet would run as a
    formula begin with an apostrophe, which the import takes away.
    """
    buffer = _Line()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(COLUMNS)
    yield buffer.text
    for node in account_tree(organization):
        account = node.account
        parent = account.parent.code if account.parent else ""
        writer.writerow(
            map(
                _defused,
                (
                    account.code,
                    account.name,
                    account.type,
                    parent,
                    account.currency,
                    account.role,
                    account.description,
                ),
            )
        )
        yield buffer.text


class _Line:
    """What a csv.writer has written last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _defused(cell: str) -> str:
    return f"'{cell}" if _FORMULA.match(cell) else cell


def _as_written(cell: str) -> str:
    return cell[1:] if _DEFUSED.match(cell) else cell


# --- Reading ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Row:
    """A row of the file, or why it is none."""

    line: int
    cells: dict[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def code(self) -> str:
        return self.cells.get("code", "")


def _read(lines: Iterable[str]) -> Iterator[_Row]:
    """The rows after the header. Raises ChartHeaderWrong, ChartTooLong."""
    numbered = _numbered(lines)
    columns = _header(next(numbered, None))
    count = 0
    for line, cells, fault in numbered:
        if not fault and not any(cell.strip() for cell in cells):
            continue
        count += 1
        if count > MOST_ROWS:
            raise ChartTooLong(most=MOST_ROWS)
        if fault:
            yield _Row(line, fault=fault)
        elif len(cells) != len(columns):
            yield _Row(
                line,
                {"code": cells[0].strip()} if columns[0] == "code" else {},
                f"It has {len(cells)} fields, and the header has {len(columns)}.",
            )
        else:
            values = (_as_written(cell.strip()) for cell in cells)
            yield _Row(line, dict(zip(columns, values, strict=True)))


def _numbered(lines: Iterable[str]) -> Iterator[tuple[int, list[str], str]]:
    """Per row the number of the line on which it begins, and its fields or what is wrong."""
    reader = csv.reader(_without_mark(lines), strict=True)
    while True:
        first = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield first, [], f"This is no CSV: {error}."
        else:
            yield first, cells, ""


def _without_mark(lines: Iterable[str]) -> Iterator[str]:
    """The lines without the byte order mark that spreadsheets put in front."""
    rest = iter(lines)
    first = next(rest, "")
    return chain([first.removeprefix("\ufeff")], rest)


def _header(first: tuple[int, list[str], str] | None) -> list[str]:
    """The columns, in the file's order. Raises ChartHeaderWrong."""
    _, cells, fault = first or (1, [], "")
    columns = [cell.strip().lower() for cell in cells]
    unknown = [column for column in columns if column not in COLUMNS]
    missing = [column for column in REQUIRED_COLUMNS if column not in columns]
    reason = fault
    if not reason and not any(columns):
        reason = "it is empty"
    elif not reason and unknown:
        reason = f"there is no column {', '.join(ascii(column[:40]) for column in unknown[:5])}"
    elif not reason and missing:
        reason = f"{', '.join(missing)} is missing"
    elif not reason and len(set(columns)) < len(columns):
        reason = "a column stands there twice"
    if reason:
        raise ChartHeaderWrong(reason=reason, columns=",".join(COLUMNS))
    return columns


# --- Planning -----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Placed:
    """An account of the plan: one that is in the books already, or one that will be."""

    account: Account
    parent_code: str
    takes_children: bool = True


class _Refused(Exception):
    """Why a row is left out."""


def _plan(organization: Organization, rows: Sequence[_Row]) -> "_Plan":
    """What an import would do, found by two statements."""
    known = list(Account.objects.of(organization).select_related("parent").order_by("code"))
    named = {row.cells.get("parent", "") for row in rows}
    with_lines = _with_lines(
        organization, [account.pk for account in known if account.code in named]
    )
    plan = _Plan(organization)
    for account in known:
        parent_code = account.parent.code if account.parent else ""
        plan.know(_Placed(account, parent_code, account.pk not in with_lines))
    for row in rows:
        plan.take(row)
    return plan


def _with_lines(organization: Organization, ids: Sequence[UUID]) -> set[UUID]:
    lines = JournalLine.objects.of(organization).filter(account_id=OuterRef("pk"))
    accounts = Account.objects.of(organization).filter(pk__in=ids).filter(Exists(lines))
    return set(accounts.values_list("pk", flat=True))


class _Plan:
    """Takes the rows in their order and remembers what came of each."""

    def __init__(self, organization: Organization) -> None:
        self.organization = organization
        self.created: list[_Placed] = []
        self.unchanged = 0
        self.refused: list[RefusedRow] = []
        self._by_code: dict[str, _Placed] = {}
        self._by_role: dict[tuple[str, str], str] = {}
        self._line_of: dict[str, int] = {}

    def result(self) -> ChartImport:
        return ChartImport(len(self.created), self.unchanged, self.refused)

    def know(self, placed: _Placed) -> None:
        account = placed.account
        self._by_code[account.code] = placed
        if account.role:
            self._by_role[account.role, account.currency] = account.code

    def take(self, row: _Row) -> None:
        try:
            self._take(row)
        except _Refused as refused:
            self.refused.append(RefusedRow(row.line, row.code[:100], str(refused)))
        except Refusal as refusal:
            self.refused.append(RefusedRow(row.line, row.code[:100], refusal.message))
        self._line_of.setdefault(row.code, row.line)

    def _take(self, row: _Row) -> None:
        if row.fault:
            raise _Refused(row.fault)
        draft = self._draft(row.cells)
        draft.check()
        if draft.code in self._line_of:
            raise _Refused(f"Line {self._line_of[draft.code]} has the code {draft.code} already.")
        parent_code = row.cells.get("parent", "")
        existing = self._by_code.get(draft.code)
        if existing is not None:
            self._check_same(existing, draft, row.cells)
            self.unchanged += 1
            return
        account = self._account(draft, self._parent(draft, parent_code))
        self.know(placed := _Placed(account, parent_code))
        self.created.append(placed)

    def _draft(self, cells: dict[str, str]) -> AccountDraft:
        return AccountDraft(
            code=cells["code"],
            name=cells["name"],
            type=cells["type"].lower(),
            currency=cells.get("currency", "").upper() or self.organization.currency,
            role=cells.get("role", "").lower(),
            description=cells.get("description", ""),
        )

    def _check_same(self, existing: _Placed, draft: AccountDraft, cells: dict[str, str]) -> None:
        account = existing.account
        given: dict[str, Any] = {
            "name": draft.name,
            "type": draft.type,
            "parent": cells.get("parent", ""),
            "currency": draft.currency,
            "role": draft.role,
            "description": draft.description,
        }
        there = {name: getattr(account, name) for name in given} | {"parent": existing.parent_code}
        # A column that the file does not have says nothing.
        differs = [name for name in given if name in cells and given[name] != there[name]]
        if differs:
            raise _Refused(
                f"Account {draft.code} is there already, with another {', '.join(differs)}."
            )

    def _parent(self, draft: AccountDraft, parent_code: str) -> Account | None:
        if not parent_code:
            return None
        placed = self._by_code.get(parent_code)
        if placed is None:
            raise _Refused(self._why_no_parent(draft.code, parent_code))
        parent = placed.account
        if parent.type != draft.type:
            raise _Refused(
                f"It is of type {draft.type}, and its parent {parent.code} of type {parent.type}."
            )
        if parent.status == AccountStatus.ARCHIVED:
            raise _Refused(f"Its parent {parent.code} is archived.")
        if not placed.takes_children:
            raise _Refused(f"Its parent {parent.code} has lines, and so takes no children.")
        return parent

    def _why_no_parent(self, code: str, parent_code: str) -> str:
        shown = ascii(parent_code[:100])
        if parent_code == code:
            return f"Account {code} cannot stand below itself."
        if parent_code in self._line_of:
            return f"Its parent {shown} was refused on line {self._line_of[parent_code]}."
        return f"There is no account {shown} above it in this file, nor in the books."

    def _account(self, draft: AccountDraft, parent: Account | None) -> Account:
        holder = self._by_role.get((draft.role, draft.currency))
        if draft.role and holder is not None:
            raise _Refused(
                f"Account {holder} has the role {draft.role} in {draft.currency} already."
            )
        return Account(
            organization=self.organization,
            code=draft.code,
            name=draft.name,
            type=draft.type,
            parent=parent,
            currency=draft.currency,
            role=draft.role,
            description=draft.description,
        )
