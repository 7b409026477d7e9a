#!/usr/bin/env bats
# Real programs on libheap.so: they must do exactly what they do on the system's malloc.

load dropin_support.bash

setup() {
    drop_in_setup
}

bash_work='
    declare -A words
    for ((i = 1; i <= $1; i++)); do
        text+="$i "
        words[w$((i % 700))]+=$i
    done
    for key in "${!words[@]}"; do echo "$key ${words[$key]}"; done | sort | cksum
    sorted=$(printf "%s\n" $text | sort -r | head -20)
    echo "${sorted//$'"'\n'"'/,} ${#text} $(cksum <<<"$text")"
    (echo in a subshell; exit 0) && wait'

perl_work='
    my %h; my @a;
    for my $i (1 .. $ARGV[0]) {
        my $k = join "-", map { ($i * $_) % 97 } 1 .. 5;
        push @{ $h{$k} }, "x" x ($i % 300);
        splice @a, int(@a / 2), 0, $k if $i % 3 == 0;
        delete $h{ $a[0] } if $i % 7 == 0 && @a;
        $s .= $k; $s =~ s/(\d)-(\d)/$2$1/g if $i % 500 == 0;
    }
    my $n = 0; $n += length join "", @{ $h{$_} } for sort keys %h;
    print join(" ", scalar(keys %h), $n, length $s, join "", @a[0 .. 9]), "\n";'

python_work='
import collections, json, re, subprocess, sys, threading
n = int(sys.argv[1])
data = {str(i): [j * i for j in range(i % 40)] for i in range(n)}
text = json.dumps(data)
assert json.loads(text) == data
counts = collections.Counter(re.findall(r"\d+", text))
results = []
def work(k):
    rows = [("%d-%d" % (k, i)) * (i % 9) for i in range(n)]
    results.append((k, hash(tuple(sorted(rows)))))
threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
[t.start() for t in threads]
child = subprocess.run(["/bin/echo", "from a child"], capture_output=True, text=True)
[t.join() for t in threads]
big = bytearray(30 << 20)
big += b"x" * (10 << 20)
print(len(text), counts.most_common(3), sorted(results), child.stdout, len(big), big.count(b"x"))'

@test "libheap.so exports the malloc family and its version, nothing else" {
    exported=$(nm -D --defined-only "$libheap" | awk '{ print $3 }' | sort | tr '\n' ' ')
    echo "$exported"
    [ "$exported" = "aligned_alloc calloc free heap_version malloc malloc_usable_size memalign posix_memalign \
pvalloc realloc reallocarray valloc " ]
}

@test "a preloaded program allocates from libheap.so" {
    preloaded "$BUILD_DIR/dropin_stress" >out
    [ "$(head -n 1 out)" = "$libheap" ]
}

@test "the edges of the malloc family are as in glibc" {
    same_as_plain "$BUILD_DIR/dropin_calls"
}

@test "threads share the heap, and children of fork can allocate at once" {
    for options in segregated coalesce; do
        run env HEAP_OPTIONS=$options LD_PRELOAD="$libheap" "$BUILD_DIR/dropin_stress"
        [ "$status" -eq 0 ]
        [ "${lines[1]}" = ok ]
    done
}

@test "threads end with destructors that allocate, and libraries come and go" {
    for options in segregated+cache segregated best+address+cache; do
        HEAP_OPTIONS=$options LD_PRELOAD="$libheap" timeout 60 \
            "$BUILD_DIR/dropin_threads" "$BUILD_DIR/libdropin_plugin.so" >out
        [ "$(cat out)" = ok ]
    done
}

@test "bash runs as it does plainly" {
    same_as_plain bash -c "$bash_work" bash 4000
}

@test "perl runs as it does plainly" {
    same_as_plain perl -e "$perl_work" 60000
}

@test "python3 with threads and children runs as it does plainly" {
    same_as_plain python3 -c "$python_work" 20000
}

@test "bash, perl and python3 run on every other rung" {
    for options in whole split coalesce first+fifo first+address next best best+fifo segregated+nocoalesce; do
        export HEAP_OPTIONS=$options
        echo "$options"
        same_as_plain bash -c "$bash_work" bash 1000
        same_as_plain perl -e "$perl_work" 2000
        same_as_plain python3 -c "$python_work" 300
    done
}

@test "python3 runs where the address space is limited" {
    ulimit -v 2000000
    same_as_plain python3 -c "$python_work" 5000
}

@test "out of memory is an error that a program can handle" {
    program='
import resource
resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
try:
    rows = [bytearray(1 << 20) for i in range(1000)]
except MemoryError:
    rows = None
    print("MemoryError, then", len(bytearray(10 << 20)))'
    run preloaded python3 -c "$program"
    [ "$status" -eq 0 ]
    [ "$output" = "MemoryError, then 10485760" ]
}

@test "an unknown word in HEAP_OPTIONS stops the program with one line" {
    HEAP_OPTIONS=best+adress run preloaded /bin/echo not reached
    [ "$status" -eq 2 ]
    [ "${#lines[@]}" -eq 1 ]
    [[ "${lines[0]}" == 'libheap.so: HEAP_OPTIONS "best+adress": the word "adress" is unknown; '* ]]
}

@test "misuse ends the program with one line that names it" {
    for crime in "double-free:double free" "foreign-free:foreign pointer" \
        "overflow:overwritten header"; do
        run preloaded "$BUILD_DIR/dropin_calls" "${crime%%:*}"
        echo "$output"
        [ "$status" -eq 134 ]
        [ "${#lines[@]}" -eq 1 ]
        [[ "${lines[0]}" == "heap: ${crime#*:}: 0x"*": "* ]]
    done
}

@test "each of the crimes is stopped at 40 and at 3000 bytes, by one line that names it" {
    while read -r crime name; do
        for bytes in 40 3000; do
            echo "$crime $bytes"
            run preloaded "$BUILD_DIR/dropin_crimes" "$crime" "$bytes"
            echo "$output"
            [ "$status" -eq 134 ]
            [ "${#lines[@]}" -eq 1 ]
            [[ "${lines[0]}" == "heap: $name: 0x"*": "* ]]
        done
    done <<'CRIMES'
double-free-at-once     double free
double-free-after-two   double free
double-free-after-forty double free
realloc-of-freed        double free
size-of-freed           double free
interior                overwritten header
misaligned              misaligned pointer
foreign                 foreign pointer
overflow-by-one         overwritten header
overflow-by-sixteen     overwritten header
write-to-freed-links    overwritten links
fill-freed              overwritten links
flip-bit                overwritten header
CRIMES
}

@test "any flipped bit of a header is seen" {
    for bytes in 40 3000; do
        for ((bit = 0; bit < 64; bit++)); do
            BIT=$bit run preloaded "$BUILD_DIR/dropin_crimes" flip-bit "$bytes"
            echo "$bytes, bit $bit: $output"
            [ "$status" -eq 134 ]
        done
    done
}
