/* Makes the n-th write or sync of a database file go wrong, and counts what was synced.

   Loaded with LD_PRELOAD. Nothing happens until fault_arm() is called; only files whose name holds
   ".db" are looked at (the database and its journal). */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum { NONE, KILL, TORN, EIO_ONCE, ENOSPC_FROM };

static int kind = NONE;
static long at = 0, operations = 0, syncs = 0;
static int dirty = 0; /* something was written to the database itself and not yet synced */

void fault_arm(int what, long when) { kind = what; at = when; operations = 0; syncs = 0; dirty = 0; }
long fault_operations(void) { return operations; }
long fault_syncs(void) { return syncs; }
int fault_dirty(void) { return dirty; }

/* 0: not ours, 1: a journal, 2: the database itself */
static int watched(int fd) {
    char link[64], path[4096];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    if (!strstr(path, ".db")) return 0;
    return strcmp(path + length - 3, ".db") == 0 ? 2 : 1;
}

static int goes_wrong(int is_write) {
    operations++;
    if (kind == NONE || operations < at) return 0;
    if (kind == ENOSPC_FROM && is_write) { errno = ENOSPC; return 1; }
    if (operations > at) return 0;
    if (kind == EIO_ONCE) { errno = EIO; return 1; }
    if (kind == KILL || (kind == TORN && !is_write)) kill(getpid(), SIGKILL);
    return kind == TORN ? 2 : 0;
}

#define WRITES(name, offset_type)                                                                  \
    ssize_t name(int fd, const void *bytes, size_t count, offset_type offset) {                    \
        static ssize_t (*real)(int, const void *, size_t, offset_type);                            \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                 \
        int which = watched(fd);                                                                   \
        if (!which) return real(fd, bytes, count, offset);                                         \
        int wrong = goes_wrong(1);                                                                 \
        if (wrong == 1) return -1;                                                                 \
        if (wrong == 2) { real(fd, bytes, count / 2, offset); kill(getpid(), SIGKILL); }           \
        if (which == 2) dirty = 1;                                                                 \
        return real(fd, bytes, count, offset);                                                     \
    }

WRITES(pwrite, off_t)
WRITES(pwrite64, off64_t)

ssize_t write(int fd, const void *bytes, size_t count) {
    static ssize_t (*real)(int, const void *, size_t);
    if (!real) real = dlsym(RTLD_NEXT, "write");
    int which = watched(fd);
    if (!which) return real(fd, bytes, count);
    int wrong = goes_wrong(1);
    if (wrong == 1) return -1;
    if (wrong == 2) { real(fd, bytes, count / 2); kill(getpid(), SIGKILL); }
    if (which == 2) dirty = 1;
    return real(fd, bytes, count);
}

#define SYNCS(name)                                                                                \
    int name(int fd) {                                                                             \
        static int (*real)(int);                                                                   \
        if (!real) real = dlsym(RTLD_NEXT, #name);                                                 \
        int which = watched(fd);                                                                   \
        if (!which) return real(fd);                                                               \
        if (goes_wrong(0) == 1) return -1;                                                         \
        int result = real(fd);                                                                     \
        if (result == 0) { syncs++; if (which == 2) dirty = 0; }                                   \
        return result;                                                                             \
    }

SYNCS(fsync)
SYNCS(fdatasync)
