"""A corpus of 3,250 texts by somebody who had not seen the detectors, made before any of them was mended by it.

Credentials: tokens in their issuers' forms, secrets that only their names give away, and passwords and keys by their
places, in the files, answers and messages in which people leave them. Personal data: numbers of 47 countries with their
check digits, accounts, addresses, papers and records. Harmless: what looks like either. Everything is drawn with one
seed and the standard library alone, so the texts are the same in each run.
"""

from corpus import Case

from . import credential, harmless, personal
from .digit.known import check
from .draw import RNG
from .text import decoded, parsed

__all__ = ["cases", "check", "texts"]

SEED = 60606


def texts():
    """Credentials, personal data, harmless texts; none of them twice."""
    RNG.seed(SEED)
    made = [list(part.texts()) for part in (credential, personal, harmless)]
    seen = set()
    fresh = lambda text: not (text.text in seen or seen.add(text.text))  # noqa: E731
    made = [[text for text in part if fresh(text)] for part in made]
    for part in made:
        for text in part:
            lost = [value for value in text.values if value not in text.text]
            assert not lost, f"{text.what} lacks {lost}"
    return made


def labelled(text):
    """A text as cases: names and streets, which have no pattern, are asked for on their own."""
    document = parsed(text.text)
    read = str if document is None else decoded
    document = text.text if document is None else document
    values = [read(value) for value in text.values]
    kinds = {text.what + ": name": text.names, text.what + ": street": text.streets}
    for kind, asked in kinds.items():
        if asked:
            yield Case(document, kind, [read(value) for value in asked], values)
    rest = [value for value in text.values if value not in text.names and value not in text.streets]
    if rest or not values:
        yield Case(document, text.what, [read(value) for value in rest], values)


def cases():
    """All of it: credentials, personal data, harmless documents."""
    return tuple([case for text in part for case in labelled(text)] for part in texts())
