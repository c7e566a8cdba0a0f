"""The store, the folders that are written to, and the clock."""

from __future__ import annotations

import datetime as dt
import shutil
import tempfile
from pathlib import Path

from ruler.errors import RulerError
from ruler.jobs.doctor.findings import Finding, State
from rules_store.store import Store

_LOW_DISK_BYTES = 1_000_000_000
_EARLIEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_TOLERATED = dt.timedelta(minutes=5)


def store(place: str) -> Finding:
    """Does it open (and migrate), can it be written, and is it whole?"""
    try:
        with Store(place) as opened:
            flaws = opened.flaws()
            scenes = len(opened.scenes.overview())
            shown = opened.place
    except RulerError as error:
        return Finding("store", "bad", str(error))
    if flaws:
        said = f"{shown} is damaged ({flaws[0]}); take it from a copy, or begin another"
        return Finding("store", "bad", said)
    counted = f"{scenes} scene" if scenes == 1 else f"{scenes} scenes"
    return Finding("store", "ok", f"{shown}, {counted}, whole and writable")


def folder(what: str, path: Path, setting: str) -> Finding:
    """Can it be written, and is there room? The nearest folder that exists is tried."""
    parent = path.absolute()
    try:
        while not parent.exists():
            parent = parent.parent
        if not parent.is_dir():
            said = f"{path} lies below {parent}, which is no folder; set {setting} to another"
            return Finding(what, "bad", said)
        with tempfile.TemporaryFile(dir=parent):
            free = shutil.disk_usage(parent).free
    except OSError as error:
        said = f"{path} cannot be written ({error.strerror}); set {setting} to another folder"
        return Finding(what, "bad", said)
    state: State = "ok" if free > _LOW_DISK_BYTES else "note"
    room = "" if state == "ok" else f"; make room, or set {setting} to another disk"
    return Finding(what, state, f"{path.absolute()}, {free / 1e9:.0f} GB free{room}")


def clock(place: str) -> Finding:
    """Revisions and runs are ordered by time, and `until` of an exception is a date."""
    now = dt.datetime.now().astimezone()
    shown = f"{now:%Y-%m-%d %H:%M} {now.tzname()}"
    if now < _EARLIEST:
        return Finding("clock", "bad", f"{shown} cannot be; set the clock (timedatectl set-ntp on)")
    newest = _newest(place)
    if newest is not None and newest > now + _TOLERATED:
        said = (
            f"{shown} is before the store's newest rules ({newest:%Y-%m-%d %H:%M}); set the clock"
        )
        return Finding("clock", "note", said)
    return Finding("clock", "ok", f"{shown}; `hours` of rules go by the clip's own time")


def _newest(place: str) -> dt.datetime | None:
    """When the newest active revision of the store was saved."""
    try:
        with Store(place) as opened:
            known = [opened.scenes.find(info.name) for info in opened.scenes.overview()]
            moments = [dt.datetime.fromisoformat(str(one.created_at)) for one in known if one]
    except (RulerError, ValueError):
        return None  # the store has a finding of its own
    return max(moments, default=None)
