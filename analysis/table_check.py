#!/usr/bin/env python3
"""table_check.py TABLE CSV: whether a printed table holds the numbers of the summary's CSV.

Every number of the tables, and of the sentences below them, is computed again from the CSV and
rounded by the rule of the table; the printed one must be the same to the digit. No line may be wider
than 100 columns. Prints how many numbers were compared, and each one that differs.
"""

import csv
import math
import re
import sys

TIMES = [(1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]
BYTES = [(1024**i, name) for i, name in enumerate(["B", "KiB", "MiB", "GiB", "TiB"])]
NAN = float("nan")


class Differences:
    def __init__(self):
        self.compared = 0
        self.found = []

    def expect(self, where, printed, expected):
        self.compared += 1
        if printed != expected:
            self.found.append(f"{where}: '{printed}', from the CSV '{expected}'")


# ---- the rule ----


def leading(value):
    return math.floor(math.log10(abs(value))) if value else 0


def supported(half):
    first = leading(half)
    return first - 1 if half / 10**first <= 3.54 else first


def last_place(value, half):
    first = leading(value)
    if math.isnan(half):
        return first - 1
    last = min(supported(half), first) if half > 0 else first - 2
    return max(last, first - 2)


def in_unit(value, half, units):
    size, name = [unit for unit in units if unit[0] <= value or unit[0] == 1][-1]
    place = last_place(value / size, half / size)
    if name == "B":
        place = max(place, 0)
    shown = value / size if place <= 0 else round(value / size / 10**place) * 10**place
    text = f"{shown:.{max(0, -place)}f}"
    if leading(float(text)) > leading(value / size):
        return in_unit(float(text) * size, half, units)
    return f"{text} {name}"


def half_of(low, high):
    return (high - low) / 2


def ratio_decimals(ratio, half):
    if math.isnan(half):
        return min(3, max(0, -last_place(ratio, half)))
    return min(3, max(0, -supported(half))) if half > 0 else 3


def measured_ratio(ratio, low, high):
    return f"{ratio:.{ratio_decimals(ratio, half_of(low, high))}f}x"


def interval(ratio, low, high, between):
    decimals = ratio_decimals(ratio, half_of(low, high))
    if any(end != 1 and float(f"{end:.{decimals}f}") == 1 for end in (low, high)):
        decimals += 1
    return f"{low:.{decimals}f}{between}{high:.{decimals}f}"


def plain_ratio(ratio):
    return f"{ratio:.{max(0, -last_place(ratio, 0))}f}x"


# ---- the CSV ----


def number(text):
    return float(text) if text else NAN


class Summary:
    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = {(r["trace"], r["allocator"], r["metric"]): r for r in rows}
        self.traces = list(dict.fromkeys(r["trace"] for r in rows if r["trace"] != "geomean"))
        self.baseline = rows[0]["baseline"]

    def get(self, trace, allocator, metric):
        return self.rows[trace, allocator, metric]

    def median(self, trace, allocator, metric):
        return number(self.get(trace, allocator, metric)["median"])

    def ratio(self, trace, allocator, metric):
        row = self.get(trace, allocator, metric)
        return [number(row[name]) for name in ("ratio", "ratio_ci_low", "ratio_ci_high")]

    def mean(self, allocator, metric):
        medians = [self.median(trace, allocator, metric) for trace in self.traces]
        return math.exp(sum(map(math.log, medians)) / len(medians))


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


# ---- the table ----


def check_row(summary, trace, allocator, line, edges, columns, differences):
    left = len(f"  {allocator}") if line.startswith(f"  {allocator} ") else 0
    for edge, (text, metric) in zip(edges, columns):
        printed = line[left:edge].strip(" *")
        expected = text(summary, trace, allocator, metric)
        if expected is not None:
            differences.expect(f"{trace} {allocator} {metric}", printed, expected)
        elif re.search(r"\d", printed) and not printed.endswith(("round", "rounds")):
            differences.expect(f"{trace} {allocator} {metric}", printed, "")
        left = edge + 1  # a star may stand there


def check_table(summary, trace, lines, differences):
    """The lines behind the header that ends with `lines[0]`; the cells of a column end together."""
    header = lines[0]
    has_warm = "warm" in header
    columns = OVERALL_COLUMNS if trace == "geomean" else [
        column for column in TRACE_COLUMNS if has_warm or column[1] != WARM]
    words = re.finditer(r"(?:÷ )?\S+", header)
    edges = [word.end() for word in words][1:len(columns) + 1]
    allocators = {row[1] for row in summary.rows if row[0] == trace}
    label = None
    seen = set()
    for line in lines[1:]:
        if not line.strip():
            break
        words = line.split()
        if not line.startswith("   "):
            label = words[0]
        is_above = len(words) == 1 and line.startswith("  " + label)
        if label in allocators and not is_above:
            check_row(summary, trace, label, line, edges, columns, differences)
            seen.add(label)
    differences.expect(f"{trace}: rows", sorted(seen), sorted(allocators))


def check_sentences(summary, trace, text, differences):
    metric = COLD
    pattern = (r"(Cold: |Warm: )?(?:\S+ is fastest; )?(\S+) is ([\d.]+x) (faster|slower) than (\S+) "
               r"\(95 % interval ([\d.]+ to [\d.]+)\)(?: and uses (?:(\d+) % (more|less)|as much))?")
    for prefix, allocator, times, way, baseline, ends, percent, more in re.findall(pattern, text):
        metric = WARM if prefix == "Warm: " else COLD
        ratio, low, high = summary.ratio(trace, allocator, metric)
        if way == "faster":
            ratio, low, high = 1 / ratio, 1 / high, 1 / low
        where = f"{trace}: {allocator} is {way}"
        differences.expect(where, baseline, summary.baseline)
        differences.expect(where, times, measured_ratio(ratio, low, high))
        differences.expect(where, ends, interval(ratio, low, high, " to "))
        if percent:
            change = (summary.ratio(trace, allocator, "peak_heap_bytes")[0] - 1) * 100
            differences.expect(where, f"{percent} {more}",
                               f"{abs(change):.0f} {'more' if change > 0 else 'less'}")
    for names, percent in re.findall(r"((?:\S+, )*\S+(?: and \S+)?) gives? back (\d+) %", text):
        for allocator in re.split(", | and ", names):
            share = summary.median(trace, allocator, "returned_share")
            differences.expect(f"{trace}: {allocator} gives back", percent,
                               str(math.floor(share * 100 + 0.5)))


def check(table, summary, differences):
    lines = table.split("\n")
    trace = None
    for index, line in enumerate(lines):
        begins = re.match(r"(\S+)   [\d,-]+ calls?, peak live", line)
        if begins:
            trace = begins[1]
        if line.startswith("geometric means over"):
            trace = "geomean"
        if "smallest memory under which it completes" in line:
            trace = None
        if line.startswith("  allocator ") and trace is not None:
            check_table(summary, trace, lines[index:], differences)
            below = "\n".join(lines[index:]).split("\n\n")[1:2]
            check_sentences(summary, trace, re.sub(r"\s+", " ", " ".join(below)), differences)
    differences.expect("traces", sorted({line.split()[0] for line in lines
                                         if re.match(r"\S+   [\d,-]+ calls?, peak live", line)}),
                       sorted(summary.traces))
    for line in lines:
        if len(line) > 100:
            differences.found.append(f"{len(line)} columns: {line}")


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        table = file.read()
    differences = Differences()
    check(table, Summary(sys.argv[2]), differences)
    for difference in differences.found:
        print(difference)
    print(f"{differences.compared} compared")
    return 1 if differences.found else 0


if __name__ == "__main__":
    sys.exit(main())
