"""Documents in which nothing is to be masked, and much looks as if it were."""

from ..text import Text
from . import answer, near, number, output

EACH = 12


def texts():
    made = [*number.document, *output.document, *near.document, *answer.document]
    for _ in range(EACH):
        for make, what in made:
            yield Text("harmless: " + what, make(), [])
