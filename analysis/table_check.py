#!/usr/bin/env python3
"""table_check.py TABLE SUMMARY FOLDER: whether a printed table holds the numbers of the CSV files.

Every number that is printed, in the tables and in the lines between them, is computed again from
summary.csv and from the other files of the folder, and rounded by the rule of the table; the printed
one must be the same to the digit, and none may be left that nothing was compared with. No line may be
wider than 100 columns. Prints how many numbers were compared, and each one that differs.
"""

import math
import re
import sys

import table_sentences
from table_result import Result, Summary, number
from table_rules import (BYTES, TIMES, grouped, half_of, in_unit, interval, known_bytes, known_time,
                         measured_ratio, plain_ratio, plural)


class Differences:
    def __init__(self):
        self.compared = 0
        self.found = []

    def expect(self, where, printed, expected):
        self.compared += 1
        if printed != expected:
            self.found.append(f"{where}: '{printed}', from the CSV '{expected}'")


# ---- what each column should say ----


def time_text(summary, trace, allocator, metric):
    row = summary.get(trace, allocator, metric)
    if not row["median"]:
        return None
    half = half_of(number(row["ci_low"]), number(row["ci_high"]))
    return in_unit(number(row["median"]), half, TIMES)


def ratio_text(summary, trace, allocator, metric):
    ratio, low, high = summary.ratio(trace, allocator, metric)
    if math.isnan(ratio):
        return None
    if allocator == summary.baseline:
        return "1"
    verdict = summary.get(trace, allocator, metric)["verdict"]
    return "=" if verdict == "same" else measured_ratio(ratio, low, high)


def interval_text(summary, trace, allocator, metric):
    ratio, low, high = summary.ratio(trace, allocator, metric)
    if math.isnan(low) or allocator == summary.baseline:
        return None
    return f"[{interval(ratio, low, high, ' ')}]"


def bytes_text(summary, trace, allocator, metric):
    median = summary.median(trace, allocator, metric)
    return None if math.isnan(median) else in_unit(median, 0, BYTES)


def live_text(summary, trace, allocator, metric):
    ratio = summary.mean(allocator, metric) if trace == "geomean" else summary.median(
        trace, allocator, metric)
    return None if math.isnan(ratio) else plain_ratio(ratio)


def memory_ratio_text(summary, trace, allocator, metric):
    ratio = summary.ratio(trace, allocator, metric)[0]
    if math.isnan(ratio):
        return None
    return "1" if allocator == summary.baseline else plain_ratio(ratio)


COLD = "cold_cpu_ns_per_op"
WARM = "warm_cpu_ns_per_op"
TRACE_COLUMNS = [
    (time_text, COLD),
    (ratio_text, COLD),
    (interval_text, COLD),
    (time_text, WARM),
    (bytes_text, "peak_heap_bytes"),
    (live_text, "peak_heap_ratio"),
    (live_text, "mean_heap_time_ratio"),
    (bytes_text, "end_heap_bytes"),
]
OVERALL_COLUMNS = [
    (ratio_text, COLD),
    (interval_text, COLD),
    (ratio_text, WARM),
    (interval_text, WARM),
    (memory_ratio_text, "peak_heap_bytes"),
    (live_text, "peak_heap_ratio"),
    (live_text, "mean_heap_time_ratio"),
]


# ---- tables ----


def rounds_text(summary, result, trace, allocator, metric):
    """Where there is no interval."""
    traces = summary.traces if trace == "geomean" else [trace]
    rounds = min(len(result.pairs(each, allocator, summary.baseline, metric == WARM)) for each in traces)
    return plural(rounds, "round")


def check_row(summary, result, trace, allocator, line, edges, columns, differences):
    left = len(f"  {allocator}") if line.startswith(f"  {allocator} ") else 0
    for edge, (text, metric) in zip(edges, columns):
        printed = line[left:edge].strip(" *")
        expected = text(summary, trace, allocator, metric)
        where = f"{trace} {allocator} {metric}"
        if expected is not None:
            differences.expect(where, printed, expected)
        elif printed.endswith(("round", "rounds")):
            differences.expect(where, printed, rounds_text(summary, result, trace, allocator, metric))
        elif re.search(r"\d", printed):
            differences.expect(where, printed, "")
        left = edge + 1  # a star may stand there
    if re.search(r"\d", line[left:]):
        differences.expect(f"{trace} {allocator}: behind the columns", line[left:].strip(), "")


def check_best_fit(result, trace, line, differences):
    best = result.bounds.get((trace, "best_fit"), float("nan"))
    expected = f"best fit {known_bytes(best)} {plain_ratio(best / result.live(trace))}"
    differences.expect(f"{trace} best fit", " ".join(line.split()), expected)


def check_table(summary, result, trace, lines, differences):
    """The header ends with `lines[0]`; the cells of a column end together. How many lines it has."""
    header = lines[0]
    has_warm = "warm" in header
    columns = OVERALL_COLUMNS if trace == "geomean" else [
        column for column in TRACE_COLUMNS if has_warm or column[1] != WARM]
    words = re.finditer(r"(?:÷ )?\S+", header)
    edges = [word.end() for word in words][1:len(columns) + 1]
    allocators = set(summary.allocators(trace)) - {result.noise_floor}
    label = None
    seen = set()
    count = 1
    for line in lines[1:]:
        if not line.strip() or line.startswith("  No room for"):
            break
        count += 1
        words = line.split()
        if not line.startswith("   "):
            label = words[0]
        is_above = len(words) == 1 and line.startswith("  " + label)
        if label in allocators and not is_above:
            check_row(summary, result, trace, label, line, edges, columns, differences)
            seen.add(label)
        elif line.startswith("  best fit"):
            check_best_fit(result, trace, line, differences)
        elif not is_above:
            differences.expect(f"{trace}: row", line.strip(), "")
    differences.expect(f"{trace}: rows", sorted(seen), sorted(allocators))
    return count


# ---- latencies ----

KINDS = {"malloc, new": ("malloc", "new"), "free, delete": ("free", "delete")}
CAUSES = ("fault_count", "syscall_count", "preempt_count", "other_count")


def latency_time(ns, step):
    shown = step if ns < step else ns
    text = f"{shown:.0f} ns" if shown < 1000 else known_time(shown)
    return ("<" if ns < step else "") + text


def latency_percentile(buckets, calls, percent):
    if calls * round(10000 - percent * 100) < 10 * 10000:
        return float("nan")
    below = 0
    for ns, count in buckets:
        below += count
        if below * 10000 >= calls * round(percent * 100):
            return ns
    return float("nan")


def latency_cells(result, trace, allocator, kind):
    """As they stand in the row; None without one."""
    runs = {cell.rows[0]["run_id"] for cell in result.of(trace, which="latency")}
    rows = [row for row in result.latencies if row["trace"] == trace and row["allocator"] == allocator
            and row["op"] in KINDS[kind] and row["run_id"] in runs]
    if not rows:
        return None
    buckets = sorted((number(row["latency_ns"]), number(row["count"])) for row in rows)
    calls = sum(count for _, count in buckets)
    causes = [sum(number(row[cause] or "0") for row in rows) for cause in CAUSES]
    step = number(result.meta.get("timer_step_ns", ""))
    cells = [grouped(calls)]
    cells += [latency_time(latency_percentile(buckets, calls, percent), step) for percent in (50, 99, 99.9, 99.99)]
    cells += [latency_time(buckets[-1][0], step), grouped(sum(causes))]
    return cells + [f"{100 * cause / sum(causes):.0f} %" for cause in causes if sum(causes) > 0]


def check_latencies(summary, result, trace, kind, lines, differences):
    """The table below the header `lines[0]`. How many lines it has."""
    differences.expect(f"{trace} {kind}: header", " ".join(lines[0].split()),
                       f"{kind} calls p50 p99 p99.9 p99.99 max over 1 µs fault syscall preempt other")
    expected = []
    for allocator in summary.allocators(trace):
        cells = latency_cells(result, trace, allocator, kind)
        if cells is not None and allocator != result.noise_floor:
            expected += [allocator] + cells
    count = 1
    while count < len(lines) and lines[count].strip():
        count += 1
    printed = " ".join(lines[1:count]).split()
    differences.expect(f"{trace} {kind}", " ".join(printed), " ".join(expected))
    differences.compared += len(expected)
    return count


# ---- the smallest memory ----


def check_smallest(result, trace, lines, differences):
    expected = []
    for row in result.smallest:
        if row["trace"] != trace:
            continue
        expected.append(row["allocator"])
        if row["status"] != "ok":
            expected.append(row["status"])
            continue
        ratio = number(row["ratio"])
        limit = "its own size" if row["method"] == "fixed" else "a cgroup"
        expected += [known_bytes(number(row["bytes"])), "-" if math.isnan(ratio) else plain_ratio(ratio), row["runs"],
                     limit]
    count = 1
    while count < len(lines) and lines[count].strip() and not lines[count].startswith("  ! "):
        count += 1
    differences.expect(f"{trace}: smallest", " ".join(" ".join(lines[1:count]).split()), " ".join(expected))
    differences.compared += len(expected)
    return count


# ---- the whole ----

HEADER_LINES = 3  # of a table, the last one with `allocator`


class Sections:
    """The lines that are in no table, of each trace, of the means, and of all (None)."""

    def __init__(self):
        self.lines = {}

    def add(self, section, line):
        self.lines.setdefault(section, []).append(line)

    def drop(self, section, count):
        """The last ones, which are of a table after all."""
        dropped = self.lines[section][-count:]
        del self.lines[section][-count:]
        return dropped


def begin_section(line, section):
    begins = re.match(r"(\S+)   [\d,-]+ calls?, peak live", line)
    if begins:
        return begins[1]
    if line.startswith("geometric means over"):
        return "geomean"
    if "smallest memory under which it completes" in line:
        return line.split()[0], "smallest"
    return None if line.startswith("Times are CPU time:") else section


def check(table, summary, result, differences):
    lines = table.split("\n")
    sections, section, index = Sections(), None, 0
    while index < len(lines):
        line = lines[index]
        section = begin_section(line, section)
        is_smallest = isinstance(section, tuple)
        count = 0
        if line.startswith("  allocator ") and is_smallest:
            count = check_smallest(result, section[0], lines[index:], differences)
        elif line.startswith("  allocator ") and section is not None:
            count = check_table(summary, result, section, lines[index:], differences)
            for percent in re.findall(r"\d+", "".join(sections.drop(section, HEADER_LINES - 1))):
                differences.expect(f"{section}: header", percent, "95")
        elif section is not None and line.strip().startswith(tuple(KINDS)):
            kind = next(kind for kind in KINDS if line.strip().startswith(kind))
            count = check_latencies(summary, result, section, kind, lines[index:], differences)
        if count == 0:
            is_of_all = is_smallest or line.startswith("geometric means over")
            sections.add(None if is_of_all else section, line)
        index += max(count, 1)
    differences.expect("traces", sorted(trace for trace in sections.lines if trace not in (None, "geomean")),
                       sorted(summary.traces))
    for name, text in sections.lines.items():
        table_sentences.check(name, "\n".join(text), summary, result, differences)
    for line in lines:
        if len(line) > 100:
            differences.found.append(f"{len(line)} columns: {line}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = file.read()
    differences = Differences()
    check(table, Summary(sys.argv[2]), Result(sys.argv[3]), differences)
    for difference in differences.found:
        print(difference)
    print(f"{differences.compared} compared")
    return 1 if differences.found else 0


if __name__ == "__main__":
    sys.exit(main())
