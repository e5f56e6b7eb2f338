"""Files for the bank over HTTP."""

from base64 import b64encode
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.cache import get_conditional_response
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers

from core.api.answers import json_answer, moment
from core.api.schema import asked
from core.api.serializers import Day, Paged, StrictSerializer, Text
from organizations.api.callers import access
from settlements.api import READ, WRITE
from settlements.api.views import SettlementsView
from settlements.errors import SettlementNotFound, UnknownSettlement
from settlements.models import BatchFormat, PayoutBatch, PayoutBatchItem, PayoutStatus
from settlements.payout_files.content import MOST_PAYOUTS
from settlements.selectors.batches import batch_items, get_batch, get_batch_file, list_batches
from settlements.selectors.settlements import get_settlement
from settlements.services.batches import export_batch
from settlements.services.profile import MOST_NAME

TAG = "Payout batches"

CONTENT_TYPES = {
    BatchFormat.PAIN_001: "application/xml",
    BatchFormat.CSV: "text/csv; charset=utf-8",
}
_FILES: dict[Any, Any] = {
    (200, media_type.partition(";")[0]): OpenApiTypes.BINARY
    for media_type in CONTENT_TYPES.values()
}


class DebtorInput(StrictSerializer):
    """Who pays, instead of the payout profile."""

    name = Text(max_length=MOST_NAME)
    iban = Text(max_length=42)
    bic = Text(max_length=11, required=False, allow_blank=True)


class BatchInput(StrictSerializer):
    """What the bank is asked to pay."""

    settlements = serializers.ListField(
        child=serializers.UUIDField(),
        allow_empty=True,
        max_length=MOST_PAYOUTS,
        help_text=f"Approved ones that are not paid yet, up to {MOST_PAYOUTS:,}.",
    )
    format = serializers.ChoiceField(BatchFormat.choices)
    executes_on = Day(
        required=False, help_text="The bank day on which it is paid; the next one if not given."
    )
    reason = Text(
        required=False,
        allow_blank=True,
        max_length=500,
        help_text="Why the bank is asked again for what an earlier file holds.",
    )
    debtor = DebtorInput(required=False)


class BatchOutput(serializers.Serializer[Any]):
    id = serializers.UUIDField()
    format = serializers.ChoiceField(BatchFormat.choices)
    message_id = serializers.CharField()
    currency = serializers.CharField()
    payout_count = serializers.IntegerField()
    control_sum_amount = serializers.IntegerField()
    executes_on = serializers.DateField()
    reason = serializers.CharField(allow_blank=True)
    file_name = serializers.CharField()
    content_hash = serializers.CharField(help_text="SHA-256 of the file, in hexadecimal.")
    created_at = serializers.DateTimeField()


class BatchedPayout(serializers.Serializer[Any]):
    position = serializers.IntegerField()
    settlement = serializers.UUIDField()
    payee = serializers.CharField(help_text="The payee's code.")
    end_to_end_id = serializers.CharField()
    amount = serializers.IntegerField()
    status = serializers.ChoiceField(PayoutStatus.choices, help_text="As the payout is now.")


class BatchDetailOutput(BatchOutput):
    payouts = BatchedPayout(many=True)


class BatchPage(serializers.Serializer[Any]):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = BatchOutput(many=True)


class BatchFilters(Paged):
    format = serializers.ChoiceField(
        BatchFormat.choices, required=False, help_text="Only files of this format."
    )
    settlement = serializers.UUIDField(
        required=False, help_text="Only files that hold a payout of this settlement."
    )


def batch_as_json(batch: PayoutBatch) -> dict[str, Any]:
    return {
        "id": batch.pk,
        "format": batch.format,
        "message_id": batch.message_id,
        "currency": batch.currency,
        "payout_count": batch.payout_count,
        "control_sum_amount": batch.control_sum_amount,
        "executes_on": batch.executes_on,
        "reason": batch.reason,
        "file_name": batch.file_name,
        "content_hash": batch.content_hash,
        "created_at": moment(batch.created_at),
    }


def _item_as_json(item: PayoutBatchItem) -> dict[str, Any]:
    payout = item.payout
    return {
        "position": item.position,
        "settlement": payout.settlement_id,
        "payee": payout.settlement.payee.code,
        "end_to_end_id": payout.end_to_end_id,
        "amount": payout.amount,
        "status": payout.status,
    }


class BatchView(SettlementsView):
    tag = TAG


class BatchList(BatchView):
    access = {
        "GET": access(READ, "settlements.view_payoutbatch"),
        "POST": access(WRITE, "settlements.add_payoutbatch"),
    }
    refuses_reads = True
    said_as = {"iban": "debtor.iban", "bic": "debtor.bic", "payee": "settlements"}

    @extend_schema(
        operation_id="list_payout_batches", parameters=[BatchFilters], responses=BatchPage
    )
    def get(self, request: HttpRequest) -> HttpResponse:
        """List the files that asked the bank to pay, the latest first.

        The file itself is at `/payout-batches/{id}/file`.
        """
        given = self.query(BatchFilters)
        settlement = None
        if "settlement" in given:
            try:
                settlement = get_settlement(self.organization, given["settlement"])
            except SettlementNotFound as refusal:
                raise UnknownSettlement(**refusal.facts) from None
        rows = list_batches(self.organization, format=given.get("format"), settlement=settlement)
        page = self.page(request, rows, given, "-created_at")
        return json_answer(page.as_json([batch_as_json(batch) for batch in page.rows]))

    @extend_schema(
        operation_id="export_payouts",
        request=BatchInput,
        responses={201: BatchOutput},
        examples=[
            asked(
                {
                    "settlements": ["0197f0a0-0000-7000-8000-000000000001"],
                    "format": "pain.001",
                    "executes_on": "2026-04-02",
                    "debtor": {"name": "Market Ltd", "iban": "IE29AIBK93115212345678"},
                },
                "SEPA",
            ),
            asked(
                {
                    "settlements": ["0197f0a0-0000-7000-8000-000000000001"],
                    "format": "csv",
                    "reason": "The bank lost the first file",
                },
                "Once more",
            ),
        ],
    )
    def post(self, request: HttpRequest) -> HttpResponse:
        """Ask the bank to pay: write the payouts of approved settlements into one file.

        All are in one currency; pain.001 is for euro, by IBAN, and names the payout profile or
        `debtor` as the one who pays. What an earlier file holds needs a `reason`.
        """
        self.no_query()
        batch = export_batch(actor=self.actor, now=self.now, **self.read(BatchInput))
        return json_answer(batch_as_json(batch), 201)


class BatchDetail(BatchView):
    access = {"GET": access(READ, "settlements.view_payoutbatch")}

    @extend_schema(operation_id="get_payout_batch", responses=BatchDetailOutput)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponse:
        """Read what a file asks for, payout by payout.

        Sum, count and hash are those of the file as it was given out.
        """
        self.no_query()
        batch = get_batch(self.organization, id)
        items = batch_items(self.organization, batch)
        content = {**batch_as_json(batch), "payouts": [_item_as_json(item) for item in items]}
        return json_answer(content)


class BatchFile(BatchView):
    access = {"GET": access(READ, "settlements.view_payoutbatch")}

    @extend_schema(operation_id="get_payout_file", responses=_FILES)
    def get(self, request: HttpRequest, id: UUID) -> HttpResponseBase:
        """Download the file for the bank, the same bytes each time.

        `ETag` is its SHA-256 in hexadecimal, `Repr-Digest` the same as RFC 9530 spells it.
        """
        self.no_query()
        batch = get_batch_file(self.organization, id)
        etag = f'"{batch.content_hash}"'
        digest = b64encode(bytes.fromhex(batch.content_hash)).decode()
        response = HttpResponse(
            bytes(batch.content),
            content_type=CONTENT_TYPES[BatchFormat(batch.format)],
            headers={
                "Content-Disposition": f'attachment; filename="{batch.file_name}"',
                "ETag": etag,
                "Repr-Digest": f"sha-256=:{digest}:",
            },
        )
        return get_conditional_response(request, etag, None, response) or response
