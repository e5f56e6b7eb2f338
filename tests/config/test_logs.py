"""What the logs say of a request."""

import pytest
from django.test import Client


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_id(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        answer = client.get("/api/v1/ping")

    lines = [record.msg for record in caplog.records if isinstance(record.msg, dict)]
    assert [line["event"] for line in lines] == ["request_finished"]
    assert lines[0]["request_id"] == answer.headers["X-Request-ID"]
