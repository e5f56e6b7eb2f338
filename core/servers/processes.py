"""Which processes are running, and the end of them."""

import time
from contextlib import suppress
from pathlib import Path

import psutil


def runs_with(pid: int, argument: Path) -> bool:
    """Whether that process is alive and was started with that path.

    A pid alone proves nothing: after a crash another process may have got it.
    """
    try:
        return str(argument) in psutil.Process(pid).cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return False


def kill_hard(pid: int) -> None:
    """SIGKILL a process with its children, and return when none is left."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    for member in family:
        with suppress(psutil.NoSuchProcess):
            member.kill()
    wait_until_gone(family)


def wait_until_gone(processes: list[psutil.Process], *, timeout_s: float = 60) -> None:
    deadline = time.monotonic() + timeout_s
    while any(_is_alive(process) for process in processes):
        if time.monotonic() > deadline:
            raise TimeoutError(f"still running after {timeout_s} s: {processes}")
        time.sleep(0.01)


def _is_alive(process: psutil.Process) -> bool:
    try:
        # Where nobody reaps orphans (a container without an init) the dead stay as zombies.
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
