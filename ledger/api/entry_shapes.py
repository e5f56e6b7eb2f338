"""What journal entries look like, for the description: ledger.entry_json reads the bodies."""

from typing import Any

from rest_framework import serializers

from core.api.serializers import Day, Paged, Span, StrictSerializer, Text, Whole
from ledger.models import EntryStatus

TAG = "Journal entries"

ENTRY_EXAMPLE = {
    "reference": "invoice-536365",
    "effective_on": "2010-12-01",
    "description": "Sale 536365",
    "reference_type": "invoice",
    "reference_id": "536365",
    "metadata": {},
    "lines": [
        {"account": "1100", "debit": 16347, "description": "receivable"},
        {"account": "4000", "credit": 13912},
        {"account": "2200", "credit": 2435},
    ],
}


class LineInput(serializers.Serializer[Any]):
    """One side: `debit` or `credit`, above zero."""

    account = serializers.CharField(max_length=100, help_text="The account's code or id.")
    debit = serializers.IntegerField(required=False, help_text="Minor units.")
    credit = serializers.IntegerField(required=False, help_text="Minor units.")
    description = serializers.CharField(required=False, max_length=1000)
    currency = serializers.CharField(
        required=False, help_text="Where given, it must be the account's."
    )


class EntryInput(serializers.Serializer[Any]):
    """A balanced entry: per currency its debits equal its credits."""

    reference = serializers.CharField(
        max_length=200, help_text="One reference posts once, for ever: repeat it safely."
    )
    effective_on = serializers.DateField(help_text="When it happened.")
    description = serializers.CharField(required=False, max_length=1000)
    reference_type = serializers.CharField(required=False, max_length=60)
    reference_id = serializers.CharField(required=False, max_length=200)
    metadata = serializers.DictField(required=False)
    lines = LineInput(many=True, help_text="2 to 10,000 lines.")
    status = serializers.ChoiceField(
        ["posted", "pending"], required=False, help_text="`pending` proposes it."
    )


class EditInput(EntryInput):
    """What a pending entry shall say from now on."""

    revision = serializers.IntegerField(
        required=False, help_text="The revision that was looked at; 409 where it is not the last."
    )
    status = serializers.ChoiceField(["pending"], required=False)


class BulkInput(serializers.Serializer[Any]):
    """Up to 10,000 entries."""

    entries = EntryInput(many=True, help_text="1 to 10,000 entries.")
    atomic = serializers.BooleanField(
        required=False,
        default=True,
        help_text="true: all or nothing. false: the sound ones, and why the others are not in.",
    )


class MakerOutput(serializers.Serializer[Any]):
    type = serializers.ChoiceField(["user", "api_key"])
    id = serializers.UUIDField()


class LineOutput(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    account = serializers.CharField(help_text="The account's code.")
    currency = serializers.CharField()
    debit = serializers.IntegerField()
    credit = serializers.IntegerField()
    description = serializers.CharField(allow_blank=True)


class EntryOutput(serializers.Serializer[Any]):
    """An entry with its lines; of a pending entry the proposed ones."""

    id = serializers.UUIDField()
    reference = serializers.CharField()
    effective_on = serializers.DateField(help_text="When it happened.")
    posted_at = serializers.DateTimeField(
        allow_null=True, help_text="When the books learnt of it; null while it is pending."
    )
    status = serializers.ChoiceField(EntryStatus.choices)
    description = serializers.CharField(allow_blank=True)
    reference_type = serializers.CharField(allow_blank=True)
    reference_id = serializers.CharField(allow_blank=True)
    metadata = serializers.DictField()
    currency = serializers.CharField(help_text="That of the first line, and of the total.")
    total_amount = serializers.IntegerField(help_text="The sum of the debits in that currency.")
    reverses = serializers.UUIDField(allow_null=True, help_text="The entry that it reverses.")
    reversed_by = serializers.UUIDField(allow_null=True, help_text="What voided it.")
    maker = MakerOutput(allow_null=True)
    checker = MakerOutput(allow_null=True)
    needs_approval = serializers.BooleanField()
    revision = serializers.IntegerField()
    lines = LineOutput(many=True)


class EntryPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = EntryOutput(many=True)


class BulkErrorOutput(serializers.Serializer[Any]):
    code = serializers.CharField()
    detail = serializers.CharField()
    attr = serializers.CharField(allow_null=True)


class BulkResultOutput(serializers.Serializer[Any]):
    reference = serializers.CharField(allow_null=True)
    id = serializers.UUIDField(required=False)
    status = serializers.ChoiceField(["posted", "replayed"], required=False)
    error = BulkErrorOutput(required=False)


class BulkOutput(serializers.Serializer[Any]):
    """What became of each entry, in the order in which they came."""

    posted = serializers.IntegerField()
    replayed = serializers.IntegerField()
    refused = serializers.IntegerField()
    results = BulkResultOutput(many=True)


class Filters(Paged, Span):
    reference = serializers.CharField(
        required=False, max_length=200, help_text="The one entry of this reference."
    )
    reference_type = serializers.CharField(
        required=False, max_length=60, help_text="The kind of business fact: invoice."
    )
    reference_id = serializers.CharField(
        required=False, max_length=200, help_text="The business fact's own id."
    )
    account = serializers.CharField(
        required=False, max_length=100, help_text="Entries with a line on it: code or id."
    )
    status = serializers.ChoiceField(
        EntryStatus.choices, required=False, help_text="Only those of this status."
    )


class VoidInput(StrictSerializer):
    reason = Text(max_length=500, help_text="Kept in the audit trail and the description.")
    on = Day(
        required=False,
        help_text="The reversal's date; without it the entry's own, or the first open day.",
    )


class PostInput(StrictSerializer):
    revision = Whole(
        required=False,
        min_value=1,
        max_value=2**31 - 1,
        help_text="The revision that was looked at; 409 where it is not the last.",
    )
