# Prints bench.csv for the terminal.
NR == 1 {
    printf "%-12s %-16s %21s  %21s  %19s\n", "", "", "wall ns/op", "CPU ns/op", "CPU / glibc"
    printf "%-12s %-16s %11s %9s  %11s %9s  %10s %8s  %s\n", "trace", "allocator", "hyperfine", "replay", "hyperfine",
        "replay", "hyperfine", "replay", "verdict"
    next
}

{
    printf "%-12s %-16s %11.2f %9.2f  %11.2f %9.2f  %10.3f %8.3f  %s\n", $1, $2, $4, $5, $6, $7, $8, $11, $14
}
