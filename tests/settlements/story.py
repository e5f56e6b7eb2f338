"""The story of two payees in which everything happens, for tests of reconciliation."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

from ledger.reconciliation import Finding
from settlements.models import Payout
from settlements.selectors.reconciliation import check_settlements
from settlements.services.batches import export_batch
from tests.settlements.market import IBAN, OTHER_IBAN, Market

MARCH, APRIL, MAY = date(2026, 3, 31), date(2026, 4, 30), date(2026, 5, 31)
Force = Callable[..., None]


class Story:
    """Ana with everything: a paid settlement, one that came back and was tried again, one below
    zero; and Bela, who was sold for."""

    def __init__(self, market: Market) -> None:
        self.market = market
        self.organization = market.organization
        self.ana = market.payee(iban=IBAN, reserve={"percentage": "10", "days": 20})
        self.sale = market.sell(self.ana, 100_00, reference="T-1", tax_amount=5_00)
        self.first = market.paid(self.ana, MARCH)
        self.refund = market.refund(self.sale, 20_00, reference="R-1", on=APRIL)
        self.adjustment = market.adjust(self.ana, 50_00, reference="A-1", on=APRIL)
        self.second = market.approve(market.settle(self.ana, APRIL))
        self.batch = export_batch(
            actor=market.preparer,
            settlements=[self.second.pk],
            format="pain.001",
            debtor={"name": "Market Ltd", "iban": OTHER_IBAN},
            now=datetime(2026, 4, 30, 12, tzinfo=UTC),
        )
        self.csv = export_batch(
            actor=market.preparer,
            settlements=[self.second.pk],
            format="csv",
            reason="For the file",
            now=datetime(2026, 4, 30, 12, tzinfo=UTC),
        )
        failed = market.fail(market.pay(self.second, APRIL), failed_on=APRIL + timedelta(days=4))
        self.second = market.pay(market.retry(failed), APRIL + timedelta(days=8))
        market.refund(self.sale, 70_00, reference="R-2", on=MAY)
        self.third = market.settle(self.ana, MAY)
        self.bela = market.payee("bela")
        self.belas = market.sell(self.bela, 30_00, reference="T-2", on=MAY)

    def payout(self, attempt: int = 1) -> Payout:
        found: Payout = Payout.objects.of(self.organization).get(
            settlement_id=self.second.pk, attempt=attempt
        )
        return found

    def findings(self, as_of: date | None = None) -> list[Finding]:
        return list(check_settlements(self.organization, as_of).findings)

    def problems(self) -> set[str]:
        return {finding.problem for finding in self.findings()}

    def named(self, problem: str) -> Finding:
        [found] = [finding for finding in self.findings() if finding.problem == problem]
        return found
