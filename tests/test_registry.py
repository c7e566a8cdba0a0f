"""Names become captioners and reasoners; a wrong one says what was meant."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import replace
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path

import pytest

from ruler import registry
from ruler.captioners.replay import ReplayCaptioner
from ruler.errors import InputError, MissingExtraError, UnknownNameError
from ruler.reasoners.symbolic import SymbolicReasoner

ROOT = Path(__file__).resolve().parents[1]


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
    with pytest.raises(UnknownNameError, match=r"called 'zzz'. Known: motion, replay, and models"):
        registry.resolve("captioner", "zzz")
    with pytest.raises(UnknownNameError):
        registry.resolve("captioner", "symbolic")


@pytest.fixture
def asking(monkeypatch: pytest.MonkeyPatch) -> None:
    """What asks a model only tells how it was called."""
    for kind in registry.ASKING:
        asker = replace(registry.ASKING[kind], target=f"{__name__}:build")
        monkeypatch.setitem(registry.ASKING, kind, asker)


@pytest.mark.usefixtures("asking")
@pytest.mark.parametrize("kind", ["captioner", "reasoner"])
@pytest.mark.parametrize(
    "name", ["openai:gpt-4o-mini", "vllm:Qwen/Qwen2.5-VL-7B-Instruct", "transformers:./tiny:v1"]
)
def test_whatever_serves_a_model_gets_its_full_name(kind: registry.Kind, name: str) -> None:
    options = {"base_url": "http://127.0.0.1:1/v1"}
    assert registry.resolve(kind, name, options) == (name, options)
    assert registry.resolve(kind, name) == (name, {})
    assert registry.resolve(kind, f"chat:{name}") == (name, {})
    assert registry.resolve("reasoner", "replay:folder") == ("replay:folder", {})


@pytest.mark.usefixtures("asking")
def test_the_older_form_reaches_providers_that_the_table_lacks() -> None:
    assert registry.resolve("captioner", "chat:brandnew:model") == ("brandnew:model", {})


@pytest.mark.parametrize(
    ("name", "example"),
    [
        ("openai", "openai"),
        ("openai:", "openai"),
        ("vllm", "vllm"),
        ("transformers:", "transformers"),
        ("chat", "openai"),
        ("chat:", "openai"),
        ("chat:gpt-4o", "openai"),
        ("chat:ollama", "ollama"),
    ],
)
def test_a_provider_without_a_model_says_how_to_name_one(name: str, example: str) -> None:
    with pytest.raises(InputError, match=f"names no model: write it like {example}:MODEL"):
        registry.resolve("captioner", name)


def test_a_model_without_its_provider_is_no_name() -> None:
    with pytest.raises(UnknownNameError, match=r"models as PROVIDER:MODEL \(vllm"):
        registry.resolve("captioner", "gpt-4o-mini")
    with pytest.raises(UnknownNameError, match="Did you mean 'google_genai'"):
        registry.resolve("reasoner", "google-genai:gemini-3-flash")


@pytest.mark.parametrize("kind", ["captioner", "reasoner"])
def test_without_langchain_one_sentence_says_what_to_install(
    kind: registry.Kind, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = replace(registry.ASKING[kind], probe="no_such_module")
    monkeypatch.setitem(registry.ASKING, kind, lacking)
    with pytest.raises(MissingExtraError, match=r"pip install 'ruler-vad\[chat\]'"):
        registry.resolve(kind, "openai:gpt-4o")


def test_a_package_that_a_provider_lacks_is_named() -> None:
    if importlib.util.find_spec("langchain_cohere"):
        pytest.skip("langchain-cohere is installed")
    with pytest.raises(InputError, match=r"pip install langchain-cohere"):
        registry.resolve("captioner", "cohere:command-a-vision")


def test_replay_is_a_captioner_of_its_own_and_a_model_for_reasoners(tmp_path: Path) -> None:
    (tmp_path / "captions.jsonl").touch()
    assert isinstance(registry.resolve("captioner", f"replay:{tmp_path}"), ReplayCaptioner)


def test_the_table_of_chat_providers_is_langchains() -> None:
    base = pytest.importorskip("langchain.chat_models.base")
    assert sorted(registry.CHAT_PROVIDERS) == sorted(base._BUILTIN_PROVIDERS)


def test_naming_loads_nothing_heavy() -> None:
    code = """
import sys
from ruler import registry
from ruler.errors import RulerError
for name in ("motion", "nobody:x", "openai"):
    try:
        registry.resolve("captioner", name)
    except RulerError:
        pass
import ruler.captioners.model, ruler.captioners.recording
heavy = {"langchain", "langchain_core", "openai", "torch", "transformers", "vllm"}
print(sorted(heavy & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT
    )
    assert done.stdout == "[]\n"


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
        for name, builtin in {**providers, "PROVIDER": registry.ASKING[kind]}.items():
            module, _, attribute = builtin.target.partition(":")
            assert module.startswith(f"ruler.{kind}s."), name
            assert attribute
            assert (builtin.extra is None) == (builtin.probe is None), name
