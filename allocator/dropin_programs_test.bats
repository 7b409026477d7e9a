#!/usr/bin/env bats
# Larger programs on libheap.so: what they make must be what they make on the system's malloc.

load dropin_support.bash

setup() {
    drop_in_setup
    server=
}

teardown() {
    if [ -n "$server" ]; then
        kill "$server" 2>/dev/null || true
        wait "$server" || true
    fi
}

@test "git makes the same repository, and reads it back" {
    need git git
    export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@b GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@b HOME=$PWD
    export GIT_AUTHOR_DATE=2025-01-01T00:00:00Z GIT_COMMITTER_DATE=2025-01-01T00:00:00Z GIT_CONFIG_NOSYSTEM=1
    work='
        rm -rf tree
        git init -q tree
        cd tree
        for n in 1 2 3 4; do
            for f in 1 2 3 4 5 6 7; do seq $((n * f)) $((n * f * 300)) >file$f; done
            git add .
            git commit -qm "number $n"
        done
        git gc -q
        git log --stat -p --no-color | cksum
        git diff --no-color HEAD~3 HEAD | cksum
        git blame file7 | cksum
        git fsck --full 2>&1
        git rev-parse HEAD'
    same_as_plain bash -ec "$work"
}

@test "gcc makes the same objects of our own sources" {
    need gcc gcc
    for source in heap heap_check; do
        same_as_plain bash -ec \
            'gcc -std=gnu11 -O2 -D_GNU_SOURCE -I"$0" -c "$0/allocator/$1.c" -o object.o && cksum object.o' \
            "$SOURCE_DIR" "$source"
    done
}

@test "sqlite3 answers the same" {
    need sqlite3 sqlite3
    queries='
        CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT, n INTEGER);
        WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM c WHERE x < 12000)
            INSERT INTO word SELECT x, printf("word %d of %d", x * 7919 % 1000, x), x * x % 997 FROM c;
        CREATE INDEX by_text ON word(text);
        UPDATE word SET text = text || " " || hex(zeroblob(n % 50)) WHERE n % 3 = 0;
        DELETE FROM word WHERE n % 7 = 0;
        SELECT n, count(*), sum(length(text)), group_concat(id) FROM word GROUP BY n ORDER BY 2 DESC, n LIMIT 40;
        SELECT count(*) FROM word a JOIN word b ON a.text = b.text;
        VACUUM;
        PRAGMA integrity_check;
        SELECT length(json_group_array(text)) FROM word;'
    same_as_plain sqlite3 words.db "DROP TABLE IF EXISTS word; $queries"
    same_as_plain sqlite3 :memory: "$queries"
}

@test "ripgrep finds the same on four threads" {
    need rg ripgrep
    work='rg -j4 -n --no-heading "heap_[a-z]+\(|malloc" "$0/allocator" "$0/traces/format" "$0/replay" | sort
        rg -j4 -c -i "[a-z]+(alloc|free)\w*" "$0/analysis" "$0/replay" | sort'
    same_as_plain bash -ec "$work" "$SOURCE_DIR"
}

# start_redis env [VARIABLE=VALUE]: the server, on a socket, with threads for its clients and for what it frees.
start_redis() {
    rm -rf data
    mkdir data
    "$@" redis-server --port 0 --unixsocket "$PWD/redis.sock" --dir "$PWD/data" --save '' --daemonize no \
        --io-threads 2 --lazyfree-lazy-user-del yes --lazyfree-lazy-user-flush yes \
        --lazyfree-lazy-server-del yes --activedefrag no >redis.log 2>&1 3>&- &
    server=$!
    for ((i = 0; i < 200; i++)); do
        [ "$(redis-cli -s redis.sock ping 2>/dev/null)" != PONG ] || return 0
        sleep 0.05
    done
    cat redis.log
    return 1
}

stop_redis() {
    redis-cli -s redis.sock shutdown nosave || true
    wait "$server" || { echo "redis-server ended with status $?"; cat redis.log; return 1; }
    server=
}

ask_redis() {
    redis-cli -s redis.sock --no-auth-warning
}

redis_questions() {
    for ((i = 0; i < 800; i++)); do
        echo "SET key:$i $(printf '%0*d' $((i % 300 + 1)) $i)"
        echo "APPEND key:$((i / 2)) tail"
        echo "RPUSH list:$((i % 20)) element:$i"
        echo "HSET hash:$((i % 30)) field:$i value:$i"
        echo "ZADD scores $((i * 7919 % 1000)) member:$i"
    done
    echo "DEL list:3"
    echo "UNLINK list:4 hash:7"
    echo "STRLEN key:77"
    echo "LRANGE list:5 0 -1"
    echo "ZRANGE scores 0 50"
    echo "HLEN hash:9"
    echo "DBSIZE"
    echo "SORT list:6 ALPHA LIMIT 0 20"
    echo "FLUSHALL"
    echo "DBSIZE"
}

@test "redis answers the same, and serves its benchmark" {
    need redis-server redis-server
    need redis-benchmark redis-tools
    redis_questions >questions
    start_redis env
    ask_redis <questions >plain.out
    stop_redis
    start_redis env LD_PRELOAD="$libheap"
    grep -q libheap.so "/proc/$server/maps"
    ask_redis <questions >heap.out
    [ -s plain.out ]
    diff plain.out heap.out
    redis-benchmark -s redis.sock -q -n 500 -c 8 -P 8 \
        -t set,get,incr,lpush,rpop,sadd,hset,zadd,lrange_100,mset >benchmark.out
    cat benchmark.out
    [ "$(grep -c 'requests per second' benchmark.out)" -ge 10 ]
    # A child of fork writes the data, while the server goes on.
    redis-benchmark -s redis.sock -q -n 1500 -c 4 -P 4 -r 500 -d 700 -t set,lpush >>benchmark.out &
    load=$!
    [ "$(redis-cli -s redis.sock bgsave)" = "Background saving started" ]
    wait "$load"
    for ((i = 0; i < 200; i++)); do
        [[ "$(redis-cli -s redis.sock info persistence)" == *rdb_bgsave_in_progress:1* ]] || break
        sleep 0.05
    done
    [[ "$(redis-cli -s redis.sock info persistence)" == *rdb_last_bgsave_status:ok* ]]
    [ -s data/dump.rdb ]
    [ "$(redis-cli -s redis.sock flushall)" = OK ]
    [ "$(redis-cli -s redis.sock dbsize)" = 0 ]
    stop_redis
}
