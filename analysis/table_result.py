"""The CSV files of a result, and the numbers that are made of them below the rows of the summary."""

import csv
import math
import os

from table_rules import NAN, median

FLOOR = ("null", "loop")
PASSES = ("time", "memory", "latency", "verify")


def number(text):
    return float(text) if text else NAN


def read_rows(folder, name):
    path = os.path.join(folder, name)
    if not os.path.exists(path):
        return []
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class Summary:
    """summary.csv"""

    def __init__(self, path):
        with open(path, encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        self.rows = {(r["trace"], r["allocator"], r["metric"]): r for r in rows}
        self.traces = list(dict.fromkeys(r["trace"] for r in rows if r["trace"] != "geomean"))
        self.baseline = rows[0]["baseline"]

    def allocators(self, trace):
        return list(dict.fromkeys(row[1] for row in self.rows if row[0] == trace))

    def get(self, trace, allocator, metric):
        return self.rows[trace, allocator, metric]

    def median(self, trace, allocator, metric):
        return number(self.get(trace, allocator, metric)["median"])

    def ratio(self, trace, allocator, metric):
        row = self.get(trace, allocator, metric)
        return [number(row[name]) for name in ("ratio", "ratio_ci_low", "ratio_ci_high")]

    def difference(self, trace, allocator, metric):
        row = self.get(trace, allocator, metric)
        return [number(row[name]) for name in ("difference", "difference_ci_low", "difference_ci_high")]

    def mean(self, allocator, metric):
        medians = [self.median(trace, allocator, metric) for trace in self.traces]
        return math.exp(sum(map(math.log, medians)) / len(medians))


class Cell:
    """The rows of a process."""

    def __init__(self, rows):
        first = rows[0]
        self.rows = rows
        self.trace, self.allocator, self.which = first["trace"], first["allocator"], first["pass"]
        self.round = int(first["round"])
        self.threads, self.message = first["threads"], first.get("message", "")
        failed = [row["status"] for row in rows if row["status"] != "ok"]
        self.status = failed[0] if failed else "ok"
        self.ops = number(first["ops"])

    def get(self, column):
        return number(self.rows[0].get(column, ""))

    def sum(self, column):
        return sum(number(row.get(column, "")) for row in self.rows)

    def times(self, is_warm):
        return [number(row["cpu_ns_per_op"]) for row in self.rows
                if (number(row["loop"]) > 1) == is_warm and row["cpu_ns_per_op"]]

    def time(self, is_warm):
        return median(self.times(is_warm)) if self.status == "ok" else NAN


class Result:
    """A folder."""

    def __init__(self, folder):
        rows = read_rows(folder, "runs.csv")
        self.meta = {row["key"]: row["value"] for row in read_rows(folder, "meta.csv")}
        self.bounds = {(row["trace"], row["bound"]): number(row["bytes"])
                       for row in read_rows(folder, "bounds.csv")}
        self.latencies = read_rows(folder, "latency.csv")
        self.smallest = read_rows(folder, "smallest.csv")
        cells = {}
        for row in rows:
            if row["pass"] in PASSES:
                key = tuple(row[name] for name in ("run_id", "trace", "allocator", "pass"))
                cells.setdefault(key, []).append(row)
        self.cells = [Cell(of_cell) for of_cell in cells.values()]
        label = rows[0].get("noise_floor_allocator") if rows else None
        self.noise_floor = self.meta.get("noise_floor_allocator") if label is None else label

    def of(self, trace=None, allocator=None, which=None, status=None):
        return [cell for cell in self.cells
                if trace in (None, cell.trace) and allocator in (None, cell.allocator)
                and which in (None, cell.which) and status in (None, cell.status)]

    def first(self, trace, column):
        """Of what is the same in all rows of a trace; "" where the file does not tell."""
        cells = self.of(trace)
        return cells[0].rows[0].get(column) if cells else None

    def told(self, trace, column, key=None):
        """What the trace tells of the program: runs.csv, or of earlier versions meta.csv."""
        text = self.first(trace, column)
        return number(self.meta.get(f"trace.{trace}.{key or column}", "") if text is None else text)

    def of_trace(self, trace, key):
        return number(self.meta.get(f"trace.{trace}.{key}", ""))

    def live(self, trace):
        told = self.of_trace(trace, "peak_live_bytes")
        ok = [cell.get("peak_live_bytes") for cell in self.of(trace, status="ok")]
        return next((live for live in [told] + ok if not math.isnan(live)), NAN)

    def ops(self, trace):
        ok = self.of(trace, status="ok")
        return ok[0].ops if ok else self.of_trace(trace, "events")

    def rounds(self, trace, which):
        return max([cell.round for cell in self.of(trace, which=which)], default=0)

    def pairs(self, trace, allocator, baseline, is_warm):
        """The ratios of the rounds that both finished."""
        base = {cell.round: cell.time(is_warm) for cell in self.of(trace, baseline, "time", "ok")}
        ratios = [cell.time(is_warm) / base.get(cell.round, NAN)
                  for cell in self.of(trace, allocator, "time", "ok")]
        return [ratio for ratio in ratios if not math.isnan(ratio)]

    def floor(self, trace, name):
        return median([cell.time(False) for cell in self.of(trace, name, "time", "ok")])
