"""One question to a chat model, one reply: the only file that knows LangChain and vendor errors.

Retries beyond the vendor's own, budgets, caching and structured answers are built on top of this.
"""

from __future__ import annotations

import base64
import importlib.util
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from ruler.errors import InputError, MissingExtraError, ModelError
from ruler.schemas.runs import Usage

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import AIMessage

FAILURES: Mapping[str, str] = {
    "ModelAuthenticationError": "the key was refused; set RULER_API_KEY or the provider's own",
    "ModelPermissionDeniedError": "the key may not use this model",
    "ModelInvalidRequestError": "the request was refused",
    "ModelNotFoundError": "the endpoint has no such model",
    "ModelRateLimitError": "too many requests, or out of credit",
    "ModelAPIError": "the endpoint failed",
    "ModelConnectionError": "the endpoint cannot be reached",
    "ModelTimeoutError": "no answer in time",
    "ContextOverflowError": "the question is longer than the model can read",
}
"""What LangChain's errors mean to a user, by class name. A test fails where one is not listed."""

_REFUSAL = re.compile(
    r"^\W*(?:(?:i['’]?m|i am|we['’]?re) (?:very |so )?sorry|sorry|i apologi[sz]e|unfortunately)?"
    r"[\s,.;:]*(?:but )?(?:as an ai\b[^.]{0,60}?)?"
    r"\bi(?: (?:cannot|can['’]t|can not)|['’]?m (?:unable|not able) to| am (?:unable|not able) to)"
    r" (?:help|assist|comply|fulfil|provide|describe|process|view|see|identify|analy[sz]e)\b",
    re.IGNORECASE,
)


class ChatOptions(BaseModel):
    """How a chat model is asked. `api_key` and whatever a URL carries before its host are secrets.

    With `base_url`, an OpenAI-compatible endpoint gets `api_key` or none at all: the key that the
    environment holds for the vendor is not sent to somebody else's machine.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    base_url: str | None = None
    api_key: SecretStr | None = None
    timeout_seconds: float = Field(default=60.0, gt=0)
    retries: int = Field(default=2, ge=0)
    temperature: float = Field(default=0.0, ge=0)
    max_tokens: int = Field(default=400, ge=1)
    concurrency: int = Field(default=4, ge=1, le=64)

    @field_validator("base_url")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        parts = urlsplit(url or "http://none")
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must look like http://host:port/v1")
        return url

    @classmethod
    def of(cls, options: Mapping[str, object]) -> ChatOptions:
        """Pick what concerns a chat model from a factory's options; None means not given.

        Raises:
            InputError: names the option and what is wrong with it.
        """
        try:
            return cls.model_validate({k: v for k, v in options.items() if v is not None})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InputError(f"option {name!r}: {first['msg']}") from None

    @property
    def endpoint(self) -> str | None:
        """Where the model is served, without secrets; None for the vendor's own."""
        if self.base_url is None:
            return None
        parts = urlsplit(self.base_url)
        place = parts.netloc.rpartition("@")[2]
        return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


@dataclass(frozen=True)
class Reply:
    """What a model said. `problem` says why `text` cannot be used, or is None."""

    text: str
    problem: str | None
    usage: Usage


class ChatModel:
    """A chat model by LangChain's name for it (`openai:gpt-4o-mini`); safe to share by threads.

    Raises:
        MissingExtraError: LangChain is not installed.
        InputError: the provider is not known or not installed, or a key is missing.
    """

    def __init__(self, name: str, options: ChatOptions) -> None:
        self.name = name
        self.options = options
        self._model = _build(name, options)

    def ask(self, text: str, jpegs: Sequence[bytes] = ()) -> Reply:
        """Ask once, the text first and then the pictures.

        Raises:
            ModelError: no answer, or one that is not a chat completion.
        """
        from langchain_core.messages import HumanMessage

        content: list[str | dict[str, str]] = [{"type": "text", "text": text}]
        for jpeg in jpegs:
            data = base64.b64encode(jpeg).decode()
            content.append({"type": "image", "base64": data, "mime_type": "image/jpeg"})
        try:
            message = self._model.invoke([HumanMessage(content=content)])
        except Exception as error:
            raise ModelError(_explain(self.name, error, self.options)) from error
        return _reply(message)


def _build(name: str, options: ChatOptions) -> BaseChatModel:
    if importlib.util.find_spec("langchain") is None:
        raise MissingExtraError(f"model {name!r}", "chat")
    from langchain.chat_models import init_chat_model

    optional: dict[str, Any] = {}
    if options.base_url:
        optional["base_url"] = options.base_url
    if options.api_key:
        optional["api_key"] = options.api_key.get_secret_value()
    elif options.base_url and name.startswith("openai:"):
        optional["api_key"] = "none"
    try:
        model: BaseChatModel = init_chat_model(
            name,
            timeout=options.timeout_seconds,
            max_retries=options.retries,
            temperature=options.temperature,
            max_tokens=options.max_tokens,
            **optional,
        )
        return model
    except Exception as error:
        reason = _first_line(error, options)
        raise InputError(f"model {name!r} cannot be set up: {reason}") from error


def _explain(name: str, error: Exception, options: ChatOptions) -> str:
    """One sentence: the model, the place, what it means, and what the vendor said."""
    known = (FAILURES[kind.__name__] for kind in type(error).__mro__ if kind.__name__ in FAILURES)
    meaning = next(known, "the answer is not a chat completion")
    place = f" at {options.endpoint}" if options.endpoint else ""
    return f"model {name!r}{place}: {meaning} ({_first_line(error, options)})"


def _first_line(error: Exception, options: ChatOptions) -> str:
    text = (str(error).strip() or type(error).__name__).splitlines()[0]
    if options.api_key:
        text = text.replace(options.api_key.get_secret_value(), "***")
    return text if len(text) <= 300 else f"{text[:300]} ..."


def _reply(message: AIMessage) -> Reply:
    tokens = message.usage_metadata
    usage = Usage(
        model_calls=1,
        tokens_in=tokens["input_tokens"] if tokens else 0,
        tokens_out=tokens["output_tokens"] if tokens else 0,
    )
    text = str(message.text).strip()
    return Reply(text=text, problem=_problem(message, text), usage=usage)


def _problem(message: AIMessage, text: str) -> str | None:
    """Why an answer cannot be used. A refusal in words counts: it says nothing of the picture."""
    metadata = message.response_metadata
    finish = str(metadata.get("finish_reason") or metadata.get("stop_reason") or "").lower()
    if refusal := message.additional_kwargs.get("refusal"):
        return f"the model refused: {refusal}"
    if finish in ("length", "max_tokens"):
        return "the answer was cut off; raise max_tokens"
    if finish in ("content_filter", "safety", "refusal"):
        return f"the answer was withheld ({finish})"
    if not text:
        return "the answer is empty"
    if _REFUSAL.match(text):
        return f"the model refused: {text.splitlines()[0][:200]}"
    return None
