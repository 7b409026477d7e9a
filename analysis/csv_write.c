#include "analysis/csv_write.h"

#include <csv.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void csv_write_text(FILE *stream, const char *text, char end)
{
    csv_fwrite(stream, text, strlen(text));
    fputc(end, stream);
}

void csv_write_number(FILE *stream, double number, char end)
{
    char text[32] = "";
    for (int digits = 15; digits <= 17 && !isnan(number); digits++) {
        snprintf(text, sizeof text, "%.*g", digits, number);
        if (strtod(text, NULL) == number)
            break;
    }
    csv_write_text(stream, text, end);
}

void csv_write_header(FILE *stream, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_write_text(stream, names[i], i + 1 < count ? ',' : '\n');
}
