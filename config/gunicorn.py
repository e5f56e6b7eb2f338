"""How the web is served: WEB_CONCURRENCY processes of WEB_THREADS threads each."""

import os
import shutil
import tempfile
from typing import Any

bind = os.environ.get("BIND", f"127.0.0.1:{os.environ.get('PORT', '8000')}")
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = int(os.environ.get("WEB_THREADS", "8"))
timeout = 120
graceful_timeout = 30
keepalive = 5
# Requests are logged by django-structlog, as JSON and with their ids.
accesslog = None
errorlog = "-"
loglevel = "warning"
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None

# The processes add up their figures in files, so that /metrics tells of all of them.
metrics_directory = tempfile.mkdtemp(prefix="countinghouse-metrics-")
os.environ["PROMETHEUS_MULTIPROC_DIR"] = metrics_directory


def when_ready(server: Any) -> None:
    addresses = ", ".join(str(listener) for listener in server.LISTENERS)
    print(f"Countinghouse serves at {addresses}", flush=True)


def post_worker_init(worker: Any) -> None:
    from core.collector import settle

    settle()


def child_exit(server: Any, worker: Any) -> None:
    # Not before: when it is imported, it looks whether the folder is set.
    from prometheus_client import multiprocess

    multiprocess.mark_process_dead(worker.pid)  # type: ignore[no-untyped-call]


def on_exit(server: Any) -> None:
    shutil.rmtree(metrics_directory, ignore_errors=True)
