"""The account that an embedded server runs as: ours, or an unprivileged one when we are root."""

import ctypes
import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

# No account on any machine: inside the range that Debian keeps reserved, below the 65536 ids
# that a container usually has. A server of its own id is out of reach for other daemons.
UNPRIVILEGED = 65_432

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2


class ServerFailed(RuntimeError):
    """An embedded server could not be started, stopped or reached."""


@dataclass(frozen=True)
class Account:
    """A user id for the server's processes, with at most one capability on top."""

    uid: int
    gid: int
    capability: int | None = None

    @property
    def is_ours(self) -> bool:
        return self.uid == os.geteuid()

    def run(
        self, command: Sequence[str | Path], *, stdin: str | None = None, timeout_s: float = 120
    ) -> str:
        """Run a program as this account, with no environment of ours that it could trip over."""
        try:
            done = subprocess.run(
                [str(part) for part in command],
                input=stdin or "",
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                timeout=timeout_s,
                cwd="/",
                env={"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"},
                preexec_fn=None if self.is_ours else self._become,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise ServerFailed(f"{command[0]} as uid {self.uid}: {error}") from error
        if done.returncode:
            raise ServerFailed(f"{command[0]} as uid {self.uid}: {done.stdout.strip()}")
        return done.stdout

    def own(self, path: Path, *, deep: bool = False) -> None:
        """Give the account a file or a folder that we have made."""
        if self.is_ours:
            return
        os.chown(path, self.uid, self.gid, follow_symlinks=False)
        if deep:
            for inside in path.rglob("*"):
                os.chown(inside, self.uid, self.gid, follow_symlinks=False)

    def able_to_reach(self, directory: Path, program: Path) -> "Account":
        """This account, with the least capability that lets it use both.

        Root's home is closed to everybody else. We may not open it, as others would get in too;
        so the server may look past the permissions instead, and nothing on disk changes.
        """
        tries = [self]
        if not self.is_ours:
            tries += [replace(self, capability=c) for c in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE)]
        for account in tries:
            try:
                account.run(["/bin/sh", "-c", 'cd "$0" && "$1" --version', directory, program])
            except ServerFailed as error:
                failure = error
            else:
                return account
        raise ServerFailed(f"{program} cannot be run in {directory} as uid {self.uid}: {failure}")

    def _become(self) -> None:
        # Between fork and exec: nothing here but system calls.
        if self.capability is not None:
            # Neither setuid nor access(2) shall forget the capability. initdb asks access(2).
            _prctl(_PR_SET_SECUREBITS, _SECBIT_NO_SETUID_FIXUP)
        os.setgroups([])
        os.setgid(self.gid)
        os.setuid(self.uid)
        if self.capability is not None:
            _keep_only(self.capability)


def account_for(directory: Path) -> Account:
    """Whoever owns the data already, or its folder; never root, whom PostgreSQL refuses."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for path in (directory / "data", directory.parent.parent):
        if path.exists() and path.stat().st_uid != 0:
            return Account(path.stat().st_uid, path.stat().st_gid)
    return Account(UNPRIVILEGED, UNPRIVILEGED)


def make_folder(path: Path) -> None:
    """Make a folder, and those above it, which root leaves to the owner of the checkout."""
    if not path.exists():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        give_to_owner_of(path.parent, path)


def give_to_owner_of(model: Path, made: Path | int) -> None:
    """What root makes in another's checkout stays the other's to use."""
    if os.geteuid() == 0:
        found = model.stat()
        os.chown(made, found.st_uid, found.st_gid)


def named_account(account: Account) -> Account:
    """An account that has a name, which initdb insists on: this one, or else `nobody`."""
    if _has_name(account.uid):
        return account
    if account.is_ours:
        raise ServerFailed(
            f"uid {account.uid} has no name on this machine, and PostgreSQL's initdb needs one: "
            "run this as a user of /etc/passwd, or set DATABASE_URL"
        )
    nobody = pwd.getpwnam("nobody")
    return replace(account, uid=nobody.pw_uid, gid=nobody.pw_gid)


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def end_with_parent() -> None:
    """For a child before its exec: have the kernel end it should its parent be killed."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


_PR_SET_PDEATHSIG = 1
_PR_SET_SECUREBITS = 28
_SECBIT_NO_SETUID_FIXUP = 1 << 2
_PR_CAP_AMBIENT = 47
_PR_CAP_AMBIENT_RAISE = 2
_CAPABILITY_VERSION_3 = 0x20080522
_libc = ctypes.CDLL(None, use_errno=True)


def _keep_only(capability: int) -> None:
    """Drop to one capability, and let the program that is executed next have it (capset(2))."""
    bit = 1 << capability
    header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
    sets = (ctypes.c_uint32 * 6)(bit, bit, bit, 0, 0, 0)
    if _libc.capset(ctypes.byref(header), ctypes.byref(sets)) != 0:
        raise OSError(ctypes.get_errno(), "capset")
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability)


def _prctl(option: int, *arguments: int) -> None:
    given = [ctypes.c_ulong(argument) for argument in (*arguments, 0, 0, 0, 0)[:4]]
    if _libc.prctl(option, *given) != 0:
        raise OSError(ctypes.get_errno(), "prctl")
