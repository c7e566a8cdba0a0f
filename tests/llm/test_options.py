"""What a user may set, and what is a secret in it."""

from __future__ import annotations

import pytest

from ruler.errors import InputError
from ruler.llm.options import ChatOptions


def test_options_ignore_what_is_not_theirs() -> None:
    assert ChatOptions.of({"folder": "x", "timeout_seconds": None}) == ChatOptions()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("retries", "many"),
        ("retries", -1),
        ("concurrency", 0),
        ("concurrency", 65),
        ("max_tokens", 0),
        ("timeout_seconds", 0),
        ("base_url", "localhost:8000"),
        ("base_url", "ftp://localhost/v1"),
        ("base_url", "http://"),
    ],
)
def test_a_wrong_option_is_named(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"option '{name}'"):
        ChatOptions.of({name: value})


def test_a_key_is_not_shown() -> None:
    assert "sk-secret" not in repr(ChatOptions.of({"api_key": "sk-secret"}))


def test_a_wrong_address_is_not_repeated_with_its_password() -> None:
    with pytest.raises(InputError) as caught:
        ChatOptions.of({"base_url": "http://me:sk-secret@:80:80/"})
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "endpoint"),
    [
        ("http://127.0.0.1:8000/v1/", "http://127.0.0.1:8000/v1"),
        ("https://me:secret@models.example/v1?key=secret", "https://models.example/v1"),
        ("http://[::1]:8000/v1", "http://[::1]:8000/v1"),
    ],
)
def test_an_endpoint_holds_no_secret(url: str, endpoint: str) -> None:
    assert ChatOptions(base_url=url).endpoint == endpoint


def test_the_vendors_own_endpoint_has_no_address() -> None:
    assert ChatOptions().endpoint is None
