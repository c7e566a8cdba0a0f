"""What models would be asked is told beforehand, and is what they are asked then."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ruler.errors import ClipError, InputError
from ruler.jobs.detect import find_run, spec_of
from ruler.jobs.estimate import Estimate, estimate_learning, estimate_run
from ruler.jobs.induce import InduceRequest, induce
from ruler.jobs.metering import Meter, Part
from ruler.jobs.results import read_record
from ruler.llm.counting import picture_rule, text_tokens
from ruler.llm.questions import Question
from ruler.schemas.runs import Every
from rules_store.store import Store
from tests.stubs.openai_server import OpenAIStub
from tests.stubs.witness import Witness
from tests.studio import FRAMES, LOCAL_RULES, LOUD, MODEL, RULES, Studio
from tests.video.clips import HEIGHT, WIDTH

GATED = RULES + '    when: {hours: "03:00-04:00"}\n'


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    with OpenAIStub(default=Witness(LOUD)) as stub, Store(tmp_path / "store") as store:
        place = Studio(tmp_path, store, stub)
        place.learn()
        yield place


def of(studio: Studio, clips: tuple[str, ...] = (), **fields: object) -> Estimate:
    options = fields.pop("options", {})
    assert isinstance(options, dict)
    machine = studio.machine(**options)
    return estimate_run(spec_of(studio.request(clips, **fields), machine), machine)


def part(found: Estimate, purpose: str) -> Part:
    [one] = [one for one in found.parts if one.purpose == purpose]
    return one


# What is asked.


def test_it_asks_nothing_and_leaves_nothing(studio: Studio) -> None:
    folder = studio.folder / "recording"
    of(studio, options={"record": str(folder)})
    assert studio.stub.calls == 0
    assert not folder.exists() and not (studio.folder / "runs").exists()
    assert studio.store.captions.overview() == []


def test_it_counts_what_the_run_then_asks(studio: Studio) -> None:
    found = of(studio)
    assert (found.frames, found.stored, found.clips) == (FRAMES, 0, 1)
    ran = studio.detect()
    captions, matching = part(found, "captions"), part(found, "matching")
    asked = studio.asked()
    assert captions.calls == captions.pictures == asked["caption"] == FRAMES
    assert matching.calls == asked["Claims"]
    assert "for each frame in dispute" in found.more[0]
    assert ran.record.usage.model_calls > captions.calls + matching.calls


@pytest.mark.parametrize("rules", [RULES, GATED])
def test_gates_that_may_open_are_counted_as_open(studio: Studio, rules: str) -> None:
    studio.learn(rules)
    assert part(of(studio), "matching").calls == 3


def test_windows_make_fewer_calls_of_more_pictures(studio: Studio) -> None:
    asking = {"window": 4, "step_seconds": 0.1}
    found = of(studio, every=Every(seconds=0.4), asking=asking, reasoner="symbolic")
    captions = part(found, "captions")
    assert captions.calls == FRAMES / 4
    ran = studio.detect(every=Every(seconds=0.4), asking=asking, reasoner="symbolic")
    assert captions.pictures == ran.record.usage.images
    assert found.more == ()


def test_captions_that_the_store_has_are_not_counted(studio: Studio) -> None:
    studio.detect(reasoner="symbolic")
    found = of(studio)
    assert found.stored == FRAMES
    assert part(found, "captions").calls == 0
    assert part(found, "captions").lines() == ["  captions   openai:stub: no call"]
    assert part(of(studio, every=Every(frames=2)), "captions").calls == FRAMES / 2


def test_of_a_run_that_was_cut_off_what_is_left_is_counted(studio: Studio) -> None:
    cut = studio.detect(options={"max_calls": 10}, run_id="cut")
    spec = read_record(find_run("cut", studio.folder / "runs")).spec
    assert spec == cut.record.spec
    # Without the endpoint: the run remembers it.
    found = estimate_run(spec, studio.machine(base_url=None))
    done = cut.record.usage.captions_computed
    assert 0 < done <= 10
    assert part(found, "captions").calls == FRAMES - done
    assert part(found, "captions").cost_usd == 0
    studio.resume("cut")
    done = estimate_run(spec, studio.machine())
    assert part(done, "matching").calls == part(done, "clips").calls == 0


def test_embedded_parts_ask_nobody(studio: Studio) -> None:
    found = of(studio, captioner="motion", reasoner="symbolic")
    assert found.parts == () and found.frames == FRAMES
    assert found.lines()[-1] == "  No model is asked."


def test_what_would_stop_the_run_stops_the_estimate(studio: Studio) -> None:
    studio.learn(LOCAL_RULES)
    with pytest.raises(InputError, match="this scene is local only"):
        of(studio, options={"base_url": "http://models.example/v1"})
    with pytest.raises(InputError, match="no reasoner is called 'x'"):
        of(studio, reasoner="x")


def test_clips_that_cannot_be_read_are_told(studio: Studio) -> None:
    found = of(studio, (studio.clip, "gone.mp4"))
    assert [error.clip.rpartition("/")[2] for error in found.unread] == ["gone.mp4"]
    assert found.frames == FRAMES
    with pytest.raises(ClipError):
        of(studio, ("gone.mp4",))


def test_learning_is_estimated_too(studio: Studio) -> None:
    request = InduceRequest(
        references=[studio.clip],
        scene="other",
        captioner=MODEL,
        reasoner=MODEL,
        every=Every(frames=2),
        options=studio.machine().options,
    )
    found = estimate_learning(request, studio.store)
    assert studio.stub.calls == 0 and studio.store.scenes.find("other") is None
    learned = induce(request, studio.store)
    asked = studio.asked()
    assert part(found, "captions").calls == asked["caption"] == FRAMES / 2
    assert part(found, "proposing").calls == asked["Normality"] == 4
    assert "for each rule that is found" in found.more[0]
    assert learned.usage.model_calls == studio.stub.calls
    assert learned.usage.tokens_in == studio.stub.tokens_in
    by_items = estimate_learning(replace(request, taxonomy="general"), studio.store)
    learn = replace(request, taxonomy="general", scene="items")
    induce(learn, studio.store)
    assert part(by_items, "taxonomy").calls == studio.asked()["ItemRules"] > 3
    again = estimate_learning(request, studio.store)
    assert again.stored == FRAMES / 2 and part(again, "captions").calls == 0


# Tokens and prices.


def test_texts_are_counted_by_their_words() -> None:
    assert text_tokens("") == 0
    assert text_tokens("one two three") == 4
    assert text_tokens("word " * 75) == 100


@pytest.mark.parametrize(
    ("provider", "model", "url", "tokens"),
    [
        ("openai", "gpt-4o", None, 85 + 170 * 2),
        ("openai", "gpt-4o-mini", None, 2833 + 5667 * 2),
        ("openai", "gpt-5-mini", None, 545),  # 24 x 14 patches, 1.62 each
        ("anthropic", "claude-sonnet-4-5", None, 443),
        ("google_genai", "gemini-2.5-flash", None, 258),
        ("google_genai", "gemini-3-flash", None, 1120),
        ("openai", "qwen", "http://127.0.0.1:8000/v1", 28 * 16),
        ("openai", "gpt-4o", "http://127.0.0.1:8000/v1", 28 * 16),
        ("openai", "openai/gpt-4o", "https://openrouter.ai/api/v1", 85 + 170 * 2),
        ("ollama", "llava", None, 28 * 16),
    ],
)
def test_pictures_are_counted_as_their_vendor_documents(
    provider: str, model: str, url: str | None, tokens: int
) -> None:
    assert picture_rule(provider, model, url).tokens(768, 432) == tokens


def question(pictures: int, max_tokens: int | None = 100) -> Question:
    return Question("three words here", "", (b"x",) * pictures, max_tokens=max_tokens)


def test_a_meter_adds_up() -> None:
    meter = Meter("openai:gpt-4o", {})
    meter.add([question(1), question(2)], 80, times=5, size=(512, 512))
    found = meter.part("captions")
    assert (found.calls, found.pictures) == (10, 15)
    assert found.tokens_in == 10 * 4 + 15 * 255
    assert (found.tokens_out, found.tokens_out_most) == (800, 1000)
    assert found.cost_usd and found.cost_usd_most
    # $2.50 and $10 a million tokens, in November 2026.
    assert found.cost_usd == pytest.approx(found.tokens_in * 2.5e-6 + 800e-5, rel=0.5)
    assert found.cost_usd < found.cost_usd_most
    assert "by list prices" in found.lines()[-1]


def test_a_short_limit_bounds_the_usual_answer_and_the_models_own_is_the_default() -> None:
    meter = Meter("openai:gpt-4o", {"max_tokens": 300})
    meter.add([question(0, 10)], 80)
    assert meter.part("x").tokens_out == meter.part("x").tokens_out_most == 10
    meter.add([question(0, None)], 80)
    assert meter.part("x").tokens_out_most == 310


def test_prices_go_by_the_single_call_not_by_their_sum() -> None:
    """Some vendors ask more for a long question; many short ones are none."""
    one, many = Meter("anthropic:claude-sonnet-4-5", {}), Meter("anthropic:claude-sonnet-4-5", {})
    one.add([question(1)], 80, size=(768, 432))
    many.add([question(1)], 80, times=10_000, size=(768, 432))
    single, all_of_them = one.part("x").cost_usd, many.part("x").cost_usd
    assert single and all_of_them == pytest.approx(10_000 * single)


@pytest.mark.parametrize("name", ["openai:no-such-model", "nobody:x"])
def test_a_model_without_a_price_says_so(name: str) -> None:
    meter = Meter(name, {})
    meter.add([question(1)], 80, size=(WIDTH, HEIGHT))
    found = meter.part("captions")
    assert found.cost_usd is None
    assert found.lines()[-1].strip() == "no list price"


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("openai:gpt-4o", {"base_url": "http://127.0.0.1:8000/v1"}),
        ("vllm:Qwen/Qwen2.5-VL-3B-Instruct", {}),
        ("ollama:llava", {}),
        ("chat:ollama:llava", {}),
    ],
)
def test_a_model_on_this_machine_costs_nothing(name: str, options: dict[str, object]) -> None:
    meter = Meter(name, options)
    meter.add([question(1)], 80, size=(WIDTH, HEIGHT))
    found = meter.part("captions")
    assert found.cost_usd == found.cost_usd_most == 0
    assert "on this machine" in found.lines()[-1]
    assert found.model == name.removeprefix("chat:")


def test_the_lines_say_what_the_figures_rest_on(studio: Studio) -> None:
    said = "\n".join(of(studio).lines())
    assert "Estimate for yard@1: 24 frames sampled in 1 clip (all), 0 known before." in said
    assert "captions   openai:stub: 24 calls at most, 24 pictures" in said
    assert "4 for 3 words of the prompts" in said
    assert "as Qwen2.5-VL: one a patch of 28 x 28" in said
    assert said.endswith("Nothing was asked.")
    data = of(studio).as_data()
    assert data["every"] == "all" and data["parts"][0]["calls"] == FRAMES
