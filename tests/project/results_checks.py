"""Tables in docs/results that stand between <!-- begin NAME: FILE.csv --> and <!-- end NAME --> are those of the file:
every figure, published figure and difference is the one there, rounded. usage: results_checks.py PAGE..."""

import csv
import os
import re
import sys

VALUE, PUBLISHED, DIFFERENCE = 0, 4, 5  # places in a column's group of the CSV
GROUP, LEADING = 6, 4
bad = 0


def complain(text):
    global bad
    bad += 1
    print(text)


def cells_of(line):
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def same(shown, stored):
    """Whether a cell of a table, "92.38 [91.90, 92.77]", "(74.56)" or "-", shows the number of a file's."""
    number = re.match(r"\(?([-+]?[0-9.]+)\)?", shown)
    if not stored or not number:
        return not stored and not number
    decimals = len(number.group(1).partition(".")[2])
    return abs(float(number.group(1)) - float(stored)) <= 0.5000001 * 10**-decimals


def rows_of(text):
    """The rows of all tables, each cell with its column and what it is of it."""
    heads = []
    for line in text.splitlines():
        if not line.startswith("| "):
            heads = []
        elif not heads:
            column = -1
            for cell in cells_of(line)[1:]:
                kind = {"published": PUBLISHED, "difference": DIFFERENCE}.get(cell, VALUE)
                column += kind == VALUE
                heads.append((column, kind))
        elif not line.startswith("| ---"):
            cells = cells_of(line)
            yield cells[0], list(zip(heads, cells[1:]))


def check(page, name, path, text):
    with open(path, newline="") as file:
        stored = list(csv.reader(file))[1:]
    shown = list(rows_of(text))
    if [row[1] for row in stored] != [label for label, _ in shown]:
        complain(f"{page}: the rows of {name} are not those of {path}")
        return 0
    for row, (label, cells) in zip(stored, shown):
        for (column, kind), cell in cells:
            # A difference is that of rounded figures: it may be off by a unit of the last digit.
            number = row[LEADING + GROUP * column + kind]
            if kind != DIFFERENCE and not same(cell, number):
                complain(f"{page}: {name}, row {label}: {cell}, but {path} has {number}")
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
