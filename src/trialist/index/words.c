/* Words in texts, as `vocabulary.text.split_words` finds them, and their numbers. */

#include "growing.h"

enum { SEPARATES, BELONGS, APOSTROPHE };
enum { CODE_POINTS = 0x110000 };

static inline uint64_t mixed(uint64_t hash, uint64_t eight) {
    hash = (hash ^ eight) * 0x9e3779b97f4a7c15ULL;
    return hash ^ hash >> 29;
}

uint64_t hash_of(const uint8_t *bytes, int64_t length) {
    uint64_t hash = (uint64_t)length * 0xd6e8feb86659fd93ULL, eight;
    for (; length >= 8; length -= 8, bytes += 8) {
        memcpy(&eight, bytes, sizeof eight);
        hash = mixed(hash, eight);
    }
    if (length) {
        eight = 0;
        memcpy(&eight, bytes, (size_t)length);
        hash = mixed(hash, eight);
    }
    hash = mixed(hash, hash >> 32);
    return hash ? hash : 1;
}

/* BLAKE2b (RFC 7693), without a key. */

static const uint64_t START[8] = {
    0x6a09e667f3bcc908ULL, 0xbb67ae8584caa73bULL, 0x3c6ef372fe94f82bULL, 0xa54ff53a5f1d36f1ULL,
    0x510e527fade682d1ULL, 0x9b05688c2b3e6c1fULL, 0x1f83d9abfb41bd6bULL, 0x5be0cd19137e2179ULL,
};
static const uint8_t ORDER[12][16] = {
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
    {11, 8, 12, 0, 5, 2, 15, 13, 10, 14, 3, 6, 7, 1, 9, 4}, {7, 9, 3, 1, 13, 12, 11, 14, 2, 6, 5, 10, 4, 0, 15, 8},
    {9, 0, 5, 7, 2, 4, 10, 15, 14, 1, 11, 12, 6, 8, 3, 13}, {2, 12, 6, 10, 0, 11, 8, 3, 4, 13, 7, 5, 15, 14, 1, 9},
    {12, 5, 1, 15, 14, 13, 4, 10, 0, 7, 6, 3, 9, 2, 8, 11}, {13, 11, 7, 14, 12, 1, 3, 9, 5, 0, 15, 4, 8, 6, 2, 10},
    {6, 15, 14, 9, 11, 3, 0, 8, 12, 2, 13, 7, 1, 4, 10, 5}, {10, 2, 8, 4, 7, 6, 1, 5, 15, 11, 9, 14, 3, 12, 13, 0},
    {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}, {14, 10, 4, 8, 9, 15, 13, 6, 1, 12, 0, 2, 11, 7, 5, 3},
};

static inline uint64_t turned(uint64_t word, int by) { return word >> by | word << (64 - by); }

#define MIX(a, b, c, d, x, y)       \
    a += b + (x);                   \
    d = turned(d ^ a, 32);          \
    c += d;                         \
    b = turned(b ^ c, 24);          \
    a += b + (y);                   \
    d = turned(d ^ a, 16);          \
    c += d;                         \
    b = turned(b ^ c, 63);

static void compress(uint64_t *state, const uint8_t *block, uint64_t bytes, int is_last) {
    uint64_t m[16], v[16];
    memcpy(m, block, sizeof m);
    memcpy(v, state, 8 * sizeof *v);
    memcpy(v + 8, START, sizeof START);
    v[12] ^= bytes;
    if (is_last) v[14] = ~v[14];
    for (int round = 0; round < 12; round++) {
        const uint8_t *s = ORDER[round];
        MIX(v[0], v[4], v[8], v[12], m[s[0]], m[s[1]])
        MIX(v[1], v[5], v[9], v[13], m[s[2]], m[s[3]])
        MIX(v[2], v[6], v[10], v[14], m[s[4]], m[s[5]])
        MIX(v[3], v[7], v[11], v[15], m[s[6]], m[s[7]])
        MIX(v[0], v[5], v[10], v[15], m[s[8]], m[s[9]])
        MIX(v[1], v[6], v[11], v[12], m[s[10]], m[s[11]])
        MIX(v[2], v[7], v[8], v[13], m[s[12]], m[s[13]])
        MIX(v[3], v[4], v[9], v[14], m[s[14]], m[s[15]])
    }
    for (int at = 0; at < 8; at++) state[at] ^= v[at] ^ v[at + 8];
}

uint64_t digest_of(const uint8_t *bytes, int64_t length) {
    uint64_t state[8];
    uint8_t last[128] = {0};
    int64_t done = 0;
    memcpy(state, START, sizeof state);
    state[0] ^= 0x01010000 ^ 8;
    for (; length - done > 128; done += 128) compress(state, bytes + done, (uint64_t)done + 128, 0);
    if (length > done) memcpy(last, bytes + done, (size_t)(length - done));
    compress(state, last, (uint64_t)length, 1);
    return state[0];
}

/* The digests of texts that stand one behind the other, each ending where `ends` says. */
SHARED void digest_texts(const uint8_t *text, const int64_t *ends, int64_t count, uint64_t *digests) {
    for (int64_t at = 0; at < count; at++) {
        int64_t begin = at ? ends[at - 1] : 0;
        digests[at] = digest_of(text + begin, ends[at] - begin);
    }
}

/* The hashes of such texts by which tables find them. */
SHARED void hash_texts(const uint8_t *text, const int64_t *ends, int64_t count, uint64_t *hashes) {
    for (int64_t at = 0; at < count; at++) {
        int64_t begin = at ? ends[at - 1] : 0;
        hashes[at] = hash_of(text + begin, ends[at] - begin);
    }
}

/* What a character is and how many bytes it has; bytes that are no UTF-8 separate. */
static inline int class_of(const uint8_t *classes, const uint8_t *at, const uint8_t *end, int *size) {
    uint32_t byte = *at, code;
    *size = 1;
    if (byte < 0x80) return classes[byte];
    if (byte >= 0xc2 && byte < 0xe0 && end - at > 1) {
        *size = 2;
        code = (byte & 31) << 6 | (at[1] & 63u);
    } else if (byte >= 0xe0 && byte < 0xf0 && end - at > 2) {
        *size = 3;
        code = (byte & 15) << 12 | (at[1] & 63u) << 6 | (at[2] & 63u);
    } else if (byte >= 0xf0 && byte < 0xf5 && end - at > 3) {
        *size = 4;
        code = (byte & 7) << 18 | (at[1] & 63u) << 12 | (at[2] & 63u) << 6 | (at[3] & 63u);
    } else {
        return SEPARATES;
    }
    return code < CODE_POINTS ? classes[code] : SEPARATES;
}

static WordSlot *slot_of(const Book *book, uint64_t key) {
    int64_t at = (int64_t)(key & (uint64_t)(book->slots - 1));
    while (book->slot[at].key && book->slot[at].key != key) at = (at + 1) & (book->slots - 1);
    return book->slot + at;
}

static inline int64_t word_begin(const Book *book, int64_t word) {
    return word ? ((const int64_t *)book->end.at)[word - 1] : 0;
}

/* Find all words anew in a table of so many places. */
static int book_resize(Book *book, int64_t slots) {
    WordSlot *slot = calloc((size_t)slots, sizeof *slot);
    if (!slot) return NO_MEMORY;
    free(book->slot);
    book->slot = slot;
    book->slots = slots;
    for (int64_t word = 0; word < book->words; word++) {
        int64_t begin = word_begin(book, word), size = word_begin(book, word + 1) - begin;
        uint64_t key = hash_of((const uint8_t *)book->text.at + begin, size);
        *slot_of(book, key) = (WordSlot){key, (uint32_t)(word + 1), (uint32_t)size};
    }
    return 0;
}

void book_truncate(Book *book, int64_t words) {
    if (words >= book->words) return;
    book->words = words;
    book->text.count = word_begin(book, words);
    book->end.count = words;
    memset(book->slot, 0, (size_t)book->slots * sizeof *book->slot);
    for (int64_t word = 0; word < words; word++) {
        int64_t begin = word_begin(book, word), size = word_begin(book, word + 1) - begin;
        uint64_t key = hash_of((const uint8_t *)book->text.at + begin, size);
        *slot_of(book, key) = (WordSlot){key, (uint32_t)(word + 1), (uint32_t)size};
    }
}

/* The number of a word, which may be new: from 1 on; or why there is none. Two words of different length with one hash are
 * damage. */
static int64_t number_of(Book *book, const uint8_t *word, int64_t size) {
    uint64_t key = hash_of(word, size);
    WordSlot *slot = slot_of(book, key);
    if (slot->key) return slot->size == (uint32_t)size ? (int64_t)slot->number : DAMAGED;
    if (book->words >= UINT32_MAX - 1 || size > UINT32_MAX) return NO_MEMORY;
    if (2 * book->words >= book->slots) {
        if (book_resize(book, 2 * book->slots)) return NO_MEMORY;
        slot = slot_of(book, key);
    }
    if (make_room(&book->end, 1, sizeof(int64_t)) || push_bytes(&book->text, word, size)) return NO_MEMORY;
    push_wide(&book->end, book->text.count);
    *slot = (WordSlot){key, (uint32_t)++book->words, (uint32_t)size};
    return book->words;
}

/* The same for a word with other apostrophes than the straight one. */
static int64_t number_of_spelled(Book *book, const uint8_t *classes, const uint8_t *word, const uint8_t *end) {
    Column *spelled = &book->spelled;
    spelled->count = 0;
    for (int size; word < end; word += size) {
        int is_apostrophe = class_of(classes, word, end, &size) == APOSTROPHE;
        if (push_bytes(spelled, is_apostrophe ? (const uint8_t *)"'" : word, is_apostrophe ? 1 : size)) return NO_MEMORY;
    }
    return number_of(book, spelled->at, spelled->count);
}

int split_text(Book *book, const uint8_t *classes, const uint8_t *text, int64_t length, Column *tokens) {
    const uint8_t *at = text, *end = text + length;
    int size;
    if (make_room(tokens, length / 2 + 1, sizeof(uint32_t))) return NO_MEMORY;
    while (at < end) {
        if (class_of(classes, at, end, &size) != BELONGS) {
            at += size;
            continue;
        }
        const uint8_t *begin = at;
        int is_straight = 1;
        for (at += size; at < end;) {
            if (*at < 0x80 && classes[*at] == BELONGS) {
                at++;
                continue;
            }
            int class = class_of(classes, at, end, &size), next = 0;
            if (class == APOSTROPHE && at + size < end) { /* one that stands between two letters belongs to the word */
                is_straight &= *at == '\'';
                class = class_of(classes, at + size, end, &next);
            } else if (class == APOSTROPHE) {
                break;
            }
            if (class != BELONGS) break;
            at += size + next;
        }
        int64_t number = is_straight ? number_of(book, begin, at - begin) : number_of_spelled(book, classes, begin, at);
        if (number < 0) return (int)number;
        ((uint32_t *)tokens->at)[tokens->count++] = (uint32_t)number;
    }
    return 0;
}

static inline int is_letter_or_digit(uint8_t byte) {
    return (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
}

int has_entity(const uint8_t *text, int64_t size) {
    const uint8_t *end = text + size, *at = text;
    while (at < end && (at = memchr(at, '&', (size_t)(end - at)))) {
        const uint8_t *after = ++at;
        if (after < end && *after == '#') after++;
        while (after < end && is_letter_or_digit(*after)) after++;
        if (after > at && after < end && *after == ';') return 1;
    }
    return 0;
}

SHARED void book_close(Book *book) {
    if (!book) return;
    free(book->slot);
    free(book->text.at);
    free(book->end.at);
    free(book->spelled.at);
    free(book);
}

/* An empty book, or nothing. */
SHARED Book *book_open(void) {
    Book *book = calloc(1, sizeof *book);
    if (book && book_resize(book, 1 << 16)) {
        book_close(book);
        return NULL;
    }
    return book;
}

SHARED int64_t book_words(const Book *book) { return book->words; }
SHARED const uint8_t *book_text(const Book *book) { return book->text.at; }
SHARED const int64_t *book_ends(const Book *book) { return book->end.at; }

SHARED void column_close(Column *column) {
    free(column->at);
    *column = (Column){0};
}

/* The words of texts that stand one behind the other, each text opened and closed by a boundary; `starts` says where the
 * words of each begin. 0, or why not. */
SHARED int64_t split_texts(Book *book, const uint8_t *classes, const uint8_t *text, const int64_t *ends, int64_t count,
                           Column *tokens, int64_t *starts) {
    for (int64_t at = 0; at < count; at++) {
        int64_t begin = at ? ends[at - 1] : 0;
        starts[at] = tokens->count;
        int failed = push_number(tokens, 0);
        if (!failed) failed = split_text(book, classes, text + begin, ends[at] - begin, tokens);
        if (!failed) failed = push_number(tokens, 0);
        if (failed) return failed;
    }
    return 0;
}
