"""What invoicing refuses. Which database constraint says so is in `invoicing/constraints.py`.

Facts that are amounts are minor units of the currency that is named beside them.
"""

from core.errors import Conflict, Invalid, NotFound


class _AtItsField(Invalid):
    """{field}: {problem}."""

    def __init__(self, **facts: object) -> None:
        super().__init__(**facts)
        self.attr = str(facts.get("field", "")) or None


# --- Tax rates ------------------------------------------------------------------------------------


class TaxRateNotFound(NotFound):
    """There is no tax rate {tax_rate} in this organization."""


class UnknownTaxRate(Invalid):
    """Item {position}: there is no tax rate {tax_rate}."""

    attr = "items"


class TaxRateNotValid(Invalid):
    """Item {position}: the tax rate {tax_rate} does not hold on {on}: {reason}."""

    attr = "items"


class TaxRateRepeated(Invalid):
    """Item {position} names the tax rate {tax_rate} twice."""

    attr = "items"


class TaxRateCodeTaken(Conflict):
    """There is a tax rate {tax_rate} already."""

    attr = "code"


class InvalidTaxRateCode(Invalid):
    """{tax_rate} is no tax rate's code: use letters, digits and .:_- , up to 50 of them."""

    attr = "code"


class InvalidTaxRate(_AtItsField):
    """{field}: {problem}."""


class InvalidPercentage(Invalid):
    """A percentage is 0 to 100 with at most 5 decimals, not {percentage}; only a standard rate is
    above 0, and it has to be."""

    attr = "percentage"


class InvalidValidity(Invalid):
    """A tax rate cannot be valid from {valid_from} to {valid_to}."""

    attr = "valid_to"


class RegionWithoutCountry(Invalid):
    """The region {region} needs its country."""

    attr = "region"


class ReverseChargeNeedsTaxId(Invalid):
    """Item {position} is under the reverse charge ({tax_rate}), for which the customer's VAT id is
    needed."""

    attr = "customer"


# --- Customers and the organization's own profile -------------------------------------------------


class CustomerNotFound(NotFound):
    """There is no customer {customer} in this organization."""


class UnknownCustomer(Invalid):
    """There is no customer {customer} in this organization."""

    attr = "customer"


class CustomerInactive(Invalid):
    """Customer {customer} is not active: nothing new is sold to them."""

    attr = "customer"


class CustomerCodeTaken(Conflict):
    """There is a customer {customer} already."""

    attr = "code"


class CustomerInUse(Conflict):
    """Customer {customer} has orders or documents and stays; make them inactive instead."""


class InvalidCustomer(_AtItsField):
    """{field}: {problem}."""


class UnknownCountry(Invalid):
    """There is no country {country}: ISO 3166 codes have two letters, such as GB."""

    attr = "country"


class InvalidTaxId(Invalid):
    """{tax_id} is no VAT id{of_country}: {problem}."""

    attr = "tax_id"


class InvalidLogo(Invalid):
    """This is no logo: {problem}."""

    attr = "logo"


class InvalidProfile(_AtItsField):
    """{field}: {problem}."""


# --- Orders ---------------------------------------------------------------------------------------


class OrderNotFound(NotFound):
    """There is no order {order} in this organization."""


class UnknownOrder(Invalid):
    """There is no order {order} in this organization."""

    attr = "order"


class OrderReferenceTaken(Conflict):
    """The order reference {reference} is taken."""

    attr = "reference"


class OrderIsEmpty(Invalid):
    """Order {order} has no items: there is nothing to lock."""

    attr = "items"


class OrderLocked(Invalid):
    """Order {order} is {status} and cannot change any more."""


class OrderNotLocked(Conflict):
    """Order {order} is {status}: lock it first."""


class OrderCancelled(Conflict):
    """Order {order} is cancelled."""


class OrderHasAnInvoice(Conflict):
    """Order {order} has been invoiced: issue a credit note instead."""


class OrderAlreadyInvoiced(Conflict):
    """Order {order} has been invoiced already, as {invoice}."""

    attr = "order"


class OrderNotPaid(Conflict):
    """Nothing of order {order} has been paid: there is nothing to refund."""


class InvalidItem(Invalid):
    """Item {position}: {problem}."""

    attr = "items"


class TooManyItems(Invalid):
    """An order has at most {most} items, not {got}."""

    attr = "items"


class InvalidOrder(_AtItsField):
    """{field}: {problem}."""


class InvalidRevenueAccount(Invalid):
    """Item {position}: {account} is no active revenue account in {currency}."""

    attr = "items"


class AmountsDoNotAddUp(Invalid):
    """The amounts of {document} are not those of its items and taxes."""


# --- Numbers --------------------------------------------------------------------------------------


class SeriesNotFound(NotFound):
    """There is no {kind} series {series} in this organization."""


class UnknownSeries(Invalid):
    """There is no {kind} series {series} in this organization."""

    attr = "series"


class SeriesCodeTaken(Conflict):
    """There is a series {series} for this kind of document already."""

    attr = "code"


class InvalidSeries(_AtItsField):
    """{field}: {problem}."""


class NumberTaken(Conflict):
    """The number {number} has been given to another document: change the prefix of the series."""


class NumberingChanged(Conflict):
    """The numbering was changed while {number} was being given: repeat."""


# --- Invoices and credit notes --------------------------------------------------------------------


class InvoiceNotFound(NotFound):
    """There is no invoice {invoice} in this organization."""


class CreditNoteNotFound(NotFound):
    """There is no credit note {credit_note} in this organization."""


class CreditNoteReferenceTaken(Conflict):
    """The credit note reference {reference} is taken."""

    attr = "reference"


class DueBeforeIssue(Invalid):
    """An invoice of {issued_on} cannot be due on {due_on}."""

    attr = "due_on"


class ImplausibleDueDate(Invalid):
    """An invoice is dated and due between 1900-01-01 and 2199-12-31."""

    attr = "due_on"


class OverCredit(Invalid):
    """{amount} {currency} cannot be credited: of {invoice}, {left} are left."""

    attr = "amount"


class TaxOverCredit(Invalid):
    """{amount} of the tax {rate} cannot be credited: of {invoice}, {left} are left."""

    attr = "amount"


class ItemOverCredit(Invalid):
    """{quantity} of {item} cannot be credited: of {invoice}, {left} are left."""

    attr = "items"


class NothingToCredit(Conflict):
    """Nothing of {invoice} is left to credit."""


class InvalidCreditNote(_AtItsField):
    """{field}: {problem}."""


class DocumentIsFinal(Conflict):
    """An issued document never changes and is never deleted; a credit note corrects it."""


class EntryBelongsToDocument(Conflict):
    """{reference} is the posting of an invoice, a credit note or a payment: correct that document
    instead of voiding the entry."""


class PostingMismatch(Conflict):
    """What {reference} posts is not what its document says."""


# --- Payments and refunds -------------------------------------------------------------------------


class PaymentNotFound(NotFound):
    """There is no payment {payment} in this organization."""


class InvalidAmount(Invalid):
    """An amount is at least 1 minor unit, not {amount}."""

    attr = "amount"


class OverPayment(Invalid):
    """{amount} {currency} cannot be paid: of {invoice}, {open} are open."""

    attr = "amount"


class NothingOwed(Conflict):
    """Nothing is owed on {invoice}."""


class OverRefund(Invalid):
    """{amount} {currency} cannot be refunded: of {document}, {left} can be."""

    attr = "amount"


class NothingToRefund(Conflict):
    """Nothing of what was paid on {document} is left to refund."""


class CreditNoteOfAnInvoice(Conflict):
    """Credit note {credit_note} belongs to an invoice: refund that one."""


class PaymentRefunded(Conflict):
    """Payment of {amount} cannot be taken back: {left} of what was paid on {document} has not been
    refunded."""


class PaymentAlreadyReversed(Conflict):
    """Payment {payment} has been taken back already."""


class NotAPayment(Invalid):
    """{payment} is no payment of an invoice."""


class InvalidTransaction(_AtItsField):
    """{field}: {problem}."""


class ProviderReferenceTaken(Conflict):
    """The provider reference {provider_reference} was taken already."""

    attr = "provider_reference"


class ForgedReceipt(NotFound):
    """This is no receipt of ours."""


class UnknownMethod(Invalid):
    """There is no payment method {method}; the methods are {known}."""

    attr = "method"


class DocumentCurrencyMismatch(Invalid):
    """{document} is in {currency}."""

    attr = "currency"
