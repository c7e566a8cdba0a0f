"""The LLM reasoner passes the suite, with a model by script."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ruler.reasoners.base import Reasoner
from ruler.reasoners.llm import LlmReasoner
from tests.conformance.reasoners import ReasonerConformance
from tests.reasoners.llm.scripted import ScriptedAsker


class TestLlm(ReasonerConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Reasoner]:
        return lambda: LlmReasoner(ScriptedAsker())
