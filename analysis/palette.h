/* The colour of an allocator: the same in every chart, whatever else is drawn. */
#ifndef ANALYSIS_PALETTE_H
#define ANALYSIS_PALETTE_H

/* "#rrggbb": fixed for the names that are known here, by a hash of the label for others. */
const char *palette_color(const char *allocator);

#endif
