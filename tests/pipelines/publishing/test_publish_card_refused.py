"""A card that the Hub refuses: told before anything is sent, and never taken for a lost answer."""

from __future__ import annotations

from pathlib import Path

import pytest
import versions_built
from versions_built import REPO, publish_plainly

from pipelines.publishing import publish as steps
from tests.hub_server import Fault, HubServer
from transforms.beamkit.errors import BuildError

HEAD = b"---\nlanguage:\n- English\nconfigs:\n- config_name: default\n---\n# Rewards\n"
WHY = (
    r'refuses the head of README\.md: "language\[0\]" with value "English" is not valid.*mend '
    r"`languages` of the corpora, in data_cards/corpora/\*/metadata\.yaml"
)


@pytest.fixture
def refused_card(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(versions_built, "plain_card", lambda *_, **__: {"README.md": HEAD})


def _asked(hub: HubServer, part: str) -> int:
    return sum(part in one.path and one.method != "GET" for one in hub.log.entries())


@pytest.mark.usefixtures("refused_card")
def test_it_is_refused_before_anything_is_sent(publisher: HubServer, first: Path) -> None:
    with pytest.raises(BuildError, match=WHY):
        publish_plainly(first, "1.0.0")
    assert {one.path for one in publisher.log.entries() if one.method != "GET"} == {
        "/api/validate-yaml"
    }
    assert REPO not in publisher.store.repos


@pytest.mark.usefixtures("refused_card")
def test_a_refusal_at_the_commit_is_final(
    hub_with_first: HubServer, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(steps, "refuse_unless_taken", lambda *_: None)
    with pytest.raises(BuildError, match=WHY):
        publish_plainly(second, "1.1.0")
    assert _asked(hub_with_first, "validate-yaml") == 1
    assert _asked(hub_with_first, "/commit/") == 0


@pytest.mark.parametrize("fault", [Fault.drop(0.2), Fault.error(503, before=True)])
def test_an_answer_about_the_card_that_is_lost_is_asked_for_again(
    hub_with_first: HubServer, second: Path, fault: Fault
) -> None:
    hub_with_first.faults.script("/api/validate-yaml", [fault], method="POST")
    publish_plainly(second, "1.1.0")
    assert set(hub_with_first.store.get(REPO).tags) == {"v1.0.0", "v1.1.0"}
