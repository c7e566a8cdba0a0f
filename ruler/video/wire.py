"""Messages between ruler and a decoder process: a line's worth of JSON, and bytes beside it."""

from __future__ import annotations

import json
import struct
from typing import IO, Any

_HEAD = struct.Struct(">II")

HEAD_BYTES = _HEAD.size

Message = dict[str, Any]

SHARED = 3
"""The decoder's descriptor of the memory that counts its signs of life."""

CHANNEL = 4
"""Its descriptor of the socket that others come over, each with a byte that says what it is."""

SLOTS = b"s"
"""Memory for pictures (see `lending`)."""

COLUMNS = b"c"
"""The file of a clip's columns (see `columns`)."""

HEADER_BYTES = 64


def pack(message: Message, blob: bytes = b"") -> bytes:
    """A message as it goes over the pipe."""
    body = json.dumps(message).encode()
    return _HEAD.pack(len(body), len(blob)) + body + blob


def sizes(head: bytes) -> tuple[int, int]:
    """Lengths of the JSON and of the bytes that follow a head."""
    body, blob = _HEAD.unpack(head)
    return body, blob


def unpack(body: bytes) -> Message:
    """The JSON of a message."""
    message: Message = json.loads(body)
    return message


def receive(file: IO[bytes]) -> tuple[Message, bytes] | None:
    """Wait for the next message; None at the end of the input."""
    head = file.read(HEAD_BYTES)
    if len(head) < HEAD_BYTES:
        return None
    body, blob = sizes(head)
    return unpack(file.read(body)), file.read(blob)
