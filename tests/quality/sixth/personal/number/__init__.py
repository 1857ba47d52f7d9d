"""Numbers by which countries know people, each with its check digits, as people and forms write them."""

from ...draw import RNG, day


def birthday(first=1940, last=2004):
    return day(first, last)


def woman():
    return RNG.random() < 0.5


def checked(draw, check):
    """A number that is drawn and its check digits; another where it has none."""
    while True:
        number = draw()
        digits = check(number)
        if digits is not None:
            return number + digits


def grouped(number, *sizes, separator=" "):
    """The number in groups of these sizes, the last as long as it is."""
    groups, at = [], 0
    for size in sizes:
        groups.append(number[at : at + size])
        at += size
    return separator.join([*groups, number[at:]])
