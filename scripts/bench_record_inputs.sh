# shellcheck shell=bash disable=SC2034
# The programs that bench_record records, and their inputs, which are the same on every machine.

all_commands=(sqlite cc1 lua threads)

# A pseudo-random r(LIMIT) for awk: Lehmer's generator, whose products a double holds exactly.
awk_random='function r(limit) { seed = seed * 16807 % 2147483647; return seed % limit } BEGIN { seed = 3 }'

# A shop: orders inserted, indexed, joined, changed and deleted.
write_sql() { # ORDERS
    awk -v orders="$1" "$awk_random"'
    BEGIN {
        customers = 20 + int(orders / 20)
        print "create table customer(id integer primary key, name text, city text);"
        print "create table purchase(id integer primary key, customer int, item text, price int);"
        print "begin;"
        for (i = 1; i <= customers; i++)
            printf "insert into customer values(%d,\x27customer %d\x27,\x27city %d\x27);\n", i, r(1000000), r(50)
        for (i = 1; i <= orders; i++)
            printf "insert into purchase values(%d,%d,\x27item %d\x27,%d);\n", i, 1 + r(customers), r(500), r(9000)
        print "commit;"
        print "create index by_customer on purchase(customer);"
        for (i = 1; i <= orders; i += 10)
            printf "select sum(price) from purchase where customer = %d;\n", 1 + r(customers)
        print "select city, count(*), sum(price) from purchase join customer on customer = customer.id group by city;"
        print "update purchase set price = price * 2, item = item || \x27!\x27 where id % 7 = 0;"
        print "delete from purchase where id % 5 = 0;"
        print "select count(*), sum(price) from purchase;"
    }'
}

# Functions with loops, branches, structures and calls of each other.
write_c() { # FUNCTIONS
    awk -v functions="$1" "$awk_random"'
    BEGIN {
        print "struct node { struct node *next; int key, count; unsigned char text[32]; };"
        print "int function_0(struct node *node, int limit) { return node->key + limit; }"
        for (f = 1; f <= functions; f++) {
            printf "int function_%d(struct node *node, int limit)\n{\n    int sum = %d, table[16] = {0};\n", f, r(1000)
            print "    for (int i = 0; node && i < limit; i++, node = node->next) {"
            print "        switch (node->key % 16) {"
            for (c = 0; c < 16; c += 1 + r(3))
                printf "        case %d: sum += table[%d] * %d + node->text[(i + %d) %% 32]; break;\n", \
                    c, r(16), 1 + r(99), r(32)
            printf "        default: table[(unsigned)sum %% 16] ^= function_%d(node, i & %d);\n        }\n", r(f), r(64)
            printf "        if (node->count > %d && sum %% %d)\n            node->count -= sum >> %d;\n    }\n", \
                r(500), 2 + r(20), 1 + r(6)
            print "    for (int i = 0; i < 16; i++)\n        sum = sum * 31 + table[i];\n    return sum;\n}"
        }
    }'
}

# Words counted, sorted and joined; records in tables; closures.
write_lua() {
    cat <<'END'
local seed = 3
local function random(limit)
    seed = seed * 16807 % 2147483647
    return seed % limit
end
local lines, counts, records, length = tonumber(arg[1]), {}, {}, 0
for i = 1, lines do
    local words = {}
    for j = 1, 4 + random(6) do
        words[j] = "word" .. random(5000)
    end
    local line = table.concat(words, " ")
    for word in line:gmatch("%w+") do
        counts[word] = (counts[word] or 0) + 1
    end
    records[(i - 1) % 20000 + 1] = { id = i, text = line:upper(), size = function() return #line end }
end
local names = {}
for name, count in pairs(counts) do
    names[#names + 1] = string.format("%05d %s", count, name)
end
table.sort(names)
for _, record in ipairs(records) do
    length = length + record.size()
end
print(#names, length, names[#names])
END
}

# Prints the package that COMMAND lacks, or nothing.
missing_package() { # COMMAND
    case $1 in
    sqlite) command -v sqlite3 >/dev/null || echo sqlite3 ;;
    cc1) [[ -x $(gcc -print-prog-name=cc1 2>/dev/null) ]] || echo gcc ;;
    lua) command -v lua5.4 >/dev/null || echo lua5.4 ;;
    esac
}

# Sets `program` to the command and its arguments, and writes its input into the current folder where it is not yet
# there. INPUT is large, or small: for a recorder that takes a thousand times as long.
set_program() { # COMMAND INPUT PERCENT
    local -A sizes=([sqlite-large]=40000 [sqlite-small]=100 [cc1-large]=60 [cc1-small]=1
        [lua-large]=60000 [lua-small]=150 [threads-large]=500000 [threads-small]=500)
    local size=$((${sizes[$1-$2]} * $3 / 100))
    ((size > 0)) || size=1
    case $1 in
    sqlite)
        [[ -e $2.sql ]] || write_sql "$size" >"$2.sql"
        program=(sqlite3 -batch :memory: ".read $2.sql")
        ;;
    cc1)
        [[ -e $2.c ]] || write_c "$size" >"$2.c"
        program=("$(gcc -print-prog-name=cc1)" -quiet -O2 "$2.c" -o /dev/null)
        ;;
    lua)
        [[ -e words.lua ]] || write_lua >words.lua
        program=(lua5.4 words.lua "$size")
        ;;
    threads) program=("$build/record_load" 4 "$size") ;;
    esac
}
