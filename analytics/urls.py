"""The routes of analytics, below /api/v1/."""

from django.urls import path

from analytics.api import funnels, snapshots

urlpatterns = [
    path("funnel-snapshots", snapshots.FunnelSnapshots.as_view()),
    path("funnel", funnels.FunnelFigures.as_view()),
]
