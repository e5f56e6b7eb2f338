#!/usr/bin/env python3
"""Countinghouse's commands."""

import os
import signal
import sys
from types import FrameType

# These touch no database, so they do not wait for one.
OFFLINE = {
    "collectstatic",
    "compilemessages",
    "error_reference",
    "help",
    "makemessages",
    "rules_sql",
    "version",
}


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if needs_database(sys.argv[1:]):
        start_servers()

    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def needs_database(arguments: list[str]) -> bool:
    if not arguments or arguments[0] in OFFLINE:
        return False
    return not {"--help", "-h", "--version"} & set(arguments)


def start_servers() -> None:
    from core.servers import ServerFailed, ensure_servers

    # Ended from outside, a command still leaves the embedded servers in an orderly way.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(ending) is signal.SIG_DFL:
            signal.signal(ending, leave)
    try:
        ensure_servers()
    except ServerFailed as error:
        sys.exit(f"The embedded PostgreSQL: {error}")


def leave(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
