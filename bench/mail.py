"""A mail server on loopback that writes each letter to a file.

`python -m bench.mail <port> <folder>`
"""

import asyncio
import contextlib
import itertools
import logging
import sys
from pathlib import Path

from aiosmtpd.smtp import SMTP

logging.getLogger("mail.log").setLevel(logging.WARNING)


class FileMailbox:
    def __init__(self, folder: Path) -> None:
        self.folder, self.number = folder, itertools.count(1)

    async def handle_DATA(self, server, session, envelope) -> str:
        # Renamed when complete, so that only complete letters are counted.
        half = self.folder / f"{next(self.number)}.part"
        half.write_bytes(envelope.content)
        half.rename(half.with_suffix(".eml"))
        return "250 Accepted"


async def main(port: int, folder: Path) -> None:
    mailbox, loop = FileMailbox(folder), asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(mailbox, hostname="localhost", loop=loop), "127.0.0.1", port
    )
    await server.serve_forever()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(int(sys.argv[1]), Path(sys.argv[2])))
