"""The one file that knows vendors' errors knows all of them."""

from __future__ import annotations

import datetime as dt
import inspect
import socket
import ssl

import pytest
from langchain_core import exceptions

from ruler.llm.failures import FAILURES, FinalError, failure, first_line
from ruler.llm.options import ChatOptions
from ruler.llm.questions import PASSING, BackendError, FaultKind
from ruler.schemas.runs import Usage

TODAY = dt.datetime(2026, 11, 21, 12, 0, 0, tzinfo=dt.UTC)
SENT = Usage(model_calls=1, failed_calls=1)


class Response:
    """As much of an HTTP answer as is looked at."""

    def __init__(self, status: int = 500, body: object = None, **headers: str) -> None:
        self.status_code = status
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self._body = body

    def json(self) -> object:
        if self._body is None:
            raise ValueError("no JSON")
        return self._body


class VendorError(Exception):
    """An error of a vendor's own library."""

    def __init__(self, message: str = "stub", *, response: Response | None = None) -> None:
        super().__init__(message)
        if response is not None:
            self.response = response
            self.status_code = response.status_code


class ConnectError(Exception):
    """Named like httpx's."""


class ReadError(Exception):
    """Named like httpx's."""


class ReadTimeout(Exception):
    """Named like httpx's."""


def fails(error: Exception, options: ChatOptions | None = None) -> BackendError:
    return failure("a:b", error, options or ChatOptions(), TODAY)


def caused(error: Exception, cause: BaseException) -> Exception:
    error.__cause__ = cause
    return error


def test_every_model_error_of_langchain_is_mapped() -> None:
    grown = {
        name
        for name, kind in inspect.getmembers(exceptions, inspect.isclass)
        if issubclass(kind, exceptions.ModelError) and kind is not exceptions.ModelError
    }
    assert grown == set(FAILURES)


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_langchains_word_on_retrying_is_ours(name: str) -> None:
    kind, _ = FAILURES[name]
    assert getattr(exceptions, name)("stub").is_retryable == (kind in PASSING)


@pytest.mark.parametrize("name", sorted(FAILURES))
def test_langchains_errors_are_known_by_their_class(name: str) -> None:
    kind, meaning = FAILURES[name]
    fault = fails(getattr(exceptions, name)("what it said")).fault
    assert (fault.kind, fault.said) == (kind, f"model 'a:b': {meaning} (what it said)")


@pytest.mark.parametrize(
    ("status", "kind", "is_final"),
    [
        (301, "not_a_completion", True),
        (307, "not_a_completion", True),
        (400, "bad_request", False),
        (401, "denied", True),
        (402, "rate_limited", True),
        (403, "denied", True),
        (404, "unknown_model", True),
        (405, "bad_request", False),
        (408, "timeout", False),
        (409, "server", False),
        (413, "too_long", False),
        (422, "bad_request", False),
        (429, "rate_limited", False),
        (500, "server", False),
        (502, "server", False),
        (529, "server", False),
    ],
)
def test_other_errors_are_known_by_their_status(
    status: int, kind: FaultKind, is_final: bool
) -> None:
    found = fails(caused(ValueError("wrapped"), VendorError(response=Response(status))))
    assert (found.fault.kind, isinstance(found, FinalError)) == (kind, is_final)
    assert found.usage == SENT


@pytest.mark.parametrize(
    ("error", "kind", "calls"),
    [
        (TimeoutError(), "timeout", 1),
        (ReadTimeout(), "timeout", 1),
        (caused(ValueError("x"), ReadTimeout()), "timeout", 1),
        (ReadError("broken"), "unreachable", 1),
        (ConnectionResetError(), "unreachable", 1),
        (ConnectError("refused"), "unreachable", 0),
        (ConnectionRefusedError(), "unreachable", 0),
        (caused(ConnectError("x"), socket.gaierror(socket.EAI_AGAIN, "try")), "unreachable", 0),
        (KeyError("choices"), "not_a_completion", 1),
        (ValueError("no JSON"), "not_a_completion", 1),
    ],
)
def test_the_rest_is_known_by_name_and_only_what_was_sent_counts(
    error: Exception, kind: FaultKind, calls: int
) -> None:
    found = fails(error)
    assert (found.fault.kind, found.usage.model_calls) == (kind, calls)
    assert not isinstance(found, FinalError)


@pytest.mark.parametrize(
    "cause",
    [socket.gaierror(socket.EAI_NONAME, "unknown"), ssl.SSLCertVerificationError("expired")],
)
def test_a_host_nobody_knows_and_a_wrong_certificate_are_final(cause: Exception) -> None:
    found = fails(caused(ConnectError("x"), cause))
    assert isinstance(found, FinalError)
    assert found.fault.kind == "unreachable"


@pytest.mark.parametrize(
    ("said", "kind", "is_final"),
    [
        ("This model's maximum context length is 4096 tokens", "too_long", False),
        ("prompt is too long: 250000 tokens > 200000 maximum", "too_long", False),
        ("blocked by our content management policy", "withheld", False),
        ("{'code': 'content_filter'}", "withheld", False),
        ("Your credit balance is too low", "rate_limited", True),
        ("no pictures", "bad_request", False),
    ],
)
def test_a_refused_request_is_read_for_what_it_means(
    said: str, kind: FaultKind, is_final: bool
) -> None:
    found = fails(VendorError(said, response=Response(400)))
    assert (found.fault.kind, isinstance(found, FinalError)) == (kind, is_final)


def test_too_many_requests_pass_and_used_up_credit_does_not() -> None:
    busy = fails(VendorError("see .../account/billing", response=Response(429)))
    assert not isinstance(busy, FinalError)
    broke = fails(VendorError("{'code': 'insufficient_quota'}", response=Response(429)))
    assert isinstance(broke, FinalError)
    assert busy.fault.kind == broke.fault.kind == "rate_limited"


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        (" 12 ", 12.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:00:00 GMT", 0.0),
        ("Saturday, 21-Nov-26 12:00:30 GMT", 30.0),
        ("soon", None),
        ("-3", None),
        ("", None),
        ("9" * 400, None),
    ],
)
def test_the_endpoint_says_when_to_come_back(header: str, seconds: float | None) -> None:
    found = fails(VendorError(response=Response(429, retry_after=header)))
    assert found.retry_after == seconds


def test_tokens_of_a_failed_call_count_where_the_endpoint_tells_them() -> None:
    body = {"error": "late", "usage": {"prompt_tokens": 90, "completion_tokens": 4}}
    found = fails(VendorError(response=Response(500, body)))
    assert found.usage == Usage(model_calls=1, failed_calls=1, tokens_in=90, tokens_out=4)
    for odd in ([], {"usage": []}, {"usage": {"prompt_tokens": "9"}}):
        assert fails(VendorError(response=Response(500, odd))).usage == SENT


def test_an_error_is_one_short_sentence_that_colours_no_terminal() -> None:
    said = fails(VendorError("long " * 1000 + "\x1b[31m\nsecond line")).fault.said
    assert len(said) < 500
    assert said.isprintable()
    assert "second" not in said


@pytest.mark.parametrize(
    "said",
    [
        "bad key given-secret",
        "at http://me:p%40ss@host/v1",
        "p@ss is wrong",
        "refused: key=in-the-query",
        "Incorrect API key provided: sk-proj-abcdefgh",
        "header Authorization: Bearer abcdefghij",
    ],
)
def test_secrets_do_not_show(said: str) -> None:
    options = ChatOptions.of(
        {"api_key": "given-secret", "base_url": "http://me:p%40ss@host/v1?key=in-the-query"}
    )
    shown = first_line(ValueError(said), options)
    for secret in ("given-secret", "p%40ss", "p@ss", "in-the-query", "sk-proj", "abcdefghij"):
        assert secret not in shown
    assert "***" in shown


def test_a_fault_says_where() -> None:
    options = ChatOptions(base_url="http://me:secret@127.0.0.1:8000/v1")
    fault = fails(VendorError("stub", response=Response(500)), options).fault
    assert fault.said == "model 'a:b' at http://127.0.0.1:8000/v1: the endpoint failed (stub)"
