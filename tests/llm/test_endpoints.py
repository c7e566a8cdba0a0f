"""Which addresses are this machine, whatever tricks they play."""

from __future__ import annotations

import pytest

from ruler.llm.endpoints import check_address, host_of, is_local, is_loopback


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:8000/v1",
        "HTTP://LOCALHOST:8000/v1",
        "http://localhost./v1",
        "http://127.0.0.1",
        "http://127.5.6.7:1/v1",
        "http://[::1]:8000/v1",
        "http://[::ffff:127.0.0.1]/v1",
        "http://evil.example@localhost/v1",
        "http://user:password@127.0.0.1/v1",
    ],
)
def test_an_address_of_this_machine_is_local(url: str) -> None:
    assert is_local(check_address(url), ())


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost@evil.example/",
        "http://127.0.0.1@evil.example/",
        "http://127.0.0.1:80@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://evil.example/?@localhost",
        "http://evil.example/localhost",
        "http://0.0.0.0:8000/v1",
        "http://[::]/v1",
        "http://2130706433/v1",
        "http://0x7f000001/v1",
        "http://0177.0.0.1/v1",
        "http://127.1/v1",
        "http://127.0.0.1%2eevil.example/",
        "http://[::ffff:8.8.8.8]/v1",
        "http://192.168.0.2:8000/v1",
        "https://api.openai.com/v1",
    ],
)
def test_an_address_elsewhere_is_not_local(url: str) -> None:
    assert not is_local(check_address(url), ())


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1\\@evil.example/",
        "http://evil.example\\.localhost/",
        "http://127.0.0.1#@evil.example/",
        "http://127.0.0.1 .evil.example/",
        "http://127.0.0.1\t/",
        "http://127。0。0。1/",
        "http://ⓛocalhost/",
        "http://127.0.0.1:port/",
        "http://127.0.0.1:80:80/",
        "http://[::1/",
        "file://localhost/etc/passwd",
        "//localhost/v1",
        "",
    ],
)
def test_an_address_that_two_readers_could_read_differently_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="must look like"):
        check_address(url)


def test_allowed_hosts_are_local_by_name_and_nothing_else() -> None:
    allowed = ("GPU-Box.lan", "192.168.0.2", "[fd00::2]")
    assert is_local("http://gpu-box.lan:8000/v1", allowed)
    assert is_local("http://192.168.0.2/v1", allowed)
    assert is_local("http://[fd00::2]:8000/v1", allowed)
    assert not is_local("http://other.gpu-box.lan/v1", allowed)
    assert not is_local("http://gpu-box.lan@evil.example/v1", allowed)
    assert not is_local("http://192.168.0.20/v1", allowed)


def test_a_name_is_loopback_only_where_it_is_localhost() -> None:
    assert is_loopback("localhost")
    assert not is_loopback("")
    assert not is_loopback("localhost.localdomain")


def test_what_is_no_address_has_no_host() -> None:
    assert host_of("http://[::1") == ""
    assert host_of("http://host:99999/") == ""
