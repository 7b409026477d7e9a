"""
What the lines between the tables must say, to the digit: made from the CSV files, each by itself.

Sentences are not sought by what they look like: those that the CSV files give are taken out of the
text, and no digit may be left then, so that a number which nothing was compared with is found, too.
"""

import functools
import math
import re

from table_result import FLOOR, PASSES, number
from table_rules import (BYTES, NAN, away_from_zero, grouped, half_of, interval, known_bytes,
                         known_time, measured_ratio, median, plural)

COLD = "cold_cpu_ns_per_op"
WARM = "warm_cpu_ns_per_op"
LEAST_ROUNDS = 6

# Of the method, and not of a result.
ALWAYS = [
    f"the 95 % interval, of {LEAST_ROUNDS} rounds or more, contains 1.",
    "On real programs of one thread peak RSS was 3 % off on average, or 0.7 MB; CPU time correlated "
    "0.7 to 0.85, had the right sign in 9 of 10 effects above 4 %, and was 1 to 2 % too good. Under 3 % "
    "nothing is claimed.",
    "- fewer than 10 calls beyond.",
    "Found by bisection to 1 % or a page.",
]


def shown(summary, result, trace):
    """The allocators of the table."""
    return [name for name in summary.allocators(trace) if name != result.noise_floor]


def flipped(ratio, low, high):
    return (1 / ratio, 1 / high, 1 / low) if ratio < 1 else (ratio, low, high)


# ---- findings ----


def comparisons(summary, trace):
    for allocator in summary.allocators(trace):
        memory = summary.ratio(trace, allocator, "peak_heap_bytes")[0]
        percent = abs(memory - 1) * 100
        for metric in (COLD, WARM):
            ratio, low, high = summary.ratio(trace, allocator, metric)
            if math.isnan(low):
                continue
            times = flipped(ratio, low, high)
            text = (f"{allocator} is {measured_ratio(*times)} {'faster' if ratio < 1 else 'slower'} than "
                    f"{summary.baseline} (95 % interval {interval(*times, ' to ')})")
            if metric == COLD and percent >= 0.5:
                more = "more" if memory > 1 else "less"
                yield f"{text} and uses {percent:.0f} % {more} memory at the peak"
            else:
                yield text


def too_few(summary, result, trace):
    traces = summary.traces if trace == "geomean" else [trace]
    counts = [min(len(result.pairs(each, allocator, summary.baseline, False)) for each in traces)
              for allocator in shown(summary, result, trace) if allocator != summary.baseline]
    rounds = max(counts, default=0)
    are = "is" if rounds == 1 else "are"
    yield (f"{plural(rounds, 'round')} of time {are} too few to say who is faster: it takes {LEAST_ROUNDS} "
           f"(--rounds={LEAST_ROUNDS}).")


def check_returned(summary, trace, text):
    """Without those sentences that are right."""
    def check(found):
        shares = [summary.median(trace, name, "returned_share") * 100
                  for name in re.split(", | and ", found[1])
                  if (trace, name, "returned_share") in summary.rows]
        is_right = shares and all(away_from_zero(share) == int(found[2]) for share in shares)
        return " " if is_right else found[0]
    return re.sub(r"((?:\S+, )*\S+(?: and \S+)?) gives? back (\d+) % of (?:its|their) peak", check, text)


# ---- warnings ----


def failures(summary, result, trace):
    for allocator in summary.allocators(trace):
        for which in PASSES:
            cells = result.of(trace, allocator, which)
            for status in {cell.status for cell in cells} - {"ok"}:
                failed = [cell for cell in cells if cell.status == status]
                yield (f"{allocator}: {len(failed)} of {len(cells)} {which} run{'' if len(cells) == 1 else 's'} "
                       f"ended with {status}")


def fastest(summary, result, trace):
    times = [(summary.median(trace, allocator, COLD), allocator) for allocator in shown(summary, result, trace)]
    return min([time for time in times if not math.isnan(time[0])], default=(NAN, None), key=lambda time: time[0])


def too_short(summary, result, trace):
    ops = result.ops(trace)
    ns = fastest(summary, result, trace)[0] * ops
    yield f"{grouped(ops)} call{'' if ops == 1 else 's'} in {known_time(ns, NAN)}: too short to time;"


def pair_scale(values):
    """Qn of Rousseeuw and Croux, with its factors for few values."""
    n = len(values)
    distances = sorted(abs(a - b) for i, a in enumerate(values) for b in values[:i])
    half = n // 2 + 1
    few = {6: 0.611, 7: 0.857, 8: 0.669, 9: 0.872}
    factor = few.get(n, n / (n + 1.4) if n % 2 else n / (n + 3.8))
    return 2.2219 * factor * distances[half * (half - 1) // 2 - 1]


def student(degrees):
    """Abramowitz and Stegun 26.7.5, of 97.5 %."""
    x = 1.959963984540054
    terms = [(x**3 + x) / 4, (5 * x**5 + 16 * x**3 + 3 * x) / 96,
             (3 * x**7 + 19 * x**5 + 17 * x**3 - 15 * x) / 384,
             (79 * x**9 + 776 * x**7 + 1482 * x**5 - 1920 * x**3 - 945 * x) / 92160]
    return x + sum(term / degrees**(i + 1) for i, term in enumerate(terms))


def quantile(ordered, share):
    """Definition 7 of Hyndman and Fan."""
    place = share * (len(ordered) - 1)
    below = min(int(place), len(ordered) - 2)
    return ordered[below] + (place - below) * (ordered[below + 1] - ordered[below])


def outer_half_width(logs, n):
    """Of Woodruff's interval of a median, where it reaches beyond the middle half of the values."""
    reach = min(student(n - 1) / math.sqrt(n - 1) / 2, 0.5)
    return (quantile(logs, 0.5 + reach) - quantile(logs, 0.5 - reach)) / 2 if reach > 0.25 else 0


def rounds_needed(ratios, precision):
    if len(ratios) < LEAST_ROUNDS:
        return NAN
    logs = sorted(math.log(ratio) for ratio in ratios)
    mean, wanted = sum(logs) / len(logs), math.log1p(precision)
    sigma = pair_scale(logs) or math.sqrt(sum((log - mean)**2 for log in logs) / (len(logs) - 1))
    n = LEAST_ROUNDS
    while sigma > 0 and n < 1000 and (math.sqrt(math.pi / 2) * student(n - 1) * sigma / math.sqrt(n - 1) > wanted
                                      or outer_half_width(logs, n) > wanted):
        n += 1
    return n


def noise(summary, result, trace):
    widths, needed, rounds = [], [], []
    for allocator in summary.allocators(trace):
        for metric, is_warm in ((COLD, False), (WARM, True)):
            if allocator == summary.baseline or not summary.get(trace, allocator, metric)["median"]:
                continue
            ratio, low, high = summary.ratio(trace, allocator, metric)
            ratios = result.pairs(trace, allocator, summary.baseline, is_warm)
            widths.append(half_of(low, high) / ratio)
            needed.append(rounds_needed(ratios, 0.05))
            rounds.append(len(ratios))
    if not widths or any(map(math.isnan, widths + needed)):
        return
    known = f"noisy: ratios are known to ±{max(widths) * 100:.0f} % only; run"
    more = max(needed) - min(rounds)
    yield f"{known} {plural(more, 'round')} more (--rounds={max(needed):.0f}) to tell 5 %"
    yield f"{known} again when the machine is quiet"


def preemptions(result, trace):
    rates = [cell.get("nivcsw") / cell.get("cpu_ns") * 1e9 for cell in result.of(trace, which="time", status="ok")
             if cell.threads == "1" and cell.get("cpu_ns") > 0]
    rate = median([rate for rate in rates if not math.isnan(rate)])
    yield f"other processes took the processor {rate:.0f} times a second;"


def floor_share(summary, result, trace):
    ns, allocator = fastest(summary, result, trace)
    if allocator is None:
        return
    text = f"the harness's floor is {100 * result.floor(trace, 'null') / ns:.0f} % of the time of {allocator}"
    ratio, low, high = summary.ratio(trace, allocator, "cold_net_ns_per_op")
    if low > 1 or high < 1:
        way = "faster" if ratio < 1 else "slower"
        text += f"; net of the floor it is {measured_ratio(*flipped(ratio, low, high))} {way} than {summary.baseline}"
    yield text


def peaks_inside(summary, trace):
    for allocator in summary.allocators(trace):
        yield f"{allocator}: its peak is {known_bytes(summary.median(trace, allocator, 'hwm_heap_bytes'))} inside of a call"


def replayed_live(result, trace, allocator=None):
    """Of the recorded peak, least and most."""
    shares = [cell.get("replayed_peak_live_bytes") / cell.get("peak_live_bytes")
              for cell in result.of(trace, allocator, status="ok") if cell.get("peak_live_bytes") > 0]
    shares = [share for share in shares if not math.isnan(share)]
    return (min(shares), max(shares)) if shares else (NAN, NAN)


def waiting(result, trace):
    """Medians over the replays: times that threads waited, share of their time, threads that could go on."""
    waits, shares, ready = [], [], []
    for cell in result.of(trace, which="time", status="ok"):
        if cell.allocator in FLOOR:
            continue
        wall, thread, wait = cell.sum("wall_ns"), cell.sum("thread_ns"), cell.sum("wait_ns")
        if thread > 0:
            waits.append(cell.sum("waits") / len(cell.rows))
            shares.append(wait / thread * 100)
            ready.append((thread - wait) / wall)
    return median(waits), median(shares), median(ready)


def thread_warnings(summary, result, trace):
    for allocator in summary.allocators(trace):
        drift = max(abs(share - 1) for share in replayed_live(result, trace, allocator)) * 100
        yield f"{allocator}: peak live was {drift:.1f} % off the recorded one"
    _, share, ready = waiting(result, trace)
    yield f"threads waited for each other {share:.0f} % of their time, so that {ready:.1f} of them could go on"


# ---- lines of numbers ----


def distances(summary, result, trace):
    best = result.bounds.get((trace, "best_fit"), NAN)
    parts = []
    for allocator in shown(summary, result, trace):
        peak = summary.median(trace, allocator, "peak_heap_bytes")
        if not math.isnan(peak / best) and summary.get(trace, allocator, "peak_heap_ratio")["median"]:
            parts.append(f"{allocator} {(peak / best - 1) * 100:+.1f} %")
    yield "peak heap against best fit: " + ", ".join(parts)


def floors(result, trace):
    null, loop = (known_time(result.floor(trace, name), NAN) for name in FLOOR)
    yield f"floor, the harness's own cost in each time: null {null} per op, loop {loop}"


def noise_floor(summary, result, trace):
    if (trace, result.noise_floor, COLD) not in summary.rows:
        return
    parts = []
    for name, metric in (("cold", COLD), ("warm", WARM)):
        ratio, low, high = summary.ratio(trace, result.noise_floor, metric)
        if math.isnan(ratio):
            continue
        traces = summary.traces if trace == "geomean" else [trace]
        rounds = min(len(result.pairs(each, result.noise_floor, summary.baseline, metric == WARM)) for each in traces)
        known = f"({plural(rounds, 'round')})" if math.isnan(low) else f"[{low:.3f} {high:.3f}]"
        parts.append(f"{name} {ratio:.3f}x {known}")
    yield f"noise floor (A/A): {summary.baseline} against itself " + ", ".join(parts)


# ---- predictions ----


def phrase(what, unit, value, low, high, decimals, verdict):
    if verdict == "better":
        return f"{-value:.{decimals}f} {unit} less {what} [{-high:.{decimals}f} {-low:.{decimals}f}]"
    if verdict == "worse":
        return f"{value:.{decimals}f} {unit} more {what} [{low:.{decimals}f} {high:.{decimals}f}]"
    if math.isnan(low):
        return f"{what} {value:+.{decimals}f} {unit}: too few rounds to claim it"
    said = "no difference claimed" if verdict == "same" else "inconclusive"
    return f"{what}: {said} [{low:+.{decimals}f} {high:+.{decimals}f}] {unit}"


def percent_phrase(what, summary, trace, allocator, metric):
    ratio, low, high = summary.ratio(trace, allocator, metric)
    verdict = summary.get(trace, allocator, metric)["verdict"]
    return phrase(what, "%", (ratio - 1) * 100, (low - 1) * 100, (high - 1) * 100, 1, verdict)


def bytes_phrase(what, summary, trace, allocator, metric):
    value, low, high = summary.difference(trace, allocator, metric)
    size, unit = [unit for unit in BYTES if unit[0] <= abs(value) or unit[0] == 1][-1]
    value, low, high = value / size, low / size, high / size
    if high > low:
        decimals = int(min(4, max(0, 1 - math.floor(math.log10(high - low)))))
    else:
        decimals = 2 if abs(value) < 100 else 1
    verdict = summary.get(trace, allocator, metric)["verdict"]
    return phrase(what, unit, value, low, high, decimals, verdict)


def effects(summary, result, trace):
    for allocator in shown(summary, result, trace):
        if allocator == summary.baseline:
            continue
        cpu, rss = (summary.ratio(trace, allocator, metric)[0]
                    for metric in ("predicted_cpu_us", "predicted_rss_bytes"))
        of_memory = percent_phrase if trace == "geomean" else bytes_phrase
        parts = []
        if not math.isnan(cpu):
            parts.append(percent_phrase("CPU time", summary, trace, allocator, "predicted_cpu_us"))
        if not math.isnan(rss):
            parts.append(of_memory("memory at the peak", summary, trace, allocator, "predicted_rss_bytes"))
        if parts:
            yield f"{allocator} " + ", ".join(parts)


def program(summary, result, trace):
    cpu, rss = result.told(trace, "program_cpu_us"), result.told(trace, "program_rss_bytes")
    parts = [f"{known_time(cpu * 1e3)} of CPU time"] if cpu > 0 else []
    parts += [f"{known_bytes(rss)} at its peak"] if rss > 0 else []
    yield f"predicted for this program, against {summary.baseline} (it took " + ", ".join(parts) + "):"


# ---- what was run ----


def campaign(summary, result):
    parts = []
    for which in PASSES:
        rounds = [result.rounds(trace, which) for trace in summary.traces]
        if max(rounds) > min(rounds):
            parts.append(f"{min(rounds)} to {max(rounds)} rounds of {which}")
        elif max(rounds) > 0:
            parts.append(f"{plural(max(rounds), 'round')} of {which}")
    if result.meta.get("machines") and not result.meta.get("seed"):
        yield ", ".join(parts) + ", interleaved (each trace has its seed)"
    yield ", ".join(parts) + f", interleaved (seed {result.meta.get('seed', '?')})"
    yield from machines(summary, result)
    yield (f"other virtual machines took {number(result.meta.get('steal_percent', '')):.1f} % of the processors' time "
           "(steal);")


def machines(summary, result):
    means = f"geometric means over {len(summary.traces)} traces"
    of_trace = {trace: result.first(trace, "machine") or "" for trace in summary.traces}
    names = list(dict.fromkeys(name for name in of_trace.values() if name))
    if len(names) < 2:
        yield f"{result.meta.get('cpu', 'unknown CPU')}, {result.meta.get('kernel', 'unknown kernel')}"
        yield means
        return
    yield f"traces come from {len(names)} machines, all rounds of each from one:"
    for name in names:
        yield f"{name}: " + ", ".join(trace for trace in summary.traces if of_trace[trace] == name)
    yield f"{means} on {len(names)} machines: ratios are paired by round, each on one"


def header(result, trace):
    ops, threads = result.ops(trace), result.told(trace, "recorded_threads", "threads")
    text = f"{trace} {grouped(ops)} call{'' if ops == 1 else 's'}, peak live {known_bytes(result.live(trace))}"
    duration = result.of_trace(trace, "duration_us")
    if not math.isnan(duration):
        text += f", {known_time(duration * 1e3)} recorded"
    if threads >= 1:
        text += f", {plural(threads, 'thread')}"
    yield text


def thread_notes(result, trace):
    def meta(key):
        return result.meta.get(f"trace.{trace}.{key}", "")
    threads = result.told(trace, "recorded_threads", "threads")
    yield f"{trace}: the calls of its {threads:.0f} threads were replayed in recorded order on one thread."
    waits, share, _ = waiting(result, trace)
    least, most = replayed_live(result, trace)
    live = f"; peak live was {least * 100:.2f} %" + (f" to {most * 100:.2f} %" if most > least else "")
    live += " of the recorded one"
    bounds = [number(meta(key)) for key in ("least_peak_live_bytes", "most_peak_live_bytes")]
    if bounds[1] > bounds[0]:
        allowed = [f"{bound / result.live(trace) * 100:.2f} %" for bound in bounds]
        live += f" (the plan allows {allowed[0]} to {allowed[1]})"
    memory = "" if math.isnan(least) else live
    waited = "" if math.isnan(waits) or math.isnan(share) else (
        f"; threads waited {waits:.0f} times, {share:.1f} % of their time")
    orders = []
    if meta("sync_time"):
        orders.append("time in recorded order" if meta("sync_time") == "exact" else
                      f"time in the order of {meta('edges')} hand-overs")
    if meta("sync_memory"):
        subject = "verify" if result.meta.get("rounds_memory") == "0" and result.meta.get(
            "rounds_verify", "0") != "0" else "memory"
        orders.append(f"{subject} in recorded order" if meta("sync_memory") == "exact" else
                      f"{subject} in epochs that bound what is live")
    yield (f"{trace}: on {threads:.0f} threads, of which one makes {meta('largest_thread_percent')} % of the calls; "
           + ", ".join(orders) + waited + memory + ".")


def timer(result):
    step, overhead = (known_time(number(result.meta.get(key, ""))) for key in ("timer_step_ns", "timer_overhead_ns"))
    yield f"less the timer's {overhead}; its step is {step}."


# ---- verify, smallest ----


def verified(summary, result, trace):
    clean = []
    for allocator in shown(summary, result, trace):
        cells = result.of(trace, allocator, "verify")
        failed = [cell for cell in cells if cell.status != "ok"]
        if cells and not failed:
            clean.append(allocator)
        if failed:
            share = f" ({len(failed)} of {len(cells)} runs)" if len(cells) > 1 else ""
            yield f"verify: {allocator}: {failed[0].status}: {failed[0].message}{share}"
    yield f"verify: {', '.join(clean)}: nothing wrong in {grouped(result.ops(trace))} calls"


def smallest(result):
    for row in result.smallest:
        live = known_bytes(number(row["peak_live_bytes"]))
        yield f"{row['trace']} smallest memory under which it completes; peak live {live}"
        if row["status"] != "ok":
            yield f"{row['allocator']}: {row['status']}: {row['message']}"


# ---- all of it ----


@functools.cache
def of_trace(summary, result, trace):
    if trace == "geomean":
        makers = [comparisons(summary, trace), too_few(summary, result, trace), noise_floor(summary, result, trace),
                  effects(summary, result, trace)]
    else:
        makers = [header(result, trace), comparisons(summary, trace), too_few(summary, result, trace),
                  failures(summary, result, trace), too_short(summary, result, trace), noise(summary, result, trace),
                  preemptions(result, trace), floor_share(summary, result, trace), peaks_inside(summary, trace),
                  thread_warnings(summary, result, trace), distances(summary, result, trace), floors(result, trace),
                  noise_floor(summary, result, trace), effects(summary, result, trace),
                  program(summary, result, trace), verified(summary, result, trace)]
    return [sentence for maker in makers for sentence in maker]


@functools.cache
def of_all(summary, result):
    sentences = list(ALWAYS) + list(campaign(summary, result)) + list(timer(result)) + list(smallest(result))
    for trace in summary.traces:
        sentences += thread_notes(result, trace)
    return sentences


def digits(text):
    return len(re.findall(r"\d[\d.,]*", text))


def check(section, text, summary, result, differences):
    """`section` is a trace, geomean, or None for what stands before and behind them."""
    text = re.sub(r"\s+", " ", text)
    sentences = of_all(summary, result) if section is None else of_trace(summary, result, section)
    if section is not None and section != "geomean":
        left = check_returned(summary, section, text)
        differences.compared += digits(text) - digits(left)
        text = left
    for sentence in sorted(sentences, key=len, reverse=True):
        sentence = re.sub(r"\s+", " ", sentence)
        text, found = re.subn(rf"(?<!\S){re.escape(sentence)}(?![\d]|[.,]\d)", " ", text)
        differences.compared += found * digits(sentence)
    names = {name for row in summary.rows for name in row[:2]} | {result.noise_floor or ""}
    for name in sorted(names - {""}, key=len, reverse=True):
        text = re.sub(rf"(?<![\w.+-]){re.escape(name)}(?![\w+-])", " ", text)
    for found in re.finditer(r"[^!;:]*\d[^!;:]*", text):
        differences.found.append(f"{section or 'all'}: '{found[0].strip()}' is not what the CSV files give")
