"""Text that reads as an instruction to a model rather than as a description of a sight."""

from __future__ import annotations

_ORDERS = tuple(
    phrase.strip()
    for phrase in """
    ignore previous|ignore all|ignore any|ignore the above|ignore the rules|ignore your|
    ignore the instructions|ignore these|ignore earlier|disregard previous|disregard all|
    disregard the above|disregard your|disregard any|forget everything|forget all|forget your|
    forget previous|answer normal|answer anomaly|answer with|answer yes|answer no|answer only|
    always answer|never answer|always say|always report|never report|do not report|don't report|
    reply with|reply only|respond with|respond only|as an ai|system prompt|your instructions|
    new instructions|your task is|your role is|you must|you should|you will|pretend you|
    act as if you|return json|output only|output json|print the|classify this as|
    classify it as|mark this as|
    mark it as normal|treat it as normal|treat this as|set the score|give a score|say that it is|
    respond that|answer that|ignoriere|du bist ein|sie sind ein|antworte|beantworte|
    ignorez les|ignora las|overrule all|classify everything|classify all|always output|
    output normal|say normal|from now on|mark everything as|treat everything as|treat all as
    """.replace("\n", "").split("|")
)
_ADDRESSES = ("you are", "you're", "please answer", "please ignore", "please respond")
_MARKS = (
    "<|",
    "|>",
    "[inst]",
    "[/inst]",
    "<<sys>>",
    "```",
    "<system",
    "</",
    "<s>",
    "### ",
    "{{",
    "{%",
)
_ROLES = ("system:", "assistant:", "user:", "human:", "developer:")


def instruction_in(text: str) -> str | None:
    """What in a text addresses a model, or None."""
    lower = text.lower()
    for mark in _MARKS:
        if mark in lower:
            return mark
    for line in lower.splitlines():
        for role in _ROLES:
            if line.lstrip(" -*#>\t").startswith(role):
                return role
    words = " ".join("".join(c if c.isalnum() or c == "'" else " " for c in lower).split())
    padded = f" {words} "
    for order in _ORDERS:
        if f" {order} " in padded:
            return order
    for sentence in lower.replace("!", ".").replace("?", ".").replace("\n", ".").split("."):
        for address in _ADDRESSES:
            if sentence.strip().startswith(address):
                return address
    return None
