"""Dataflow's needs: the extra, credentials and flags; nothing of a credentials file is shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pipelines.doctor.finding import Finding
from pipelines.doctor.google import check_google, well_known_file

SECRET = "planted-refresh-token"
USER = {
    "type": "authorized_user", "client_id": "c", "client_secret": "s", "refresh_token": SECRET,
}  # fmt: skip
NOWHERE = Path("/nowhere")


def look(*flags: str, **environment: str) -> dict[str, Finding]:
    found = check_google(flags, {"CLOUDSDK_CONFIG": "/nowhere", **environment}, NOWHERE)
    assert SECRET not in repr(found)
    return {finding.what: finding for finding in found}


def test_nothing_is_there() -> None:
    found = look()
    assert found["credentials"].state == "fail"
    assert found["credentials"].remedy == "gcloud auth application-default login"
    assert found["flags"].detail == "missing: --project --region --temp_location"
    assert found["flags"].remedy == (
        "omnireward build --runner dataflow --beam=--project=PROJECT "
        "--beam=--region=europe-west1 --beam=--temp_location=gs://BUCKET/tmp"
    )


def test_flags_that_are_given() -> None:
    found = look("--project=mine", "--region", "europe-west4", "--staging_location=gs://b/s")
    assert "flags" not in found
    assert found["project"].detail == "mine"
    assert found["region"].detail == "europe-west4"
    assert found["temp_location"].detail == "gs://b/s, from staging_location"
    found = look("--project=mine", "--temp_location=/tmp/x", CLOUDSDK_COMPUTE_REGION="r1")
    assert found["region"].detail == "r1, from CLOUDSDK_COMPUTE_REGION"
    assert found["temp_location"].state == "fail"


@pytest.mark.parametrize(
    ("content", "state", "said"),
    [
        (json.dumps(USER), "ok", "authorized user, not tried"),
        (json.dumps({**USER, "refresh_token": ""}), "fail", "lacks refresh_token"),
        (json.dumps({"type": "service_account"}), "fail", "client_email, private_key, token_uri"),
        (json.dumps({"installed": {"client_secret": SECRET}}), "fail", "not one of Google"),
        (json.dumps([SECRET]), "fail", "not one of Google"),
        (SECRET, "fail", "is not JSON"),
        (None, "fail", "there is no such file"),
    ],
)
def test_a_file_that_is_named(content: str | None, state: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "credentials.json"
    if content is not None:
        file.write_text(content)
    found = look(GOOGLE_APPLICATION_CREDENTIALS=str(file))["credentials"]
    assert found.state == state
    assert said in found.detail
    assert str(file) in found.detail


def test_credentials_pasted_into_the_variable_are_not_shown() -> None:
    found = look(GOOGLE_APPLICATION_CREDENTIALS=json.dumps(USER))["credentials"]
    assert found.detail == "GOOGLE_APPLICATION_CREDENTIALS: there is no such file"


def test_the_file_of_gcloud_and_the_metadata_server(tmp_path: Path) -> None:
    environment = {"CLOUDSDK_CONFIG": str(tmp_path)}
    machine = tmp_path / "product_name"
    machine.write_text("Google Compute Engine\n")
    by_machine = check_google((), environment, machine)[1]
    assert by_machine.detail == "from the metadata server of this machine, not tried"
    by_variable = look(K_SERVICE="job")["credentials"]
    assert by_variable.detail == "from the metadata server (K_SERVICE is set), not tried"
    well_known_file(environment).write_text(json.dumps(USER))
    assert (
        check_google((), environment, machine)[1].detail == "of gcloud: authorized user, not tried"
    )
