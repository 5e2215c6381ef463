/* A decoder of the stdout protocol of PlanQK jobs, for the conformance kit. It keeps all limits.
 *
 *     cc -O2 -o decoder decoder.c
 */
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NO_LIMIT SIZE_MAX

typedef struct {
    char *data;
    size_t size, room;
} Buffer;

static const char RESULT[] = "PlanQK:Job:Result:";
static const char INTERIM[] = "PlanQK:Job:InterimResult";
static const char FENCE[] = "PlanQK:Job:MultilineResult";

enum kind { LOG, RESULT_LINE, INTERIM_LINE, FENCE_LINE };
static const char *const MARKERS[] = {"", "result", "interim_result", "multiline_result"};

static size_t max_line = 1 << 20, max_payload = 1 << 26, max_depth = 128, max_digits = 4300;

static Buffer line;         /* the unfinished line */
static Buffer block;        /* the lines of an open block */
static size_t number = 1;   /* of the line that comes next */
static size_t sent;         /* bytes of that line that are reported already */
static size_t first;        /* number of the block's first line */
static size_t body;         /* where its payload begins */
static bool in_block, is_taken;
static bool is_cut;         /* the rest of the line is log text */
static bool is_beyond;      /* the rest of the block is */

static void append(Buffer *buffer, const char *data, size_t size)
{
    if (buffer->size + size > buffer->room) {
        buffer->room = 2 * (buffer->size + size);
        buffer->data = realloc(buffer->data, buffer->room);
        if (!buffer->data) {
            perror("decoder");
            exit(70);
        }
    }
    if (size)
        memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
}

/* ---- text ---- */

/* Number of bytes of the character at p, 0 if it is not UTF-8. */
static size_t character(const unsigned char *p, const unsigned char *end)
{
    size_t size = *p < 0x80 ? 1 : *p < 0xc2 ? 0 : *p < 0xe0 ? 2 : *p < 0xf0 ? 3 : *p < 0xf5 ? 4 : 0;
    if (!size || (size_t)(end - p) < size)
        return 0;
    for (size_t i = 1; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    if ((*p == 0xe0 && p[1] < 0xa0) || (*p == 0xed && p[1] > 0x9f) || (*p == 0xf0 && p[1] < 0x90) ||
        (*p == 0xf4 && p[1] > 0x8f))
        return 0;
    return size;
}

static bool is_utf8(const char *data, size_t size)
{
    const unsigned char *p = (const unsigned char *)data, *end = p + size;
    while (p < end) {
        size_t step = character(p, end);
        if (!step)
            return false;
        p += step;
    }
    return true;
}

static void print_text(const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];
        if (c < 0x20 || c == '"' || c == '\\')
            printf("\\u%04x", c);
        else
            putchar(c);
    }
}

static void print_base64(const char *text, size_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *data = (const unsigned char *)text;
    for (size_t i = 0; i < size; i += 3) {
        size_t rest = size - i;
        unsigned long three = (unsigned long)data[i] << 16 | (rest > 1 ? data[i + 1] << 8 : 0) | (rest > 2 ? data[i + 2] : 0);
        putchar(digits[three >> 18]);
        putchar(digits[three >> 12 & 63]);
        putchar(rest > 1 ? digits[three >> 6 & 63] : '=');
        putchar(rest > 2 ? digits[three & 63] : '=');
    }
}

/* ---- JSON ---- */

static const char *space(const char *p, const char *end)
{
    while (p < end && (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r'))
        p++;
    return p;
}

static bool is_digit(const char *p, const char *end)
{
    return p < end && *p >= '0' && *p <= '9';
}

static const char *digits(const char *p, const char *end)
{
    while (is_digit(p, end))
        p++;
    return p;
}

/* The place after the string that begins at p; NULL if there is none. */
static const char *string(const char *p, const char *end)
{
    if (p == end || *p++ != '"')
        return NULL;
    while (p < end && *p != '"') {
        if ((unsigned char)*p < 0x20)
            return NULL;
        if (*p++ != '\\')
            continue;
        if (p == end || !strchr("\"\\/bfnrtu", *p) || !*p)
            return NULL;
        if (*p++ == 'u')
            for (int i = 0; i < 4; i++, p++)
                if (p == end || !*p || !strchr("0123456789abcdefABCDEF", *p))
                    return NULL;
    }
    return p < end ? p + 1 : NULL;
}

/* The place after the number that begins at p; NULL if there is none. *longest becomes the length of the
   longest integer so far. */
static const char *numeral(const char *p, const char *end, size_t *longest)
{
    if (p < end && *p == '-')
        p++;
    if (!is_digit(p, end))
        return NULL;
    const char *whole = p;
    p = *p == '0' ? p + 1 : digits(p, end);
    size_t length = (size_t)(p - whole);
    bool is_integer = true;
    if (p < end && *p == '.') {
        if (!is_digit(++p, end))
            return NULL;
        p = digits(p, end);
        is_integer = false;
    }
    if (p < end && (*p == 'e' || *p == 'E')) {
        p++;
        if (p < end && (*p == '+' || *p == '-'))
            p++;
        if (!is_digit(p, end))
            return NULL;
        p = digits(p, end);
        is_integer = false;
    }
    if (is_integer && length > *longest)
        *longest = length;
    return p;
}

static const char *word(const char *p, const char *end, const char *text)
{
    size_t size = strlen(text);
    return (size_t)(end - p) >= size && !memcmp(p, text, size) ? p + size : NULL;
}

static const char *scalar(const char *p, const char *end, size_t *longest)
{
    if (p == end)
        return NULL;
    switch (*p) {
    case '"': return string(p, end);
    case 't': return word(p, end, "true");
    case 'f': return word(p, end, "false");
    case 'n': return word(p, end, "null");
    default: return numeral(p, end, longest);
    }
}

/* The place after the key and the colon that begin at p; NULL if there are none. */
static const char *key(const char *p, const char *end)
{
    p = string(p, end);
    p = p ? space(p, end) : NULL;
    return p && p < end && *p == ':' ? space(p + 1, end) : NULL;
}

static bool is_json(const char *p, const char *end, size_t *longest)
{
    static Buffer stack; /* the brackets that close what is open */
    stack.size = 0;
    if (!is_utf8(p, (size_t)(end - p)))
        return false;
    p = space(p, end);
    for (;;) {
        if (p < end && (*p == '[' || *p == '{')) {
            char closing = *p == '[' ? ']' : '}';
            append(&stack, &closing, 1);
            p = space(p + 1, end);
            if (p == end || *p != closing) {
                if (closing == '}' && !(p = key(p, end)))
                    return false;
                continue;
            }
        } else if (!(p = scalar(p, end, longest))) {
            return false;
        } else {
            p = space(p, end);
        }
        while (stack.size && p < end && *p == stack.data[stack.size - 1]) {
            stack.size--;
            p = space(p + 1, end);
        }
        if (!stack.size)
            return p == end;
        if (p == end || *p != ',')
            return false;
        p = space(p + 1, end);
        if (stack.data[stack.size - 1] == '}' && !(p = key(p, end)))
            return false;
    }
}

static bool is_too_deep(const char *p, const char *end)
{
    ptrdiff_t depth = 0;
    bool in_string = false;
    for (; p < end; p++) {
        if (*p == '\\' && p + 1 < end && (p[1] == '"' || p[1] == '\\'))
            p++;
        else if (*p == '"')
            in_string = !in_string;
        else if (!in_string && (*p == '[' || *p == '{') && ++depth > (ptrdiff_t)max_depth)
            return true;
        else if (!in_string && (*p == ']' || *p == '}'))
            depth--;
    }
    return false;
}

/* ---- records ---- */

static size_t without_end(const char *raw, size_t size)
{
    if (!size || raw[size - 1] != '\n')
        return size;
    return size > 1 && raw[size - 2] == '\r' ? size - 2 : size - 1;
}

static void print_end(const char *raw, size_t size)
{
    bool is_terminated = size && raw[size - 1] == '\n';
    printf(is_terminated ? "}\n" : ",\"terminated\":false}\n");
}

static void print_content(const char *raw, size_t size)
{
    size_t content = without_end(raw, size);
    bool is_text = is_utf8(raw, content);
    printf(is_text ? "\"text\":\"" : "\"base64\":\"");
    (is_text ? print_text : print_base64)(raw, content);
    putchar('"');
    print_end(raw, size);
}

static void print_head(const char *type, size_t at, const char *raw, size_t size)
{
    size_t last = at;
    for (size_t i = 0; i + 1 < size; i++)
        last += raw[i] == '\n';
    printf("{\"type\":\"%s\",\"line\":%zu", type, at);
    if (last > at)
        printf(",\"end_line\":%zu", last);
}

static void log_text(const char *raw, size_t size)
{
    printf("{\"type\":\"log\",\"line\":%zu,", number);
    print_content(raw, size);
}

static void violation(const char *code, enum kind kind, size_t at, const char *raw, size_t size)
{
    print_head("violation", at, raw, size);
    printf(",\"code\":\"%s\",\"marker\":\"%s\",\"message\":\"%s\",", code, MARKERS[kind], code);
    print_content(raw, size);
}

static void value(enum kind kind, size_t at, const char *raw, size_t size, const char *p, const char *end)
{
    size_t longest = 0;
    if (is_too_deep(p, end)) {
        violation("payload-too-deep", kind, at, raw, size);
    } else if (!is_json(p, end, &longest)) {
        violation("invalid-json", kind, at, raw, size);
    } else if (longest > max_digits) {
        violation("number-too-long", kind, at, raw, size);
    } else {
        print_head(MARKERS[kind], at, raw, size);
        printf(",\"value\":");
        for (p = space(p, end); p < end; p++)
            putchar(*p == '\r' || *p == '\n' ? ' ' : *p);
        print_end(raw, size);
    }
}

static void final(enum kind kind, size_t at, const char *raw, size_t size, const char *p, const char *end)
{
    if (is_taken)
        violation("duplicate-result", kind, at, raw, size);
    else
        value(kind, at, raw, size, p, end);
    is_taken = true;
}

/* ---- lines ---- */

/* A fence that is longer than max_payload is judged by its first max_payload + 1 bytes, or by 52 if that is more. */
static size_t judged(void)
{
    size_t most = max_payload < 51 ? 52 : max_payload == NO_LIMIT ? NO_LIMIT : max_payload + 1;
    return line.size < most ? line.size : most;
}

static bool starts_with(const char *marker)
{
    size_t size = strlen(marker);
    return line.size >= size && !memcmp(line.data, marker, size);
}

static bool is_fence(void)
{
    if (!starts_with(FENCE))
        return false;
    for (size_t i = strlen(FENCE), size = judged(); i < size && line.data[i] != '\n'; i++)
        if (line.data[i] != ' ' && line.data[i] != '\t' && line.data[i] != '\r')
            return false;
    return true;
}

static enum kind kind_of_line(void)
{
    return starts_with(RESULT) ? RESULT_LINE : starts_with(INTERIM) ? INTERIM_LINE : is_fence() ? FENCE_LINE : LOG;
}

/* Whether more bytes may turn the unfinished line into a marker line. */
static bool may_be_marked(void)
{
    const char *const markers[] = {RESULT, INTERIM, FENCE};
    for (size_t i = 0; i < 3; i++)
        if (line.size <= strlen(markers[i]) && !memcmp(line.data, markers[i], line.size))
            return true;
    return false;
}

/* Report the full pieces of an over-long line; at least `keep` bytes are left. */
static void log_pieces(size_t keep)
{
    while (line.size - sent >= keep && line.size - sent - keep >= max_line) {
        log_text(line.data + sent, max_line);
        sent += max_line;
    }
}

static void log_line(void)
{
    log_pieces(1);
    if (line.size > sent || !sent)
        log_text(line.data + sent, line.size - sent);
}

static void cut_line(enum kind kind)
{
    violation("payload-too-large", kind, number, line.data, max_payload);
    is_taken = is_taken || kind != INTERIM_LINE;
    sent = max_payload;
    is_beyond = kind == FENCE_LINE;
    is_cut = !is_beyond;
}

static void cut_block(void)
{
    size_t before = block.size;
    append(&block, line.data, max_payload - before);
    violation("payload-too-large", FENCE_LINE, first, block.data, max_payload);
    is_taken = true;
    sent = max_payload - before;
    in_block = false;
    is_beyond = true;
}

static void body_line(void)
{
    if (block.size + line.size > max_payload) {
        cut_block();
        log_line();
        is_beyond = !is_fence();
        return;
    }
    const size_t end = block.size;
    append(&block, line.data, line.size);
    if (is_fence()) {
        in_block = false;
        final(FENCE_LINE, first, block.data, block.size, block.data + body, block.data + end);
    }
}

static void marked_line(enum kind kind)
{
    const char *end = line.data + without_end(line.data, line.size);
    const char *payload = line.data + strlen(kind == RESULT_LINE ? RESULT : INTERIM);
    if (kind == RESULT_LINE) {
        final(kind, number, line.data, line.size, payload, end);
        return;
    }
    if (payload < end && *payload == ':')
        payload++;
    value(kind, number, line.data, line.size, payload, end);
}

static void whole_line(void)
{
    enum kind kind = kind_of_line();
    if (is_beyond) {
        log_line();
        is_beyond = kind != FENCE_LINE;
    } else if (is_cut) {
        log_line();
    } else if (in_block) {
        body_line();
    } else if (kind == LOG) {
        log_line();
    } else if (line.size > max_payload) {
        cut_line(kind);
        log_line();
    } else if (kind == FENCE_LINE) {
        in_block = true;
        first = number;
        block.size = 0;
        append(&block, line.data, line.size);
        body = block.size;
    } else {
        marked_line(kind);
    }
    number++;
    line.size = sent = 0;
    is_cut = false;
}

/* Report what can be reported of a line whose LF is yet to come. */
static void unfinished_line(void)
{
    if (is_beyond || is_cut) {
        log_pieces(0);
        return;
    }
    if (in_block) {
        if (block.size + line.size > max_payload) {
            cut_block();
            log_pieces(0);
        }
        return;
    }
    enum kind kind = kind_of_line();
    if (kind == FENCE_LINE) /* what follows may still make it log text */
        return;
    if (kind != LOG) {
        if (line.size > max_payload) {
            cut_line(kind);
            log_pieces(0);
        }
    } else if (!may_be_marked()) {
        log_pieces(0);
    }
}

static void feed(const char *data, size_t size)
{
    while (size) {
        const char *lf = memchr(data, '\n', size);
        size_t step = lf ? (size_t)(lf - data) + 1 : size;
        append(&line, data, step);
        if (lf)
            whole_line();
        data += step;
        size -= step;
    }
    if (line.size)
        unfinished_line();
}

static bool set_limit(const char *name, const char *text)
{
    size_t *limit = !strcmp(name, "--max-line")      ? &max_line
                    : !strcmp(name, "--max-payload") ? &max_payload
                    : !strcmp(name, "--max-depth")   ? &max_depth
                    : !strcmp(name, "--max-digits")  ? &max_digits
                                                     : NULL;
    if (!limit || !text)
        return false;
    *limit = strcmp(text, "none") ? strtoull(text, NULL, 10) : NO_LIMIT;
    return true;
}

int main(int argc, char **argv)
{
    static char chunk[1 << 16];
    for (int i = 1; i < argc; i += 2)
        if (!set_limit(argv[i], i + 1 < argc ? argv[i + 1] : NULL)) {
            fprintf(stderr, "decoder: unknown argument %s\n", argv[i]);
            return 2;
        }
    for (;;) {
        ssize_t size = read(STDIN_FILENO, chunk, sizeof chunk);
        if (size < 0 && errno == EINTR)
            continue;
        if (size <= 0)
            break;
        feed(chunk, (size_t)size);
        fflush(stdout);
    }
    if (line.size)
        whole_line();
    if (in_block)
        violation("unterminated-block", FENCE_LINE, first, block.data, block.size);
    return 0;
}
