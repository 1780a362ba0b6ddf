"""Find marshalled Python code in a model file; it is never run here."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

_CODE = 0x63
"""Type byte of a code object in ``marshal``'s format, without the flag in the highest bit."""

_STRING = 0x73


def codes(config: Any) -> Iterator[bytes]:
    """All marshalled code in a model's config, at any depth."""
    if isinstance(config, dict):
        for value in config.values():
            yield from codes(value)
    elif isinstance(config, list):
        for value in config:
            yield from codes(value)
    elif isinstance(config, str) and len(config) > 40:
        try:
            content = base64.b64decode(config, validate=False)
        except (binascii.Error, ValueError):
            return
        if content[:1] and content[0] & 0x7F == _CODE:
            yield content


def of_this_python(code: bytes) -> bool:
    """Does marshalled code begin like that of this Python? (Some versions begin alike: 3.11 and
    3.12.)
    """
    return _beginning(code) == (5, (lambda: None).__code__.co_code[0])


def _beginning(code: bytes) -> tuple[int, int]:
    """Number of integers that a code object begins with, and its first instruction. Both depend on
    the version (3.7: five and no RESUME; 3.8 to 3.10: six; from 3.11: five and RESUME).
    """
    for numbers in (5, 6):
        place = 1 + 4 * numbers
        if len(code) > place + 5 and code[place] & 0x7F == _STRING:
            first = code[place + 5]
            return numbers, first if first in _RESUME else 0
    return 0, 0


_RESUME = (149, 151)
"""The first instruction of every function: 151 in Python 3.11 and 3.12, 149 in 3.13."""
