"""The whole examination: which checks are made, side by side, within a bounded time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pipelines.doctor import google, workers
from pipelines.doctor.disk import check_disk
from pipelines.doctor.finding import AREAS, Finding
from pipelines.doctor.hidden import masked, secrets_of
from pipelines.doctor.hub import check_hub
from pipelines.doctor.hub_token import find_token
from pipelines.doctor.libraries import check_libraries, check_python
from pipelines.doctor.machine import check_memory, check_processors
from pipelines.doctor.media_tools import check_ffmpeg, check_native
from pipelines.doctor.models import check_models, relabelers_of
from pipelines.doctor.needs import Needs, needs_of
from pipelines.doctor.side_by_side import Check, run_checks
from pipelines.worker_package import own_setup

#: Seconds for all checks together.
_SECONDS: Final = 20.0


@dataclass(frozen=True)
class Question:
    """What is examined: the options of the build that is meant."""

    recipe: Path | None = None
    output: str = "dataset"
    store: str | None = None
    runner: str | None = None
    flags: tuple[str, ...] = ()
    offline: bool = False


def examine(question: Question, environment: Mapping[str, str]) -> list[Finding]:
    """All findings in the order of their areas, free of secrets; never raises for what it finds.

    `environment` holds the variables, as `os.environ`.
    """
    needs, recipe = needs_of(question.recipe, question.runner)
    findings = [recipe, *run_checks(_checks(question, needs, environment), _SECONDS)]
    secrets = secrets_of(environment)
    stored = find_token(environment, offline=True).value
    if stored is not None:
        secrets.add(stored)
    findings.sort(key=lambda finding: AREAS.index(finding.area))
    return masked(findings, secrets)


def _checks(question: Question, needs: Needs, environment: Mapping[str, str]) -> list[Check]:
    store = question.store or question.output.rstrip("/") + "/.work/media"
    checks = [
        Check("python", "Python", check_python),
        Check("python", "libraries", check_libraries),
        Check("media", "ffmpeg", check_ffmpeg),
        Check("media", "av", lambda: check_native("av")),
        Check("media", "soundfile", lambda: check_native("soundfile")),
        Check("machine", "processors", lambda: check_processors(needs.runner, needs.workers)),
        Check("machine", "memory", check_memory),
        Check(
            "disk",
            "disk",
            lambda: check_disk(question.output, store, needs.mirrors, environment),
        ),
        Check(
            "hub",
            "endpoint",
            lambda: check_hub(
                environment,
                offline=question.offline,
                needed=needs.hub,
                publication=needs.publication,
            ),
        ),
    ]
    settings = needs.relabel
    if settings is not None:
        checks.append(
            Check(
                "models",
                "endpoint",
                lambda: check_models(
                    relabelers_of(settings, environment, always=needs.asks_models),
                    environment,
                    offline=question.offline,
                ),
            )
        )
    if needs.runner == google.RUNNER:
        checks.append(
            Check("google", "Dataflow", lambda: google.check_google(question.flags, environment))
        )
    if workers.are_elsewhere(needs.runner, question.output):
        asked = relabelers_of(settings, environment, always=needs.asks_models) if settings else ()
        keys = [one.key_variable for one in asked if one.key_variable]
        read = [*(["HF_TOKEN"] if needs.hub else []), *keys]
        checks += [
            Check(
                "workers",
                "package",
                lambda: workers.check_package(needs.runner, question.flags, own_setup()),
            ),
            Check("workers", "variables", lambda: workers.check_variables(read)),
        ]
    return checks
