"""Where everything is."""

from django.contrib import admin
from django.urls import path

from config import health

urlpatterns = [
    path("healthz", health.alive),
    path("readyz", health.ready),
    path("metrics", health.metrics),
    path("admin/", admin.site.urls),
]
