/* The JSON of studies → what an index holds of them, in one pass over the bytes.
 *
 * A walk is opened with the catalogue as a table (walking.py, which mirrors the structures below), takes study after study,
 * and keeps what it took in the columns of its sinks until it is closed. What the values mean is said in documents.py. Bytes
 * that are no JSON end in MALFORMED; nothing is read beyond them.
 *
 * Some things are left to the caller, who has the means. A study in which an object has a key twice, or a known key that may
 * be written with escapes, is to be written anew (AGAIN). Numbers that cannot be read exactly with one operation, and texts
 * with HTML entities, are asked back: the study is then walked a second time, with the answers in the order of the questions.
 */

#include <float.h>

#include "growing.h"

enum { MALFORMED = -3, AGAIN = -4 };
enum { DEEPEST = 1024, COUNTERS = 8, COLUMNS = 6, MOST_CHILDREN = 128 };

/* What a node of the catalogue is, and which columns its sink has. */
enum {
    STRUCT,   /* docs, sites */
    TEXT,     /* tokens, docs, starts (of the tokens), and of each value: docs, digests, lengths in characters */
    VALUES,   /* had, by, text, ends, stamps, last: distinct texts and which study has which */
    SITES,    /* the same of sites */
    CODES,    /* docs, found, text, ends */
    BOOLEANS, /* docs, found */
    INTEGERS, /* docs, values */
    NUMBERS,  /* docs, values */
    POINTS,   /* sites, lat, lon */
};
enum { IS_SITE = 1, IS_OF_SITE = 2, IS_KEPT = 4, IS_ONCE = 8 };

typedef struct {
    int64_t kind, sink, flags;
    int64_t child, children;     /* nodes below, one behind the other */
    int64_t name, name_size;     /* in the names of all nodes */
    int64_t share, shares;       /* what this node adds to counters */
    int64_t counter, counters;   /* the sinks that take the counters of an object of this node */
    int64_t kept;                /* where the place of this node's value in the JSON is kept */
    int64_t slot, slots;         /* its children by the hash of their names; made here */
} Node;

/* What a value adds to a counter of the object that holds it (level 0) or of the one above that (level 1). */
enum { LENGTH, IS_OBJECT, IS_NEW_TEXT, GOES_TO };
typedef struct {
    int64_t how, level;
    int64_t counter; /* GOES_TO: the sink that takes the text as well */
} Share;

typedef struct {
    Column column[COLUMNS];
    uint64_t *slot; /* of distinct texts: 32 bits of their hash, and their number + 1 */
    int64_t slots;
    int64_t mark[COLUMNS];
} Sink;
enum { TEXT_COLUMN = 2, END_COLUMN = 3, STAMP_COLUMN = 4, LAST_COLUMN = 5 };

typedef struct Frame {
    const struct Frame *above;
    int64_t is_direct; /* no list leads here */
    int64_t serial;
    int64_t counter[COUNTERS];
} Frame;

/* What walk_study is given besides the JSON: answers to questions, in order. */
typedef struct {
    const double *number;
    const uint8_t *text;
    const int64_t *end;
    int64_t count;
} Answers;

typedef struct {
    Node *node;
    int64_t nodes;
    uint8_t *name;
    Share *share;
    int64_t *counter;
    int32_t *slot;
    Sink *sink;
    int64_t sinks;
    int64_t *kept; /* begin and end of each kept value, -1 where there is none */
    int64_t kepts;
    Book *book;
    const uint8_t *classes;
    Column site_study;
    /* Questions: their texts one behind the other, where each ends, and whether it is a number. */
    Column asked, asked_end, asked_number;
    Column scratch; /* a text without its escapes */
    /* the study at hand */
    const uint8_t *raw, *at, *end;
    Answers answers;
    int64_t questions;
    int64_t is_rewritten;
    int64_t serial;
    int64_t attempt; /* counts walks, of which a study may need several */
    int64_t words_mark, sites_mark;
    uint32_t doc, site;
    /* the text read last, and its number if it is one of distinct ones */
    const uint8_t *text;
    int64_t size, number;
} Walk;

/* Reading */

static inline void skip_blanks(Walk *walk) {
    while (walk->at < walk->end && (*walk->at == ' ' || *walk->at == '\n' || *walk->at == '\r' || *walk->at == '\t'))
        walk->at++;
}

/* The next byte that is no blank; 0 at the end. */
static inline uint8_t next_byte(Walk *walk) {
    skip_blanks(walk);
    return walk->at < walk->end ? *walk->at : 0;
}

/* The next byte of a text that ends it, escapes something or may not stand there. */
static inline const uint8_t *plain_until(const uint8_t *at, const uint8_t *end) {
    const uint64_t ones = 0x0101010101010101ULL, high = 0x8080808080808080ULL;
    uint64_t eight;
    for (; end - at >= 8; at += 8) {
        memcpy(&eight, at, sizeof eight);
        uint64_t quote = eight ^ ones * '"', slash = eight ^ ones * '\\';
        uint64_t found = ((quote - ones) & ~quote) | ((slash - ones) & ~slash) | ((eight - ones * 32) & ~eight);
        if (found & high) break;
    }
    while (at < end && *at != '"' && *at != '\\' && *at >= 32) at++;
    return at;
}

static int hex_of(const uint8_t *at, const uint8_t *end, uint32_t *code) {
    if (end - at < 4) return MALFORMED;
    *code = 0;
    for (int digit = 0; digit < 4; digit++) {
        uint8_t byte = at[digit], low = byte | 32;
        if (byte >= '0' && byte <= '9')
            *code = *code << 4 | (uint32_t)(byte - '0');
        else if (low >= 'a' && low <= 'f')
            *code = *code << 4 | (uint32_t)(low - 'a' + 10);
        else
            return MALFORMED;
    }
    return 0;
}

/* Put a character into the scratch, which has room. */
static void put_character(Column *scratch, uint32_t code) {
    uint8_t *to = (uint8_t *)scratch->at + scratch->count;
    if (code < 0x80) {
        to[0] = (uint8_t)code;
        scratch->count += 1;
    } else if (code < 0x800) {
        to[0] = (uint8_t)(0xc0 | code >> 6);
        to[1] = (uint8_t)(0x80 | (code & 63));
        scratch->count += 2;
    } else if (code < 0x10000) {
        to[0] = (uint8_t)(0xe0 | code >> 12);
        to[1] = (uint8_t)(0x80 | (code >> 6 & 63));
        to[2] = (uint8_t)(0x80 | (code & 63));
        scratch->count += 3;
    } else {
        to[0] = (uint8_t)(0xf0 | code >> 18);
        to[1] = (uint8_t)(0x80 | (code >> 12 & 63));
        to[2] = (uint8_t)(0x80 | (code >> 6 & 63));
        to[3] = (uint8_t)(0x80 | (code & 63));
        scratch->count += 4;
    }
}

/* One escape, behind its backslash. */
static int read_escape(Walk *walk, Column *scratch) {
    if (walk->at >= walk->end) return MALFORMED;
    uint8_t byte = *walk->at++;
    uint32_t code, low;
    switch (byte) {
        case '"':
        case '\\':
        case '/': code = byte; break;
        case 'b': code = 8; break;
        case 'f': code = 12; break;
        case 'n': code = 10; break;
        case 'r': code = 13; break;
        case 't': code = 9; break;
        case 'u':
            if (hex_of(walk->at, walk->end, &code)) return MALFORMED;
            walk->at += 4;
            if (code >= 0xdc00 && code < 0xe000) return MALFORMED;
            if (code >= 0xd800 && code < 0xdc00) {
                if (walk->end - walk->at < 6 || walk->at[0] != '\\' || walk->at[1] != 'u') return MALFORMED;
                if (hex_of(walk->at + 2, walk->end, &low) || low < 0xdc00 || low >= 0xe000) return MALFORMED;
                walk->at += 6;
                code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
            }
            break;
        default: return MALFORMED;
    }
    put_character(scratch, code);
    return 0;
}

/* The text that begins here: where its bytes stand until the next text is read. The scratch has room for the whole study, and
 * no escape is shorter than what it stands for. */
static int read_text(Walk *walk) {
    const uint8_t *begin = ++walk->at, *until = plain_until(begin, walk->end);
    if (until >= walk->end) return MALFORMED;
    if (*until == '"') {
        walk->text = begin;
        walk->size = until - begin;
        walk->at = until + 1;
        return 0;
    }
    Column *scratch = &walk->scratch;
    scratch->count = 0;
    for (;;) {
        memcpy((uint8_t *)scratch->at + scratch->count, begin, (size_t)(until - begin));
        scratch->count += until - begin;
        if (until >= walk->end || *until < 32) return MALFORMED;
        walk->at = until + 1;
        if (*until == '"') break;
        int failed = read_escape(walk, scratch);
        if (failed) return failed;
        begin = walk->at;
        until = plain_until(begin, walk->end);
    }
    walk->text = scratch->at;
    walk->size = scratch->count;
    return 0;
}

static int skip_text(Walk *walk) {
    for (walk->at++;;) {
        walk->at = plain_until(walk->at, walk->end);
        if (walk->at >= walk->end || *walk->at < 32) return MALFORMED;
        if (*walk->at++ == '"') return 0;
        if (walk->at++ >= walk->end) return MALFORMED;
    }
}

static int skip_literal(Walk *walk, const char *literal, int64_t size) {
    if (walk->end - walk->at < size || memcmp(walk->at, literal, (size_t)size)) return MALFORMED;
    walk->at += size;
    return 0;
}

static inline int is_digit(const Walk *walk) { return walk->at < walk->end && *walk->at >= '0' && *walk->at <= '9'; }

/* The number that begins here: whether it is a whole one of at most 64 bits, and its value where that is exact; else it is
 * asked for. */
static int read_number(Walk *walk, int *is_whole, double *value, int *is_exact) {
    static const double TENS[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                  1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    uint64_t digits = 0;
    int64_t exponent = 0, written = 0;
    int is_negative = *walk->at == '-', fits = 1;
    if (is_negative) walk->at++;
    if (!is_digit(walk)) return MALFORMED;
    const uint8_t *begin = walk->at;
    for (; is_digit(walk); walk->at++) {
        uint64_t digit = (uint64_t)(*walk->at - '0');
        if (digits > (UINT64_MAX - digit) / 10) fits = 0;
        digits = digits * 10 + digit;
    }
    if (*begin == '0' && walk->at - begin > 1) return MALFORMED;
    *is_whole = 1;
    if (walk->at < walk->end && *walk->at == '.') {
        *is_whole = 0;
        walk->at++;
        if (!is_digit(walk)) return MALFORMED;
        for (; is_digit(walk); walk->at++, exponent--) {
            uint64_t digit = (uint64_t)(*walk->at - '0');
            if (digits > (UINT64_MAX - digit) / 10) fits = 0;
            digits = digits * 10 + digit;
        }
    }
    if (walk->at < walk->end && (*walk->at | 32) == 'e') {
        *is_whole = 0;
        walk->at++;
        int below = walk->at < walk->end && *walk->at == '-';
        if (walk->at < walk->end && (*walk->at == '-' || *walk->at == '+')) walk->at++;
        if (!is_digit(walk)) return MALFORMED;
        for (; is_digit(walk); walk->at++)
            if (written < 100000) written = written * 10 + (*walk->at - '0');
        exponent += below ? -written : written;
    }
    if (*is_whole && (!fits || (is_negative && digits > (uint64_t)1 << 63))) *is_whole = fits = 0;
    double sign = is_negative ? -1.0 : 1.0;
    *is_exact = 1;
    if (*is_whole) {
        *value = digits ? sign * (double)digits : 0.0;
    } else if (FLT_EVAL_METHOD == 0 && fits && digits <= (uint64_t)1 << 53 && exponent >= -22 && exponent <= 22) {
        /* Both factors are exact, so one operation rounds once (Clinger 1990). */
        *value = sign * (exponent < 0 ? (double)digits / TENS[-exponent] : (double)digits * TENS[exponent]);
    } else {
        *is_exact = 0;
    }
    return 0;
}

static int skip_value(Walk *walk, int depth);

static int skip_object(Walk *walk, int depth) {
    walk->at++;
    if (next_byte(walk) == '}') {
        walk->at++;
        return 0;
    }
    for (;;) {
        if (next_byte(walk) != '"' || skip_text(walk) || next_byte(walk) != ':') return MALFORMED;
        walk->at++;
        int failed = skip_value(walk, depth);
        if (failed) return failed;
        uint8_t byte = next_byte(walk);
        if (byte != ',' && byte != '}') return MALFORMED;
        walk->at++;
        if (byte == '}') return 0;
    }
}

static int skip_list(Walk *walk, int depth) {
    walk->at++;
    if (next_byte(walk) == ']') {
        walk->at++;
        return 0;
    }
    for (;;) {
        int failed = skip_value(walk, depth);
        if (failed) return failed;
        uint8_t byte = next_byte(walk);
        if (byte != ',' && byte != ']') return MALFORMED;
        walk->at++;
        if (byte == ']') return 0;
    }
}

static int skip_value(Walk *walk, int depth) {
    int is_whole, is_exact;
    double value;
    if (depth >= DEEPEST) return MALFORMED;
    switch (next_byte(walk)) {
        case '"': return skip_text(walk);
        case '{': return skip_object(walk, depth + 1);
        case '[': return skip_list(walk, depth + 1);
        case 't': return skip_literal(walk, "true", 4);
        case 'f': return skip_literal(walk, "false", 5);
        case 'n': return skip_literal(walk, "null", 4);
        case 0: return MALFORMED;
        default: return read_number(walk, &is_whole, &value, &is_exact);
    }
}

/* Keeping */

/* The number of a text among the distinct ones of a sink. A text that is not there is added, or has number -1. */
static int find_text(Sink *sink, const uint8_t *text, int64_t size, int adds, int64_t *number) {
    const int64_t *end = sink->column[END_COLUMN].at;
    int64_t count = sink->column[END_COLUMN].count;
    uint64_t hash = hash_of(text, size), tag = hash & 0xffffffff00000000ULL;
    *number = -1;
    if (adds && 2 * (count + 1) > sink->slots) {
        int64_t slots = sink->slots ? 2 * sink->slots : 16;
        uint64_t *slot = calloc((size_t)slots, sizeof *slot);
        if (!slot) return NO_MEMORY;
        const uint8_t *texts = sink->column[TEXT_COLUMN].at;
        for (int64_t at = 0; at < count; at++) {
            int64_t begin = at ? end[at - 1] : 0;
            uint64_t one = hash_of(texts + begin, end[at] - begin);
            int64_t place = (int64_t)(one & (uint64_t)(slots - 1));
            while (slot[place]) place = (place + 1) & (slots - 1);
            slot[place] = (one & 0xffffffff00000000ULL) | (uint64_t)(at + 1);
        }
        free(sink->slot);
        sink->slot = slot;
        sink->slots = slots;
    }
    if (!sink->slots) return 0;
    int64_t place = (int64_t)(hash & (uint64_t)(sink->slots - 1));
    for (; sink->slot[place]; place = (place + 1) & (sink->slots - 1)) {
        if ((sink->slot[place] & 0xffffffff00000000ULL) != tag) continue;
        int64_t found = (int64_t)(uint32_t)sink->slot[place] - 1, begin = found ? end[found - 1] : 0;
        if (end[found] - begin == size && !memcmp((const uint8_t *)sink->column[TEXT_COLUMN].at + begin, text, (size_t)size)) {
            *number = found;
            return 0;
        }
    }
    if (!adds) return 0;
    if (count >= UINT32_MAX - 1) return NO_MEMORY;
    for (int column = END_COLUMN; column <= LAST_COLUMN; column++)
        if (make_room(&sink->column[column], 1, sizeof(int64_t))) return NO_MEMORY;
    if (push_bytes(&sink->column[TEXT_COLUMN], text, size)) return NO_MEMORY;
    push_wide(&sink->column[END_COLUMN], sink->column[TEXT_COLUMN].count);
    push_wide(&sink->column[STAMP_COLUMN], 0);
    push_wide(&sink->column[LAST_COLUMN], 0);
    sink->slot[place] = tag | (uint64_t)(count + 1);
    *number = count;
    return 0;
}

/* Set a question aside, or find its answer; -1 where there is none yet. */
static int ask(Walk *walk, const uint8_t *text, int64_t size, int is_number, int64_t *answer) {
    int64_t question = walk->questions++;
    *answer = question < walk->answers.count ? question : -1;
    if (*answer >= 0) return 0;
    int failed = push_bytes(&walk->asked, text, size);
    if (!failed) failed = push_wide(&walk->asked_end, walk->asked.count);
    if (!failed) failed = push_byte(&walk->asked_number, (uint8_t)is_number);
    return failed;
}

static int take_words(Walk *walk, Sink *sink) {
    const uint8_t *text = walk->text;
    int64_t size = walk->size, answer;
    if (has_entity(text, size)) {
        int failed = ask(walk, text, size, 0, &answer);
        if (failed || answer < 0) return failed;
        int64_t begin = answer ? walk->answers.end[answer - 1] : 0;
        text = walk->answers.text + begin;
        size = walk->answers.end[answer] - begin;
    }
    return split_text(walk->book, walk->classes, text, size, sink->column);
}

static int take_text(Walk *walk, Sink *sink) {
    Column *column = sink->column;
    int64_t docs = column[1].count, characters = 0;
    if (!docs || ((const uint32_t *)column[1].at)[docs - 1] != walk->doc) {
        if (push_number(column + 1, walk->doc) || push_wide(column + 2, column[0].count) || push_number(column, 0))
            return NO_MEMORY;
    }
    int failed = take_words(walk, sink);
    if (failed) return failed;
    for (int64_t at = 0; at < walk->size; at++) characters += (walk->text[at] & 0xc0) != 0x80;
    if (push_number(column, 0) || push_number(column + 3, walk->doc) ||
        push_hash(column + 4, digest_of(walk->text, walk->size)) || push_number(column + 5, (uint32_t)characters))
        return NO_MEMORY;
    return 0;
}

static int take_value(Walk *walk, Sink *sink, uint32_t by, int is_once) {
    int failed = find_text(sink, walk->text, walk->size, 1, &walk->number);
    if (is_once && !failed) { /* who has a value ten times has it once */
        int64_t *last = (int64_t *)sink->column[LAST_COLUMN].at + walk->number, now = walk->attempt << 32 | by;
        if (*last == now) return 0;
        *last = now;
    }
    if (!failed) failed = push_number(sink->column, (uint32_t)walk->number);
    if (!failed) failed = push_number(sink->column + 1, by);
    return failed;
}

static int take_code(Walk *walk, Sink *sink) {
    int64_t code;
    int failed = find_text(sink, walk->text, walk->size, 0, &code);
    if (code < 0) code = sink->column[END_COLUMN].count;
    if (!failed) failed = push_number(sink->column, walk->doc);
    if (!failed) failed = push_byte(sink->column + 1, (uint8_t)code);
    return failed;
}

static int take_pair(Walk *walk, Sink *sink, double value) {
    int failed = push_number(sink->column, walk->doc);
    return failed ? failed : push_float(sink->column + 1, value);
}

static int take_number(Walk *walk, const Node *node) {
    const uint8_t *begin = walk->at;
    int is_whole, is_exact;
    int64_t answer;
    double value = 0;
    int failed = read_number(walk, &is_whole, &value, &is_exact);
    if (failed || (node->kind != NUMBERS && !(node->kind == INTEGERS && is_whole))) return failed;
    if (!is_exact) {
        failed = ask(walk, begin, walk->at - begin, 1, &answer);
        if (failed || answer < 0) return failed;
        value = walk->answers.number[answer];
    }
    return take_pair(walk, walk->sink + node->sink, value);
}

static int take_boolean(Walk *walk, const Node *node, uint8_t value) {
    int failed = value ? skip_literal(walk, "true", 4) : skip_literal(walk, "false", 5);
    if (failed || node->kind != BOOLEANS) return failed;
    Sink *sink = walk->sink + node->sink;
    failed = push_number(sink->column, walk->doc);
    return failed ? failed : push_byte(sink->column + 1, value);
}

/* A latitude or longitude; `is_there` says whether it is a number. */
static int read_degrees(Walk *walk, double *value, int *is_there) {
    int is_whole, is_exact;
    int64_t answer;
    uint8_t byte = next_byte(walk);
    *is_there = 0;
    if (byte == 't' || byte == 'f') { /* true and false are numbers wherever Python asks */
        *is_there = 1;
        *value = byte == 't';
    }
    if (byte != '-' && (byte < '0' || byte > '9')) return skip_value(walk, 0);
    const uint8_t *begin = walk->at;
    *is_there = 1;
    int failed = read_number(walk, &is_whole, value, &is_exact);
    if (failed || is_exact) return failed;
    failed = ask(walk, begin, walk->at - begin, 1, &answer);
    *value = failed || answer < 0 ? 0 : walk->answers.number[answer];
    return failed;
}

static int take_point(Walk *walk, Sink *sink) {
    double degrees[2] = {0, 0};
    int seen[2] = {0, 0}, is_there[2] = {0, 0};
    walk->at++;
    for (uint8_t byte = next_byte(walk); byte != '}';) {
        if (byte != '"') return MALFORMED;
        const uint8_t *key = walk->at + 1;
        if (skip_text(walk)) return MALFORMED;
        int64_t size = walk->at - 1 - key;
        int is_escaped = memchr(key, '\\', (size_t)size) != NULL;
        if (is_escaped && !walk->is_rewritten) return AGAIN;
        if (next_byte(walk) != ':') return MALFORMED;
        walk->at++;
        int which = size == 3 && !memcmp(key, "lat", 3) ? 0 : size == 3 && !memcmp(key, "lon", 3) ? 1 : -1;
        if (which >= 0 && seen[which]++) return AGAIN;
        int failed = which < 0 ? skip_value(walk, 0) : read_degrees(walk, degrees + which, is_there + which);
        if (failed) return failed;
        byte = next_byte(walk);
        if (byte == ',') {
            walk->at++;
            if ((byte = next_byte(walk)) == '}') return MALFORMED;
        } else if (byte != '}') {
            return MALFORMED;
        }
    }
    walk->at++;
    if (!is_there[0] || !is_there[1]) return 0;
    if (!(degrees[0] >= -90 && degrees[0] <= 90 && degrees[1] >= -180 && degrees[1] <= 180)) return 0;
    if (push_number(sink->column, walk->site) || push_float(sink->column + 1, degrees[0]) ||
        push_float(sink->column + 2, degrees[1]))
        return NO_MEMORY;
    return 0;
}

/* Walking */

static int take_object(Walk *walk, const Node *node, Frame *above, int64_t is_direct);

/* One value that stands for itself: not a list of some. */
static int take_one(Walk *walk, const Node *node, Frame *frame, int is_listed) {
    uint8_t byte = next_byte(walk);
    if (byte == '"') {
        if (node->kind != TEXT && node->kind != VALUES && node->kind != SITES && node->kind != CODES) return skip_text(walk);
        int failed = read_text(walk);
        if (failed) return failed;
        Sink *sink = walk->sink + node->sink;
        if (node->kind == TEXT) return take_text(walk, sink);
        if (node->kind == CODES) return take_code(walk, sink);
        return take_value(walk, sink, node->kind == SITES ? walk->site : walk->doc, (node->flags & IS_ONCE) != 0);
    }
    if (byte == '{' && node->kind == STRUCT) return take_object(walk, node, frame, frame->is_direct && !is_listed);
    if (byte == '{' && node->kind == POINTS) return take_point(walk, walk->sink + node->sink);
    if (byte == 't' || byte == 'f') return take_boolean(walk, node, byte == 't');
    if (byte == '-' || (byte >= '0' && byte <= '9')) return take_number(walk, node);
    return skip_value(walk, 0);
}

/* The items of a list, each for itself; how many they are. */
static int take_list(Walk *walk, const Node *node, Frame *frame, int64_t *length) {
    walk->at++;
    if (next_byte(walk) == ']') {
        walk->at++;
        return 0;
    }
    for (;;) {
        int failed = take_one(walk, node, frame, 1);
        if (failed) return failed;
        ++*length;
        uint8_t byte = next_byte(walk);
        if (byte != ',' && byte != ']') return MALFORMED;
        walk->at++;
        if (byte == ']') return 0;
    }
}

static int add_shares(Walk *walk, const Node *node, Frame *frame, uint8_t first, int64_t length) {
    for (int64_t at = node->share; at < node->share + node->shares; at++) {
        const Share *share = walk->share + at;
        Frame *to = share->level ? (Frame *)frame->above : frame;
        if (!to) continue;
        if (share->how == LENGTH) {
            to->counter[share->counter] += length;
        } else if (share->how == IS_OBJECT) {
            to->counter[share->counter] += first == '{';
        } else if (first == '"' && share->how == IS_NEW_TEXT) {
            int64_t *stamp = (int64_t *)walk->sink[node->sink].column[STAMP_COLUMN].at + walk->number;
            to->counter[share->counter] += *stamp != to->serial;
            *stamp = to->serial;
        } else if (first == '"') {
            int failed = take_value(walk, walk->sink + share->counter, walk->doc, 0);
            if (failed) return failed;
        }
    }
    return 0;
}

/* The value of a known key. */
static int take_field(Walk *walk, const Node *node, Frame *frame) {
    uint8_t first = next_byte(walk);
    const uint8_t *begin = walk->at;
    int64_t length = first != 'n';
    if (first == '[') length = 0;
    int failed = first == '[' ? take_list(walk, node, frame, &length) : take_one(walk, node, frame, 0);
    if (failed) return failed;
    if (node->flags & IS_KEPT && frame->is_direct) {
        walk->kept[2 * node->kept] = begin - walk->raw;
        walk->kept[2 * node->kept + 1] = walk->at - walk->raw;
    }
    return node->shares ? add_shares(walk, node, frame, first, length) : 0;
}

static const Node *find_child(const Walk *walk, const Node *node, const uint8_t *key, int64_t size) {
    if (!node->slots) return NULL;
    int64_t mask = node->slots - 1, at = (int64_t)(hash_of(key, size) & (uint64_t)mask);
    for (int32_t found; (found = walk->slot[node->slot + at]) != 0; at = (at + 1) & mask) {
        const Node *child = walk->node + found;
        if (child->name_size == size && !memcmp(walk->name + child->name, key, (size_t)size)) return child;
    }
    return NULL;
}

/* The presence of a structure, and the site that it may be. */
static int enter(Walk *walk, const Node *node) {
    if (node->sink < 0) return 0;
    Sink *sink = walk->sink + node->sink;
    int64_t docs = sink->column[0].count, sites = sink->column[1].count;
    if ((!docs || ((const uint32_t *)sink->column[0].at)[docs - 1] != walk->doc) && push_number(sink->column, walk->doc))
        return NO_MEMORY;
    if (node->flags & IS_SITE) {
        if (walk->site_study.count >= UINT32_MAX) return NO_MEMORY;
        walk->site = (uint32_t)walk->site_study.count;
        return push_number(&walk->site_study, walk->doc);
    }
    if (node->flags & IS_OF_SITE && (!sites || ((const uint32_t *)sink->column[1].at)[sites - 1] != walk->site))
        return push_number(sink->column + 1, walk->site);
    return 0;
}

static int take_object(Walk *walk, const Node *node, Frame *above, int64_t is_direct) {
    Frame frame = {above, is_direct, ++walk->serial, {0}};
    uint64_t seen[MOST_CHILDREN / 64] = {0};
    int failed = enter(walk, node);
    if (failed) return failed;
    walk->at++;
    for (uint8_t byte = next_byte(walk); byte != '}';) {
        if (byte != '"') return MALFORMED;
        const uint8_t *key = walk->at + 1;
        if (skip_text(walk)) return MALFORMED;
        int64_t size = walk->at - 1 - key;
        if (next_byte(walk) != ':') return MALFORMED;
        walk->at++;
        const Node *child = find_child(walk, node, key, size);
        if (!child) {
            if (!walk->is_rewritten && memchr(key, '\\', (size_t)size)) return AGAIN;
            failed = skip_value(walk, 0);
        } else {
            int64_t place = child - walk->node - node->child;
            uint64_t bit = (uint64_t)1 << (place & 63);
            if (seen[place >> 6] & bit) return AGAIN;
            seen[place >> 6] |= bit;
            failed = take_field(walk, child, &frame);
        }
        if (failed) return failed;
        byte = next_byte(walk);
        if (byte == ',') {
            walk->at++;
            if ((byte = next_byte(walk)) == '}') return MALFORMED;
        } else if (byte != '}') {
            return MALFORMED;
        }
    }
    walk->at++;
    for (int64_t at = 0; at < node->counters; at++) {
        failed = take_pair(walk, walk->sink + walk->counter[node->counter + at], (double)frame.counter[at]);
        if (failed) return failed;
    }
    return 0;
}

static void mark_all(Walk *walk) {
    for (int64_t at = 0; at < walk->sinks; at++)
        for (int column = 0; column < COLUMNS; column++) walk->sink[at].mark[column] = walk->sink[at].column[column].count;
    walk->words_mark = walk->book->words;
    walk->sites_mark = walk->site_study.count;
}

/* Forget what was taken of the study. */
static void return_to_marks(Walk *walk, int with_words) {
    for (int64_t at = 0; at < walk->sinks; at++) {
        Sink *sink = walk->sink + at;
        int is_less = sink->slots && sink->column[END_COLUMN].count > sink->mark[END_COLUMN];
        for (int column = 0; column < COLUMNS; column++) sink->column[column].count = sink->mark[column];
        if (!is_less) continue;
        memset(sink->slot, 0, (size_t)sink->slots * sizeof *sink->slot);
        const int64_t *end = sink->column[END_COLUMN].at;
        for (int64_t one = 0; one < sink->column[END_COLUMN].count; one++) {
            int64_t begin = one ? end[one - 1] : 0;
            uint64_t hash = hash_of((const uint8_t *)sink->column[TEXT_COLUMN].at + begin, end[one] - begin);
            int64_t place = (int64_t)(hash & (uint64_t)(sink->slots - 1));
            while (sink->slot[place]) place = (place + 1) & (sink->slots - 1);
            sink->slot[place] = (hash & 0xffffffff00000000ULL) | (uint64_t)(one + 1);
        }
    }
    walk->site_study.count = walk->sites_mark;
    if (with_words) book_truncate(walk->book, walk->words_mark);
}

/* Take a study. 0; how many questions it raises, which `answers` must have when it is called again; or why not. A study that
 * is not taken leaves nothing. */
SHARED int64_t walk_study(Walk *walk, const uint8_t *raw, int64_t size, uint32_t doc, int64_t is_rewritten,
                          const Answers *answers) {
    mark_all(walk);
    walk->asked.count = walk->asked_end.count = walk->asked_number.count = walk->scratch.count = 0;
    for (int64_t at = 0; at < 2 * walk->kepts; at++) walk->kept[at] = -1;
    walk->raw = walk->at = raw;
    walk->end = raw + size;
    walk->doc = doc;
    walk->is_rewritten = is_rewritten;
    walk->answers = *answers;
    walk->questions = 0;
    walk->attempt++;
    int failed = make_room(&walk->scratch, size + 8, 1);
    if (!failed && next_byte(walk) != '{') failed = MALFORMED;
    if (!failed) failed = take_object(walk, walk->node, NULL, 1);
    if (!failed && (next_byte(walk) || walk->at < walk->end)) failed = MALFORMED;
    if (!failed && !walk->asked_end.count) return 0;
    return_to_marks(walk, failed != 0);
    return failed ? failed : walk->asked_end.count;
}

SHARED void walk_close(Walk *walk) {
    if (!walk) return;
    for (int64_t at = 0; walk->sink && at < walk->sinks; at++) {
        for (int column = 0; column < COLUMNS; column++) free(walk->sink[at].column[column].at);
        free(walk->sink[at].slot);
    }
    free(walk->sink);
    free(walk->node);
    free(walk->name);
    free(walk->share);
    free(walk->counter);
    free(walk->slot);
    free(walk->kept);
    free(walk->site_study.at);
    free(walk->asked.at);
    free(walk->asked_end.at);
    free(walk->asked_number.at);
    free(walk->scratch.at);
    free(walk);
}

/* What a walk is opened with; everything is copied but `classes`. */
typedef struct {
    const Node *node;
    const uint8_t *name;
    const Share *share;
    const int64_t *counter;
    const uint8_t *classes;
    int64_t nodes, name_size, shares, counters, sinks, kepts;
} Plan;

static void *copied(const void *from, int64_t size) {
    void *to = malloc(size ? (size_t)size : 1);
    if (to && size) memcpy(to, from, (size_t)size);
    return to;
}

static int64_t slots_for(const Node *node) {
    int64_t slots = node->children ? 4 : 0;
    while (slots && slots < 3 * node->children) slots *= 2;
    return slots;
}

SHARED Walk *walk_open(const Plan *plan, Book *book) {
    Walk *walk = calloc(1, sizeof *walk);
    if (!walk) return NULL;
    int64_t slots = 0;
    for (int64_t at = 0; at < plan->nodes; at++) slots += slots_for(plan->node + at);
    walk->nodes = plan->nodes;
    walk->sinks = plan->sinks;
    walk->kepts = plan->kepts;
    walk->book = book;
    walk->classes = plan->classes;
    walk->node = copied(plan->node, plan->nodes * (int64_t)sizeof(Node));
    walk->name = copied(plan->name, plan->name_size);
    walk->share = copied(plan->share, plan->shares * (int64_t)sizeof(Share));
    walk->counter = copied(plan->counter, plan->counters * (int64_t)sizeof(int64_t));
    walk->slot = calloc((size_t)slots + 1, sizeof *walk->slot);
    walk->kept = calloc((size_t)plan->kepts * 2 + 1, sizeof *walk->kept);
    walk->sink = calloc((size_t)plan->sinks + 1, sizeof *walk->sink);
    if (!walk->node || !walk->name || !walk->share || !walk->counter || !walk->slot || !walk->kept || !walk->sink) {
        walk_close(walk);
        return NULL;
    }
    slots = 0;
    for (int64_t at = 0; at < walk->nodes; at++) {
        Node *node = walk->node + at;
        node->slot = slots;
        node->slots = slots_for(node);
        slots += node->slots;
        for (int64_t child = node->child; child < node->child + node->children; child++) {
            const Node *below = walk->node + child;
            int64_t mask = node->slots - 1, place = (int64_t)(hash_of(walk->name + below->name, below->name_size) & (uint64_t)mask);
            while (walk->slot[node->slot + place]) place = (place + 1) & mask;
            walk->slot[node->slot + place] = (int32_t)child;
        }
    }
    return walk;
}

/* Add a text to the distinct ones of a sink: the values of an enumeration, before any study. 0, or why not. */
SHARED int64_t walk_know(Walk *walk, int64_t sink, const uint8_t *text, int64_t size) {
    int64_t number;
    return find_text(walk->sink + sink, text, size, 1, &number);
}

SHARED const Sink *walk_sinks(const Walk *walk) { return walk->sink; }
SHARED const Column *walk_site_study(const Walk *walk) { return &walk->site_study; }
SHARED const Column *walk_asked(const Walk *walk) { return &walk->asked; }
SHARED const Column *walk_asked_end(const Walk *walk) { return &walk->asked_end; }
SHARED const Column *walk_asked_number(const Walk *walk) { return &walk->asked_number; }
SHARED const int64_t *walk_kept(const Walk *walk) { return walk->kept; }

SHARED void walk_sizes(int64_t *sizes) {
    sizes[0] = sizeof(Node);
    sizes[1] = sizeof(Share);
    sizes[2] = sizeof(Sink);
    sizes[3] = sizeof(Answers);
    sizes[4] = sizeof(Plan);
    sizes[5] = sizeof(Column);
}
