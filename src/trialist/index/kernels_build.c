/* The loops of a build: chunks joined. As in kernels.c, every array belongs to the caller. */

#include <string.h>

#include "kernels.h"

/* Copy runs of items, one behind the other in `from`, each behind what stands already in its place: place[i] says which place
 * run i belongs to, filled[place] where that is filled to, in items of `width` bytes. 0, or why not. */
SHARED int64_t place_runs(uint8_t *to, int64_t room, int64_t *filled, int64_t filled_count, const int64_t *place,
                          const int64_t *size, int64_t runs, const uint8_t *from, int64_t items, int64_t width) {
    int64_t at = 0;
    for (int64_t run = 0; run < runs; run++) {
        if (place[run] < 0 || place[run] >= filled_count || size[run] < 0 || at + size[run] > items) return DAMAGED;
        int64_t where = filled[place[run]];
        if (where < 0 || where + size[run] > room) return DAMAGED;
        if (size[run]) memcpy(to + where * width, from + at * width, (size_t)(size[run] * width));
        filled[place[run]] = where + size[run];
        at += size[run];
    }
    return 0;
}

/* What is known of a folded word while the tokens of a field are sorted. */
typedef struct {
    uint32_t tokens, postings;
    uint32_t study; /* the last one that has it, counted from 1 */
    uint32_t often; /* in its last posting */
} Form;

/* The tokens of a field, study after study: the words' numbers, and where those of each study begin. */
typedef struct {
    const uint32_t *token;
    const int64_t *start;
    const uint32_t *doc;
    const uint32_t *form_of;     /* of a word's number */
    const uint8_t *spelling_of;  /* of a word's number */
    Form *form;                  /* all 0 between two fields */
    int64_t tokens, studies, words, forms;
    int64_t most;                /* tokens in a posting */
} Stream;

static inline int64_t end_of(const Stream *stream, int64_t study) {
    return study + 1 < stream->studies ? stream->start[study + 1] : stream->tokens;
}

/* Count the tokens and postings of every form that occurs, list these forms, and count the words of each study. Returns how
 * many forms occur, or why not. */
SHARED int64_t count_tokens(const Stream *stream, uint32_t *occurring, uint32_t *lengths) {
    int64_t found = 0;
    for (int64_t study = 0; study < stream->studies; study++) {
        int64_t end = end_of(stream, study), at = stream->start[study];
        uint32_t words = 0;
        if (at < 0 || end > stream->tokens) return DAMAGED;
        for (; at < end; at++) {
            uint32_t token = stream->token[at];
            if (token >= stream->words || stream->form_of[token] >= stream->forms) return DAMAGED;
            Form *form = stream->form + stream->form_of[token];
            if (!form->tokens++) occurring[found++] = stream->form_of[token];
            if (form->study != (uint32_t)study + 1 || form->often == stream->most) {
                form->study = (uint32_t)study + 1;
                form->postings++;
                form->often = 0;
            }
            form->often++;
            words += token != 0;
        }
        lengths[study] = words;
    }
    return found;
}

/* Put every token where the tokens of its form begin, which stands in the forms, with their `study` 0; positions are `wide`
 * or of 16 bits. 0, or why not. */
SHARED int64_t place_tokens(const Stream *stream, uint32_t *docs, uint8_t *frequency, void *position, int64_t wide,
                            uint8_t *spelling, int64_t postings) {
    for (int64_t study = 0; study < stream->studies; study++) {
        int64_t start = stream->start[study], end = end_of(stream, study);
        for (int64_t at = start; at < end; at++) {
            uint32_t token = stream->token[at];
            Form *form = stream->form + stream->form_of[token];
            if (form->study != (uint32_t)study + 1 || form->often == stream->most) {
                form->study = (uint32_t)study + 1;
                form->often = 0;
                if (form->postings >= postings) return DAMAGED;
                docs[form->postings++] = stream->doc[study];
            }
            frequency[form->postings - 1] = (uint8_t)++form->often;
            if (form->tokens >= stream->tokens) return DAMAGED;
            spelling[form->tokens] = stream->spelling_of[token];
            if (wide)
                ((uint32_t *)position)[form->tokens++] = (uint32_t)(at - start);
            else
                ((uint16_t *)position)[form->tokens++] = (uint16_t)(at - start);
        }
    }
    return 0;
}

SHARED int64_t stream_size(void) { return sizeof(Stream); }
