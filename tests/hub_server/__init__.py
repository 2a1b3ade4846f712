"""A Hugging Face Hub on loopback, for tests: dataset repos, a CDN, tokens, a log and faults.

Clients read from it and write to it, over LFS: it has no Xet storage, so a client that writes
runs with ``HF_HUB_DISABLE_XET=1``.

with HubServer() as hub:
    hub.store.create("ada/birds", licence="mit")
    commit = hub.store.commit("ada/birds", {"data/train.parquet": b"..."}, "First rows")
    HfApi(endpoint=hub.endpoint, token=False).dataset_info("ada/birds")
    hub.faults.script("train.parquet", [Fault.drop(0.5)])
    assert hub.log.authorizations("cdn") == []
"""

from __future__ import annotations

from tests.hub_server.content import Blob
from tests.hub_server.faults import Fault, FaultKind, FaultPlan
from tests.hub_server.log import LoggedRequest, RequestLog
from tests.hub_server.server import HubServer
from tests.hub_server.store import Commit, Repo, Store
from tests.hub_server.tokens import Scope, Token, Tokens

__all__ = [
    "Blob",
    "Commit",
    "Fault",
    "FaultKind",
    "FaultPlan",
    "HubServer",
    "LoggedRequest",
    "Repo",
    "RequestLog",
    "Scope",
    "Store",
    "Token",
    "Tokens",
]
