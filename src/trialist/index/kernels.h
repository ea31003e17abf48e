/* What the compiled loops share: how a function is seen from outside, and what it answers when it cannot do its work. */

#ifndef TRIALIST_KERNELS_H
#define TRIALIST_KERNELS_H

#include <stdint.h>

#ifdef _WIN32
#define SHARED __declspec(dllexport)
#else
#define SHARED __attribute__((visibility("default")))
#endif

/* A function of which there is a second version for processors with wide registers; both give the same to the bit. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif

enum { BLOCK = 64, NO_MEMORY = -1, DAMAGED = -2 };

#endif
