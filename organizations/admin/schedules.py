"""Schedules: what the clock starts and how often, for the operators of the installation."""

import json
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django_celery_beat.admin import (
    CrontabScheduleAdmin,
    IntervalScheduleAdmin,
    PeriodicTaskAdmin,
    PeriodicTaskForm,
    TaskSelectWidget,
)
from django_celery_beat.models import (
    ClockedSchedule,
    CrontabSchedule,
    IntervalSchedule,
    PeriodicTask,
    SolarSchedule,
)
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget

from core.publishing import publish
from organizations.admin.people import ForOperators

for model in (PeriodicTask, IntervalSchedule, CrontabSchedule, ClockedSchedule, SolarSchedule):
    admin.site.unregister(model)


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):
    """The tasks that there are, in the look of the other fields."""


class ScheduleForm(PeriodicTaskForm):
    """A task that exists, started every so often or at times of the calendar."""

    class Meta(PeriodicTaskForm.Meta):
        labels = {
            "interval": "Every",
            "crontab": "At times of the calendar",
            "kwargs": "Arguments",
            "expire_seconds": "Dropped after seconds",
        }
        help_texts = {
            "name": "What it is called in this list.",
            "description": "What it does, and what happens without it.",
            "enabled": "Switched off it is not started; what it had left to do waits.",
            "interval": "So many minutes or hours. Give this, or times of the calendar.",
            "crontab": "At two in the morning, on the first of the month.",
            "kwargs": "JSON, where the task takes any.",
            "expire_seconds": "A start that no worker has taken after so long is dropped.",
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["regtask"].label = "Task"
        self.fields["regtask"].widget = _TaskSelect()
        self.initial.setdefault("regtask", self.instance.task)

    def clean(self) -> Any:
        # The task is chosen among those that there are, and has no field for any other.
        chosen = self.cleaned_data.get("regtask") or self.instance.task
        self.instance.task = self.cleaned_data["task"] = chosen
        return super().clean()


@admin.register(PeriodicTask)
class ScheduleAdmin(ForOperators, PeriodicTaskAdmin):
    """Seeded by the migrations; what is changed here stays changed."""

    form = ScheduleForm
    list_display = ("name", "enabled", "every", "last_run_at", "total_run_count")
    list_filter = ("enabled",)
    date_hierarchy = None
    ordering = ("name",)
    search_fields = ("name", "task", "description")
    list_select_related = ("interval", "crontab")
    fieldsets = (
        (None, {"fields": ("name", "description", "regtask", "enabled")}),
        ("Schedule", {"fields": ("interval", "crontab", "expire_seconds", "last_run_at")}),
        ("Arguments", {"fields": ("kwargs",)}),
    )
    readonly_fields = ("last_run_at",)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A task that the program no longer has is only in the way."""
        return bool(request.user.is_superuser)

    @admin.action(description="Run selected tasks")
    def run_tasks(self, request: HttpRequest, queryset: QuerySet[PeriodicTask]) -> None:
        """Start them now, without waiting for a broker that is away."""
        self.celery_app.loader.import_default_modules()
        for schedule in queryset:
            task = self.celery_app.tasks.get(schedule.task)
            if task is None:
                messages.error(request, f"There is no task {schedule.task}.")
            elif publish(task, kwargs=json.loads(schedule.kwargs)):
                messages.success(request, f"“{schedule.name}” is started.")
            else:
                messages.error(request, "The broker is away: nothing was started. Try again soon.")

    @display(description="Runs")
    def every(self, row: PeriodicTask) -> str:
        return str(row.interval or row.crontab or row.schedule)


@admin.register(IntervalSchedule)
class EveryAdmin(ForOperators, IntervalScheduleAdmin):
    """Every so many minutes or hours."""

    inlines = ()


@admin.register(CrontabSchedule)
class TimesAdmin(ForOperators, CrontabScheduleAdmin):
    """Times of the calendar."""

    inlines = ()
