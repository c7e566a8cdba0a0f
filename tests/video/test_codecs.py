"""What this machine decodes."""

from __future__ import annotations

import pytest

from ruler.video import codecs


def test_the_wheels_of_pyav_decode_what_cameras_write() -> None:
    assert set(codecs.decodable().values()) == {True}


def test_a_codec_that_is_missing_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(codecs._DECODERS, "H.264", ("no_such_decoder",))
    assert codecs.decodable()["H.264"] is False
    assert codecs.decodable()["VP9"] is True
