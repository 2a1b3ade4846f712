"""A scripted OpenAI-compatible server on loopback: exact faults, and counts of all it did."""

from tests.transforms.relabel.llm_server.behaviour import Behaviour, Kind, Script
from tests.transforms.relabel.llm_server.server import LlmServer, Served, running

__all__ = ["Behaviour", "Kind", "LlmServer", "Script", "Served", "running"]
