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
        memcpy(to + where * width, from + at * width, (size_t)(size[run] * width));
        filled[place[run]] = where + size[run];
        at += size[run];
    }
    return 0;
}
