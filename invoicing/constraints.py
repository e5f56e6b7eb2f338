"""Which refusal each constraint of the invoicing tables stands for."""

from core.errors import ConstraintRegistry
from invoicing.errors import (
    AmountsDoNotAddUp,
    CreditNoteReferenceTaken,
    CustomerCodeTaken,
    CustomerInUse,
    DocumentCurrencyMismatch,
    DocumentIsFinal,
    DueBeforeIssue,
    EntryBelongsToDocument,
    ImplausibleDueDate,
    InvalidPercentage,
    InvalidSeries,
    InvalidTaxRateCode,
    InvalidValidity,
    ItemOverCredit,
    NumberTaken,
    OrderAlreadyInvoiced,
    OrderHasAnInvoice,
    OrderIsEmpty,
    OrderLocked,
    OrderNotLocked,
    OrderReferenceTaken,
    OverCredit,
    OverPayment,
    OverRefund,
    PaymentAlreadyReversed,
    PaymentRefunded,
    PostingMismatch,
    ProviderReferenceTaken,
    RegionWithoutCountry,
    SeriesCodeTaken,
    TaxOverCredit,
    TaxRateCodeTaken,
    UnknownCustomer,
)


def register_constraints() -> None:
    ConstraintRegistry.register(
        {
            "taxrate_code_is_unique": lambda facts: TaxRateCodeTaken(tax_rate=facts.get("code")),
            "taxrate_code_is_plain": lambda facts: InvalidTaxRateCode(tax_rate="this"),
            "taxrate_percentage_is_0_to_100": lambda facts: InvalidPercentage(percentage="this"),
            "taxrate_only_standard_charges": lambda facts: InvalidPercentage(percentage="this"),
            "taxrate_region_is_of_a_country": lambda facts: RegionWithoutCountry(region="given"),
            "taxrate_is_valid_for_a_while": lambda facts: InvalidValidity(),
            "customer_code_is_unique": lambda facts: CustomerCodeTaken(customer=facts.get("code")),
            "order_customer_is_of_its_organization": _customer,
            "invoice_customer_is_of_its_organization": _customer,
            "creditnote_customer_is_of_its_organization": _customer,
            "order_reference_is_unique": lambda facts: OrderReferenceTaken(
                reference=facts.get("reference")
            ),
            "creditnote_reference_is_unique": lambda facts: CreditNoteReferenceTaken(
                reference=facts.get("reference")
            ),
            "order_is_frozen": lambda facts: OrderLocked(**facts),
            "order_has_items": lambda facts: OrderIsEmpty(**facts),
            "order_with_an_invoice_is_not_cancelled": lambda facts: OrderHasAnInvoice(**facts),
            "order_amounts_are_those_of_its_items": lambda facts: AmountsDoNotAddUp(
                document="the order", **facts
            ),
            "creditnote_amounts_are_those_of_its_parts": lambda facts: AmountsDoNotAddUp(
                document="the credit note", **facts
            ),
            "invoice_is_of_its_locked_order": lambda facts: OrderNotLocked(**facts),
            "invoice_is_one_per_order": lambda facts: OrderAlreadyInvoiced(
                order=facts.get("order_id"), invoice="another invoice"
            ),
            "invoice_number_is_unique": lambda facts: NumberTaken(number=facts.get("number")),
            "creditnote_number_is_unique": lambda facts: NumberTaken(number=facts.get("number")),
            "invoice_is_due_after_its_issue": lambda facts: DueBeforeIssue(),
            "invoice_dates_are_plausible": lambda facts: ImplausibleDueDate(),
            "numberseries_code_is_unique": lambda facts: SeriesCodeTaken(
                kind=facts.get("kind"), series=facts.get("code")
            ),
            "numberseries_keeps_its_kind": lambda facts: InvalidSeries(
                field="kind", problem="a series keeps its kind"
            ),
            "document_is_posted_as_it_says": lambda facts: PostingMismatch(**facts),
            "document_is_final": lambda facts: DocumentIsFinal(**facts),
            "creditnote_gets_its_parts_once": lambda facts: DocumentIsFinal(**facts),
            "entry_of_a_document_stays": lambda facts: EntryBelongsToDocument(**facts),
            "invoice_is_not_overpaid": lambda facts: OverPayment(**facts),
            "invoice_is_not_overrefunded": lambda facts: OverRefund(**facts),
            "invoice_refunds_are_within_payments": lambda facts: OverRefund(),
            "invoice_is_not_overcredited": lambda facts: OverCredit(**facts),
            "invoice_credits_are_within_its_total": lambda facts: OverCredit(),
            "invoice_tax_is_not_overcredited": lambda facts: TaxOverCredit(**facts),
            "invoice_item_is_not_overcredited": lambda facts: ItemOverCredit(**facts),
            "payment_was_not_refunded": lambda facts: PaymentRefunded(**facts),
            "transaction_is_reversed_once": lambda facts: PaymentAlreadyReversed(
                payment=facts.get("reverses_id")
            ),
            "transaction_takes_back_a_whole_payment": lambda facts: PaymentAlreadyReversed(**facts),
            "transaction_is_of_its_document": lambda facts: DocumentCurrencyMismatch(**facts),
            "transaction_provider_reference_is_taken_once": lambda facts: ProviderReferenceTaken(
                provider_reference=facts.get("provider_reference")
            ),
        }
    )


def _customer(facts: dict[str, object]) -> UnknownCustomer | CustomerInUse:
    """The same foreign key is broken by an order for a stranger and by deleting a customer."""
    if "customer_id" in facts:
        return UnknownCustomer(customer=facts["customer_id"])
    return CustomerInUse(customer="this")
