#include "analysis/rungs.h"

const struct rung rungs[RUNGS_COUNT] = {
    {"heap-whole", "first fit, chunks never split"},
    {"heap-split", "+ splitting"},
    {"heap-coalesce", "+ merging free neighbours"},
    {"heap-first", "first fit, newest first"},
    {"heap-first+lifo", "first fit, newest first"},
    {"heap-first+fifo", "first fit, oldest first"},
    {"heap-first+address", "first fit, by address"},
    {"heap-next", "next fit, newest first"},
    {"heap-next+lifo", "next fit, newest first"},
    {"heap-next+fifo", "next fit, oldest first"},
    {"heap-next+address", "next fit, by address"},
    {"heap-best", "best fit, newest first"},
    {"heap-best+lifo", "best fit, newest first"},
    {"heap-best+fifo", "best fit, oldest first"},
    {"heap-best+address", "best fit, by address"},
    {"heap-segregated", "lists by size class"},
    {"heap-segregated+cache", "+ a cache in each thread"},
    {"heap", "+ huge pages"},
};
