"""A program that the fork server starts is what a started one is: both ways are compared."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forked
from tests.support.costs import cpu_seconds
from tests.support.process_guard import guard
from tests.support.processes import wait_until

pytestmark = [pytest.mark.once, pytest.mark.process("compares a forked with a started program")]

REPORT = """
import atexit, json, os, signal, sys, threading
from pathlib import Path

atexit.register(print, "the end")
signals = set(signal.Signals)
print(json.dumps({
    "arguments": sys.argv,
    "path": sys.path,
    "name": __name__,
    "folder": os.getcwd(),
    "environment": dict(os.environ),
    "input": sys.stdin.read(),
    "descriptors": sorted(int(name) for name in os.listdir("/proc/self/fd")),
    "handlers": sorted(f"{each.name} {signal.getsignal(each)}" for each in signals),
    "blocked": sorted(signal.pthread_sigmask(signal.SIG_BLOCK, [])),
    "mask": Path("/proc/self/status").read_text().split("Umask:")[1].split()[0],
    "session": [os.getsid(0), os.getpgid(0)],
    "threads": len(threading.enumerate()),
    "isolated": sys.flags.safe_path,
}))
"""
OURS = ("accounts", "eventflow", "events", "tests", "tickets")
LOADED = f"""
import sys
print(sorted(name for name in sys.modules if name.partition(".")[0] in {OURS}))
from django.conf import settings
print(settings.configured, "DJANGO_SETTINGS_MODULE" in __import__("os").environ)
"""


def both_ways(words: list[str], folder: Path, *, input: str = "") -> list[tuple[int, str, str]]:
    """Exit code, stdout and stderr of a Python program: started, and forked."""
    env = {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", "OF_THIS_TEST": "żółć"}
    command = [sys.executable, *words]
    started = subprocess.run(
        command, env=env, cwd=folder, input=input, capture_output=True, text=True, timeout=60
    )
    done = [started, forked.run(command, env=env, cwd=folder, input=input)]
    return [(each.returncode, each.stdout, each.stderr) for each in done]


@pytest.mark.parametrize("how", ["file", "module", "text"])
def test_forked_program_has_for_itself_what_a_started_one_has(how, tmp_path):
    (tmp_path / "report.py").write_text(REPORT)
    words = {"file": [str(tmp_path / "report.py")], "module": ["-m", "report"]}
    told = both_ways([*words.get(how, ["-c", REPORT]), "one", "-two"], tmp_path, input="words")
    (code, out, err), (forked_code, forked_out, forked_err) = told
    assert (forked_code, forked_err) == (code, err) == (0, "")
    report, end = forked_out.splitlines()
    assert json.loads(report) == json.loads(out.splitlines()[0])
    assert end == "the end"


@pytest.mark.parametrize(
    "text",
    [
        "import sys; sys.exit(7)",
        "import sys; sys.exit('what is wrong')",
        "import os, signal; os.kill(os.getpid(), signal.SIGKILL)",
        "import threading as t; t.Thread(target=lambda: (t.Event().wait(0.1), print(1))).start()",
    ],
    ids=["code", "sentence", "signal", "thread"],
)
def test_forked_program_ends_as_a_started_one_does(text, tmp_path):
    started, ours = both_ways(["-c", text], tmp_path)
    assert ours == started


def test_forked_program_that_fails_says_so(tmp_path):
    (started, _, words), (code, _, said) = both_ways(["-c", "1 / 0"], tmp_path)
    assert (code, said.splitlines()[-1]) == (started, words.splitlines()[-1])
    assert "ZeroDivisionError" in said


def test_nothing_of_ours_and_no_settings_are_loaded_before_the_fork(tmp_path):
    done = forked.run([sys.executable, "-c", LOADED], env={}, cwd=tmp_path)
    assert done.stdout.splitlines() == ["[]", "False False"]


def test_forked_program_is_spoken_to_waited_for_and_stopped(tmp_path):
    text = "import sys; print(sys.stdin.readline(), flush=True); sys.stdin.read()"
    words, pipes = [sys.executable, "-c", text], {"stdin": subprocess.PIPE}
    process = forked.Process(words, env={}, cwd=tmp_path, **pipes, stdout=subprocess.PIPE)
    assert process.stdin and process.stdout
    process.stdin.write("hello\n")
    process.stdin.flush()
    assert process.stdout.readline() == "hello\n"
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=0.01)
    assert process.poll() is None
    process.terminate()
    assert (process.wait(), process.poll()) == (-signal.SIGTERM, -signal.SIGTERM)
    process.kill()  # nobody
    process.stdin.close()
    process.stdout.close()


def test_forked_program_needs_the_mark_of_its_test(tmp_path, request, monkeypatch):
    monkeypatch.setattr(guard, "item", request.node)  # as it is without the mark
    with pytest.raises(RuntimeError, match="starts a process"):
        forked.run([sys.executable, "-c", ""], env={}, cwd=tmp_path)


def test_costs_of_a_forked_program_are_counted_while_it_runs_and_afterwards(tmp_path):
    forked.run([sys.executable, "-c", ""], env={}, cwd=tmp_path)
    words = [sys.executable, "-c", "while True: pass"]
    before = cpu_seconds()
    process = forked.Process(words, env={}, cwd=tmp_path)
    wait_until(lambda: cpu_seconds() > before + 0.5)
    process.kill()
    process.wait()
    assert cpu_seconds() > before + 0.5
