"""The receipt of a payment, and the token in its QR code."""

from invoicing.documents.content import Fact, Notice, ReceiptDocument, Sum
from invoicing.documents.parties import buyer_of, letterhead_of
from invoicing.documents.qr import qr_code
from invoicing.documents.tokens import check_characters, sign_receipt
from invoicing.documents.wording import written_day, written_money
from invoicing.errors import NotAPayment
from invoicing.models import FinancialTransaction, Invoice, TransactionStatus, TransactionType
from invoicing.selectors.profile import get_profile


def receipt_token(payment: FinancialTransaction) -> str:
    """The signed token that names the payment's ledger entry."""
    return sign_receipt(payment.organization_id, payment.entry_id)


def receipt_link(token: str, base_url: str) -> str:
    """Where anyone can have a receipt confirmed."""
    return f"{base_url.rstrip('/')}/r/{token}"


def receipt_document(payment: FinancialTransaction, *, base_url: str) -> ReceiptDocument:
    """The receipt of a payment; `base_url` is where this installation is reached from outside.

    Raises:
        NotAPayment: it is a refund, or the taking back of a payment.
    """
    if payment.type != TransactionType.CREDIT or payment.invoice is None:
        raise NotAPayment(payment=payment.pk)
    invoice = payment.invoice
    token = receipt_token(payment)
    link = receipt_link(token, base_url)
    return ReceiptDocument(
        kind="receipt",
        title="Receipt",
        number=str(payment.pk),
        dated=payment.occurred_on,
        letterhead=letterhead_of(invoice.snapshot["seller"], get_profile(payment.organization)),
        buyer=buyer_of(invoice.snapshot.get("buyer")),
        facts=_facts(payment, invoice),
        notices=_notices(payment),
        amount=written_money(payment.amount, payment.currency),
        sums=_sums(payment, invoice),
        link=link,
        qr=qr_code(link),
        check=check_characters(token),
    )


def _facts(payment: FinancialTransaction, invoice: Invoice) -> tuple[Fact, ...]:
    facts = [
        Fact("Paid on", written_day(payment.occurred_on)),
        Fact("Method", payment.get_method_display()),
        Fact("For invoice", invoice.number),
    ]
    if payment.provider_reference:
        facts.append(Fact("Payment reference", payment.provider_reference))
    return (*facts, Fact("Receipt number", str(payment.pk)))


def _notices(payment: FinancialTransaction) -> tuple[Notice, ...]:
    if payment.status != TransactionStatus.REVERSED:
        return ()
    [reversal] = payment.reversals.all()
    return (Notice(f"This payment was taken back on {written_day(reversal.occurred_on)}", "bad"),)


def _sums(payment: FinancialTransaction, invoice: Invoice) -> tuple[Sum, ...]:
    """How the invoice stands now."""
    sums = [Sum("Invoice total", written_money(invoice.total_amount, invoice.currency))]
    told = (
        ("Paid so far", invoice.paid_amount),
        ("Refunded", invoice.refunded_amount),
        ("Credited", invoice.credited_amount),
    )
    sums += [Sum(label, written_money(of, invoice.currency)) for label, of in told if of]
    left = max(0, invoice.open_amount)
    return (*sums, Sum("Still open", written_money(left, invoice.currency), strong=True))
