"""What the doctor finds, and what it says to do."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import sqlite3
import threading
import time
from pathlib import Path

import pytest

from ruler.jobs.doctor import decoding, endpoints, examine, machine, places
from ruler.jobs.doctor.findings import Finding
from ruler.settings import Settings
from rules_store.engine import DATABASE
from rules_store.scenes import NewRevision
from rules_store.store import Store

RULES = "schema: ruler/rules/v1\nscene: {scene}\nthreshold: 0.5\nrules: []\n"


def test_a_whole_machine_has_nothing_bad(tmp_path: Path) -> None:
    found = list(examine(Settings(), str(tmp_path / "store"), models=True))
    assert [one for one in found if one.state == "bad"] == []
    said = {one.what: one.said for one in found}
    assert {"ruler", "names", "video", "vision", "isolation", "gpu", "store", "runs"} <= set(said)
    assert {"drafts", "clock", "terminal", "captioners", "endpoint"} <= set(said)
    assert "H.264" in said["video"] and "whole and writable" in said["store"]
    assert "read a clip in" in said["isolation"]


def test_a_damaged_store_is_bad_though_it_opens(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for name in ("a", "b"):
            store.scenes.save(NewRevision(name, RULES.format(scene=name), "kim", "why"))
    with contextlib.closing(sqlite3.connect(tmp_path / DATABASE)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.execute("DROP TRIGGER IF EXISTS rule_set_no_delete")
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("DELETE FROM scene WHERE name = 'a'")
        connection.commit()
    found = places.store(str(tmp_path))
    assert found.state == "bad"
    assert "names a scene that is gone" in found.said and "take it from a copy" in found.said


def test_folders_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    found = places.folder("runs", tmp_path / "file" / "runs", "RULER_RUNS")
    assert found.state == "bad" and "set RULER_RUNS to another" in found.said
    assert not (tmp_path / "new").exists()
    assert places.folder("runs", tmp_path / "new" / "runs", "RULER_RUNS").state == "ok"
    assert not (tmp_path / "new").exists()


def test_little_room_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(places, "_LOW_DISK_BYTES", 10**18)
    found = places.folder("runs", tmp_path, "RULER_RUNS")
    assert found.state == "note" and "make room" in found.said


def test_a_clock_that_is_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path) as store:
        store.scenes.save(NewRevision("a", RULES.format(scene="a"), "kim", "why"))
    assert places.clock(str(tmp_path)).state == "ok"
    monkeypatch.setattr(places, "_TOLERATED", dt.timedelta(days=-2))
    found = places.clock(str(tmp_path))
    assert found.state == "note" and "set the clock" in found.said
    monkeypatch.setattr(places, "_EARLIEST", dt.datetime(2999, 1, 1, tzinfo=dt.UTC))
    assert places.clock(str(tmp_path)).state == "bad"


def test_a_codec_that_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_CODECS", {"h264": "H.264", "no-such": "Nonesuch"})
    found = decoding.readers()
    assert found.state == "note" and "Not decoded: Nonesuch; convert" in found.said


def test_a_decoder_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoding, "_write", lambda path: path.write_bytes(b"no clip"))
    found = decoding.isolation(Settings())
    assert found.state == "bad" and "cannot be decoded in a process of their own" in found.said


@pytest.mark.parametrize(
    ("script", "state", "said"),
    [
        ("echo 'Card 9000, 8192 MiB'", "ok", "Card 9000, 8192 MiB"),
        ("exit 9", "note", "look at the driver"),
        ("sleep 60", "note", "does not answer (TimeoutExpired)"),
    ],
)
def test_graphics(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, state: str, said: str
) -> None:
    tool = tmp_path / "nvidia-smi"
    tool.write_text(f'#!/bin/sh\nexec sh -c "{script}"\n')
    tool.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(machine, "_WAIT_SECONDS", 0.5 if "sleep" in script else 20)
    found = machine.graphics()
    assert found.state == state and said in found.said


@pytest.fixture
def dripping() -> int:
    """A server that never comes to the end of its answer."""
    server = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError):
            wire, _ = server.accept()
            with wire:
                for _ in range(600):
                    wire.send(b"H")
                    time.sleep(0.1)

    threading.Thread(target=serve, daemon=True).start()
    yield server.getsockname()[1]
    server.close()


def test_a_server_that_drips_costs_three_seconds(
    dripping: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(endpoints, "_WAIT_SECONDS", 0.5)
    monkeypatch.setenv("RULER_CAPTIONER_URL", f"http://127.0.0.1:{dripping}/v1")
    start = time.monotonic()
    [found] = endpoints.of_settings(Settings())
    assert time.monotonic() - start < 3
    assert (found.what, found.state) == ("endpoint", "note")
    assert "does not answer (timed out)" in found.said


def test_servers_that_scenes_remember(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        for name in ("door", "yard"):
            asking = {"base_url": "http://127.0.0.1:9/v1", "language": "de"}
            store.scenes.save(
                NewRevision(name, RULES.format(scene=name), "kim", "why", asking=asking)
            )
    [found] = endpoints.of_scenes(Settings(), str(tmp_path))
    assert "http://127.0.0.1:9/v1 (scene door, yard) does not answer" in found.said
    assert list(endpoints.of_scenes(Settings(), str(tmp_path / "none"))) == [
        Finding("endpoint", "ok", "no scene remembers a server of its own")
    ]
