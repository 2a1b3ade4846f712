"""Memory and processors that this process may use, container limits included."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from pipelines.doctor.finding import Finding, State
from pipelines.sizes import size_of

#: Bytes. A build of the largest published text corpus takes 1.5 GB; clips and workers more.
_TOO_LITTLE: Final = 1_500_000_000
_TIGHT: Final = 4_000_000_000


def check_memory(root: Path = Path("/")) -> Finding:
    """Memory that is available, in bytes of the kernel and of the control group, against need.

    `root` is the folder that holds `proc` and `sys`.
    """
    total, free = _kernel_memory(root)
    limit, used = _group_memory(root)
    if limit is not None and (total is None or limit < total):
        total = limit
        free = limit - used if free is None else min(free, limit - used)
        origin = ", limited by a container or control group"
    else:
        origin = ""
    if total is None or free is None:
        return Finding("machine", "memory", "info", "this system does not tell")
    free = max(free, 0)
    detail = f"{size_of(free)} free of {size_of(total)}{origin}"
    if free >= _TIGHT:
        return Finding("machine", "memory", "ok", detail)
    state: State = "fail" if total < _TOO_LITTLE else "warn"
    remedy = (
        f"A text corpus needs {size_of(_TOO_LITTLE)}, media and several workers more: close other "
        "programs, raise the container's limit, or build with --workers 1."
    )
    return Finding("machine", "memory", state, detail, remedy)


def check_processors(runner: str, workers: int, root: Path = Path("/")) -> Finding:
    """Processors that this process may use, against the workers of the recipe or command line."""
    usable = _usable_processors()
    quota = _group_processors(root)
    count = usable if quota is None else min(usable, quota)
    detail = f"{count:g}" + (", limited by a control group" if count < usable else "")
    if runner == "multi_processing" and workers > count:
        remedy = f"Build with --workers {max(1, int(count))}: more workers only cost memory."
        detail = f"{detail}, and {workers} workers are asked for"
        return Finding("machine", "processors", "warn", detail, remedy)
    return Finding("machine", "processors", "ok", detail)


def _usable_processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _kernel_memory(root: Path) -> tuple[int | None, int | None]:
    """Total and available memory in bytes."""
    lines = _text(root / "proc" / "meminfo").splitlines()
    values = {
        name: int(number) * 1024
        for name, _, rest in (line.partition(":") for line in lines)
        if (number := rest.strip().partition(" ")[0]).isdigit()
    }
    total = values.get("MemTotal")
    if total is not None:
        return total, values.get("MemAvailable", values.get("MemFree"))
    try:  # other systems tell the total alone
        total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError, AttributeError):
        return None, None
    return total, total


def _group_memory(root: Path) -> tuple[int | None, int]:
    """The tightest limit of the control groups above this process, and what is used of it."""
    limits = []
    for folder in _group_folders(root, "memory"):
        for limit_file, used_file in (
            ("memory.max", "memory.current"),
            ("memory.limit_in_bytes", "memory.usage_in_bytes"),
        ):
            limit = _text(folder / limit_file).strip()
            if limit.isdigit():
                used = _text(folder / used_file).strip()
                limits.append((int(limit), int(used) if used.isdigit() else 0))
    return min(limits, default=(None, 0))


def _group_processors(root: Path) -> float | None:
    """Processors by the tightest quota of the control groups above this process."""
    quotas = []
    for folder in _group_folders(root, "cpu"):
        quota, _, period = _text(folder / "cpu.max").strip().partition(" ")
        if not period:  # the first version of control groups writes two files
            quota = _text(folder / "cpu.cfs_quota_us").strip()
            period = _text(folder / "cpu.cfs_period_us").strip()
        if quota.isdigit() and period.isdigit() and int(period):
            quotas.append(round(int(quota) / int(period), 1))
    return min(quotas, default=None)


def _group_folders(root: Path, controller: str) -> Iterator[Path]:
    """The folders of this process's control groups, its own first; both versions are known."""
    mount = root / "sys" / "fs" / "cgroup"
    for line in _text(root / "proc" / "self" / "cgroup").splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and controller not in controllers.split(","):
            continue
        top = mount / controller if controllers else mount
        own = Path(path.strip().lstrip("/"))
        for folder in (own, *own.parents):
            yield top / folder


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""
