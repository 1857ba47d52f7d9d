"""How names, values and tables are written where they stand."""

import re

from .draw import between

# Signs that would have to be escaped in code, in markup, where comments are known, and where variables are expanded.
CODE = r"[\\'\"]|\$\{"
MARKUP = r"[&<>\"]"
COMMENT = r"[#;\s]"
EXPANDED = "[$#&]"


def capital(text):
    return text[:1].upper() + text[1:]


def snake(name):
    return name.lower()


def camel(name):
    first, *rest = name.lower().split("_")
    return first + "".join(map(capital, rest))


def pascal(name):
    return "".join(map(capital, name.lower().split("_")))


def kebab(name):
    return name.lower().replace("_", "-")


def quoted(value):
    return '"' + value + '"'


def needs_quotes(value):
    return not re.fullmatch(r"[\w./+=~:$-]+", value)


def yaml_value(value):
    return quoted(value) if needs_quotes(value) else value


def shell_value(value):
    return "'" + value + "'" if needs_quotes(value) or "$" in value else value


def log_value(value):
    return quoted(value) if " " in value else value


def counted(rows):
    return f"{len(rows)} row{'s' if len(rows) != 1 else ''}"


def widths(rows):
    """How wide each column is."""
    return {name: max([len(name), *(len(str(row[name])) for row in rows)]) for name in rows[0]}


def psql_table(rows):
    wide = widths(rows)
    lines = [" | ".join(name.center(wide[name]) for name in wide)]
    lines += [" | ".join(str(row[name]).ljust(wide[name]) for name in wide) for row in rows]
    lines = [(" " + line).rstrip() for line in lines]
    lines.insert(1, "-" + "-+-".join("-" * width for width in wide.values()) + "-")
    return "\n".join(lines) + f"\n({counted(rows)})\n"


def mysql_table(rows):
    wide = widths(rows)
    bar = "+" + "+".join("-" * (width + 2) for width in wide.values()) + "+"
    lines = [dict(zip(wide, wide, strict=True)), *rows]
    lines = ["|" + "|".join(f" {str(line[name]).ljust(wide[name])} " for name in wide) + "|" for line in lines]
    lines = [bar, lines[0], bar, *lines[1:], bar]
    return "\n".join(lines) + f"\n{counted(rows)} in set (0.0{between(0, 9)} sec)\n"


def csv_table(rows, separator=","):
    cell = lambda value: quoted(str(value)) if separator in str(value) else str(value)  # noqa: E731
    lines = [rows[0].keys(), *([cell(value) for value in row.values()] for row in rows)]
    return "".join(separator.join(line) + "\n" for line in lines)


def markdown_table(rows):
    lines = [rows[0].keys(), *(row.values() for row in rows)]
    lines = ["| " + " | ".join(map(str, line)) + " |" for line in lines]
    lines.insert(1, "|" + "---|" * len(rows[0]))
    return "".join(line + "\n" for line in lines)
