"""Charts as CSV: good rows are in, bad ones are named, and a round trip changes nothing."""

import csv
import io
import sys
from types import SimpleNamespace

import pytest
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from ledger.drafts import credit, debit
from ledger.errors import ChartHeaderWrong, ChartNotApplied, ChartTooLong, UnknownChart
from ledger.models import Account, AccountRole
from ledger.selectors.accounts import accounts_by_role, get_account
from ledger.services.accounts import archive_account, create_account
from ledger.services.charts import (
    CHART_NAMES,
    COLUMNS,
    chart_template,
    export_chart,
    import_chart,
    install_chart,
)
from organizations.actors import Actor
from organizations.models import AuditEvent
from tests.factories import OrganizationFactory

pytestmark = pytest.mark.django_db

HEADER = "code,name,type,parent,currency,role,description"

# What every vertical's services ask for, and what some ask for besides.
EVERYWHERE = set(AccountRole.values) - {"organizer_payable", "ticket_revenue", "platform_fees"}
BESIDES = {"ticketing": {"organizer_payable", "ticket_revenue", "platform_fees"}}


@pytest.fixture
def empty():
    """An organization in KES without accounts."""
    return OrganizationFactory.create(slug="empty", currency="KES")


@pytest.fixture
def load(empty):
    """load("1,Assets,asset,,,,", …) imports rows below the usual header."""

    def load_rows(*rows, header=HEADER, organization=empty, **options):
        lines = [f"{line}\n" for text in (header, *rows) for line in text.split("\n")]
        return import_chart(actor=Actor.system(organization), lines=lines, **options)

    return load_rows


def codes(organization):
    return list(Account.objects.of(organization).order_by("code").values_list("code", flat=True))


def reasons(imported):
    return {row.line: row.reason for row in imported.refused}


# --- Templates ------------------------------------------------------------------------------------


def template_rows(name):
    with chart_template(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("name", CHART_NAMES)
def test_a_template_fills_every_role_that_its_vertical_needs(name, empty):
    install_chart(actor=Actor.system(empty), chart=name)

    roles = EVERYWHERE | BESIDES.get(name, set())
    assert set(accounts_by_role(empty, roles)) == roles


@pytest.mark.parametrize("name", CHART_NAMES)
def test_a_template_has_30_to_60_accounts_that_take_lines(name):
    rows = template_rows(name)
    parents = {row["parent"] for row in rows}

    assert tuple(rows[0]) == COLUMNS
    assert 30 <= sum(row["code"] not in parents for row in rows) <= 65


@pytest.mark.parametrize("name", CHART_NAMES)
def test_no_role_of_a_template_stands_on_a_parent(name):
    rows = template_rows(name)
    parents = {row["parent"] for row in rows}

    assert not [row["code"] for row in rows if row["role"] and row["code"] in parents]


@pytest.mark.parametrize("name", CHART_NAMES)
def test_templates_share_the_codes_that_everybody_knows(name):
    role_of = {row["code"]: row["role"] for row in template_rows(name)}

    shown = {
        code: role_of[code] for code in ("1000", "1010", "1100", "2000", "2200", "3200", "4000")
    }
    assert shown == {
        "1000": "cash",
        "1010": "bank",
        "1100": "accounts_receivable",
        "2000": "accounts_payable",
        "2200": "tax_payable",
        "3200": "retained_earnings",
        "4000": "sales_revenue",
    }


def test_the_school_has_its_fees():
    names = {row["name"] for row in template_rows("school")}

    assert {
        "Tuition fees",
        "Transport fees",
        "Hostel fees",
        "Fee discounts",
        "Tax payable",
    } <= names


def test_a_template_takes_the_organizations_currency(empty):
    install_chart(actor=Actor.system(empty), chart="rental")

    assert set(Account.objects.of(empty).values_list("currency", flat=True)) == {"KES"}


@pytest.mark.parametrize("name", ["bakery", "", "../../etc/passwd", "retail.csv"])
def test_an_unknown_template_is_refused(name):
    with pytest.raises(UnknownChart):
        chart_template(name)


def test_a_template_that_meets_other_accounts_is_refused(acme):
    with pytest.raises(ChartNotApplied, match="account"):
        install_chart(actor=Actor.system(acme), chart="school")


# --- Import ---------------------------------------------------------------------------------------


def test_good_rows_are_in_with_all_their_values(empty, load):
    imported = load(
        "1,Assets,asset,,,,",
        '1000,"Cash, notes",asset,1,USD,cash,"Says ""hello"""',
    )

    assert (imported.created, imported.unchanged, imported.refused) == (2, 0, [])
    cash = get_account(empty, "1000")
    assert (cash.name, cash.description) == ("Cash, notes", 'Says "hello"')
    assert (cash.type, cash.currency, cash.role) == ("asset", "USD", "cash")
    assert cash.parent == get_account(empty, "1")


def test_good_rows_are_in_and_bad_ones_named_by_line_and_code(empty, load):
    imported = load(
        "1,Assets,asset,,,,",
        "1000,Cash,money,1,,,",
        "",
        "2,Liabilities,liability,,,,",
    )

    assert codes(empty) == ["1", "2"]
    [refused] = imported.refused
    assert (refused.line, refused.code) == (3, "1000")
    assert "money" in refused.reason


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,Again,asset,,,,", "Line 2 has the code 1 already"),
        ("a b,Name,asset,,,,", "'a b' is no account code"),
        (",Name,asset,,,,", "'' is no account code"),
        (f"{'9' * 101},Name,asset,,,,", "is no account code"),
        ("9,,asset,,,,", "'' is no account name"),
        (f"9,{'n' * 201},asset,,,,", "is no account name"),
        ("9,Na\x00me,asset,,,,", "'Na\\x00me' is no account name"),
        ("9,Na\udcffme,asset,,,,", "'Na\\udcffme' is no account name"),
        ("9,Name,,,,,", "no account type ''"),
        ("9,Name,income,,,,", "no account type 'income'"),
        ("9,Name,asset,77,,,", "no account '77' above it"),
        ("9,Name,asset,9,,,", "cannot stand below itself"),
        ("9,Name,revenue,1,,,", "of type revenue, and its parent 1 of type asset"),
        ("9,Name,asset,,GBX,,", "no ISO 4217 currency GBX"),
        ("9,Name,asset,,,king,", "no account role 'king'"),
        ("9,Name,asset,,,bank,", "Account 1010 has the role bank in KES already"),
        (f"9,Name,asset,,,,{'d' * 2_001}", "at most 2000 characters"),
        ("9,Name,asset,,,", "has 6 fields, and the header has 7"),
        ("9,Name,asset,,,,,", "has 8 fields, and the header has 7"),
        (f"9,{'n' * 200_000},asset,,,,", "field larger than field limit"),
        ('9,"Na"me,asset,,,,', "no CSV"),
    ],
)
def test_a_bad_row_is_refused_with_the_reason_and_the_rest_is_in(empty, load, row, reason):
    imported = load("1,Assets,asset,,,,", "1010,Bank,asset,1,,bank,", row, "8,Last,asset,,,,")

    assert reason in reasons(imported)[4]
    assert codes(empty) == ["1", "1010", "8"]


def test_a_row_whose_parent_was_refused_says_on_which_line(load):
    imported = load("1,Assets,money,,,,", "10,Cash,asset,1,,,")

    assert "refused on line 2" in reasons(imported)[3]


def test_a_row_above_its_parent_is_refused(load):
    imported = load("10,Cash,asset,1,,,", "1,Assets,asset,,,,")

    assert "above it in this file" in reasons(imported)[2]
    assert imported.created == 1


def test_a_quote_that_never_ends_is_refused_and_what_stands_before_is_in(empty, load):
    imported = load("1,Assets,asset,,,,", '2,"Liabilities,liability,,,,', "3,Equity,equity,,,,")

    assert codes(empty) == ["1"]
    assert "no CSV" in reasons(imported)[3]


def test_a_cell_of_several_lines_does_not_confuse_the_line_numbers(load):
    imported = load('1,Assets,asset,,,,"one\ntwo\nthree"', "2,Bad,bad,,,,")

    assert list(reasons(imported)) == [5]


def test_an_identical_account_is_unchanged_and_another_is_refused(acme, load):
    imported = load(
        "1000,Cash,asset,10,GBP,cash,Notes and coins in the tills and the safe",
        "1010,My bank,asset,10,USD,bank,The main current account",
        organization=acme,
    )

    assert (imported.created, imported.unchanged) == (0, 1)
    assert reasons(imported) == {3: "Account 1010 is there already, with another name, currency."}
    assert get_account(acme, "1010").name == "Bank"


def test_a_column_that_the_file_does_not_have_says_nothing(acme, load):
    imported = load("asset,Cash,1000", header="type,name,code", organization=acme)

    assert (imported.unchanged, imported.refused) == (1, [])


def test_a_parent_in_the_books_may_not_have_lines(acme, load, post):
    post(debit("6000", 5_00), credit("1000", 5_00))

    imported = load("6001,Sundries,expense,6000,,,", organization=acme)

    assert reasons(imported) == {2: "Its parent 6000 has lines, and so takes no children."}


def test_a_parent_in_the_books_may_not_be_archived(acme, load, system):
    archive_account(actor=system, account=get_account(acme, "6000"))

    imported = load("6001,Sundries,expense,6000,,,", organization=acme)

    assert reasons(imported) == {2: "Its parent 6000 is archived."}


def test_another_organizations_account_is_no_parent(acme, load):
    imported = load("1001,Till,asset,1000,,,")

    assert "no account '1000'" in reasons(imported)[2]


@pytest.mark.parametrize("header", ["\ufeff" + HEADER, HEADER.upper(), " code , name , type \r"])
def test_a_mark_capitals_and_spaces_in_the_header_are_no_matter(empty, load, header):
    row = "1,Assets,asset" if "role" not in header.lower() else "1,Assets,asset,,,,\r"

    assert load(row, header=header).created == 1


@pytest.mark.parametrize(
    ("header", "reason"),
    [
        ("", "empty"),
        ("name,type", "code is missing"),
        ("code,name,type,colour", "colour"),
        ("code,name,type,code", "twice"),
        ("code;name;type", "code;name;type"),
        ('code,"name,type', "end of data"),
        ("1,Assets,asset,,,,", "no column"),
    ],
)
def test_a_wrong_header_refuses_the_whole_file(empty, load, header, reason):
    with pytest.raises(ChartHeaderWrong, match=reason):
        load(*(["1,Assets,asset"] if '"' not in header else []), header=header)

    assert codes(empty) == []


def test_an_empty_file_is_refused(empty):
    with pytest.raises(ChartHeaderWrong, match="empty"):
        import_chart(actor=Actor.system(empty), lines=[])


def test_a_file_that_is_too_long_is_refused_before_it_is_read_to_its_end(empty, monkeypatch):
    monkeypatch.setattr("ledger.services.charts.MOST_ROWS", 10)

    def endless():
        yield HEADER
        for number in range(1_000_000):
            assert number < 20, "it went on reading"
            yield f"{number},Name,asset,,,,"

    with pytest.raises(ChartTooLong, match="10"):
        import_chart(actor=Actor.system(empty), lines=endless())

    assert codes(empty) == []


def test_a_dry_run_says_the_same_and_writes_nothing(empty, load):
    rows = ("1,Assets,asset,,,,", "10,Cash,money,1,,,", "1,Again,asset,,,,")

    rehearsed = load(*rows, dry_run=True)
    assert codes(empty) == []
    assert not AuditEvent.objects.of(empty).exists()

    assert load(*rows) == rehearsed


def test_importing_again_changes_nothing(empty, load):
    rows = ("1,Assets,asset,,,,", "10,Cash,asset,1,,cash,")
    load(*rows)

    again = load(*rows)

    assert (again.created, again.unchanged, again.refused) == (0, 2, [])
    assert AuditEvent.objects.of(empty).count() == 1


def test_an_import_is_audited_with_every_account(empty, load):
    load("1,Assets,asset,,,,", "10,Cash,asset,1,,,")

    event = AuditEvent.objects.of(empty).get(action="import_chart")
    assert event.after == {"codes": ["1", "10"]}
    assert len(event.subject_ids) == 2


def test_the_number_of_statements_does_not_grow_with_the_rows(acme, load):
    def statements(count):
        start = Account.objects.of(acme).count() * 1_000
        rows = [f"{n},Account {n},expense,6,,," for n in range(start, start + count)]
        with CaptureQueriesContext(connection) as captured:
            assert load(*rows, organization=acme).created == count
        return len(captured)

    assert statements(2) == statements(500)


def test_an_import_can_be_deep(empty, load):
    rows = [f"{n},Level {n},asset,{n - 1 if n else ''},,," for n in range(100)]

    assert load(*rows).created == 100


# --- Export ---------------------------------------------------------------------------------------


def test_what_is_exported_is_there_already(acme):
    imported = import_chart(actor=Actor.system(acme), lines=export_chart(acme))

    assert (imported.created, imported.refused) == (0, [])
    assert imported.unchanged == Account.objects.of(acme).count()


def test_an_export_makes_the_same_chart_elsewhere(acme, empty, as_alice):
    for code, name in (("x1", "=cmd()"), ("x2", "'=quoted"), ("x3", 'Comma, "quote"\nline')):
        create_account(actor=as_alice, code=code, name=name, type="asset", description="-5+3")

    import_chart(actor=Actor.system(empty), lines=export_chart(acme))

    assert list(export_chart(empty)) == list(export_chart(acme))
    assert get_account(empty, "x1").name == "=cmd()"
    assert get_account(empty, "x2").name == "'=quoted"
    assert get_account(empty, "x3").description == "-5+3"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "'=1"])
def test_no_exported_cell_can_run_as_a_formula(acme, as_alice, name):
    create_account(actor=as_alice, code="-x", name=name, type="asset", description=name)

    cells = [cell for row in csv.reader(export_chart(acme)) for cell in row]
    assert "'-x" in cells
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "-", "@", "\t", "\r")]


def test_an_export_costs_one_statement(acme, django_assert_num_queries):
    with django_assert_num_queries(1):
        list(export_chart(acme))


def test_an_export_holds_nothing_of_others(acme, mallory_ltd, as_mallory):
    create_account(actor=as_mallory, code="hers", name="Hers", type="asset")

    assert "hers," not in "".join(export_chart(acme))


# --- Commands -------------------------------------------------------------------------------------


def run(command, *arguments):
    out = io.StringIO()
    call_command(command, *arguments, "--organization", "empty", stdout=out)
    return out.getvalue()


def test_the_commands_export_and_import_by_file(empty, tmp_path):
    target = tmp_path / "chart.csv"
    install_chart(actor=Actor.system(empty), chart="general")

    run("export_chart", "--output", str(target))
    said = run("import_chart", str(target))

    assert said == f"created 0, unchanged {len(codes(empty))}, refused 0\n"
    assert target.read_text() == run("export_chart")


def test_the_command_names_refused_rows_and_exits_with_1(empty, tmp_path, capsys):
    source = tmp_path / "chart.csv"
    source.write_bytes(
        b"\xef\xbb\xbfcode,name,type\r\n1,Assets,asset\r\n2,Bad \xff,asset\r\n"
        b"3,[red]x[/red],what\r\n"
    )

    with pytest.raises(SystemExit) as exit_:
        run("import_chart", str(source))

    table = capsys.readouterr().err
    assert exit_.value.code == 1
    assert "udcff" in table
    assert "'what'" in table
    assert codes(empty) == ["1"]


def test_the_command_reads_standard_input_and_rehearses(empty, monkeypatch):
    given = io.BytesIO(b"code,name,type\n1,Assets,asset\n")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=given))

    assert run("import_chart", "-", "--dry-run") == "would be created 1, unchanged 0, refused 0\n"
    assert codes(empty) == []


def test_the_command_takes_a_file_of_one_endless_line(empty, tmp_path):
    source = tmp_path / "chart.csv"
    source.write_text("code,name,type\n1,Assets,asset\n2," + "x" * 3_000_000)

    with pytest.raises(SystemExit):
        run("import_chart", str(source))

    assert codes(empty) == ["1"]


@pytest.mark.parametrize(
    ("name", "message"), [("/nowhere/chart.csv", "nowhere"), ("/", "directory")]
)
def test_the_command_names_a_file_that_cannot_be_read(empty, name, message):
    with pytest.raises(CommandError, match=message):
        run("import_chart", name)


def test_the_command_says_what_is_wrong_with_the_header(empty, tmp_path):
    source = tmp_path / "chart.csv"
    source.write_text("code,colour\n")

    with pytest.raises(CommandError, match="colour"):
        run("import_chart", str(source))


@pytest.mark.parametrize("command", ["import_chart", "export_chart"])
def test_the_commands_name_an_organization_that_is_not_there(db, command):
    arguments = ["-"] if command == "import_chart" else []

    with pytest.raises(CommandError, match="empty"):
        run(command, *arguments)
