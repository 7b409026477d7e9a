#include "analysis/svg_inline.h"

#include "analysis/html.h"
#include "analysis/svg_path.h"

#include <errno.h>
#include <expat.h>
#include <stdlib.h>
#include <string.h>

enum { MAX_DEPTH = 64, MAX_IDS = 256, ID_SIZE = 64 };

/* An id, and one that it is drawn with; `from` is empty where that is not below any id. */
struct reference {
    char from[ID_SIZE], to[ID_SIZE];
};

struct references {
    struct reference items[MAX_IDS];
    size_t count;
    char owners[MAX_DEPTH][ID_SIZE]; /* the innermost id at each depth */
    size_t depth;
};

/* The start of an element that has nothing in it yet. */
struct opening {
    char *tag; /* "g fill=..." without the brackets; "" of one that is left away around its text */
    bool is_written;
};

struct writer {
    const struct svg_inline *picture;
    const struct references *references;
    FILE *html;
    struct opening stack[MAX_DEPTH];
    size_t depth, written_depth;
    size_t dropped; /* elements, one in the other, whose whole content is left out */
    char *held;     /* a group that ended, and goes on should the next one be like it */
    bool failed;
};

/* ---- ids ---- */

/* gnuplot gives ids to the groups that are the plots, and refers to none of them. */
static bool is_group(const char *element)
{
    return strcmp(element, "g") == 0;
}

/* The id in "#id" or "url(#id)"; NULL when the value is no such reference. */
static const char *referred(const char *value, char *id)
{
    const char *start = strncmp(value, "url(#", 5) == 0 ? value + 5
                        : value[0] == '#'               ? value + 1
                                                        : NULL;
    if (start == NULL)
        return NULL;
    size_t length = strcspn(start, ")");
    if (length == 0 || length >= ID_SIZE)
        return NULL;
    memcpy(id, start, length);
    id[length] = '\0';
    return id;
}

/* "#e6e8eb" is a color, and in `href` alone a reference. */
static bool may_refer(const char *name, const char *value)
{
    return value[0] != '#' || strcmp(name, "href") == 0 || strcmp(name, "xlink:href") == 0;
}

static const char *attribute(const char **attributes, const char *name)
{
    for (; *attributes != NULL; attributes += 2)
        if (strcmp(attributes[0], name) == 0)
            return attributes[1];
    return NULL;
}

static void XMLCALL note_start(void *data, const char *element, const char **attributes)
{
    struct references *references = data;
    size_t depth = ++references->depth;
    if (depth >= MAX_DEPTH)
        return;
    char *owner = references->owners[depth];
    const char *id = is_group(element) ? NULL : attribute(attributes, "id");
    snprintf(owner, ID_SIZE, "%s", id != NULL ? id : references->owners[depth - 1]);
    for (; *attributes != NULL && references->count < MAX_IDS; attributes += 2) {
        struct reference *reference = &references->items[references->count];
        if (!may_refer(attributes[0], attributes[1]) ||
            referred(attributes[1], reference->to) == NULL)
            continue;
        strcpy(reference->from, owner);
        references->count++;
    }
}

static void XMLCALL note_end(void *data, const char *element)
{
    struct references *references = data;
    (void)element;
    references->depth--;
}

/* By what is drawn: pictures of gnuplot's define more than they draw. `depth` ends circles. */
static bool is_used(const struct references *references, const char *id, int depth)
{
    for (size_t i = 0; depth < MAX_DEPTH && i < references->count; i++) {
        const struct reference *reference = &references->items[i];
        if (strcmp(reference->to, id) == 0 &&
            (reference->from[0] == '\0' || is_used(references, reference->from, depth + 1)))
            return true;
    }
    return false;
}

/* ---- elements ---- */

static const char *const dropped_elements[] = {"title", "desc", "metadata", "script",
                                               "foreignObject"};

static const char *const dropped_attributes[] = {
    "font-family", /* the page has one for all */
    "class",       "standalone", "xmlns", "xmlns:xlink", "xlink:title", "xlink:show", "target",
};

static bool is_among(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool is_dropped(const struct writer *writer, const char *element, const char **attributes)
{
    const char *id = attribute(attributes, "id");
    return is_among(element, dropped_elements, sizeof dropped_elements / sizeof(char *)) ||
           (id != NULL && !is_group(element) && !is_used(writer->references, id, 0));
}

/* What a browser would fetch or run. */
static bool is_foreign(const char *name, const char *value)
{
    bool is_address = strcmp(name, "href") == 0 || strcmp(name, "xlink:href") == 0;
    return strncmp(name, "on", 2) == 0 ||
           (is_address && value[0] != '#' && strncmp(value, "data:image/", 11) != 0);
}

/* The initial value, which every group of gnuplot's repeats. */
static bool is_initial(const char *element, const char *name, const char *value)
{
    return strcmp(element, "g") == 0 &&
           ((strcmp(name, "stroke-linecap") == 0 && strcmp(value, "butt") == 0) ||
            (strcmp(name, "stroke-linejoin") == 0 && strcmp(value, "miter") == 0));
}

static void write_value(const struct writer *writer, FILE *tag, const char *name, const char *value)
{
    char id[ID_SIZE];
    if (strcmp(name, "id") == 0)
        html_print(tag, "%s-%s", writer->picture->prefix, value);
    else if (may_refer(name, value) && referred(value, id) != NULL)
        html_print(tag, value[0] == '#' ? "#%s-%s" : "url(#%s-%s)", writer->picture->prefix, id);
    else
        html_write_text(tag, value);
}

static void write_attribute(const struct writer *writer, FILE *tag, const char *element,
                            const char *name, const char *value)
{
    const char *id = strcmp(name, "id") == 0 ? value : NULL;
    if (is_among(name, dropped_attributes, sizeof dropped_attributes / sizeof(char *)) ||
        is_foreign(name, value) || is_initial(element, name, value) ||
        (id != NULL && !is_used(writer->references, id, 0)))
        return;
    fprintf(tag, " %s=\"", strcmp(name, "xlink:href") == 0 ? "href" : name);
    if (strcmp(name, "d") != 0 || !svg_path_write(tag, value, writer->picture->step))
        write_value(writer, tag, name, value);
    fputc('"', tag);
}

/* A polygon as a path, whose data are shorter. */
static void write_course(const struct writer *writer, FILE *tag, const char *points)
{
    fputs(" d=\"", tag);
    if (!svg_path_write(tag, points, writer->picture->step)) {
        fputc('M', tag);
        html_write_text(tag, points);
    }
    fputs("z\"", tag);
}

static char *make_tag(const struct writer *writer, const char *element, const char **attributes)
{
    char *text = NULL;
    size_t size = 0;
    FILE *tag = open_memstream(&text, &size);
    if (tag == NULL)
        return NULL;
    bool is_polygon = strcmp(element, "polygon") == 0;
    fputs(is_polygon ? "path" : element, tag);
    for (; *attributes != NULL; attributes += 2) {
        if (is_polygon && strcmp(attributes[0], "points") == 0)
            write_course(writer, tag, attributes[1]);
        else
            write_attribute(writer, tag, element, attributes[0], attributes[1]);
    }
    if (fclose(tag) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

/* Named by its tag, which ends where the attributes begin. */
static void write_end(FILE *html, const char *tag)
{
    fprintf(html, "</%.*s>", (int)strcspn(tag, " "), tag);
}

static void end_held(struct writer *writer)
{
    if (writer->held != NULL)
        write_end(writer->html, writer->held);
    free(writer->held);
    writer->held = NULL;
}

static void open_tag(struct writer *writer, const char *tag)
{
    if (*tag == '\0')
        return;
    if (writer->held != NULL && strcmp(writer->held, tag) == 0) {
        free(writer->held);
        writer->held = NULL;
        return;
    }
    end_held(writer);
    fprintf(writer->html, "<%s>", tag);
}

/* Writes the starts of all elements that something is in now. */
static void open_all(struct writer *writer)
{
    for (; writer->written_depth < writer->depth; writer->written_depth++)
        open_tag(writer, writer->stack[writer->written_depth].tag);
}

static void XMLCALL write_start(void *data, const char *element, const char **attributes)
{
    struct writer *writer = data;
    if (writer->failed || writer->dropped > 0 || is_dropped(writer, element, attributes)) {
        writer->dropped++;
        return;
    }
    char *tag = writer->depth < MAX_DEPTH ? make_tag(writer, element, attributes) : NULL;
    if (tag == NULL) {
        writer->failed = true;
        writer->dropped++;
        return;
    }
    if (strcmp(tag, "tspan") == 0 || strcmp(tag, "a") == 0 || strcmp(tag, "g") == 0)
        tag[0] = '\0';
    writer->stack[writer->depth++].tag = tag;
}

/* Without anything in them these draw nothing. */
static bool needs_content(const char *tag)
{
    static const char *const names[] = {"",         "g",    "defs", "text", "tspan",
                                        "clipPath", "mask", "a",    "style"};
    char name[ID_SIZE];
    snprintf(name, sizeof name, "%.*s", (int)strcspn(tag, " "), tag);
    return is_among(name, names, sizeof names / sizeof(char *));
}

static void close_written(struct writer *writer, char *tag)
{
    if (*tag == '\0') {
        free(tag);
        return;
    }
    end_held(writer);
    if (strncmp(tag, "g ", 2) == 0) {
        writer->held = tag;
        return;
    }
    write_end(writer->html, tag);
    free(tag);
}

static void XMLCALL write_stop(void *data, const char *element)
{
    struct writer *writer = data;
    (void)element;
    if (writer->dropped > 0) {
        writer->dropped--;
        return;
    }
    char *tag = writer->stack[--writer->depth].tag;
    if (writer->written_depth > writer->depth) {
        writer->written_depth = writer->depth;
        close_written(writer, tag);
        return;
    }
    if (!needs_content(tag)) {
        open_all(writer);
        end_held(writer);
        fprintf(writer->html, "<%s/>", tag);
    }
    free(tag);
}

/* White space between elements is none of the picture's. */
static bool is_within_text(const struct writer *writer)
{
    for (size_t i = writer->depth; i-- > 0;)
        if (strncmp(writer->stack[i].tag, "text", 4) == 0)
            return true;
    return false;
}

static void XMLCALL write_characters(void *data, const char *characters, int length)
{
    struct writer *writer = data;
    char *text = writer->dropped > 0 ? NULL : strndup(characters, (size_t)length);
    writer->failed = writer->failed || (text == NULL && writer->dropped == 0);
    if (text != NULL && (text[strspn(text, " \t\r\n")] != '\0' || is_within_text(writer))) {
        open_all(writer);
        end_held(writer);
        html_write_text(writer->html, text);
    }
    free(text);
}

/* The picture itself, with what its root says of its size. */
static void XMLCALL write_any_start(void *data, const char *element, const char **attributes)
{
    struct writer *writer = data;
    const char *box = attribute(attributes, "viewBox");
    if (strcmp(element, "svg") != 0 || writer->depth > 0) {
        write_start(data, element, attributes);
        return;
    }
    fputs("<svg role=\"img\" viewBox=\"", writer->html);
    html_write_text(writer->html, box != NULL ? box : "0 0 1200 600");
    fputs("\" aria-label=\"", writer->html);
    html_write_text(writer->html, writer->picture->label);
    fputs("\"><title>", writer->html);
    html_write_text(writer->html, writer->picture->label);
    fputs("</title>", writer->html);
    writer->stack[writer->depth].tag = strdup("svg");
    writer->failed = writer->failed || writer->stack[writer->depth].tag == NULL;
    writer->written_depth = ++writer->depth;
}

/* ---- the file ---- */

struct bytes {
    char *text;
    size_t size;
};

static bool read_all(const char *path, struct bytes *bytes, struct analysis_error *error)
{
    FILE *file = fopen(path, "re"), *memory = open_memstream(&bytes->text, &bytes->size);
    char part[4096];
    size_t count;
    bool is_read = file != NULL && memory != NULL;
    while (is_read && (count = fread(part, 1, sizeof part, file)) > 0)
        fwrite(part, 1, count, memory);
    is_read = is_read && ferror(file) == 0;
    if (!is_read)
        analysis_fail(error, "%s: cannot be read: %s", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    if (memory != NULL && fclose(memory) != 0)
        is_read = analysis_fail(error, "%s: not enough memory", path);
    return is_read;
}

static bool parse(const struct bytes *bytes, XML_StartElementHandler start,
                  XML_EndElementHandler end, XML_CharacterDataHandler characters, void *data,
                  const char *path, struct analysis_error *error)
{
    XML_Parser parser = XML_ParserCreate(NULL);
    if (parser == NULL)
        return analysis_fail(error, "%s: not enough memory", path);
    XML_SetUserData(parser, data);
    XML_SetElementHandler(parser, start, end);
    XML_SetCharacterDataHandler(parser, characters);
    bool is_parsed = XML_Parse(parser, bytes->text, (int)bytes->size, 1) == XML_STATUS_OK;
    if (!is_parsed)
        analysis_fail(error, "%s:%lu: is no picture: %s", path, XML_GetCurrentLineNumber(parser),
                      XML_ErrorString(XML_GetErrorCode(parser)));
    XML_ParserFree(parser);
    return is_parsed;
}

static bool write_picture(struct writer *writer, const struct bytes *bytes,
                          struct references *references, struct analysis_error *error)
{
    const char *path = writer->picture->path;
    bool is_written =
        parse(bytes, note_start, note_end, NULL, references, path, error) &&
        parse(bytes, write_any_start, write_stop, write_characters, writer, path, error);
    free(writer->held);
    while (writer->depth > 0)
        free(writer->stack[--writer->depth].tag);
    if (is_written && writer->failed)
        return analysis_fail(error, "%s: not enough memory, or elements nested too deeply", path);
    return is_written;
}

bool svg_inline_write(const struct svg_inline *picture, FILE *html, struct analysis_error *error)
{
    struct bytes bytes = {0};
    struct references *references = calloc(1, sizeof *references);
    bool is_written =
        references != NULL || analysis_fail(error, "%s: not enough memory", picture->path);
    if (is_written && read_all(picture->path, &bytes, error)) {
        struct writer writer = {.picture = picture, .references = references, .html = html};
        is_written = write_picture(&writer, &bytes, references, error);
    } else {
        is_written = false;
    }
    free(bytes.text);
    free(references);
    return is_written;
}
