/* Arrays that grow: what a build collects before it is known how much it will be. */

#ifndef TRIALIST_GROWING_H
#define TRIALIST_GROWING_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "kernels.h"

/* Items of one width, which is known from where the array stands. */
typedef struct {
    void *at;
    int64_t count;
    int64_t room;
} Column;

/* Make room for so many more items; 0, or why not. */
static inline int make_room(Column *column, int64_t more, int64_t width) {
    if (more <= column->room - column->count) return 0;
    if (more > INT64_MAX / 4 / width - column->count) return NO_MEMORY;
    int64_t room = column->room < 16 ? 16 : column->room;
    while (room - column->count < more) room *= 2;
    void *at = realloc(column->at, (size_t)(room * width));
    if (!at) return NO_MEMORY;
    column->at = at;
    column->room = room;
    return 0;
}

#define PUSH(name, type)                                         \
    static inline int name(Column *column, type item) {          \
        if (column->count == column->room) {                     \
            int failed = make_room(column, 1, sizeof item);      \
            if (failed) return failed;                           \
        }                                                        \
        ((type *)column->at)[column->count++] = item;            \
        return 0;                                                \
    }
PUSH(push_byte, uint8_t)
PUSH(push_number, uint32_t)
PUSH(push_wide, int64_t)
PUSH(push_hash, uint64_t)
PUSH(push_float, double)
#undef PUSH

static inline int push_bytes(Column *column, const uint8_t *bytes, int64_t size) {
    int failed = make_room(column, size, 1);
    if (failed) return failed;
    if (size) memcpy((uint8_t *)column->at + column->count, bytes, (size_t)size);
    column->count += size;
    return 0;
}

/* All words met so far, and what finds the number of one. */
typedef struct {
    uint64_t key;
    uint32_t number;
    uint32_t size;
} WordSlot;

typedef struct {
    WordSlot *slot;
    int64_t slots; /* a power of two */
    int64_t words;
    Column text;   /* the bytes of all words, one behind the other */
    Column end;    /* of word n (from 1 on), at n - 1: where its bytes end */
    Column spelled; /* a word that is not written as it is kept */
} Book;

/* The hash of bytes by which tables find them; it is written nowhere. */
uint64_t hash_of(const uint8_t *bytes, int64_t length);

/* The first 64 bits of BLAKE2b with a digest of 8 bytes, as `hashing.py` has them. */
uint64_t digest_of(const uint8_t *bytes, int64_t length);

/* Append the numbers of a text's words to `tokens`; `classes` says of every code point what it is. 0, or why not. */
int split_text(Book *book, const uint8_t *classes, const uint8_t *text, int64_t size, Column *tokens);

/* Whether a text may hold an HTML entity. */
int has_entity(const uint8_t *text, int64_t size);

/* Forget the words from this one on. */
void book_truncate(Book *book, int64_t words);

#endif
