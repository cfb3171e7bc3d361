"""Runs writers and kills them: `python -m tests.faults.forked_writers KILLS`.

They write to an embedded installation. Django is loaded once and every writer is forked from it,
with a connection of its own, so that a life is short enough for two hundred kills. Two writers run
at a time; their reports (tests/support/background_writer.py) go to stdout.
"""

import os
import random
import signal
import sys
import time

import django

AT_ONCE = 2


def main() -> None:
    kills, chance = int(sys.argv[1]), random.Random("kills")
    django.setup()
    living: list[int] = []
    for number in range(kills):
        living.append(fork_writer(f"writer {number}"))
        if len(living) < AT_ONCE and number + 1 < kills:
            continue
        # Long enough to write, in most of them.
        time.sleep(chance.uniform(0.05, 0.3))
        end(living.pop(0))
    for pid in living:
        end(pid)


def fork_writer(seed: str) -> int:
    pid = os.fork()
    if pid == 0:
        from tests.support import background_writer

        background_writer.write(seed)
        os._exit(1)
    return pid


def end(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    _pid, status = os.waitpid(pid, 0)
    assert os.WIFSIGNALED(status), "a writer ended by itself"


if __name__ == "__main__":
    main()
