"""What is no file, or unpacks without an end: one sentence from every reader, at once."""

from __future__ import annotations

import gzip
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from ruler.captioners.replay import read_recording
from ruler.errors import InputError
from ruler.evaluation.recorded import load_recorded
from ruler.evaluation.truth import load_labels
from ruler.files import MOST_LINE_BYTES, SMALL_BYTES, lines, read_bytes
from ruler.jobs.labelled_answers import load_answers
from ruler.jobs.results import read_record
from ruler.llm.recording import Replay
from ruler.reporting.jsonl import read_events, read_frames
from ruler.schemas.datasets import AnswersManifest
from rules_store.manifest_files import load_manifest
from rules_store.taxonomy_files import load_lexicon, load_taxonomy
from rules_store.yamlio import read_source
from tests.fuzz.hostile import lawful

Read = Callable[[Path], object]


def read_answers(path: Path) -> object:
    manifest = AnswersManifest(
        kind="answers", name="x", answers=path.name, truth=path.name, taxonomy="general"
    )
    return load_answers(manifest, path.parent)


READERS: dict[str, Read] = {
    "rules": read_source,
    "taxonomy": lambda path: load_taxonomy(str(path)),
    "lexicon": lambda path: load_lexicon(str(path)),
    "manifest": load_manifest,
    "captions": lambda path: load_recorded(path, 25.0, None),
    "labels": load_labels,
    "answers": read_answers,
    "frames": lambda path: list(read_frames(path)),
    "events": lambda path: list(read_events(path)),
}
each_reader = pytest.mark.parametrize("reader", READERS)


def make_pipe(path: Path) -> None:
    os.mkfifo(path)


def make_endless(path: Path) -> None:
    path.symlink_to("/dev/zero")


def make_empty_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def make_folder(path: Path) -> None:
    path.mkdir()


def make_loop(path: Path) -> None:
    path.symlink_to(path)


def make_dangling(path: Path) -> None:
    path.symlink_to(path.parent / "nowhere")


def make_socket(path: Path) -> None:
    place = os.path.relpath(path)  # a socket's path is short
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(place)


SPECIAL = [
    make_pipe,
    make_endless,
    make_empty_device,
    make_folder,
    make_loop,
    make_dangling,
    make_socket,
]
each_special = pytest.mark.parametrize("special", SPECIAL)
posix = pytest.mark.skipif(os.name != "posix", reason="pipes and devices as files are POSIX")


@posix
@each_reader
@each_special
def test_what_is_no_file(reader: str, special: Callable[[Path], None], tmp_path: Path) -> None:
    path = tmp_path / "it.yaml"
    special(path)
    assert lawful(lambda: READERS[reader](path), place="it.yaml") is not None


@posix
@each_special
def test_no_file_in_a_folder(special: Callable[[Path], None], tmp_path: Path) -> None:
    for name in ("run.json", "answers.jsonl", "captions.jsonl"):
        special(tmp_path / name)
    for read in (read_record, Replay, read_recording):
        assert lawful(lambda read=read: read(tmp_path)) is not None  # type: ignore[misc]


@each_reader
def test_a_name_that_no_file_has(reader: str, tmp_path: Path) -> None:
    for name in ("a\x00b.yaml", "x" * 300 + ".yaml", "\udcff.yaml", "missing.yaml"):
        path = tmp_path / name
        assert lawful(lambda path=path: READERS[reader](path)) is not None  # type: ignore[misc]


def test_a_link_to_a_file_is_one(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"text")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert read_bytes(tmp_path / "link") == b"text"


PACKED: dict[str, Read] = {
    name: READERS[name] for name in ("captions", "answers", "frames", "events")
} | {"replay": read_recording}


@pytest.mark.parametrize(
    ("reader", "unit"),
    [*((reader, b"x") for reader in PACKED), ("captions", b"\n"), ("replay", b'{"video": "\n')],
)
def test_files_that_unpack_without_an_end(reader: str, unit: bytes, tmp_path: Path) -> None:
    path = tmp_path / "bomb.jsonl.gz"
    block = gzip.compress(unit * (16_000_000 // len(unit)))
    with path.open("wb") as file:
        for _ in range(20):
            file.write(block)
    assert path.stat().st_size < 1_000_000
    assert lawful(lambda: PACKED[reader](path), place=str(path)) is not None


@pytest.mark.parametrize("reader", PACKED)
def test_a_line_of_fifty_megabytes(reader: str, tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    path.write_bytes(b'{"video": "' + b"x" * 50_000_000 + b'"}\n')
    error = lawful(lambda: PACKED[reader](path), place=str(path))
    assert error is not None
    assert "longer than" in str(error)


def test_lines_are_numbered_and_blank_ones_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mixed.jsonl"
    path.write_bytes(b"\xef\xbb\xbfone\r\n\n \r\ntwo\rstill two\n\xff")
    assert list(lines(path)) == [(1, "one\r\n"), (4, "two\rstill two\n"), (5, "\ufffd")]


def test_text_that_packs_well_is_no_bomb(tmp_path: Path) -> None:
    path = tmp_path / "calm.jsonl.gz"
    with gzip.open(path, "wb") as file:
        for frame in range(300_000):
            file.write(b'{"video": "yard", "frame": %d, "caption": "There is nobody."}\n' % frame)
    assert sum(1 for _ in lines(path)) == 300_000
    assert SMALL_BYTES < 300_000 * 56


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    path = tmp_path / "large"
    path.write_bytes(b"x" * 1001)
    assert read_bytes(path, 1001) == b"x" * 1001
    with pytest.raises(InputError, match="larger than 1000 bytes"):
        read_bytes(path, 1000)
    assert MOST_LINE_BYTES > 1_000_000
