"""Where everything lies under the output folder of a build."""

from __future__ import annotations

import os
from dataclasses import dataclass

from schemas.clips import CLIPS
from transforms.beamkit import files


@dataclass(frozen=True)
class Layout:
    """Paths of a dataset and of the work behind it. `store` may be shared between datasets."""

    output: str
    store: str

    @staticmethod
    def of(output: str, store: str | None = None) -> Layout:
        """The layout of an output folder; by default the media store is inside."""
        return Layout(output, store or files.join(output, ".work", "media"))

    @property
    def store_identity(self) -> str:
        """What tells this store from another one that may lack the media.

        One inside the output folder goes along with it: how the folder is called says nothing.
        """
        if not files.is_local(self.store):
            return self.store.removeprefix(f"{self.output.rstrip('/')}/").rstrip("/")
        place = os.path.realpath(self.store)
        inside = os.path.relpath(place, os.path.realpath(self.output))
        is_inside = files.is_local(self.output) and inside.split("/")[0] != ".."
        return inside if is_inside else place

    @property
    def run_record(self) -> str:
        """What the last run did."""
        return files.join(self.output, "run_record.json")

    @property
    def lock(self) -> str:
        """What was resolved once: the shard counts in force."""
        return files.join(self.output, "beam_config.lock")

    def shards(self, subset: str) -> str:
        """The folder of a subset's published shards."""
        return files.join(self.output, "data", subset)

    def shard(self, subset: str, name: str) -> str:
        """A published shard."""
        return files.join(self.shards(subset), name)

    @property
    def clips(self) -> str:
        """Clips that are files beside the shards."""
        return files.join(self.output, CLIPS)

    def dead_letters(self, subset: str) -> str:
        """The subset's dead letters."""
        return files.join(self.output, "dead_letters", f"{subset}.parquet")

    def where(self, subset: str) -> str:
        """Where each dead letter was met: file and row, not part of any digest."""
        return files.join(self.output, "dead_letters", f"{subset}.where.parquet")

    def duplicates(self, subset: str) -> str:
        """The subset's rows that were removed as duplicates, and what they matched."""
        return files.join(self.output, "duplicates", f"{subset}.parquet")

    def contamination(self, subset: str) -> str:
        """The subset's rows that match items of benchmarks, removed or only reported."""
        return files.join(self.output, "contamination", f"{subset}.parquet")

    def labels(self, subset: str) -> str:
        """What was said of the subset's pairs: criteria, verdicts, producers, cost."""
        return files.join(self.output, "labels", f"{subset}.parquet")

    @property
    def gate(self) -> str:
        """What the last check of the dataset found."""
        return self.quality("gate.json")

    def quality(self, *parts: str) -> str:
        """What checks of the dataset wrote: the gate, its results and pages."""
        return files.join(self.output, "quality", *parts)

    def published(self, subset: str) -> str:
        """The manifest of a subset whose files are in place."""
        return files.join(self.output, ".work", subset, "published.json")

    def manifest(self, subset: str, unit: str) -> str:
        """The manifest of a unit of work."""
        return files.join(self.output, ".work", subset, f"{unit}.json")

    def parts(self, subset: str, unit: str) -> str:
        """The folder of a unit's files."""
        return files.join(self.output, ".work", subset, unit)

    def known_media(self, subset: str) -> str:
        """Media of the last build, while dead letters are tried again."""
        return files.join(self.output, ".work", subset, "known_media.arrow")

    @property
    def digests(self) -> str:
        """Digests of input files, by path, size and time of change."""
        return files.join(self.output, ".work", "input_digests.json")

    @property
    def fingerprints(self) -> str:
        """Fingerprints of benchmarks by their digests, where workers of other machines read."""
        return files.join(self.output, ".work", "fingerprints")

    @property
    def worker_log(self) -> str:
        """What worker processes of this machine say."""
        return files.join(self.output, ".work", "workers.log")

    @property
    def progress(self) -> str:
        """Where local workers tell how far they are."""
        return files.join(self.output, ".work", "progress")
