"""A person's decision after reading the report: name, date, decision and notes.

The report exports it as JSON; the config's ``decision`` names the file. It is bound to the key of
the audit that was read, and void for any other.
"""

import json
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from convaudit.errors import AuditError

Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class ImageNote:
    """A reader's tags and note for an image in the gallery."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    tags: list[str] = field(default_factory=list)
    note: str = ""


@dataclass(frozen=True)
class Decision:
    """A signature or a refusal.

    ``audit_key``, ``policy_sha256`` and ``result`` are those of the verdict that was read;
    ``gates`` and ``suspects`` are notes by the gate's name and by the suspect's id, ``images`` by
    the image's id.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Text
    date: date
    decision: Literal["signed", "refused"]
    audit_key: Text
    policy_sha256: Text
    result: Literal["pass", "fail", "undecided", "ask"]
    note: str = ""
    gates: dict[str, str] = field(default_factory=dict)
    suspects: dict[str, str] = field(default_factory=dict)
    images: dict[str, ImageNote] = field(default_factory=dict)

    def void(self, audit_key: str) -> str | None:
        """The reason why the decision no longer holds, or None."""
        if self.audit_key == audit_key:
            return None
        return (
            f"It was given for another audit (key {self.audit_key[:12]}); this one has the key "
            f"{audit_key[:12]}: the model, the images, a setting or the code changed since."
        )

    def remark(self, policy_sha256: str, result: str) -> str | None:
        """A remark for the reader: the policy or the verdict changed since the decision."""
        if self.policy_sha256 != policy_sha256:
            return (
                f"The policy changed since: the verdict was {self.result} then, and is {result} "
                "now."
            )
        return None


def read(path: str) -> bytes:
    """Read the file.

    Raises:
        AuditError: it can't be read.
    """
    try:
        return Path(path).expanduser().read_bytes()
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise AuditError(
            f"config: decision: {path}: {reason}: give the file that the report exported"
        ) from None


def load(path: str) -> Decision:
    """Read a decision.

    Raises:
        AuditError: the file can't be read or is not what the report exports; in one line.
    """
    try:
        return TypeAdapter(Decision).validate_python(json.loads(read(path)), strict=False)
    except (UnicodeDecodeError, json.JSONDecodeError):
        raise AuditError(
            f"config: decision: {path} is not JSON: give the file that the report exported"
        ) from None
    except ValidationError as error:
        fault = error.errors()[0]
        where = ".".join(map(str, fault["loc"])) or "the file"
        message = fault["msg"].replace("Input should be", "must be")
        raise AuditError(
            f"config: decision: {path}: {where}: {message[0].lower()}{message[1:]}"
        ) from None
