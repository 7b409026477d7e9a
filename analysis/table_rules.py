"""How the table rounds: written again, from the words of analysis/README.md, and not from the C."""

import math
import statistics

TIMES = [(1, "ns"), (1e3, "µs"), (1e6, "ms"), (1e9, "s")]
BYTES = [(1024**i, name) for i, name in enumerate(["B", "KiB", "MiB", "GiB", "TiB"])]
NAN = float("nan")


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


def known_time(ns, half=0):
    return "-" if math.isnan(ns) else in_unit(ns, half, TIMES)


def known_bytes(count):
    return "-" if math.isnan(count) else in_unit(count, 0, BYTES)


def grouped(count):
    return "-" if math.isnan(count) else f"{count:,.0f}"


def plural(count, word):
    return f"{count:.0f} {word}{'' if count == 1 else 's'}"


def median(values):
    return statistics.median(values) if values else NAN


def away_from_zero(value):
    return math.copysign(math.floor(abs(value) + 0.5), value)
