"""The environment, model answers, and manifests that point elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel

from ruler.cli import context
from ruler.errors import InputError
from ruler.evaluation.runner import evaluate
from ruler.llm.first_answers import read_first_answer
from ruler.llm.judging import judge
from ruler.llm.questions import Completion, Question
from ruler.schemas.runs import Smoothing
from ruler.settings import Settings
from tests.fuzz.hostile import SCALARS, as_json, fuzz, hostile, lawful

TEXTS = SCALARS.map(str).filter(lambda text: "\x00" not in text and len(text) < 200) | st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=30
)
NAMES = st.sampled_from([f"RULER_{name.upper()}" for name in Settings.model_fields])


@given(values=st.dictionaries(NAMES, TEXTS, min_size=1, max_size=4))
@fuzz(80)
def test_hostile_settings(values: dict[str, str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in values.items():
            patch.setenv(name, value.encode("utf-8", "replace").decode())
        lawful(context.settings, place="RULER_")


def test_no_key_shows_where_settings_do(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("API_KEY", "CAPTIONER_API_KEY", "REASONER_API_KEY"):
        monkeypatch.setenv(f"RULER_{name}", "sk-secret")
    assert "sk-secret" not in repr(Settings())
    assert Settings().api_key == "sk-secret"
    monkeypatch.setenv("RULER_WORKERS", "none")
    assert "sk-secret" not in str(lawful(context.settings))


class Judged(BaseModel):
    """An answer."""

    anomaly: Literal[0, 1]
    quotes: list[str]


@given(data=st.data())
@fuzz(100)
def test_hostile_model_answers(data: st.DataObject) -> None:
    seed = as_json({"anomaly": 1, "quotes": ["a man runs"], "description": "A man runs."})
    text = data.draw(hostile(seed)).decode("utf-8", "surrogateescape")
    answer = judge(Question("system", "text", schema=Judged), Completion(text))
    assert (answer.value is None) != (answer.fault is None)
    assert answer.text is not None
    answer.text.encode()
    first = read_first_answer(text)
    assert first.outcome in ("normal", "anomaly", "undetermined")


CLIPS = """schema: ruler/dataset/v1
name: ../../outside
kind: clips
reference: [{secret}]
test: [{{clip: {secret}, label: 1}}]
labels: {secret}
"""
CAPTIONS = """schema: ruler/dataset/v1
name: ../../outside
kind: captions
captions: {secret}
fps: 25
"""


@pytest.mark.parametrize("manifest", [CLIPS, CAPTIONS])
@pytest.mark.parametrize("name", ["../secret.txt", "{absolute}"])
def test_a_manifest_shows_nothing_of_other_files(manifest: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("root:hunter2:0:0\n")
    inside = tmp_path / "data"
    inside.mkdir()
    named = name.format(absolute=tmp_path / "secret.txt")
    (inside / "dataset.yaml").write_text(manifest.format(secret=named))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(InputError) as caught:
        evaluate([inside / "dataset.yaml"], smoothing=Smoothing())
    assert "hunter2" not in str(caught.value)
    assert sorted(tmp_path.rglob("*")) == before
