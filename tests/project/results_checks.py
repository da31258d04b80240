"""Tables in docs/results that stand between <!-- begin NAME: FILE.csv --> and <!-- end NAME --> are those of the file:
every figure, published figure and difference is the one there, rounded. usage: results_checks.py PAGE..."""

import csv
import os
import re
import sys

LEADING = 4  # columns in front of the figures
MORE = ("spread", "low", "high", "published", "difference")  # columns of a figure behind its own
bad = 0


def complain(text):
    global bad
    bad += 1
    print(text)


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def same(shown, stored, units):
    """Whether a cell of a table, "92.38 [91.90, 92.77]", "(74.56)" or "-", shows the number of a file's, to as many
    units of its last digit as rounding takes."""
    number = re.match(r"\(?([-+]?[0-9.]+)\)?", shown)
    if not stored or not number:
        return not stored and not number
    decimals = len(number.group(1).partition(".")[2])
    return abs(float(number.group(1)) - float(stored)) <= (units + 1e-6) * 10**-decimals


def figures_of(row, head):
    """The figures of a row in their order, each with what stands beside it: {"value": ..., "published": ...}."""
    figures = []
    for key, number in zip(head[LEADING:], row[LEADING:]):
        suffix = key.rpartition("_")[2]
        if suffix in MORE:
            figures[-1][suffix] = number
        else:
            figures.append({"value": number})
    return figures


def rows_of(text):
    """The rows of all tables, each with its label and its cells, which say the place of their figure and what it is."""
    heads = []
    for line in text.splitlines():
        if not line.startswith("| "):
            heads = []
        elif not heads:
            place = -1
            for cell in cells_of(line)[1:]:
                kind = cell if cell in MORE else "value"
                place += kind == "value"
                heads.append((place, kind))
        elif not line.startswith("| ---"):
            label, *cells = cells_of(line)
            yield label, list(zip(heads, cells))


def check(page, name, path, text):
    with open(path, newline="", encoding="utf-8") as file:
        head, *stored = csv.reader(file)
    shown = list(rows_of(text))
    if not shown or [row[1] for row in stored] != [label for label, _ in shown]:
        complain(f"{page}: the rows of {name} are not those of {path}")
        return 0
    for row, (label, cells) in zip(stored, shown):
        figures = figures_of(row, head)
        for (place, kind), cell in cells:
            number = figures[place][kind]
            # A difference is shown of rounded figures, and stored of what they were.
            if cell and not same(cell, number, 1 if kind == "difference" else 0.5):
                complain(f"{page}: {name}, row {label}: {cell}, but {path} has {number or 'nothing'}")
    return len(shown)


for page in sys.argv[1:]:
    with open(page, encoding="utf-8") as file:
        content = file.read()
    places = re.findall(r"^<!-- begin (\S+): (\S+) -->$(.*?)^<!-- end \1 -->$", content, re.S | re.M)
    if len(places) != len(re.findall(r"^<!-- begin ", content, re.M)):
        complain(f"{page}: a place begins and does not end, or is no <!-- begin NAME: FILE.csv -->")
    for name, path, text in places:
        count = check(page, name, os.path.join(os.path.dirname(page), path), text)
        print(f"{page}: {name}, {count} rows as in {path}")
sys.exit(bad > 0)
