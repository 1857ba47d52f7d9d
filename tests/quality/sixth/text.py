"""A text, and what in it must be masked."""

import json
from dataclasses import dataclass


@dataclass
class Text:
    """The values stand as they are written: what JSON escapes is escaped."""

    what: str
    text: str
    values: list
    # Those of the values that have no pattern.
    names: tuple = ()
    streets: tuple = ()


def parsed(text):
    """The object or list that a text is in JSON; nothing if it is none."""
    try:
        value = json.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, (dict, list)) else None


def decoded(value):
    """A value as it is once JSON has been read."""
    try:
        return json.loads('"' + value + '"')
    except ValueError:
        return value
