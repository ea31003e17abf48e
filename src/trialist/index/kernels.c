/* The inner loops of search: words and phrases in the postings of a segment, marks, sums and the best of them.
 *
 * Plain C without Python's headers, called through ctypes (kernels.py, which mirrors the structures below). Nothing here
 * keeps anything between calls; every array belongs to the caller. What comes from a file is checked against the sizes
 * given with it before it is used as a place in memory: a damaged index ends in an error, not in a crash.
 *
 * The arrays are described in layout.py and merge.py. A *unit* is what a field's postings speak of: a study where the
 * field is held as text, a distinct value where it is held as values; studies (or sites) then *hold* a value.
 */

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef __GLIBC__
#include <malloc.h>
#endif
#ifdef _MSC_VER
#include <intrin.h>
#endif

#include "kernels.h"

enum { STRIDE = 8 };

/* An array of numbers that are 32 or 64 bits wide. */
typedef struct {
    const void *at;
    int64_t length;
    int64_t wide;
} Numbers;

static inline int64_t number(const Numbers *numbers, int64_t place) {
    return numbers->wide ? ((const int64_t *)numbers->at)[place]
                         : (int64_t)((const uint32_t *)numbers->at)[place];
}

/* Who holds each value of a field. */
typedef struct {
    Numbers start;
    const uint32_t *holder;
    int64_t pairs;
} Holders;

typedef struct {
    Numbers posting_start;    /* by word: its first posting; one more at the end */
    Numbers block_token;      /* the first token of every 64th posting */
    const uint16_t *low;      /* the unit of a posting: 16 bits */
    const uint8_t *high;      /* and 8 more, or NULL */
    const uint8_t *frequency; /* how many tokens a posting has */
    const uint8_t *impact;
    const void *position;     /* of a token */
    const uint8_t *spelling;
    const uint8_t *study_impact; /* fields held as values: what a value says of a study */
    Holders studies;
    Holders sites;
    int64_t postings;
    int64_t tokens;
    int64_t wide_position;
    int64_t is_values;
} Field;

/* All words of a segment, by their hash, and their place in the fields that have them. */
typedef struct {
    const uint64_t *hash;
    Numbers start;
    const uint8_t *field;
    const uint32_t *place;
    int64_t words;
    int64_t places;
} Words;

/* Sequences of words looked for in some fields.
 *
 * Slot s of a sequence asks for word slot_word[s] of `asked` (-1: the end of a value) in the spelling slot_spelling[s] (0: any).
 * In looked[f] the sequences from first[f] to last[f] count, those from distant[f] on as synonyms.
 */
typedef struct {
    const Field *fields;
    const Words *words;
    const uint64_t *asked;
    const int32_t *slot_word;
    const uint8_t *slot_spelling;
    const int32_t *sequence_end;
    const int32_t *looked;
    const int32_t *first;
    const int32_t *distant;
    const int32_t *last;
    const double *weight;
    int64_t *counts;    /* by looked field: how many were found; given if `counted`, else written */
    uint8_t *mask;      /* by study or site: set to 1 where something is found; or NULL */
    float *powers;      /* by study: grows by the third power of what is found; or NULL */
    uint8_t *touched;   /* by block of 64 studies: set to 1 where a power grows */
    uint64_t *seen;     /* by block of 64 studies: a bit for each, all 0 before and after */
    const uint8_t *only; /* by study: where phrases in texts are looked for; or NULL, everywhere */
    int64_t asked_count;
    int64_t looked_count;
    int64_t units;      /* the length of mask and powers */
    int64_t of_sites;
    int64_t counted;
    double studies;     /* in all, for rarity */
    double synonym;     /* what a synonym counts */
} Request;

typedef struct {
    uint32_t *unit;
    uint8_t *impact;
    int64_t count;
    int64_t room;
} Hits;

/* The postings of one slot of a phrase, read forward. */
typedef struct {
    int64_t next, last;      /* postings */
    int64_t posting, token;  /* a posting whose first token is known */
    int32_t shift;           /* the slot's place behind that of the rarest word */
    uint8_t spelling;
} Run;

static inline uint32_t unit_of(const Field *field, int64_t posting) {
    uint32_t unit = field->low[posting];
    return field->high ? unit | (uint32_t)field->high[posting] << 16 : unit;
}

static int add_hit(Hits *hits, uint32_t unit, uint8_t impact) {
    if (hits->count == hits->room) {
        int64_t room = hits->room ? hits->room * 2 : 1024;
        uint32_t *units = realloc(hits->unit, (size_t)room * sizeof *units);
        if (!units) return NO_MEMORY;
        hits->unit = units;
        uint8_t *impacts = realloc(hits->impact, (size_t)room);
        if (!impacts) return NO_MEMORY;
        hits->impact = impacts;
        hits->room = room;
    }
    hits->unit[hits->count] = unit;
    hits->impact[hits->count++] = impact;
    return 0;
}

/* The first posting from `from` on whose unit is not below `unit`: doubling steps, then halving. */
static int64_t seek(const Field *field, int64_t from, int64_t last, uint32_t unit) {
    if (from >= last || unit_of(field, from) >= unit) return from;
    int64_t step = 1;
    while (from + step < last && unit_of(field, from + step) < unit) {
        from += step;
        step *= 2;
    }
    int64_t high = from + step < last ? from + step : last;
    while (high - from > 1) {
        int64_t middle = from + (high - from) / 2;
        if (unit_of(field, middle) < unit)
            from = middle;
        else
            high = middle;
    }
    return high;
}

/* How many tokens postings have: the sum of their bytes, eight at a time. */
static inline int64_t sum_of(const Field *field, int64_t from, int64_t to) {
    const uint64_t even = 0x00ff00ff00ff00ffULL, ones = 0x0001000100010001ULL;
    const uint8_t *frequency = field->frequency;
    uint64_t sum = 0, eight;
    for (; to - from >= 8; from += 8) {
        memcpy(&eight, frequency + from, sizeof eight);
        sum += ((eight & even) + (eight >> 8 & even)) * ones >> 48;
    }
    if (from == to) return (int64_t)sum;
    if (from + 8 <= field->postings) { /* the last few: what is behind them is shifted out (bytes of a file are little-endian) */
        memcpy(&eight, frequency + from, sizeof eight);
        eight <<= 8 * (8 - (to - from));
        return (int64_t)(sum + (((eight & even) + (eight >> 8 & even)) * ones >> 48));
    }
    for (; from < to; from++) sum += frequency[from];
    return (int64_t)sum;
}

/* The first token of a posting. */
static inline int64_t token_of(const Field *field, const Run *run, int64_t posting) {
    int64_t from = posting & ~(int64_t)(BLOCK - 1);
    if (run->posting >= from && run->posting <= posting) return run->token + sum_of(field, run->posting, posting);
    return number(&field->block_token, (int64_t)((uint64_t)posting / BLOCK)) + sum_of(field, from, posting);
}

static inline int64_t position_of(const Field *field, int64_t token) {
    return field->wide_position ? ((const uint32_t *)field->position)[token]
                                : ((const uint16_t *)field->position)[token];
}

/* The tokens of a unit, whose postings begin at run->next; moves behind them. */
static inline int tokens_of(const Field *field, Run *run, uint32_t unit, int64_t *from, int64_t *to) {
    int64_t first = run->next, end = first + 1, token = token_of(field, run, first), next = token + field->frequency[first];
    for (; end < run->last && unit_of(field, end) == unit; end++) next += field->frequency[end];
    *from = token;
    *to = next;
    run->next = run->posting = end;
    run->token = next;
    return token < 0 || next > field->tokens ? DAMAGED : 0;
}

/* Keep of the places where the rarest word stands those behind which this word stands as it must. */
static int64_t keep_followed(const Field *field, const Run *run, int64_t from, int64_t to, int64_t *place, int64_t count) {
    int64_t kept = 0;
    for (int64_t at = 0; at < count && from < to; at++) {
        int64_t wanted = place[at] + run->shift;
        while (from + STRIDE < to && position_of(field, from + STRIDE) < wanted) from += STRIDE;
        while (from < to && position_of(field, from) < wanted) from++;
        /* A place has one token: no other of the same position follows. */
        if (from < to && position_of(field, from) == wanted &&
            (!run->spelling || field->spelling[from] == run->spelling))
            place[kept++] = place[at];
    }
    return kept;
}

typedef struct {
    Run *run;
    int64_t *place;
    int64_t room;
} Scratch;

static int open_run(const Field *field, int64_t place, Run *run) {
    if (place < 0 || place + 1 >= field->posting_start.length) return DAMAGED;
    run->next = number(&field->posting_start, place);
    run->last = number(&field->posting_start, place + 1);
    run->posting = -BLOCK;
    run->token = 0;
    return run->next < 0 || run->last < run->next || run->last > field->postings ? DAMAGED : 0;
}

/* Write down where the rarest word of a phrase stands in a unit; how often, or why not. */
static int64_t rarest_places(const Field *field, Scratch *scratch, uint32_t unit) {
    Run *run = scratch->run;
    int64_t from, to, count = 0;
    if (tokens_of(field, run, unit, &from, &to)) return DAMAGED;
    if (to - from > scratch->room) {
        int64_t *places = realloc(scratch->place, (size_t)(to - from) * sizeof *places);
        if (!places) return NO_MEMORY;
        scratch->place = places;
        scratch->room = to - from;
    }
    for (; from < to; from++)
        if (!run->spelling || field->spelling[from] == run->spelling) scratch->place[count++] = position_of(field, from);
    return count;
}

/* The units in which words stand one behind the other; each run's shift is its place in the sequence at first. */
static int find_phrase(const Field *field, Scratch *scratch, int64_t length, const uint8_t *only, int64_t units,
                       Hits *hits) {
    Run *run = scratch->run;
    for (int64_t at = 1; at < length; at++) { /* rarest first */
        Run moved = run[at];
        int64_t to = at;
        for (; to > 0 && run[to - 1].last - run[to - 1].next > moved.last - moved.next; to--) run[to] = run[to - 1];
        run[to] = moved;
    }
    int32_t origin = run[0].shift;
    for (int64_t at = 0; at < length; at++) run[at].shift -= origin;
    while (run[0].next < run[0].last) {
        uint32_t unit = unit_of(field, run[0].next);
        if (only) {
            if (unit >= units) return DAMAGED;
            if (!only[unit]) {
                run[0].next++;
                continue;
            }
        }
        uint8_t impact = field->impact[run[0].next];
        int64_t from, to, count = 0;
        /* Word by word, rarest first: most studies are done with before the frequent words are looked at. */
        for (int64_t other = 1; other < length; other++) {
            Run *one = run + other;
            one->next = seek(field, one->next, one->last, unit);
            if (one->next >= one->last) return 0;
            uint32_t found = unit_of(field, one->next);
            if (found != unit) {
                run[0].next = seek(field, run[0].next, run[0].last, found);
                count = -1;
                break;
            }
            if (other == 1 && (count = rarest_places(field, scratch, unit)) < 0) return (int)count;
            if (tokens_of(field, one, unit, &from, &to)) return DAMAGED;
            count = keep_followed(field, one, from, to, scratch->place, count);
            if (!count) break;
        }
        if (length == 1 && (count = rarest_places(field, scratch, unit)) < 0) return (int)count;
        if (count > 0) {
            int failed = add_hit(hits, unit, impact);
            if (failed) return failed;
        }
    }
    return 0;
}

/* What one sequence finds in one field: a span of postings, or hits that were written down.
 *
 * `most` is how many hits there would be at most if they were not looked for in some studies only.
 */
typedef struct {
    int64_t from, to;
    int64_t most;
    int64_t is_span;
    double share;
} Result;

static inline const Holders *holders_of(const Field *field, const Request *request) {
    return request->of_sites ? &field->sites : &field->studies;
}

static int span_of(const Holders *holders, uint32_t value, int64_t *from, int64_t *to) {
    if ((int64_t)value + 1 >= holders->start.length) return DAMAGED;
    *from = number(&holders->start, value);
    *to = number(&holders->start, (int64_t)value + 1);
    return *from < 0 || *to < *from || *to > holders->pairs ? DAMAGED : 0;
}

static inline uint32_t hit_unit(const Field *field, const Hits *hits, const Result *result, int64_t at) {
    return result->is_span ? unit_of(field, at) : hits->unit[at];
}

/* How many studies (or sites) a result has, those with several of its values counted as often, a phrase in texts as often as
 * its rarest word: so rarity is the same wherever it is looked for. */
static int count_result(const Field *field, const Request *request, const Hits *hits, const Result *result, int64_t *count) {
    if (!field->is_values) {
        *count += result->is_span ? result->to - result->from : result->most;
        return 0;
    }
    const Holders *holders = holders_of(field, request);
    for (int64_t at = result->from; at < result->to; at++) {
        int64_t from, to;
        if (span_of(holders, hit_unit(field, hits, result, at), &from, &to)) return DAMAGED;
        *count += to - from;
    }
    return 0;
}

static int mark_result(const Field *field, const Request *request, const Hits *hits, const Result *result) {
    const int64_t units = request->units;
    uint8_t *mask = request->mask;
    for (int64_t at = result->from; at < result->to; at++) {
        uint32_t unit = hit_unit(field, hits, result, at);
        if (!field->is_values) {
            if (unit >= units) return DAMAGED;
            mask[unit] = 1;
            continue;
        }
        const Holders *holders = holders_of(field, request);
        int64_t from, to;
        if (span_of(holders, unit, &from, &to)) return DAMAGED;
        for (; from < to; from++) {
            if (holders->holder[from] >= units) return DAMAGED;
            mask[holders->holder[from]] = 1;
        }
    }
    return 0;
}

/* What a result says of studies: `table` has the power of each impact, `only` where it counts (or NULL). */

static int score_texts(const Field *field, const Request *request, const Hits *hits, const Result *result, const float *table) {
    const int64_t units = request->units, to = result->to;
    float *restrict powers = request->powers;
    uint8_t *restrict touched = request->touched;
    const uint8_t *restrict only = request->only;
    const uint16_t *restrict low = field->low;
    const uint8_t *restrict high = field->high, *restrict impact = result->is_span ? field->impact : hits->impact;
    const uint32_t *restrict unit_at = hits->unit;
    const int is_span = (int)result->is_span;
    int64_t before = -1;
    for (int64_t at = result->from; at < to; at++) {
        uint32_t unit = !is_span ? unit_at[at] : high ? low[at] | (uint32_t)high[at] << 16 : low[at];
        if (unit >= units) return DAMAGED;
        if (unit == before || (only && !only[unit])) continue; /* a study that comes twice counts once */
        powers[unit] += table[impact[at]];
        touched[unit / BLOCK] = 1;
        before = unit;
    }
    return 0;
}

static inline int lowest_bit(uint64_t bits) {
#ifdef _MSC_VER
    unsigned long place;
    _BitScanForward64(&place, bits);
    return (int)place;
#else
    return __builtin_ctzll(bits);
#endif
}

/* The holders of many values come in no order, and some hold several of them. So each is first marked by a bit, all of which
 * fit into a processor's cache; then what is marked is gone through in order, and the bits are cleared. */
static int score_values(const Field *field, const Request *request, const Hits *hits, const Result *result, const float *table) {
    const int64_t units = request->units;
    uint64_t *restrict seen = request->seen;
    const uint32_t *restrict holder = field->studies.holder;
    uint32_t lowest = UINT32_MAX, highest = 0;
    int failed = 0;
    for (int64_t at = result->from; at < result->to && !failed; at++) {
        int64_t from, to;
        failed = span_of(&field->studies, hit_unit(field, hits, result, at), &from, &to);
        for (; !failed && from < to; from++) {
            uint32_t study = holder[from];
            if (study >= units) {
                failed = DAMAGED;
                break;
            }
            seen[study / BLOCK] |= 1ULL << study % BLOCK;
            lowest = study < lowest ? study : lowest;
            highest = study > highest ? study : highest;
        }
    }
    if (lowest > highest) return failed;
    float *restrict powers = request->powers;
    uint8_t *restrict touched = request->touched;
    const uint8_t *restrict only = request->only, *restrict impact = field->study_impact;
    for (uint32_t block = lowest / BLOCK; block <= highest / BLOCK; block++) {
        uint64_t bits = seen[block];
        if (!bits) continue;
        seen[block] = 0;
        touched[block] = 1;
        for (; bits; bits &= bits - 1) {
            uint32_t study = block * BLOCK + (uint32_t)lowest_bit(bits);
            if (!only || only[study]) powers[study] += table[impact[study]];
        }
    }
    return failed;
}

/* `worth` times the impact as a share of 255, to the third power; a study that comes twice counts once. */
static int score_result(const Field *field, const Request *request, const Hits *hits, const Result *result, double worth) {
    if (result->from == result->to) return 0;
    float table[256];
    float step = (float)(worth / 255);
    for (int impact = 0; impact < 256; impact++) {
        float one = (float)(impact ? impact : 1) * step; /* the least impact still is something */
        table[impact] = one * one * one;
    }
    if (!field->is_values) return score_texts(field, request, hits, result, table);
    return score_values(field, request, hits, result, table);
}

/* The inverse document frequency of BM25 (Robertson and Zaragoza 2009, section 3.1), never negative. */
static double rarity(double studies, double found) {
    double others = studies > found ? studies - found : 0;
    return log(1 + (others + 0.5) / (found + 0.5));
}

static int64_t word_at(const Words *words, uint64_t hash) {
    int64_t low = 0, high = words->words;
    while (low < high) {
        int64_t middle = low + (high - low) / 2;
        if (words->hash[middle] < hash)
            low = middle + 1;
        else
            high = middle;
    }
    return low < words->words && words->hash[low] == hash ? low : -1;
}

/* For every word asked its place in every field looked in, or -1. */
static int locate(const Request *request, int32_t *places) {
    int64_t looked_count = request->looked_count;
    int32_t column[256];
    memset(column, -1, sizeof column);
    for (int64_t at = 0; at < looked_count; at++) column[request->looked[at] & 255] = (int32_t)at;
    memset(places, -1, (size_t)(request->asked_count * looked_count) * sizeof *places);
    for (int64_t asked = 0; asked < request->asked_count; asked++) {
        int64_t word = word_at(request->words, request->asked[asked]);
        if (word < 0) continue;
        int64_t from = number(&request->words->start, word), to = number(&request->words->start, word + 1);
        if (from < 0 || to < from || to > request->words->places) return DAMAGED;
        for (; from < to; from++) {
            int32_t at = column[request->words->field[from]];
            if (at >= 0) places[asked * looked_count + at] = (int32_t)request->words->place[from];
        }
    }
    return 0;
}

/* Look one sequence up in one field; a result of nothing where a word is not in the field. */
static int find_sequence(const Request *request, const int32_t *places, int64_t looked, int64_t sequence, Scratch *scratch,
                         Hits *hits, Result *result) {
    const Field *field = request->fields + request->looked[looked];
    int32_t from = sequence ? request->sequence_end[sequence - 1] : 0, to = request->sequence_end[sequence];
    result->from = result->to = hits->count;
    result->is_span = result->most = 0;
    int64_t words = 0;
    for (int32_t slot = from; slot < to; slot++) {
        int32_t asked = request->slot_word[slot];
        int64_t place = asked < 0 ? 0 : places[asked * request->looked_count + looked];
        if (place < 0) return 0;
        words += asked >= 0;
        Run *run = scratch->run + (slot - from);
        int failed = open_run(field, place, run);
        if (failed) return failed;
        run->shift = slot - from;
        run->spelling = request->slot_spelling[slot];
    }
    if (!words) return 0;
    if (to - from == 1 && !scratch->run[0].spelling) {
        result->from = scratch->run[0].next;
        result->to = scratch->run[0].last;
        result->is_span = 1;
        return 0;
    }
    int64_t most = INT64_MAX;
    for (int32_t slot = 0; slot < to - from; slot++) {
        int64_t size = scratch->run[slot].last - scratch->run[slot].next;
        if (size < most) most = size;
    }
    result->most = most;
    const uint8_t *only = field->is_values ? NULL : request->only;
    int failed = find_phrase(field, scratch, to - from, only, request->units, hits);
    result->to = hits->count;
    return failed;
}

static int find_in_field(const Request *request, const int32_t *places, int64_t looked, Scratch *scratch, Hits *hits,
                         Result *results) {
    const Field *field = request->fields + request->looked[looked];
    int64_t first = request->first[looked], last = request->last[looked], found = 0;
    int failed = 0;
    hits->count = 0;
    for (int64_t sequence = first; sequence < last; sequence++) {
        Result *result = results + (sequence - first);
        failed = find_sequence(request, places, looked, sequence, scratch, hits, result);
        if (!failed && request->mask) failed = mark_result(field, request, hits, result);
        if (!failed && !request->counted && request->counts) failed = count_result(field, request, hits, result, &found);
        if (failed) return failed;
        result->share = sequence < request->distant[looked] ? 1.0 : request->synonym;
    }
    if (request->counts && !request->counted) request->counts[looked] = found;
    if (!request->powers) return 0;
    /* The whole group is as rare as all that it finds: a rare synonym says no more than the common name. */
    double worth = request->weight[looked] * rarity(request->studies, (double)request->counts[looked]);
    for (int64_t at = 0; at < last - first; at++) {
        double share = worth * results[at].share;
        failed = score_result(field, request, hits, results + at, share > 1e-4 ? share : 1e-4);
        if (failed) return failed;
    }
    return 0;
}

/* Mark, count and score what a request finds; 0, or why not. */
SHARED int64_t find_sequences(const Request *request) {
    int64_t longest = 1, most = 1;
    int failed = NO_MEMORY;
    for (int64_t at = 0; at < request->looked_count; at++) {
        int64_t size = request->last[at] - request->first[at];
        if (size > most) most = size;
        for (int64_t sequence = request->first[at]; sequence < request->last[at]; sequence++) {
            int64_t length = request->sequence_end[sequence] - (sequence ? request->sequence_end[sequence - 1] : 0);
            if (length > longest) longest = length;
        }
    }
    Hits hits = {0};
    Scratch scratch = {malloc((size_t)longest * sizeof(Run)), NULL, 0};
    Result *results = malloc((size_t)most * sizeof *results);
    int32_t *places = malloc((size_t)(request->asked_count * request->looked_count + 1) * sizeof *places);
    if (scratch.run && results && places) {
        failed = locate(request, places);
        for (int64_t at = 0; at < request->looked_count && !failed; at++)
            failed = find_in_field(request, places, at, &scratch, &hits, results);
    }
    free(scratch.run);
    free(scratch.place);
    free(results);
    free(places);
    free(hits.unit);
    free(hits.impact);
    return failed;
}

/* Whether all bytes are 0. */
static int is_zero(const void *bytes, int64_t length) {
    const uint8_t *at = bytes;
    uint64_t any = 0, eight;
    for (; length >= 8; length -= 8, at += 8) {
        memcpy(&eight, at, sizeof eight);
        any |= eight;
    }
    for (; length > 0; length--) any |= *at++;
    return !any;
}

/* The cube root of a number that is not negative, to six digits; below 1e-30 the next to nothing that is left of it.
 *
 * A guess from its exponent, bettered by Halley's steps; without a branch, so that compilers make several at a time, and
 * kept off the smallest numbers, which are slow.
 */
static inline float cube_root(float number) {
    float raised = number + 1e-30f, root;
    int32_t bits;
    memcpy(&bits, &raised, sizeof bits);
    bits = (int32_t)((float)bits * (1.0f / 3)) + 0x2a514067;
    memcpy(&root, &bits, sizeof root);
    for (int step = 0; step < 2; step++) {
        float cube = root * root * root;
        root *= (cube + 2 * raised) / (2 * cube + raised);
    }
    return root * (float)(number > 0);
}

/* Add the cube roots of sums to scores, mark what had a sum, and clear the sums. */
SHARED WIDE void take_powers(int64_t units, float *powers, uint8_t *touched, float *score, uint8_t *mask) {
    for (int64_t from = 0; from < units; from += BLOCK) {
        if (!touched[from / BLOCK]) continue; /* most studies have nothing of most words */
        int64_t count = units - from < BLOCK ? units - from : BLOCK;
        float *power = powers + from;
        touched[from / BLOCK] = 0;
        for (int64_t at = 0; at < count; at++) score[from + at] += cube_root(power[at]);
        for (int64_t at = 0; at < count; at++) mask[from + at] |= power[at] > 0;
        memset(power, 0, (size_t)count * sizeof *power);
    }
}

/* A bit for each of up to 64 marks, which are 0 or 1; eight are brought together by one multiplication. */
static inline uint64_t bits_of(const uint8_t *mask, int64_t count) {
    uint64_t bits = 0, eight;
    int64_t at = 0;
#if !defined(__BYTE_ORDER__) || __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (; at + 8 <= count; at += 8) {
        memcpy(&eight, mask + at, sizeof eight);
        bits |= (eight * 0x0102040810204080ULL >> 56) << at;
    }
#else
    (void)eight;
#endif
    for (; at < count; at++) bits |= (uint64_t)mask[at] << at;
    return bits;
}

/* The marks as bits, a block of 64 in each item of `bits`, and the scores of what is marked, one behind the other.
 *
 * `bits`, or `score` with `scores`, may be NULL. How many are marked. */
SHARED int64_t pack_marked(int64_t units, const uint8_t *mask, const float *score, uint64_t *bits, float *scores) {
    int64_t count = 0;
    for (int64_t from = 0; from < units; from += BLOCK) {
        uint64_t marked = bits_of(mask + from, units - from < BLOCK ? units - from : BLOCK);
        if (bits) bits[from / BLOCK] = marked;
        for (; score && marked; marked &= marked - 1) scores[count++] = score[from + lowest_bit(marked)];
    }
    return count;
}

/* Undo it: set marks, and scores if there are any, all 0 before. */
SHARED void spread_marked(int64_t units, const uint64_t *bits, const float *scores, uint8_t *mask, float *score) {
    for (int64_t from = 0; from < units; from += BLOCK) {
        for (uint64_t marked = bits[from / BLOCK]; marked; marked &= marked - 1) {
            int64_t at = from + lowest_bit(marked);
            if (at >= units) return;
            mask[at] = 1;
            if (scores) score[at] = *scores++;
        }
    }
}

static inline int is_before(double value, int64_t place, double other, int64_t other_place) {
    return value > other || (value == other && place > other_place);
}

/* Put an item where it belongs in a heap whose first item is the worst. */
static void sink(double *values, int64_t *places, int64_t count, int64_t at, double value, int64_t place) {
    for (;;) {
        int64_t child = 2 * at + 1;
        if (child >= count) break;
        if (child + 1 < count && is_before(values[child], places[child], values[child + 1], places[child + 1])) child++;
        if (!is_before(value, place, values[child], places[child])) break;
        values[at] = values[child];
        places[at] = places[child];
        at = child;
    }
    values[at] = value;
    places[at] = place;
}

/* The marked places with the highest values, in no order: score[place] × factor[place], or factor alone, or score alone, or 0.
 * Of equal values the later place comes first; a value that is no number counts as lower than any. With a finite
 * `most_factor` no factor is above it and no score below 0. Returns how many. */
SHARED WIDE int64_t find_best(int64_t units, const uint8_t *mask, const float *score, const double *factor,
                              double most_factor, int64_t most, double *values, int64_t *places) {
    double value[BLOCK];
    int64_t count = 0;
    if (most <= 0) return 0;
    for (int64_t end = units; end > 0; end -= BLOCK) {
        int64_t start = end > BLOCK ? end - BLOCK : 0, size = end - start;
        if (is_zero(mask + start, size)) continue;
        if (count == most && score && factor && most_factor < INFINITY) { /* most blocks cannot hold anything better, whatever their factors are */
            int better = 0;
            for (int64_t at = 0; at < size; at++)
                better |= ((double)score[start + at] * most_factor > values[0]) & (mask[start + at] != 0);
            if (!better) continue;
        }
        if (score && factor)
            for (int64_t at = 0; at < size; at++) value[at] = (double)score[start + at] * factor[start + at];
        else
            for (int64_t at = 0; at < size; at++) value[at] = score ? (double)score[start + at] : factor ? factor[start + at] : 1;
        if (count == most) { /* most blocks hold nothing better: no branch for each place */
            int better = 0;
            for (int64_t at = 0; at < size; at++) better |= (value[at] > values[0]) & (mask[start + at] != 0);
            if (!better) continue;
        }
        for (int64_t at = size - 1; at >= 0; at--) {
            if (!mask[start + at]) continue;
            double one = value[at] == value[at] ? value[at] : -INFINITY;
            if (count < most) {
                values[count] = one;
                places[count++] = start + at;
                if (count < most) continue;
                if (!score && !factor) return count;
                for (int64_t root = count / 2 - 1; root >= 0; root--)
                    sink(values, places, count, root, values[root], places[root]);
            } else if (one > values[0]) { /* of equals the later place is there already */
                sink(values, places, count, 0, one, start + at);
            }
        }
    }
    return count;
}

/* Mark those who hold a wanted value; 0, or why not. */
SHARED int64_t mark_holders(const Holders *holders, const uint8_t *wanted, uint8_t *mask, int64_t units) {
    for (int64_t value = 0; value + 1 < holders->start.length; value++) {
        if (!wanted[value]) continue;
        int64_t from, to;
        if (span_of(holders, (uint32_t)value, &from, &to)) return DAMAGED;
        for (; from < to; from++) {
            if (holders->holder[from] >= units) return DAMAGED;
            mask[holders->holder[from]] = 1;
        }
    }
    return 0;
}

/* Mark the owners of those who hold a wanted value; 0, or why not. */
SHARED int64_t mark_holders_owners(const Holders *holders, const uint8_t *wanted, const uint32_t *owner, int64_t owned,
                                   uint8_t *mask, int64_t units) {
    for (int64_t value = 0; value + 1 < holders->start.length; value++) {
        if (!wanted[value]) continue;
        int64_t from, to;
        if (span_of(holders, (uint32_t)value, &from, &to)) return DAMAGED;
        for (; from < to; from++) {
            uint32_t holder = holders->holder[from];
            if (holder >= owned || owner[holder] >= units) return DAMAGED;
            mask[owner[holder]] = 1;
        }
    }
    return 0;
}

/* For each of some studies how far its nearest site is: `point_place` lists the places of sites, those of study n from
 * `start[n]` to `start[n + 1]`, `away` says how far each place is. Infinite where no site has a place; 0, or why not. */
SHARED int64_t find_nearest(const int64_t *studies, int64_t count, const uint32_t *start, int64_t units,
                            const uint32_t *point_place, int64_t points, const double *away, int64_t places,
                            double *nearest) {
    for (int64_t at = 0; at < count; at++) {
        double least = INFINITY;
        if (studies[at] < 0 || studies[at] >= units) return DAMAGED;
        uint32_t from = start[studies[at]], to = start[studies[at] + 1];
        if (from > to || to > points) return DAMAGED;
        for (; from < to; from++) {
            if (point_place[from] >= places) return DAMAGED;
            if (away[point_place[from]] < least) least = away[point_place[from]];
        }
        nearest[at] = least;
    }
    return 0;
}

/* Mark the studies of which a site is at a wanted place: `start` and `point_place` as above; 0, or why not. */
SHARED int64_t mark_placed(const uint32_t *start, int64_t units, const uint32_t *point_place, int64_t points,
                           const uint8_t *wanted, int64_t places, uint8_t *mask) {
    for (int64_t unit = 0; unit < units; unit++) {
        uint32_t from = start[unit], to = start[unit + 1];
        uint8_t found = 0;
        if (from > to || to > points) return DAMAGED;
        for (; from < to; from++) {
            if (point_place[from] >= places) return DAMAGED;
            found |= wanted[point_place[from]];
        }
        mask[unit] = found;
    }
    return 0;
}

/* Mark the studies that have a marked site; 0, or why not. */
SHARED int64_t mark_owners(const uint8_t *marked, const uint32_t *site_study, int64_t sites, uint8_t *mask, int64_t units) {
    for (int64_t from = 0; from < sites; from += BLOCK) {
        int64_t count = sites - from < BLOCK ? sites - from : BLOCK;
        if (is_zero(marked + from, count)) continue;
        for (int64_t at = from; at < from + count; at++) {
            if (site_study[at] >= units) return DAMAGED;
            if (marked[at]) mask[site_study[at]] = 1;
        }
    }
    return 0;
}

/* Mark the sites whose study is marked; 0, or why not. */
SHARED int64_t mark_owned(const uint8_t *marked, const uint32_t *site_study, int64_t sites, uint8_t *mask, int64_t units) {
    for (int64_t at = 0; at < sites; at++) {
        if (site_study[at] >= units) return DAMAGED;
        mask[at] = marked[site_study[at]];
    }
    return 0;
}

/* How many of the studies that hold each value are marked; 0, or why not. */
SHARED int64_t count_holders(const Holders *holders, const uint8_t *mask, int64_t units, int64_t *counts) {
    for (int64_t value = 0; value + 1 < holders->start.length; value++) {
        int64_t from, to, count = 0;
        if (span_of(holders, (uint32_t)value, &from, &to)) return DAMAGED;
        for (; from < to; from++) {
            if (holders->holder[from] >= units) return DAMAGED;
            count += mask[holders->holder[from]];
        }
        counts[value] = count;
    }
    return 0;
}

/* The number of a study in a column whose items have `width` bytes. */
static inline uint32_t column_item(const void *column, int64_t width, int64_t at) {
    return width == 1   ? ((const uint8_t *)column)[at]
           : width == 2 ? ((const uint16_t *)column)[at]
                        : ((const uint32_t *)column)[at];
}

/* How many marked studies have each bit; `width` is the bytes of a bit mask. */
SHARED void count_bits(const void *bits, int64_t width, const uint8_t *mask, int64_t units, int64_t *counts) {
    for (int64_t at = 0; at < units; at++) {
        if (!mask[at]) continue;
        uint32_t had = column_item(bits, width, at);
        for (int bit = 0; had; bit++, had >>= 1) counts[bit] += had & 1;
    }
}

/* How many of some studies have each number of a column of `units` items; no number may be `most` or more.
 *
 * There is room for four counts of each number: neighbours often have the same, and one count would wait for the other.
 */
SHARED int64_t count_numbers(
    const void *column, int64_t width, int64_t units, const int64_t *places, int64_t length, int64_t *counts,
    int64_t most
) {
    for (int64_t at = 0; at < length; at++) {
        if (places[at] < 0 || places[at] >= units) return DAMAGED;
        uint32_t had = column_item(column, width, places[at]);
        if (had >= most) return DAMAGED;
        counts[4 * (int64_t)had + (at & 3)]++;
    }
    return 0;
}

/* The same of a column in which a study has several numbers: those from `begin[study]` up to that of the next study. */
SHARED int64_t count_listed(
    const uint32_t *listed, int64_t numbers, const int64_t *begin, int64_t units, const int64_t *places, int64_t length,
    int64_t *counts, int64_t most
) {
    for (int64_t at = 0; at < length; at++) {
        if (places[at] < 0 || places[at] >= units) return DAMAGED;
        int64_t from = begin[places[at]], to = begin[places[at] + 1];
        if (from < 0 || to > numbers) return DAMAGED;
        for (; from < to; from++) {
            if (listed[from] >= most) return DAMAGED;
            counts[listed[from]]++;
        }
    }
    return 0;
}

/* From now on memory that is freed is kept for the next who wants some, up to so many bytes; whether that is so. */
SHARED int keep_freed(int64_t bytes) {
#ifdef __GLIBC__
    return mallopt(M_MMAP_THRESHOLD, 32 << 20) && mallopt(M_TRIM_THRESHOLD, bytes < INT32_MAX ? (int)bytes : INT32_MAX);
#else
    (void)bytes;
    return 0;
#endif
}

/* The sizes of the structures, so that a library of another version is not used. */
SHARED void structure_sizes(int64_t *sizes) {
    sizes[0] = sizeof(Field);
    sizes[1] = sizeof(Words);
    sizes[2] = sizeof(Request);
    sizes[3] = sizeof(Holders);
}

/* Python's build of extensions exports this name on some systems; nothing calls it. */
SHARED void *PyInit__kernels(void) { return NULL; }
