/*
 * trace_distribution.h - how `trace info` shows what a trace's objects are like.
 */
#ifndef TRACES_TRACE_DISTRIBUTION_H
#define TRACES_TRACE_DISTRIBUTION_H

#include "traces/format/trace_profile.h"

/* Tables with bars, on stdout. */
void trace_distribution_print(const struct trace_profile *profile);

/*
 * Lines of key,value on stdout: releases, cross_thread_releases, null_releases, null_reallocs;
 * size.N.objects and size.N.bytes for sizes up to N bytes and above the class before, N being 0 or
 * a power of two; lifetime.N.objects for objects released up to N events after they were acquired,
 * N being a power of ten, and lifetime.never.objects. Classes without objects are left out.
 */
void trace_distribution_print_csv(const struct trace_profile *profile);

#endif
