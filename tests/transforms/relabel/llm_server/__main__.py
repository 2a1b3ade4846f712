"""The scripted server as a process: prints its address, serves until its input ends."""

from __future__ import annotations

import asyncio
import sys

from tests.transforms.relabel.llm_server.behaviour import Script
from tests.transforms.relabel.llm_server.server import LlmServer


async def _serve(script: Script) -> None:
    server = LlmServer(script)
    await server.start()
    sys.stdout.write(server.base_url + "\n")
    sys.stdout.flush()
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(_serve(Script.from_json(sys.argv[1])))
