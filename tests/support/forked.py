"""Starts Python programs through the fork server: what `subprocess` does, at a quarter of the cost.

A program reads our modules and its settings itself; only the libraries are there already.
"""

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from functools import cache
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import IO, Any

from tests.support.matching import first_match

File = int | IO[Any] | None


class Server:
    """The fork server of this process."""

    def __init__(self) -> None:
        self.requests, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        program = Path(__file__).with_name("fork_server.py")
        # Settings belong to the programs.
        env = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, str(program), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            env=env,
        )
        theirs.close()

    def stop(self) -> None:
        self.requests.close()
        self.process.wait()


@cache
def server() -> Server:
    """The fork server of this process, which starts it when it is first needed."""
    return Server()


def stop_server() -> None:
    """End the fork server, if it was needed, and everything that it still runs."""
    if server.cache_info().currsize:
        server().stop()
        server.cache_clear()


class Process:
    """A running program, with those parts of subprocess.Popen that tests use."""

    def __init__(
        self,
        words: list[str],
        *,
        env: dict[str, str],
        cwd: Path,
        stdin: File = None,
        stdout: File = None,
        stderr: File = None,
    ) -> None:
        """Start `words`, of which the first is this Python.

        Files are as subprocess.Popen's, and pipes are for text. Without `stdin` there is none.
        """
        python, *self.words = words
        assert python == sys.executable, f"{python} is no Python, and is started by subprocess"
        sys.audit("subprocess.Popen", python, words, cwd, env)
        self.returncode: int | None = None
        self.stdin: IO[str] | None = None
        self.stdout: IO[str] | None = None
        self.told, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = {"words": self.words, "env": env, "cwd": str(cwd), "umask": umask()}
        with ExitStack() as sent:
            sent.enter_context(theirs)
            if stdin == subprocess.PIPE:
                stdin, self.stdin = pipe(sent, read=True)
            elif stdin is None:
                stdin = sent.enter_context(Path(os.devnull).open())
            if stdout == subprocess.PIPE:
                stdout, self.stdout = pipe(sent, read=False)
            files = [stdin, 1 if stdout is None else stdout, 2 if stderr is None else stderr]
            descriptors = [file if isinstance(file, int) else file.fileno() for file in files]
            message = [json.dumps(request).encode()]
            socket.send_fds(server().requests, message, [*descriptors, theirs.fileno()])
        number, (self.pidfd,), _flags, _address = socket.recv_fds(self.told, 20, 1)
        self.pid = int(number)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code, which is -N after signal N. Raises TimeoutExpired."""
        if self.returncode is None:
            if not wait_for([self.told], timeout):
                raise subprocess.TimeoutExpired(self.words, timeout or 0)
            self.returncode = int(self.told.recv(20))
            self.told.close()
            os.close(self.pidfd)
        return self.returncode

    def poll(self) -> int | None:
        with suppress(subprocess.TimeoutExpired):
            self.wait(timeout=0)
        return self.returncode

    def send_signal(self, signum: int) -> None:
        if self.poll() is None:
            signal.pidfd_send_signal(self.pidfd, signum)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def umask() -> int:
    """The mode bits that files of this process don't get. To ask the system is to change it."""
    status = Path("/proc/self/status").read_text()
    return int(first_match(r"Umask:\s+(\d+)", status)[1], 8)


def pipe(sent: ExitStack, *, read: bool) -> tuple[int, IO[str]]:
    """A pipe: the end for the program, which `sent` closes, and ours. `read`: it reads."""
    reading, writing = os.pipe()
    theirs, ours = (reading, writing) if read else (writing, reading)
    sent.callback(os.close, theirs)
    return theirs, os.fdopen(ours, "w" if read else "r")


def run(
    words: list[str], *, env: dict[str, str], cwd: Path, input: str = "", timeout: float = 60
) -> "subprocess.CompletedProcess[str]":
    """Run a program to its end, as subprocess.run with `capture_output` and `text`."""
    with ExitStack() as files:
        said = [files.enter_context(tempfile.TemporaryFile("w+")) for _ in range(3)]
        said[0].write(input)
        said[0].seek(0)
        process = Process(words, env=env, cwd=cwd, stdin=said[0], stdout=said[1], stderr=said[2])
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
            process.wait()
        for file in said:
            file.seek(0)
        return subprocess.CompletedProcess(words, code, said[1].read(), said[2].read())
