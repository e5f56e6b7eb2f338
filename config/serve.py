"""Web, worker and beat together, until interrupted: `make run`."""

import os
import signal
import subprocess
import sys
import threading
import time

from core.servers import PROJECT, ServerFailed, ensure_redis, ensure_servers
from core.servers.account import end_with_parent

PROGRAMS = {
    "web": ["gunicorn", "--config", "python:config.gunicorn", "config.wsgi"],
    "worker": ["celery", "--quiet", "-A", "config", "worker", "--concurrency", "2"],
    "beat": ["celery", "--quiet", "-A", "config", "beat"],
}
# Longer than gunicorn gives its requests (config/gunicorn.py).
GRACE_S = 40


def main() -> int:
    interrupted = threading.Event()
    for ending in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: interrupted.set())
    try:
        ensure_servers()
        ensure_redis()
    except ServerFailed as error:
        sys.exit(f"The embedded servers: {error}")
    prepare()
    running = {name: launch(command) for name, command in PROGRAMS.items()}
    try:
        ended = watch(running, interrupted)
    finally:
        end(running)
    if ended:
        print(f"{ended} ended by itself, so everything was stopped", file=sys.stderr)
    return 1 if ended else 0


def prepare() -> None:
    """Bring the tables up to date; say how to get in where nobody can yet."""
    import django
    from django.core.management import call_command
    from django.db import connections

    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    call_command("migrate", interactive=False, verbosity=0)
    from organizations.models import Membership

    if not Membership.objects.filter(is_active=True).exists():
        print(
            "Nobody can sign in yet: .venv/bin/python manage.py create_organization … and\n"
            "add_member … make books and somebody who keeps them (docs/quickstart.md)."
        )
    connections.close_all()


def launch(command: list[str]) -> "subprocess.Popen[bytes]":
    program, *arguments = command
    return subprocess.Popen(
        [sys.executable, "-m", program, *arguments],
        cwd=PROJECT,
        # Ctrl-C at the terminal reaches us alone, and we end the others in order.
        start_new_session=True,
        preexec_fn=end_with_parent,
    )


def watch(
    running: "dict[str, subprocess.Popen[bytes]]", interrupted: threading.Event
) -> str | None:
    """Wait for an interruption; returns the name of a program that ended before one."""
    while not interrupted.wait(0.2):
        for name, process in running.items():
            if process.poll() is not None:
                return name
    return None


def end(running: "dict[str, subprocess.Popen[bytes]]") -> None:
    """Let everyone finish what they do, then insist."""
    for process in running.values():
        process.terminate()
    deadline = time.monotonic() + GRACE_S
    for process in running.values():
        try:
            process.wait(max(0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
