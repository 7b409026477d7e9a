#!/usr/bin/env python3
"""table_check_test.py TABLE SUMMARY FOLDER: whether table_check.py refuses the table with any digit changed.

Each number of the table, one after another, is replaced by another one. Prints how many there were,
and those that table_check.py takes for right.
"""

import re
import sys

from table_check import Differences, check
from table_result import Result, Summary


def is_refused(table, summary, result):
    differences = Differences()
    check(table, summary, result, differences)
    return bool(differences.found)


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = file.read()
    summary, result = Summary(sys.argv[2]), Result(sys.argv[3])
    if is_refused(table, summary, result):
        sys.exit("the table is refused as it is")
    numbers = list(re.finditer(r"\d+", table))
    passed = 0
    for number in numbers:
        digit = table[number.end() - 1]
        changed = table[:number.end() - 1] + str((int(digit) + 1) % 10) + table[number.end():]
        if not is_refused(changed, summary, result):
            line = table[:number.start()].count("\n")
            print(f"taken for right: {number[0]} in '{table.splitlines()[line]}', of line {line + 1}")
            passed += 1
    print(f"{len(numbers)} changed")
    return 1 if passed or not numbers else 0


if __name__ == "__main__":
    sys.exit(main())
