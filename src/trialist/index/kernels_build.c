/* The loops of a build: words in texts, and chunks joined. As in kernels.c, every array belongs to the caller. */

#include <string.h>

#include "kernels.h"

/* A table of words by a hash of their bytes: 0 is no hash, and no word has number 0. `slots` is a power of two. */
typedef struct {
    uint64_t *keys;
    uint32_t *numbers;
    int64_t slots;
    const uint32_t *sizes; /* of each number: the bytes of its word */
} WordTable;

static inline uint64_t mixed(uint64_t hash, uint64_t eight) {
    hash = (hash ^ eight) * 0x9e3779b97f4a7c15ULL;
    return hash ^ hash >> 29;
}

/* The hash of a word, never 0. */
static uint64_t hash_of(const uint8_t *word, int64_t length) {
    uint64_t hash = (uint64_t)length * 0xd6e8feb86659fd93ULL, eight;
    for (; length >= 8; length -= 8, word += 8) {
        memcpy(&eight, word, sizeof eight);
        hash = mixed(hash, eight);
    }
    if (length) {
        eight = 0;
        memcpy(&eight, word, (size_t)length);
        hash = mixed(hash, eight);
    }
    hash = mixed(hash, hash >> 32);
    return hash ? hash : 1;
}

/* The slot of a hash, or the empty one where it belongs. */
static int64_t slot_of(const WordTable *table, uint64_t key) {
    int64_t slot = (int64_t)(key & (uint64_t)(table->slots - 1));
    while (table->keys[slot] && table->keys[slot] != key) slot = (slot + 1) & (table->slots - 1);
    return slot;
}

/* The words of texts that stand one behind the other: where each begins and ends, its number in the table (0: unknown), its
 * hash, and its text, by the places where texts begin. Returns how many; -2 when a hash belongs to a word of another length. */
SHARED int64_t find_words(const uint8_t *data, int64_t length, const uint8_t *is_word, const int64_t *starts, int64_t texts,
                          const WordTable *table, uint32_t *numbers, uint64_t *keys, int64_t *begins, int64_t *ends,
                          int64_t *owners) {
    int64_t count = 0, text = 0, at = 0;
    while (at < length) {
        while (at < length && !is_word[data[at]]) at++;
        if (at == length) break;
        int64_t begin = at;
        while (at < length && is_word[data[at]]) at++;
        while (text + 1 < texts && starts[text + 1] <= begin) text++;
        uint64_t key = hash_of(data + begin, at - begin);
        int64_t slot = slot_of(table, key);
        uint32_t number = table->keys[slot] ? table->numbers[slot] : 0;
        if (number && table->sizes[number] != (uint32_t)(at - begin)) return DAMAGED;
        numbers[count] = number;
        keys[count] = key;
        begins[count] = begin;
        ends[count] = at;
        owners[count++] = text;
    }
    return count;
}

/* Put words into a table that has room for them. */
SHARED void put_words(const WordTable *table, const uint64_t *keys, const uint32_t *numbers, int64_t count) {
    for (int64_t at = 0; at < count; at++) {
        int64_t slot = slot_of(table, keys[at]);
        table->keys[slot] = keys[at];
        table->numbers[slot] = numbers[at];
    }
}

/* The numbers of hashes in a table, 0 for unknown ones. */
SHARED void look_up_words(const WordTable *table, const uint64_t *keys, int64_t count, uint32_t *numbers) {
    for (int64_t at = 0; at < count; at++) {
        int64_t slot = slot_of(table, keys[at]);
        numbers[at] = table->keys[slot] ? table->numbers[slot] : 0;
    }
}

/* Copy runs of items, one behind the other in `from`, each behind what stands already in its place: place[i] says which place
 * run i belongs to, filled[place] where that is filled to, in items of `width` bytes. 0, or why not. */
SHARED int64_t place_runs(uint8_t *to, int64_t room, int64_t *filled, int64_t filled_count, const int64_t *place,
                          const int64_t *size, int64_t runs, const uint8_t *from, int64_t items, int64_t width) {
    int64_t at = 0;
    for (int64_t run = 0; run < runs; run++) {
        if (place[run] < 0 || place[run] >= filled_count || size[run] < 0 || at + size[run] > items) return DAMAGED;
        int64_t where = filled[place[run]];
        if (where < 0 || where + size[run] > room) return DAMAGED;
        memcpy(to + where * width, from + at * width, (size_t)(size[run] * width));
        filled[place[run]] = where + size[run];
        at += size[run];
    }
    return 0;
}

int64_t word_table_size(void) { return sizeof(WordTable); }
