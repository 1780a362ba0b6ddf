"""Layers by name: which are watched, and their ids for file names."""

import difflib
import hashlib
import re

from convaudit.errors import AuditError

_CONVOLUTIONS = re.compile(r"^(Depthwise|Separable)?Conv2D(Transpose)?$")


_POOLINGS = re.compile(r"^(Max|Average|AdaptiveMax|AdaptiveAverage)Pooling2D$")


_LONGEST_ID = 100


def is_convolution(class_name: str) -> bool:
    """True for layers whose filters can be drawn: convolutions, including separable and transposed
    ones.
    """
    return bool(_CONVOLUTIONS.match(class_name))


def is_watched(class_name: str) -> bool:
    """True for layers whose channels are worth a picture: convolutions and poolings."""
    return is_convolution(class_name) or bool(_POOLINGS.match(class_name))


def layer_id(name: str) -> str:
    """Convert a layer's name for use in a file name; different names give different ids.

    "/" becomes ".". A hash is appended to a name with other characters than letters, digits, "_",
    "-" and "/", or with more than 100 characters.
    """
    slug = re.sub(r"[^A-Za-z0-9_/-]", "-", name).replace("/", ".")
    if slug.replace(".", "/") == name and len(slug) <= _LONGEST_ID and slug[0] != ".":
        return slug
    digest = hashlib.sha256(name.encode("utf-8", "surrogateescape")).hexdigest()
    return f"{slug[:_LONGEST_ID].strip('.')}-{digest[:8]}"


def require_layer(name: str, known: list[str], key: str) -> None:
    """Raise an AuditError that suggests the most similar name if there is no such layer."""
    if name not in known:
        tails = {other.rpartition("/")[2]: other for other in known}
        near = difflib.get_close_matches(name, [*tails, *known], n=1, cutoff=0.0)
        hint = f"; did you mean {tails.get(near[0], near[0])!r}?" if near else ""
        raise AuditError(f"{key}: the model has no layer {name!r}{hint}")
