"""Tokens with a form of their own, secrets that only their names give away, and secrets by their places."""

import itertools
import re

from ..draw import RNG
from ..text import Text
from . import answer, config, connection, file, header, key, login, message, request, url
from .issued import ISSUED
from .named import NAMED

EACH_ISSUED = 5
EACH_NAMED = 4
# Identifiers of keys, which nobody sends alone.
NOT_SENT = ("aws-access-key-id", "aws-sts-key-id", "tencent-secret-id", "alibaba-access-key")
# Without a name beside it this one cannot be told from any other word of fifty-two letters.
NOT_ALONE = "azure-devops-pat"


class Turn:
    """Frames in turn, without those that would have to escape a value."""

    def __init__(self, *registries):
        self.frames = itertools.cycle([entry for registry in registries for entry in registry])

    def next(self, value):
        return next(frame for frame, *refused in self.frames if not any(re.search(sign, value) for sign in refused))


def is_sent(what, at):
    """Whether this one of them stands in a request: the first does, and the second in half of the kinds."""
    if what in NOT_SENT:
        return False
    return at == 0 or at == 1 and what != NOT_ALONE and RNG.random() < 0.5


def texts():
    turn, sent = Turn(file.frame, message.frame, answer.frame), Turn(request.frame)
    for what, make, name, spoken in ISSUED:
        for at in range(EACH_ISSUED):
            value = make()
            frame = (sent if is_sent(what, at) else turn).next(value)
            if what == NOT_ALONE and frame is request.trace:
                frame = request.bare
            yield Text("issued: " + what, frame(name, spoken, value), [value])
    for what, make, name, spoken in NAMED:
        for _ in range(EACH_NAMED):
            value = make()
            yield Text("named: " + what, turn.next(value)(name, spoken, value), [value])
    for places in (url.place, connection.place, header.place, key.place, config.place, login.place):
        for make, what, count in places:
            for _ in range(count):
                yield Text(what, *make())
