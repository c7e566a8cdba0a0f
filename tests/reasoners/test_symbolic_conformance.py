"""The embedded reasoner passes the suite."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from ruler.reasoners.base import Reasoner
from ruler.registry import resolve
from ruler.schemas.runs import Usage
from tests.conformance.reasoners import ReasonerConformance


class TestSymbolic(ReasonerConformance):
    @pytest.fixture
    def make(self) -> Callable[[], Reasoner]:
        return lambda: resolve("reasoner", "symbolic")

    def test_costs_nothing(self, reasoner: Reasoner) -> None:
        self.written(reasoner, is_measured=True)
        assert reasoner.usage == Usage()
