"""`transformers:MODEL` without a model: order, grouping, memory. The rest needs real weights."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from ruler.llm.local import transformers_backend
from ruler.llm.local.options import TransformersOptions
from ruler.llm.local.transformers_backend import TransformersBackend
from ruler.llm.questions import Completion, Fault, Question

JPEG = (b"jpeg",)


class Model:
    """Stands in for the part that needs torch."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, fits: int = 100) -> None:
        self.fits = fits
        self.loads = 0
        self.batches: list[list[str]] = []
        monkeypatch.setattr(transformers_backend, "load", self._load)
        monkeypatch.setattr(transformers_backend, "_answer", self._answer)
        monkeypatch.setattr(transformers_backend, "_release_memory", lambda: None)

    def _load(self, *args: object) -> Any:
        self.loads += 1
        return SimpleNamespace()

    def _answer(
        self, loaded: object, questions: Sequence[Question], options: object
    ) -> list[Completion | Fault]:
        self.batches.append([question.text for question in questions])
        if len(questions) > self.fits:
            raise MemoryError
        return [Completion(question.text) for question in questions]


def backend(**options: Any) -> TransformersBackend:
    return TransformersBackend("some/model", TransformersOptions(**options))


def texts(outcomes: Sequence[Completion | Fault]) -> list[str]:
    return [one.text if isinstance(one, Completion) else one.kind for one in outcomes]


def test_answers_come_in_order_although_pictures_go_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    model = Model(monkeypatch)
    asked = [Question("s", "a", JPEG), Question("s", "b"), Question("s", "c", JPEG)]
    assert texts(backend().complete(asked)) == ["a", "b", "c"]
    assert model.batches == [["b"], ["a", "c"]]


def test_the_size_that_fits_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    model, asked = Model(monkeypatch, fits=2), [Question("s", text) for text in "abcd"]
    under_test = backend()
    assert texts(under_test.complete(asked)) == list("abcd")
    model.batches.clear()
    assert texts(under_test.complete(asked)) == list("abcd")
    assert model.batches == [["a", "b"], ["c", "d"]]


def test_a_model_is_loaded_at_its_first_question_and_anew_after_it_was_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    model = Model(monkeypatch)
    under_test = backend()
    assert model.loads == 0
    for _ in range(2):
        under_test.complete([Question("s", "a")])
    assert model.loads == 1
    under_test.close()
    under_test.complete([Question("s", "a")])
    assert model.loads == 2


@pytest.mark.parametrize(
    ("options", "driver", "batch"),
    [
        ({}, "nothing", 4),
        ({}, "driver", 8),
        ({"device": "cpu"}, "driver", 4),
        ({"device": "cuda:1"}, "nothing", 8),
        ({"batch": 3}, "driver", 3),
    ],
)
def test_the_batch_is_as_set_or_as_the_machine_takes_it(
    options: dict[str, Any],
    driver: str,
    batch: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "driver").touch()
    monkeypatch.setattr(transformers_backend, "_DRIVERS", (tmp_path / driver,))
    assert backend(**options).batch == batch


def test_setting_a_model_up_imports_no_torch() -> None:
    code = (
        "import sys\nfrom ruler.llm.local import transformers_backend, vllm_backend\n"
        "from ruler.llm.local.options import TransformersOptions\n"
        "model = transformers_backend.TransformersBackend('some/model', TransformersOptions())\n"
        "print(model.name, model.batch > 0)\n"
        "assert not {'torch', 'transformers', 'vllm', 'PIL'} & set(sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("transformers:some/model True\n", "")
