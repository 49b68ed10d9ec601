"""Stands around a command that no namespace holds, and ends whatever it leaves behind.

Run by its path as a program of its own, with nothing of ours imported and little else, since
each command waits for it: `launcher.py PARENT COUNT RULE… ARGV…`. PARENT is the process that it
ends with; the COUNT rules are those of `tui.tools.landlock`, none for no Landlock. Its status is
the command's, 128 + n where a signal ended it.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_CREATE_RULESET, _ADD_RULE, _RESTRICT_SELF = 444, 445, 446
_PATH_BENEATH = 1
_FAILED = 126


def main(argv: list[str]) -> int:
    parent, count = int(argv[0]), int(argv[1])
    rules, command = argv[2 : 2 + count], argv[2 + count :]
    libc = ctypes.CDLL(None, use_errno=True)
    signal.signal(signal.SIGTERM, _end)
    if sys.platform == "linux":
        libc.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != parent:
            return _FAILED
    child = os.fork()
    if child == 0:
        _become(command, rules, libc)
    while True:
        pid, status = os.waitpid(-1, 0)
        if pid == child:
            code = os.waitstatus_to_exitcode(status)
            return _swept(code if code >= 0 else 128 - code)


def _end(number: int, _: object) -> None:
    os._exit(_swept(128 + number))


def _become(command: list[str], rules: list[str], libc: ctypes.CDLL) -> None:
    try:
        for number in (signal.SIGTERM, signal.SIGPIPE, signal.SIGXFSZ):
            signal.signal(number, signal.SIG_DFL)
        if rules:
            _hold_in(rules, libc)
        os.execv(command[0], command)
    except BaseException as error:  # this is a fork: nothing may return into the parent's code
        os.write(2, f"the command was not started: {error}\n".encode())
    os._exit(_FAILED)


def _hold_in(rules: list[str], libc: ctypes.CDLL) -> None:
    """Apply the rules to this process for good. Raises OSError where the kernel does not."""
    # An older kernel knows a shorter structure.
    files, net, scoped, size = map(int, rules[0].split())
    handled = struct.pack("=QQQ", files, net, scoped)[:size]
    ruleset = _checked(libc.syscall(_CREATE_RULESET, handled, size, 0))
    for rule in rules[1:]:
        access, _, path = rule.partition(" ")
        try:
            beneath = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except OSError:
            continue  # gone since: then nothing is granted
        packed = struct.pack("=Qi", int(access), beneath)
        _checked(libc.syscall(_ADD_RULE, ruleset, _PATH_BENEATH, packed, 0))
        os.close(beneath)
    _checked(libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
    _checked(libc.syscall(_RESTRICT_SELF, ruleset, 0))
    os.close(ruleset)


def _checked(result: int) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


def _swept(status: int) -> int:
    """Kill all that is left below, round by round until nothing is."""
    while True:
        _kill_below()
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
            os.sched_yield()
        except ChildProcessError:
            return status


def _kill_below() -> None:
    parents = {pid: _parent(pid) for pid in map(int, filter(str.isdigit, os.listdir("/proc")))}
    below = {os.getpid()}
    while found := {pid for pid, parent in parents.items() if parent in below} - below:
        below |= found
    for pid in below - {os.getpid()}:
        try:  # contextlib would cost more than all the rest
            os.kill(pid, signal.SIGKILL)
        except OSError:
            continue


def _parent(pid: int) -> int:
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rpartition(b")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return -1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
