from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import av
import numpy as np
import pytest

from ruler.jobs import demo
from ruler.jobs.demo import DemoScene, film, render_demo
from ruler.jobs.demo.clips import Actor, Script, plan, steps
from ruler.jobs.demo.figures import random_style
from ruler.jobs.demo.film import encode, frames
from ruler.jobs.demo.scene import FPS, HEIGHT, WIDTH, background, scale_at

EMPTY = background(np.random.default_rng([7, 0]))


def _frames(script: Script, count: int, seed: int = 0) -> list[np.ndarray]:
    return list(islice(frames(script, EMPTY, np.random.default_rng(seed)), count))


@pytest.fixture
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans whose clips last half a second."""

    def cut(seed: int) -> tuple[list[Script], list[Script]]:
        return tuple([replace(s, frames=5) for s in scripts] for scripts in plan(seed))

    monkeypatch.setattr(demo, "plan", cut)


def _render(folder: Path, seed: int = 7) -> DemoScene:
    return render_demo(folder, seed=seed)


def test_renders_six_references_and_four_clips(tmp_path: Path, short: None) -> None:
    scene = _render(tmp_path / "made" / "here")
    assert [clip.path.name for clip in scene.clips] == [
        "cyclist.mp4",
        "runner.mp4",
        "loiterer.mp4",
        "normal.mp4",
    ]
    assert [clip.what for clip in scene.clips] == ["cyclist", "runner", "loiterer", "normal"]
    assert len(scene.references) == 6
    for path in (*scene.references, *(clip.path for clip in scene.clips)):
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            assert (stream.width, stream.height) == (WIDTH, HEIGHT)
            assert stream.average_rate == FPS
            assert sum(1 for _ in container.decode(stream)) == 5


def test_the_same_seed_gives_the_same_files_and_another_seed_others(
    tmp_path: Path, short: None
) -> None:
    first, second, other = (_render(tmp_path / str(n), seed) for n, seed in enumerate((7, 7, 8)))
    for one, two, three in zip(first.clips, second.clips, other.clips, strict=True):
        assert one.path.read_bytes() == two.path.read_bytes()
        assert one.path.read_bytes() != three.path.read_bytes()


def test_falls_back_where_there_is_no_h264(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:

    monkeypatch.setattr(film, "_CODECS", (("no-such-codec", {}), *film._CODECS[1:]))
    encode(tmp_path / "clip.mp4", _frames(plan(7)[0][0], 3))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "mpeg4"
        assert sum(1 for _ in container.decode(video=0)) == 3


@pytest.mark.parametrize("seed", range(1, 9))
def test_the_truth_fits_the_story(seed: int) -> None:
    references, tests = plan(seed)
    assert all(script.start_seconds is None for script in references)
    assert all(script.what == "normal" for script in references)
    bounds = {"cyclist": (3.0, 4.5), "runner": (3.0, 5.0), "loiterer": (10.5, 13.0)}
    for script in tests:
        if script.what == "normal":
            assert script.start_seconds is script.stop_seconds is None
            continue
        assert script.start_seconds is not None
        assert script.stop_seconds is not None
        assert 4 <= script.start_seconds < script.stop_seconds <= script.frames / FPS - 1
        low, high = bounds[script.what]
        assert low <= script.stop_seconds - script.start_seconds <= high


@pytest.mark.parametrize("seed", range(1, 5))
def test_odd_ones_move_as_promised_and_normal_ones_do_not(seed: int) -> None:
    references, tests = plan(seed)
    for script in (*references, *tests):
        for actor in script.actors:
            low, high = {"ride": (2.6, 2.6), "run": (2.1, 2.1), "walk": (0.7, 1.35)}[actor.gait]
            assert low <= actor.pace <= high
            if script.what != "loiterer":
                assert sum(stop.seconds for stop in actor.stops) <= 3.0
    gaits = {script.what: {actor.gait for actor in script.actors} for script in tests}
    assert gaits["cyclist"] == {"walk", "ride"}
    assert gaits["runner"] == {"walk", "run"}
    assert gaits["loiterer"] == gaits["normal"] == {"walk"}


def test_everybody_leaves_and_the_references_show_both_ways_and_all_rows() -> None:
    references, _ = plan(7)
    actors = [actor for script in references for actor in script.actors]
    assert {actor.facing for actor in actors} == {-1, 1}
    assert all(len(list(islice(steps(actor), 1000))) < 1000 for actor in actors)
    rows = [actor.row for actor in actors]
    assert min(rows) < 135
    assert max(rows) > 185
    assert any(actor.stops for actor in actors)


def test_feet_keep_pace_with_the_ground_and_far_people_are_slower_and_smaller() -> None:
    rng = np.random.default_rng(0)
    near = Actor(random_style(rng), "walk", 0, 0.0, 195.0, 1, 1.0)
    far = replace(near, row=130.0)
    moved = [[s.x for s in islice(steps(actor), 11)] for actor in (near, far)]
    speeds = [xs[10] - xs[0] for xs in moved]
    assert speeds[1] / speeds[0] == pytest.approx(scale_at(130) / scale_at(195), rel=1e-6)


def test_frames_look_like_a_camera() -> None:
    script = replace(plan(7)[0][5], frames=20)
    images = np.stack(_frames(script, 20)).astype(np.float32)
    assert images.shape == (20, HEIGHT, WIDTH, 3)
    empty = np.abs(images.mean(axis=0) - EMPTY)
    assert np.median(empty) < 0.07 * EMPTY.mean()
    wall = images[:, 60:80, 100:200]
    assert 1.5 < wall.std(axis=0).mean() < 3.5  # noise, and a little drift of the light
    moving = np.abs(np.diff(images, axis=0)).mean(axis=-1) > 20
    assert moving[:, 110:206].mean() > 10 * moving[:, :60].mean()


def test_frames_are_repeatable() -> None:
    script = plan(7)[1][0]
    for one, two in zip(_frames(script, 4, 1), _frames(script, 4, 1), strict=True):
        assert np.array_equal(one, two)
    assert not np.array_equal(_frames(script, 1, 1)[0], _frames(script, 1, 2)[0])
