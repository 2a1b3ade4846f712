"""Commits in groups: what comes within a few hundredths of a second is one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from transforms.beamkit.errors import BuildError
from transforms.relabel.llm.records import Entry

#: A group is closed this long after its first entry came, or when the last group is written.
GROUP_SECONDS = 0.05


class Committer:
    """Writes entries by one thread, in the order in which they came.

    For one event loop. After a group that could not be written, nothing more is.
    """

    def __init__(
        self, write: Callable[[Sequence[Entry]], None], seconds: float = GROUP_SECONDS
    ) -> None:
        self._store_group, self._seconds = write, seconds
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="label-commits")
        self._pending: list[tuple[Entry, asyncio.Future[None] | None]] = []
        self._writing: asyncio.Task[None] | None = None
        self._broken: BuildError | None = None

    async def commit(self, entry: Entry) -> None:
        """Give an entry; returns when it is durable.

        Raises:
            BuildError: it could not be written.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._add(entry, done)
        await done

    def give(self, entry: Entry) -> None:
        """Give an entry that nobody waits for."""
        self._add(entry, None)

    async def close(self) -> None:
        """Write what is pending, and end the thread.

        Raises:
            BuildError: something could not be written.
        """
        while self._writing is not None:
            await asyncio.wait([self._writing])
        self._thread.shutdown()
        if self._broken is not None:
            raise self._broken

    def _add(self, entry: Entry, done: asyncio.Future[None] | None) -> None:
        if self._broken is not None:
            raise self._broken
        self._pending.append((entry, done))
        if self._writing is None:
            self._writing = asyncio.ensure_future(self._write_groups())

    async def _write_groups(self) -> None:
        loop = asyncio.get_running_loop()
        try:
            await asyncio.sleep(self._seconds)
            while self._pending and self._broken is None:
                started = loop.time()
                group, self._pending = self._pending, []
                await self._write(loop, group)
                if self._pending:  # the time that the writing took counts
                    await asyncio.sleep(max(0.0, self._seconds - (loop.time() - started)))
        finally:
            self._writing = None

    async def _write(
        self,
        loop: asyncio.AbstractEventLoop,
        group: list[tuple[Entry, asyncio.Future[None] | None]],
    ) -> None:
        entries = [entry for entry, _ in group]
        try:
            await loop.run_in_executor(self._thread, self._store_group, entries)
        except Exception as error:  # whatever the filesystem's library raises
            self._broken = BuildError(f"the label cache can't be written: {error}")
            group, self._pending = group + self._pending, []
        for _, done in group:
            if done is None or done.done():
                continue
            if self._broken is None:
                done.set_result(None)
            else:
                done.set_exception(self._broken)
