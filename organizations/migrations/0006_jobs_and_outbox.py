"""The runs of scheduled jobs, the outbox, and where an organization's alerts go."""

import django.core.serializers.json
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import core.db.fields


class Migration(migrations.Migration):
    dependencies = [
        ("organizations", "0005_seed_schedule"),
    ]

    operations = [
        migrations.CreateModel(
            name="JobRun",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("name", models.CharField(max_length=60)),
                ("started_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("mismatched", "Mismatched"),
                            ("failed", "Failed"),
                            ("lost", "Lost"),
                        ],
                        default="running",
                        max_length=10,
                    ),
                ),
                ("counts", models.JSONField(default=dict)),
                ("mismatch_count", models.PositiveIntegerField(default=0)),
                ("mismatches", models.JSONField(default=list)),
                ("error", models.TextField(blank=True, default="")),
            ],
            options={
                "ordering": ("-started_at", "-id"),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.CreateModel(
            name="OutboxMessage",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=core.db.fields.uuid7,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("topic", models.CharField(max_length=60)),
                (
                    "payload",
                    models.JSONField(
                        default=dict, encoder=django.core.serializers.json.DjangoJSONEncoder
                    ),
                ),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("attempts", models.PositiveIntegerField(default=0)),
                (
                    "next_attempt_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
                ),
                ("delivered_at", models.DateTimeField(null=True)),
                ("last_error", models.TextField(blank=True, default="")),
            ],
            options={
                "ordering": ("-created_at", "-id"),
                "abstract": False,
                "base_manager_name": "objects",
            },
        ),
        migrations.AddField(
            model_name="organization",
            name="alert_threshold_count",
            field=models.PositiveIntegerField(
                default=0, help_text="A job that finds more mismatches than this raises an alert."
            ),
        ),
        migrations.AddField(
            model_name="organization",
            name="operations_webhook_secret",
            field=models.CharField(blank=True, default="", editable=False, max_length=100),
        ),
        migrations.AddField(
            model_name="organization",
            name="operations_webhook_url",
            field=models.CharField(blank=True, default="", max_length=500),
        ),
        migrations.AddConstraint(
            model_name="organization",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("operations_webhook_url", ""),
                    ("operations_webhook_url__regex", "^https?://"),
                    _connector="OR",
                ),
                name="organization_webhook_is_http",
            ),
        ),
        migrations.AddField(
            model_name="jobrun",
            name="organization",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="organizations.organization",
            ),
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="organization",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                editable=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="organizations.organization",
            ),
        ),
        migrations.AddIndex(
            model_name="jobrun",
            index=models.Index(fields=["organization", "started_at", "id"], name="jobrun_by_time"),
        ),
        migrations.AddIndex(
            model_name="jobrun",
            index=models.Index(
                fields=["organization", "name", "started_at"], name="jobrun_by_name"
            ),
        ),
        migrations.AddIndex(
            model_name="jobrun",
            index=models.Index(
                condition=models.Q(("outcome", "running")),
                fields=["organization", "started_at"],
                name="jobrun_running",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__in", ["running", "succeeded", "mismatched", "failed", "lost"])
                ),
                name="jobrun_outcome_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobrun",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("outcome", "running")),
                    models.Q(
                        models.Q(("outcome", "running"), _negated=True),
                        ("ended_at__gte", models.F("started_at")),
                        ("ended_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="jobrun_ended_unless_running",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("delivered_at__isnull", True)),
                fields=["organization", "next_attempt_at"],
                name="outboxmessage_waiting",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                condition=models.Q(("delivered_at__isnull", False)),
                fields=["organization", "delivered_at"],
                name="outboxmessage_delivered",
            ),
        ),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(
                fields=["organization", "created_at", "id"], name="outboxmessage_by_time"
            ),
        ),
    ]
