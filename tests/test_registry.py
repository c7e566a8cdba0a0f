"""Names become captioners and reasoners; a wrong one says what was meant."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints

import pytest

from ruler import registry
from ruler.errors import MissingExtraError, UnknownNameError
from ruler.reasoners.symbolic import SymbolicReasoner


def build(model: str, options: Mapping[str, object]) -> tuple[str, Mapping[str, object]]:
    """What an installed package would register."""
    return model, options


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Another package brings the reasoner `oracle`, and one that is broken."""
    points = EntryPoints(
        [
            EntryPoint("oracle", f"{__name__}:build", "ruler.reasoners"),
            EntryPoint("broken", "no_such_module:build", "ruler.reasoners"),
        ]
    )
    monkeypatch.setattr(registry, "entry_points", points.select)


def test_symbolic_is_built_in() -> None:
    assert isinstance(registry.resolve("reasoner", "symbolic"), SymbolicReasoner)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("motion", ("motion", "")),
        ("vllm:Qwen/Qwen2.5-VL-7B", ("vllm", "Qwen/Qwen2.5-VL-7B")),
        ("chat:ollama:llava:7b", ("chat", "ollama:llava:7b")),
        ("", ("", "")),
    ],
)
def test_names_split_at_the_first_colon(name: str, parts: tuple[str, str]) -> None:
    assert registry.split_name(name) == parts


def test_an_unknown_name_tells_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match=r"'symbolc'. Did you mean 'symbolic'\? Known: .*"):
        registry.resolve("reasoner", "symbolc:x")
    with pytest.raises(UnknownNameError, match=r"called 'zzz'. Known: chat, motion, replay"):
        registry.resolve("captioner", "zzz")
    with pytest.raises(UnknownNameError):
        registry.resolve("captioner", "symbolic")


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    needy = registry.Builtin("no_such_module:create", extra="chat", probe="no_such_module")
    monkeypatch.setitem(registry.BUILTINS["captioner"], "needy", needy)
    with pytest.raises(MissingExtraError, match=r"pip install 'ruler-vad\[chat\]'") as raised:
        registry.resolve("captioner", "needy:model")
    assert raised.value.extra == "chat"
    assert "needy" in registry.names("captioner")


@pytest.mark.usefixtures("installed")
def test_other_packages_add_theirs() -> None:
    assert registry.resolve("reasoner", "oracle:a:b", {"x": 1}) == ("a:b", {"x": 1})
    assert registry.resolve("reasoner", "oracle") == ("", {})
    assert registry.names("reasoner") == tuple(
        sorted(["broken", "oracle", *registry.BUILTINS["reasoner"]])
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'oracle'"):
        registry.resolve("reasoner", "oracel")
    with pytest.raises(UnknownNameError):
        registry.resolve("captioner", "oracle")


@pytest.mark.usefixtures("installed")
def test_a_built_in_name_cannot_be_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    points = EntryPoints([EntryPoint("symbolic", f"{__name__}:build", "ruler.reasoners")])
    monkeypatch.setattr(registry, "entry_points", points.select)
    assert isinstance(registry.resolve("reasoner", "symbolic"), SymbolicReasoner)


def test_every_built_in_has_a_target() -> None:
    for kind, providers in registry.BUILTINS.items():
        for name, builtin in providers.items():
            module, _, attribute = builtin.target.partition(":")
            assert module.startswith(f"ruler.{kind}s."), name
            assert attribute
            assert (builtin.extra is None) == (builtin.probe is None), name
