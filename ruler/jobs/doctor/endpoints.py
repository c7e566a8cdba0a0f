"""Servers of models: do they answer, and do they want a key? No key is ever sent or shown."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

from ruler.errors import RulerError
from ruler.jobs.doctor.findings import Finding
from ruler.llm.endpoints import check_address, without_secrets
from ruler.settings import Settings
from rules_store.store import Store

_WAIT_SECONDS = 3.0
_MOST_BYTES = 1_000_000
_MOST_NAMES = 5
_SETTINGS = {
    "base_url": ("RULER_BASE_URL", "api_key"),
    "captioner_url": ("RULER_CAPTIONER_URL", "captioner_api_key"),
    "reasoner_url": ("RULER_REASONER_URL", "reasoner_api_key"),
}


def of_settings(settings: Settings) -> Iterator[Finding]:
    """The servers that the settings name."""
    for name, (variable, key) in _SETTINGS.items():
        url = getattr(settings, name)
        if url is not None:
            has_key = bool(getattr(settings, key) or settings.api_key)
            yield _endpoint(url, f"{variable} ", has_key=has_key, key=f"RULER_{key.upper()}")


def of_scenes(settings: Settings, place: str) -> Iterator[Finding]:
    """The servers that the active rules of scenes remember; each is asked once."""
    try:
        with Store(place) as opened:
            known = [opened.scenes.find(info.name) for info in opened.scenes.overview()]
    except RulerError:
        return  # the store has a finding of its own
    scenes: dict[str, list[str]] = {}
    for revision in known:
        for name in _SETTINGS:
            if revision is not None and (url := revision.asking.get(name)):
                scenes.setdefault(str(url), []).append(revision.ref.scene)
    has_key = bool(settings.api_key or settings.captioner_api_key or settings.reasoner_api_key)
    for url, named in scenes.items():
        said_for = f"(scene {', '.join(dict.fromkeys(named))}) "
        yield _endpoint(url, said_for, has_key=has_key, key="RULER_API_KEY")
    if not scenes:
        yield Finding("endpoint", "ok", "no scene remembers a server of its own")


def _endpoint(url: str, whose: str, *, has_key: bool, key: str) -> Finding:
    """Does a server answer? It is asked for its models, without any key."""
    try:
        place = without_secrets(check_address(url))
    except ValueError as error:
        return Finding("endpoint", "bad", f"{whose}{error}")
    shown = f"{place} {whose}".strip() if whose.startswith("(") else place
    try:
        status, body = _within(f"{place}/models")
    except (OSError, http.client.HTTPException) as error:
        said = f"{shown} does not answer ({str(error) or type(error).__name__}); is it running?"
        return Finding("endpoint", "note", said)
    if status in (http.client.UNAUTHORIZED, http.client.FORBIDDEN):
        asked = f"{key} is set" if has_key else f"set {key}"
        return Finding("endpoint", "ok", f"{shown} answers and asks for a key; {asked}")
    if status != http.client.OK:
        return Finding("endpoint", "note", f"{shown} answers, with HTTP status {status}")
    return Finding("endpoint", "ok", f"{shown} answers; models: {_models(body)}")


def _within(url: str) -> tuple[int, bytes]:
    """As `_get`, within three seconds, however slowly the server drips.

    Raises:
        OSError, HTTPException: it does not answer in time, or not in HTTP.
    """
    ended: list[tuple[int, bytes] | OSError | http.client.HTTPException] = []

    def ask() -> None:
        try:
            ended.append(_get(url))
        except (OSError, http.client.HTTPException) as error:
            ended.append(error)

    asking = threading.Thread(target=ask, daemon=True)
    asking.start()
    asking.join(_WAIT_SECONDS)
    if not ended:
        raise TimeoutError("timed out")
    if isinstance(ended[0], Exception):
        raise ended[0]
    return ended[0]


def _get(url: str) -> tuple[int, bytes]:
    """Status and body. No redirect is followed, no proxy is used, and no key is sent."""
    parts = urlsplit(url)
    secure = parts.scheme.lower() == "https"
    kind = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=_WAIT_SECONDS)
    try:
        connection.request("GET", parts.path)
        answer = connection.getresponse()
        return answer.status, answer.read(_MOST_BYTES)
    finally:
        connection.close()


def _models(body: bytes) -> str:
    """The first names that an OpenAI-compatible server lists."""
    try:
        listed = [str(one["id"]) for one in json.loads(body)["data"]]
    except (ValueError, TypeError, KeyError, RecursionError):
        return "it does not list any"
    more = f" and {len(listed) - _MOST_NAMES} more" if len(listed) > _MOST_NAMES else ""
    return (", ".join(listed[:_MOST_NAMES]) or "none") + more
