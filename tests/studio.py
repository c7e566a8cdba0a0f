"""A place for runs with models: a rendered clip, rules for it, a store, and a served model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruler.jobs.detect import DetectRequest, DetectResult, detect, resume
from ruler.jobs.rules import Import, import_file
from ruler.jobs.tools import Machine
from ruler.schemas.rules import Revision
from ruler.schemas.runs import Every
from rules_store.store import Store
from tests.llm.fakes import HastyClock
from tests.stubs.openai_server import OpenAIStub
from tests.stubs.witness import kind_of
from tests.video.clips import Image, numbered, write_clip

SCENE = "yard"
FPS = 10.0
FRAMES = 24
LOUD = range(8, 14)
"""Frames on which somebody runs."""

MODEL = "openai:stub"
RULES = """\
schema: ruler/rules/v1
scene: yard
rules:
  - id: yard.normal-walking
    title: Walking
    kind: normal
    statement: People walk on the path.
    look_for: [walking, path, mark, pictures]
  - id: yard.odd-running
    title: Running
    kind: anomaly
    level: high
    category: motion.fast
    statement: Somebody runs.
    look_for: [running]
    weight: 0.9
"""
LOCAL_RULES = RULES.replace("scene: yard\n", "scene: yard\nlocal_only: true\n")


@dataclass
class Studio:
    """A folder with a clip, a store and runs, and where the model is served."""

    folder: Path
    store: Store
    stub: OpenAIStub
    options: dict[str, object] = field(default_factory=dict)

    @property
    def clip(self) -> str:
        """One clip for all tests: 24 numbered pictures, 10 a second."""
        return self.film("clip.mp4", numbered(FRAMES))

    def film(self, name: str, pictures: Sequence[Image]) -> str:
        """Render a clip, once."""
        path = self.folder / name
        return str(path if path.exists() else write_clip(path, pictures, fps=FPS))

    def learn(self, rules: str = RULES) -> Revision:
        """Import rules."""
        path = self.folder / "rules.yaml"
        path.write_text(rules)
        return import_file(self.store, Import(path, "kim"))[0]

    def machine(self, **options: object) -> Machine:
        """The machine, with the stub as endpoint and a clock that makes waiting short."""
        given = {"base_url": self.stub.url, "clock": HastyClock(50), **self.options, **options}
        kept = {name: value for name, value in given.items() if value is not None}
        return Machine(store=self.store, runs=self.folder / "runs", workers=2, options=kept)

    def request(self, clips: Sequence[str] = (), **fields: Any) -> DetectRequest:
        """A detection by the stub, as captioner and as reasoner, of every frame."""
        chosen = {"captioner": MODEL, "reasoner": MODEL, "every": Every(frames=1), "chunk": 8}
        named = {"scene": SCENE, **chosen, **fields}
        return DetectRequest(clips=clips or [self.clip], **named)

    def detect(
        self, clips: Sequence[str] = (), options: dict[str, object] | None = None, **fields: Any
    ) -> DetectResult:
        """Detect as `request` says, on `machine` with these options."""
        return detect(self.request(clips, **fields), self.machine(**(options or {})))

    def resume(self, found: DetectResult | str, **options: object) -> DetectResult:
        """Go on with a run."""
        run = found if isinstance(found, str) else found.record.spec.id
        return resume(run, self.machine(**options))

    def asked(self, since: int = 0) -> Counter[str]:
        """How often which kind of question was asked since a call."""
        return Counter(map(kind_of, self.stub.requests[since:]))
