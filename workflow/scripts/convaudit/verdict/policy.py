"""The requirements that a model must meet to be signed.

A policy is a list of gates, waivers of single gates or cues, and answers to the audit's questions.
It extends the default one (``default.yaml``): a gate of a known name changes only the fields that
it gives.
"""

import difflib
import hashlib
import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import yaml
from pydantic import ConfigDict, Field, TypeAdapter, ValidationError

from convaudit.errors import AuditError

DEFAULT = Path(__file__).parent / "default.yaml"
KEYS = ("extends", "gates", "remove", "waivers", "answers")
Text = Annotated[str, Field(min_length=1)]


@dataclass(frozen=True)
class Gate:
    """One requirement: an end of a metric's interval is compared with a limit.

    ``metric`` is a dotted path in summary.json. ``where`` keeps the rows of a list whose fields
    have one of the given values; ``scope`` "all" then counts them, "each ..." compares the number
    of every row with the limit. ``bound`` "lower": the interval's lower end must be at least
    ``limit``; "upper": its upper end must be at most ``limit``. ``severity`` is the result if the
    limit is missed, ``reason`` the reason for the limit.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    name: Text
    metric: Text
    bound: Literal["lower", "upper"]
    limit: Annotated[float, Field(allow_inf_nan=False)]
    scope: Literal["all", "each class", "each slice", "each suspect"] = "all"
    where: dict[str, str | list[str]] = field(default_factory=dict)
    min_images: Annotated[int, Field(ge=0)] = 0
    on_undecided: Literal["undecided", "fail", "warn"] = "undecided"
    on_missing: Literal["fail", "undecided", "warn", "skip"] = "fail"
    severity: Literal["fail", "ask", "warn"] = "fail"
    reason: str = ""


@dataclass(frozen=True)
class Waiver:
    """A person's statement that a missed gate, or a suspect (by its id), is acceptable.

    ``expires`` is the last day on which it holds; ``model`` the beginning of the SHA-256 of the
    only model that it holds for, or the model's name in keras.applications.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    reason: Text
    name: Text
    expires: date
    model: Text
    gate: str | None = None
    cue: str | None = None

    @property
    def what(self) -> str:
        """The gate or the cue, for a message."""
        return f"gate {self.gate!r}" if self.gate else f"cue {self.cue!r}"


@dataclass(frozen=True)
class Answer:
    """A person's answer about a suspect: it is the "thing" itself, or a "shortcut"."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    answer: Literal["thing", "shortcut"]
    name: Text
    reason: str = ""


@dataclass(frozen=True)
class Policy:
    """Gates, waivers, and answers by the suspect's id."""

    gates: tuple[Gate, ...]
    waivers: tuple[Waiver, ...] = ()
    answers: dict[str, Answer] = field(default_factory=dict)

    @property
    def sha256(self) -> str:
        """SHA-256 of the policy's content in hex; it does not depend on formatting."""
        text = json.dumps(asdict(self), sort_keys=True, default=str)
        return hashlib.sha256(text.encode()).hexdigest()

    def expired(self, today: date) -> tuple[int, ...]:
        """The numbers of the waivers that no longer hold on a day."""
        return tuple(at for at, one in enumerate(self.waivers) if one.expires < today)


def load(given: str | dict[str, Any]) -> Policy:
    """Read a policy.

    Args:
        given: "default", the path of a YAML file, or the mapping itself.

    Raises:
        AuditError: one line per fault, each with the gate, waiver or answer that it is about.
    """
    if given == "default":
        return _parsed({}, "policy")
    if isinstance(given, str):
        return _parsed(_read(Path(given).expanduser()), given)
    return _parsed(given, "policy")


def _read(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        reason = (error.strerror or "unreadable").lower()
        raise AuditError(f"policy: {path}: {reason}: give the path of a YAML file") from None
    except UnicodeDecodeError:
        raise AuditError(f"policy: {path} is not UTF-8 text: give a YAML file") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}: " if mark else ""
        problem = getattr(error, "problem", None) or "can't be read"
        raise AuditError(f"policy: {path}: {where}not YAML: {problem}") from None
    return found if found is not None else {}


def _parsed(given: Any, source: str) -> Policy:
    if not isinstance(given, dict):
        raise AuditError(f"{source}: must be a mapping with gates, waivers or answers")
    faults = [
        f"unknown key {key!r}: known are {', '.join(KEYS)}" for key in given if key not in KEYS
    ]
    gates = _gates(given, faults)
    policy = Policy(gates, _waivers(given, gates, faults), _answers(given, faults))
    if not gates and not faults:
        faults.append("has no gate: a policy without one would sign anything")
    if faults:
        raise AuditError("\n".join(f"{source}: {fault}" for fault in dict.fromkeys(faults)))
    return policy


def _gates(given: dict[str, Any], faults: list[str]) -> tuple[Gate, ...]:
    extends = given.get("extends", "default")
    if extends not in ("default", "none"):
        faults.append(f"extends: must be 'default' or 'none', not {extends!r}")
    default = {gate["name"]: gate for gate in _read(DEFAULT)["gates"]}
    gates: dict[str, dict[str, Any]] = {} if extends == "none" else dict(default)
    for name in _listed(given, "remove", faults):
        if name not in gates:
            faults.append(f"remove: no gate is called {name!r}{_near(name, gates)}")
        gates.pop(name, None)
    named = set()
    for number, gate in enumerate(_listed(given, "gates", faults)):
        name = gate.get("name") if isinstance(gate, dict) else None
        if not isinstance(name, str) or not name:
            faults.append(f"gate {number + 1}: must be a mapping with a name")
            continue
        if name in named:
            faults.append(f"gate {name!r}: the policy has two gates of this name")
        named.add(name)
        gates[name] = gates.get(name, {}) | gate
    checked = (
        _checked(Gate, gate, f"gate {name!r}", faults, new=name not in default)
        for name, gate in gates.items()
    )
    return tuple(gate for gate in checked if gate)


def _waivers(
    given: dict[str, Any], gates: tuple[Gate, ...], faults: list[str]
) -> tuple[Waiver, ...]:
    found = []
    for number, each in enumerate(_listed(given, "waivers", faults)):
        named = each if isinstance(each, dict) else {}
        title = f"waiver of {named.get('gate') or named.get('cue') or number + 1!r}"
        waiver = _checked(Waiver, each, title, faults)
        if waiver is None:
            continue
        known = [gate.name for gate in gates]
        if (waiver.gate is None) == (waiver.cue is None):
            faults.append(f"{title}: name either a gate or a cue")
        elif waiver.gate is not None and waiver.gate not in known:
            faults.append(f"{title}: there is no gate of this name{_near(waiver.gate, known)}")
        found.append(waiver)
    return tuple(found)


def _answers(given: dict[str, Any], faults: list[str]) -> dict[str, Answer]:
    answers = given.get("answers", {})
    if not isinstance(answers, dict):
        faults.append("answers: must be a mapping from the hash of a cue to the answer")
        return {}
    checked = {
        str(cue): _checked(Answer, answer, f"answer to {cue}", faults)
        for cue, answer in answers.items()
    }
    return {cue: answer for cue, answer in checked.items() if answer}


def _listed(given: dict[str, Any], key: str, faults: list[str]) -> list[Any]:
    value = given.get(key, [])
    if isinstance(value, list):
        return value
    faults.append(f"{key}: must be a list")
    return []


def _near(name: Any, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(str(name), list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _checked(
    kind: type[Any], given: Any, title: str, faults: list[str], new: bool = False
) -> Any | None:
    """Make an instance of a dataclass; if it is invalid, list its faults and return None."""
    try:
        return TypeAdapter(kind).validate_python(given)
    except ValidationError as error:
        for fault in error.errors():
            faults.append(f"{title}: {_explained(fault, kind, new)}")
    return None


def _explained(fault: Any, kind: type[Any], new: bool) -> str:
    key = ".".join(str(part) for part in fault["loc"][:1])
    known = [each.name for each in fields(kind)]
    if fault["type"] in {"unexpected_keyword_argument", "extra_forbidden"}:
        return f"unknown key {key!r}{_near(key, known) or '; known: ' + ', '.join(known)}"
    if fault["type"] in {"missing", "missing_argument"}:
        more = "; a gate that is not in the default policy needs metric, bound and limit"
        return f"{key} is missing{more if new else ''}"
    if fault["type"].startswith("dataclass"):
        return f"must be a mapping, not {fault['input']!r}"
    if fault["type"].startswith("date"):
        return f"{key}: must be a date such as 2027-06-30, not {fault['input']!r}"
    message = fault["msg"].replace("Input should be", "must be").partition(", unable to parse")[0]
    return f"{key}: {message[0].lower()}{message[1:]}, not {fault['input']!r}"
