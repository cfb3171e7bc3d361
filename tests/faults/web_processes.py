"""Web processes of the product, each on its own port, which can be killed and started again."""

import asyncio
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.support.server_process import Site, serving
from tests.support.smtp_server import free_port


class WebProcesses:
    def __init__(self, size: int, folder: Path, **env: Any) -> None:
        quiet = {"DEBUG": False, "RATE_LIMITS": "off", "LOG_LEVEL": "WARNING"}
        self.folder, self.env = folder, {**quiet, "WEB_PROCESSES": size, **env}
        self.ports = [free_port() for _ in range(size)]
        self.sites: dict[int, Site] = {}
        self.stacks: dict[int, ExitStack] = {}
        self.kills = 0

    def __enter__(self) -> "WebProcesses":
        for port in self.ports:
            self.start(port)
        return self

    def __exit__(self, *exc_info: object) -> None:
        for stack in self.stacks.values():
            stack.close()

    def start(self, port: int) -> None:
        """Start the process of this port and wait until it listens."""
        stack = self.stacks[port] = ExitStack()
        log = self.folder / f"web-{port}-{self.kills}.log"
        self.sites[port] = stack.enter_context(serving(log, port=port, **self.env))

    def kill(self, port: int) -> None:
        """Kill the process as the kernel does when memory is short: it can finish nothing."""
        self.kills += 1
        self.sites[port].process.kill()
        self.stacks[port].close()

    async def kill_in_turn(self, every: float) -> None:
        """Kill one after the other and start it again, until cancelled; a start is completed."""
        turn = 0
        while True:
            await asyncio.sleep(every)
            port = self.ports[turn % len(self.ports)]
            turn += 1
            await asyncio.to_thread(self.kill, port)
            await asyncio.shield(asyncio.to_thread(self.start, port))

    def pids(self) -> list[int]:
        return [self.sites[port].process.pid for port in self.ports]

    def logs(self) -> str:
        return "".join(path.read_text() for path in self.folder.glob("web-*.log"))
