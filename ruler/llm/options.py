"""How a model is asked: what a user may set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator

from ruler.errors import InputError
from ruler.llm.endpoints import check_address, without_secrets


class Options(BaseModel):
    """Options that a factory picks from all that were given to it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    @classmethod
    def of(cls, options: Mapping[str, object]) -> Self:
        """Pick what concerns this class from a factory's options; None means not given.

        Raises:
            InputError: names the option and what is wrong with it.
        """
        try:
            return cls.model_validate({k: v for k, v in options.items() if v is not None})
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            name = ".".join(str(part) for part in first["loc"])
            raise InputError(f"option {name!r}: {first['msg']}") from None


class ChatOptions(Options):
    """How a model is asked. `api_key` and whatever a URL carries before its host are secrets.

    Attributes:
        base_url: An OpenAI-compatible server (for `ollama`, Ollama's own address). It gets
            `api_key` or none at all: the key that the environment holds for the vendor is not sent
            to somebody else's machine.
        temperature: 0 for the likeliest answer.
        max_tokens: The longest answer, where the question does not say.
        concurrency: How many calls are under way at most, over all threads.
        retries: How often a call that failed in transport is repeated; a wrong form is asked for
            anew once, apart from this.
        connect_seconds: The longest wait for a connection.
        first_token_seconds: The longest wait for an answer to begin. Where given, answers are
            streamed, which costs more CPU a token; without it only the total is bounded.
        timeout_seconds: The longest a call may take in total, however slowly its answer trickles.
        patience_seconds: How long an endpoint that worked and now fails is waited for. Questions
            that come later fail at once, but for one a while that probes whether it is back. Also
            the longest that is waited because the endpoint says so (`Retry-After`).
        local_only: Refuse every endpoint off this machine, but for `allowed_hosts`.
        allowed_hosts: Names or addresses of machines that count as local.
        trace_content: Let traces hold questions and answers: OpenTelemetry's spans, and LangSmith's
            for models asked by LangChain. Without it LangSmith hears nothing at all.
    """

    base_url: str | None = None
    api_key: SecretStr | None = None
    temperature: float = Field(default=0.0, ge=0)
    max_tokens: int = Field(default=400, ge=1)
    concurrency: int = Field(default=8, ge=1, le=64)
    retries: int = Field(default=4, ge=0)
    connect_seconds: float = Field(default=10.0, gt=0)
    first_token_seconds: float | None = Field(default=None, gt=0)
    timeout_seconds: float = Field(default=60.0, gt=0)
    patience_seconds: float = Field(default=60.0, ge=0)
    local_only: bool = False
    allowed_hosts: tuple[str, ...] = ()
    trace_content: bool = False

    @field_validator("base_url")
    @classmethod
    def _is_web_address(cls, url: str | None) -> str | None:
        return None if url is None else check_address(url)

    @property
    def endpoint(self) -> str | None:
        """Where the model is served, without secrets; None for the vendor's own."""
        return None if self.base_url is None else without_secrets(self.base_url)
