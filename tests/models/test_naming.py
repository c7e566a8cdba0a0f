"""What a local model is called, and what is said where it or its libraries are missing."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

from ruler.errors import InputError, MissingExtraError
from ruler.llm.local.naming import need, stable_name
from ruler.llm.local.options import TransformersOptions, VllmOptions


def checkpoint(folder: Path, config: str = "{}", weights: bytes = b"w" * 100_000) -> Path:
    folder.mkdir(parents=True)
    (folder / "config.json").write_text(config)
    (folder / "model.safetensors").write_bytes(weights)
    return folder


def test_a_folder_is_called_by_its_last_name_and_its_content(tmp_path: Path) -> None:
    here = stable_name("vllm", str(checkpoint(tmp_path / "a" / "small")))
    there = stable_name("vllm", str(checkpoint(tmp_path / "b" / "small")))
    assert here == there
    assert here.startswith("vllm:small@")
    assert str(tmp_path) not in here


@pytest.mark.parametrize(
    "other",
    [
        {"config": '{"layers": 2}'},
        {"weights": b"w" * 99_999 + b"v"},
        {"weights": b"w" * 99_999},
    ],
)
def test_another_content_is_another_name(tmp_path: Path, other: dict[str, object]) -> None:
    first = checkpoint(tmp_path / "a" / "small")
    second = checkpoint(tmp_path / "b" / "small", **other)  # type: ignore[arg-type]
    assert stable_name("vllm", str(first)) != stable_name("vllm", str(second))


def test_notes_beside_a_model_do_not_change_its_name(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "small")
    before = stable_name("vllm", str(folder))
    (folder / "README.md").write_text("about")
    assert stable_name("vllm", str(folder)) == before


def test_a_name_of_a_hub_stays_as_it_is() -> None:
    assert stable_name("transformers", "some/model-7B") == "transformers:some/model-7B"


def test_a_folder_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no such folder"):
        stable_name("vllm", str(tmp_path / "nothing"))
    with pytest.raises(InputError, match=r"holds no model \(no config.json\)"):
        stable_name("vllm", str(tmp_path))


def test_missing_libraries_name_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"'transformers:m'.*ruler-vad\[transformers\]"):
        need("transformers", "m", "torch")


def test_a_model_must_be_named() -> None:
    with pytest.raises(InputError, match="needs a model"):
        need("vllm", "", "json")


def test_options_that_are_not_given_have_defaults() -> None:
    given = {"max_tokens": None, "base_url": "http://127.0.0.1", "temperature": 0.5}
    assert TransformersOptions.of(given) == TransformersOptions(temperature=0.5)


@pytest.mark.parametrize(
    ("name", "value"),
    [("batch", 0), ("dtype", "int3"), ("gpu_memory_utilization", 2), ("max_model_len", -2)],
)
def test_a_wrong_option_is_named(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"option '{name}'"):
        VllmOptions.of({name: value})
