"""What a run on Dataflow needs: the extra `gcp`, Google credentials, and its flags.

Nothing is asked over the network, and nothing of a credentials file is shown but its kind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from pipelines.doctor.commands import install_self
from pipelines.doctor.finding import Finding
from pipelines.doctor.libraries import unmet_requirements
from pipelines.worker_package import flags_given

RUNNER: Final = "dataflow"
_NAMED: Final = "GOOGLE_APPLICATION_CREDENTIALS"
_LOG_IN: Final = "gcloud auth application-default login"
#: What a file of each kind must have.
_KINDS: Final = {
    "authorized_user": ("client_id", "client_secret", "refresh_token"),
    "service_account": ("client_email", "private_key", "token_uri"),
    "external_account": ("audience", "subject_token_type", "token_url"),
    "external_account_authorized_user": ("audience", "token_url", "client_id"),
    "impersonated_service_account": ("service_account_impersonation_url", "source_credentials"),
    "gdch_service_account": ("project", "private_key", "token_uri"),
}
#: Flags that Dataflow asks for, each with an example.
_EXAMPLES: Final = {
    "project": "PROJECT",
    "region": "europe-west1",
    "temp_location": "gs://BUCKET/tmp",
}
_REGION: Final = "CLOUDSDK_COMPUTE_REGION"
#: Set on Google's own platforms, where a metadata server gives out credentials.
_PLATFORM: Final = ("GCE_METADATA_HOST", "K_SERVICE", "GAE_ENV", "CLOUD_RUN_JOB")
_MACHINE: Final = Path("/sys/class/dmi/id/product_name")


def check_google(
    flags: Sequence[str], environment: Mapping[str, str], machine: Path = _MACHINE
) -> list[Finding]:
    """Library, credentials and flags of a run on Dataflow.

    `flags` are Beam's (`--project=…`); `machine` is the file that names the kind of machine.
    """
    given = flags_given(flags)
    return [
        _check_extra(),
        _check_credentials(environment, machine),
        *_check_flags(given, environment),
    ]


def _check_extra() -> Finding:
    try:
        declared = metadata.requires("apache-beam") or []
    except metadata.PackageNotFoundError:
        return Finding("google", "extra gcp", "fail", "Beam is missing", install_self("gcp"))
    try:
        unmet = [requirement.name for requirement, _ in unmet_requirements(declared, "gcp")]
    except ImportError:
        unmet = ["packaging"]
    if not unmet:
        return Finding("google", "extra gcp", "ok", "installed")
    rest = f" and {len(unmet) - 3} more" if len(unmet) > 3 else ""
    detail = f"missing or out of bounds: {', '.join(unmet[:3])}{rest}"
    return Finding("google", "extra gcp", "fail", detail, install_self("gcp"))


def _check_credentials(environment: Mapping[str, str], machine: Path) -> Finding:
    """The credentials that Google's libraries would find, in their order."""
    named = environment.get(_NAMED)
    if named:
        remedy = f"Correct {_NAMED}, or: unset {_NAMED}; {_LOG_IN}"
        # Some put the content there: nothing that does not look like a path is shown.
        shown = f" names {named}" if named[0] in "/~." and "{" not in named else ""
        return _check_file(Path(named), f"{_NAMED}{shown}", remedy)
    file = well_known_file(environment)
    if file.exists():
        return _check_file(file, "of gcloud", _LOG_IN)
    platform = next((name for name in _PLATFORM if environment.get(name)), None)
    if platform is not None:
        detail = f"from the metadata server ({platform} is set), not tried"
        return Finding("google", "credentials", "info", detail)
    if _is_google_machine(machine):
        detail = "from the metadata server of this machine, not tried"
        return Finding("google", "credentials", "info", detail)
    return Finding("google", "credentials", "fail", "none found", _LOG_IN)


def well_known_file(environment: Mapping[str, str]) -> Path:
    """Where `gcloud auth application-default login` leaves its file."""
    folder = environment.get("CLOUDSDK_CONFIG")
    if not folder:
        base = environment.get("APPDATA") if os.name == "nt" else None
        folder = os.path.join(base or os.path.expanduser("~/.config"), "gcloud")
    return Path(folder) / "application_default_credentials.json"


def _check_file(file: Path, origin: str, remedy: str) -> Finding:
    wrong, kind = None, ""
    try:
        content: Any = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        wrong = "there is no such file"
    except OSError:
        wrong = "the file can't be read"
    except ValueError:
        wrong = "the file is not JSON"
    else:
        kind = str(content.get("type")) if isinstance(content, dict) else ""
        if kind not in _KINDS:
            wrong = "the file is not one of Google credentials"
        elif missing := [name for name in _KINDS[kind] if not content.get(name)]:
            wrong = f"the file lacks {', '.join(missing)}"
    if wrong is not None:
        return Finding("google", "credentials", "fail", f"{origin}: {wrong}", remedy)
    detail = f"{origin}: {kind.replace('_', ' ')}, not tried"
    return Finding("google", "credentials", "ok", detail)


def _check_flags(given: Mapping[str, str], environment: Mapping[str, str]) -> list[Finding]:
    """One finding for each flag that is given, one for all that are not."""
    findings, missing = [], []
    for name in _EXAMPLES:
        value, origin = given.get(name), ""
        if not value and name == "region":
            value, origin = environment.get(_REGION), f", from {_REGION}"
        if not value and name == "temp_location":  # Beam takes one for the other
            value, origin = given.get("staging_location"), ", from staging_location"
        if not value:
            missing.append(name)
        elif name == "temp_location" and not value.startswith("gs://"):
            detail = "is not a folder of Cloud Storage"
            findings.append(Finding("google", name, "fail", detail, _command([name])))
        else:
            findings.append(Finding("google", name, "ok", f"{value}{origin}"))
    if missing:
        detail = "missing: " + " ".join(f"--{name}" for name in missing)
        findings.append(Finding("google", "flags", "fail", detail, _command(missing)))
    return findings


def _command(names: Sequence[str]) -> str:
    flags = " ".join(f"--beam=--{name}={_EXAMPLES[name]}" for name in names)
    return f"omnireward build --runner {RUNNER} {flags}"


def _is_google_machine(file: Path) -> bool:
    try:
        return "Google" in file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
