"""The web, for gunicorn: `gunicorn --config python:config.gunicorn config.wsgi`."""

import os

from django.core.wsgi import get_wsgi_application

from core.servers import ensure_servers

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
# One for each thread: config/gunicorn.py.
os.environ.setdefault("DATABASE_POOL", os.environ.get("WEB_THREADS", "8"))

ensure_servers()
application = get_wsgi_application()
