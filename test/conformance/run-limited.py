#!/usr/bin/env python3
"""Run one command under a time limit, and leave nothing of it behind.

usage: run-limited.py LIMIT_S REPORT COMMAND...

DejaGnu starts gdb, the server and the programs under test on terminals of
their own, each in a session of its own, so that killing a process group does
not reach them. This program makes itself the "child subreaper" of all it
starts (prctl(2)): orphans become its children, and when the command has
ended, by itself or not, exactly its descendants are killed.

The file REPORT gets one JSON object: outcome ("ended", "time limit" or
"stopped"), seconds, leaked (names of the programs that were still there a
second after the command ended by itself).
"""
import ctypes
import json
import os
import resource
import signal
import sys
import time

PR_SET_CHILD_SUBREAPER = 36
GRACE_S = 5
# DejaGnu kills what it started with "sh -c ... sleep 5 ...", in its own time.
DEJAGNUS_OWN = ("sh", "sleep")


def descendants():
    """(pid, name) of each living process below this one."""
    children, names = {}, {}
    for entry in os.listdir("/proc"):
        if not entry.isdigit():
            continue
        try:
            with open("/proc/%s/stat" % entry, errors="replace") as file:
                text = file.read()
        except OSError:
            continue
        state, parent = text[text.rindex(")") + 2:].split()[:2]
        children.setdefault(int(parent), []).append(int(entry))
        names[int(entry)] = None if state == "Z" else text[text.index("(") + 1:text.rindex(")")]
    found, todo = [], [os.getpid()]
    while todo:
        for pid in children.get(todo.pop(), []):
            todo.append(pid)
            if names[pid] is not None:
                found.append((pid, names[pid]))
    return found


def reap():
    """Pids and statuses of all children that have ended."""
    while True:
        try:
            pid, status = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return
        yield pid


def start(command):
    """Start a command in a session without a terminal, but not as its leader:
    the first terminal that a leader opens becomes its controlling terminal,
    and sends SIGHUP when it goes (tests with several terminals do that)."""
    pid = os.fork()
    if pid:
        return pid
    os.setsid()
    inner = os.fork()
    if inner == 0:
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        try:
            os.execvp(command[0], command)
        except OSError as error:
            os.write(2, ("%s: %s\n" % (command[0], error)).encode())
            os._exit(127)
    os.waitpid(inner, 0)
    os._exit(0)


def send(pid, number):
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        pass


def wait_for(command_pid, limit_s, stops):
    """Wait for the command's end, with the limit and signals as its bounds."""
    begin = time.monotonic()
    outcome, ended_at = "ended", None
    while command_pid not in reap():
        now = time.monotonic()
        if ended_at is None and (stops or now - begin > limit_s):
            outcome = "stopped" if stops else "time limit"
            ended_at = now
            # runtest closes its files in order on this signal, so the results so far are kept.
            running = [pid for pid, name in descendants() if name in ("expect", "runtest")]
            if not running:
                break
            for pid in running:
                send(pid, signal.SIGTERM)
        elif ended_at is not None and now - ended_at > GRACE_S:
            break
        time.sleep(0.02)
    return outcome, time.monotonic() - begin


def leaked_programs():
    """Names of what is still there, after a second to end in."""
    end = time.monotonic() + 1
    while True:
        for _ in reap():
            pass
        left = sorted(name for _, name in descendants() if name not in DEJAGNUS_OWN)
        if not left or time.monotonic() > end:
            return left
        time.sleep(0.05)


def kill_the_rest():
    end = time.monotonic() + 10
    while time.monotonic() < end:
        for _ in reap():
            pass
        left = descendants()
        if not left:
            return
        for pid, _ in left:
            send(pid, signal.SIGKILL)
        time.sleep(0.02)


def main():
    limit_s, report, command = float(sys.argv[1]), sys.argv[2], sys.argv[3:]
    if ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0:
        sys.exit("run-limited: cannot become a child subreaper")
    stops = []
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda received, _: stops.append(received))
    hard = resource.getrlimit(resource.RLIMIT_CORE)[1]
    resource.setrlimit(resource.RLIMIT_CORE, (hard, hard))
    outcome, seconds = wait_for(start(command), limit_s, stops)
    leaked = leaked_programs() if outcome == "ended" else []
    kill_the_rest()
    with open(report, "w") as file:
        json.dump({"outcome": outcome, "seconds": round(seconds, 1), "leaked": leaked}, file)


main()
