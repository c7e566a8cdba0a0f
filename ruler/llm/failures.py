"""From what vendors raise to a `Fault`: the only file that knows their errors.

LangChain has one class for each condition, and its larger integrations raise them. The others raise
what their vendor's library or the HTTP client raises; those are known by the HTTP status they
carry, and then by the name of their class.
"""

from __future__ import annotations

import datetime as dt
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from ruler.llm.options import ChatOptions
from ruler.llm.questions import BackendError, Fault, FaultKind
from ruler.llm.usages import told_by
from ruler.schemas.runs import Usage

FAILURES: Mapping[str, tuple[FaultKind, str]] = {
    "ModelAuthenticationError": (
        "denied",
        "the key was refused; set RULER_API_KEY or the provider's own",
    ),
    "ModelPermissionDeniedError": ("denied", "the key may not use this model"),
    "ModelInvalidRequestError": ("bad_request", "the request was refused"),
    "ModelNotFoundError": ("unknown_model", "the endpoint has no such model"),
    "ModelRateLimitError": ("rate_limited", "too many requests, or out of credit"),
    "ModelAPIError": ("server", "the endpoint failed"),
    "ModelConnectionError": ("unreachable", "the endpoint cannot be reached"),
    "ModelTimeoutError": ("timeout", "no answer in time"),
    "ContextOverflowError": ("too_long", "the question is longer than the model can read"),
}
"""What LangChain's errors mean, by class name. A test fails where one is not listed."""

_STATUS: Mapping[int, str] = {
    400: "ModelInvalidRequestError",
    401: "ModelAuthenticationError",
    402: "ModelRateLimitError",
    403: "ModelPermissionDeniedError",
    404: "ModelNotFoundError",
    408: "ModelTimeoutError",
    409: "ModelAPIError",
    413: "ContextOverflowError",
    422: "ModelInvalidRequestError",
    429: "ModelRateLimitError",
}

_TIMEOUT = re.compile(r"Timeout|TimedOut|DeadlineExceeded")
_BROKEN = re.compile(r"Connect|Network|ReadError|WriteError|RemoteProtocolError|ProxyError")
_NEVER_SENT = frozenset({"ConnectError", "ConnectTimeout", "PoolTimeout"})

_TOO_LONG = re.compile(
    r"context.{0,12}(?:length|window|size)|prompt is too long|too many (?:input |prompt )?tokens"
    r"|longer than the maximum model length",
    re.IGNORECASE,
)
_WITHHELD = re.compile(r"content.?(?:filter|policy|management)|responsible.?ai", re.IGNORECASE)
_NO_CREDIT = re.compile(r"insufficient.?quota|credit balance|out of credit", re.IGNORECASE)

_SECRET = re.compile(r"(?i:bearer\s+\S{8,})|\b(?:sk|gsk|xai|hf)[-_][\w-]{6,}")
_LONGEST = 300


class FinalError(BackendError):
    """A failure that no further try and no other question mends: the user must.

    On the first call of a run it stops the run; later it is a fault like others.
    """


def failure(name: str, error: Exception, options: ChatOptions, today: dt.datetime) -> BackendError:
    """What a vendor's error comes to.

    Args:
        name: The model's.
        error: What was raised.
        options: For the endpoint, and for the secrets that no sentence may hold.
        today: The date and time, for a `Retry-After` that is a date.
    """
    chain = tuple(_causes(error))
    status = next(filter(None, map(_status, chain)), None)
    kind, meaning = _meaning(chain, status, options)
    text = " ".join(map(str, chain))
    if kind == "bad_request":
        kind, meaning = _closer(text, meaning)
    fault = sentence(name, options, kind, f"{meaning} ({first_line(error, options)})")
    is_final = kind in ("denied", "unknown_model") or _is_final(chain, status, text)
    shape = FinalError if is_final else BackendError
    return shape(fault, retry_after=_retry_after(chain, today), usage=_usage(chain))


def sentence(name: str, options: ChatOptions, kind: FaultKind, meaning: str) -> Fault:
    """A fault that says which model where, and what it means."""
    place = f" at {options.endpoint}" if options.endpoint else ""
    return Fault(kind, f"model {name!r}{place}: {meaning}")


def first_line(error: Exception, options: ChatOptions) -> str:
    """What the vendor said, in one line without secrets. It is data: it colours no terminal."""
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    for secret in _secrets(options):
        text = text.replace(secret, "***")
    text = _SECRET.sub("***", text)
    text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what it was raised from, outermost first."""
    seen: set[int] = set()
    link: BaseException | None = error
    while link is not None and id(link) not in seen:
        seen.add(id(link))
        yield link
        link = link.__cause__ or link.__context__


def _meaning(
    chain: tuple[BaseException, ...], status: int | None, options: ChatOptions
) -> tuple[FaultKind, str]:
    for error in chain:
        for kind in type(error).__mro__:
            if kind.__name__ in FAILURES:
                return FAILURES[kind.__name__]
    if status is not None and 300 <= status < 400:
        meaning = "the endpoint redirects, which is not followed"
        return ("forbidden" if options.local_only else "not_a_completion"), meaning
    if status is not None and status >= 400:
        return FAILURES[_STATUS.get(status, "ModelAPIError" if status >= 500 else _STATUS[400])]
    names = [type(error).__name__ for error in chain]
    if any(map(_TIMEOUT.search, names)):
        return FAILURES["ModelTimeoutError"]
    if any(map(_BROKEN.search, names)) or any(isinstance(e, ConnectionError) for e in chain):
        return FAILURES["ModelConnectionError"]
    return "not_a_completion", "the answer is not a chat completion"


def _closer(text: str, meaning: str) -> tuple[FaultKind, str]:
    """What a refused request really means, where the vendor says it in words alone."""
    if _TOO_LONG.search(text):
        return FAILURES["ContextOverflowError"]
    if _WITHHELD.search(text):
        return "withheld", "the answer was withheld"
    if _NO_CREDIT.search(text):
        return FAILURES["ModelRateLimitError"]
    return "bad_request", meaning


def _is_final(chain: tuple[BaseException, ...], status: int | None, text: str) -> bool:
    """No credit, a server that is elsewhere, a name nobody has, a certificate that is not right."""
    if status is not None and (status == 402 or 300 <= status < 400):
        return True
    unknown = (socket.EAI_NONAME, getattr(socket, "EAI_NODATA", socket.EAI_NONAME))
    return bool(_NO_CREDIT.search(text)) or any(
        isinstance(error, ssl.SSLCertVerificationError)
        or (isinstance(error, socket.gaierror) and error.errno in unknown)
        for error in chain
    )


def _status(error: BaseException) -> int | None:
    response = getattr(error, "response", None)
    found = (getattr(error, "status_code", None), getattr(error, "code", None))
    for status in (*found, getattr(response, "status_code", None)):
        if isinstance(status, int) and 100 <= status < 600:
            return int(status)
    return None


def _retry_after(chain: tuple[BaseException, ...], today: dt.datetime) -> float | None:
    """Seconds by the header of RFC 9110, section 10.2.3: a number, or a date."""
    responses = (getattr(error, "response", None) for error in chain)
    headers: Any = next(filter(None, (getattr(r, "headers", None) for r in responses)), {})
    given = str(headers.get("retry-after") or "").strip()
    if re.fullmatch(r"\d{1,9}(\.\d+)?", given):
        return float(given)
    try:
        until = parsedate_to_datetime(given)
    except ValueError:
        return None
    return max(0.0, (until.replace(tzinfo=until.tzinfo or dt.UTC) - today).total_seconds())


def _usage(chain: tuple[BaseException, ...]) -> Usage:
    """What the failed call cost: nothing where it was never sent, tokens where the answer says."""
    names = {type(error).__name__ for error in chain}
    if names & _NEVER_SENT or any(isinstance(e, ConnectionRefusedError) for e in chain):
        return Usage()
    told = next(filter(None, map(_told, chain)), None)
    return Usage(model_calls=1, failed_calls=1) + told_by(told)


def _told(error: BaseException) -> object:
    """The document that an HTTP error carries."""
    try:
        return getattr(error, "response", None).json()  # type: ignore[union-attr]
    except (AttributeError, ValueError, RuntimeError):  # no response, no JSON, or not read
        return None


def _secrets(options: ChatOptions) -> Iterator[str]:
    """All that must not be shown: the key, and what the address holds beside the place."""
    if options.api_key and options.api_key.get_secret_value():
        yield options.api_key.get_secret_value()
    parts = urlsplit(options.base_url or "")
    held = [parts.password or "", *(value for _, value in parse_qsl(parts.query))]
    yield from (form for secret in held if secret for form in (secret, unquote(secret)))
