/* A disk that fails, and one that is watched: what is done to files under one folder is counted, recorded, refused.
 *
 * Preloaded (LD_PRELOAD) before libc. OUTCOMES_DISK is the folder. disk_fail(n, code, for_good) lets the n-th call from
 * now fail, or every one from there; disk_calls() tells how many there were; disk_record(path) writes every change to a
 * file; disk_mark(number) writes a mark among them. A record is: kind, two lengths of names, offset, length of data
 * (struct "=cHHQI"), the names, the data.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#define PATH 4096

static long calls, fail_at = -1;
static int fail_code, fail_for_good, record = -1;

void disk_fail(long n, int code, int for_good) { calls = 0; fail_at = n; fail_code = code; fail_for_good = for_good; }
long disk_calls(void) { return calls; }
void disk_record(const char *path) {
    record = (int)syscall(SYS_openat, AT_FDCWD, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
}

static const char *under_root(const char *path) {
    const char *root = getenv("OUTCOMES_DISK");
    size_t length = root ? strlen(root) : 0;
    return length && strncmp(path, root, length) == 0 && path[length] == '/' ? path : NULL;
}

static const char *path_of(int fd, char *buffer) {
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, buffer, PATH - 1);
    if (length < 0) return NULL;
    buffer[length] = 0;
    size_t known = (size_t)length;
    if (known > 4 && strcmp(buffer + known - 4, "-shm") == 0) return NULL; /* memory that is shared, not kept */
    return under_root(buffer);
}

static void note(char kind, const char *path, const char *other, uint64_t offset, const void *data, size_t length) {
    if (record < 0 || !path) return;
    struct __attribute__((packed)) { char kind; uint16_t path, other; uint64_t offset; uint32_t length; } head = {
        kind, (uint16_t)strlen(path), (uint16_t)(other ? strlen(other) : 0), offset, (uint32_t)length};
    syscall(SYS_write, record, &head, sizeof head);
    syscall(SYS_write, record, path, (size_t)head.path);
    if (other) syscall(SYS_write, record, other, (size_t)head.other);
    if (data) syscall(SYS_write, record, data, length);
}

void disk_mark(uint64_t number) { note('m', "", NULL, number, NULL, 0); }

static int fails(const char *path) {
    if (!path) return 0;
    calls++;
    if (fail_at < 0 || calls < fail_at || (calls > fail_at && !fail_for_good)) return 0;
    errno = fail_code;
    return 1;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name);

#define WRITE_AT(name, offset_type) \
    ssize_t name(int fd, const void *data, size_t length, offset_type offset) { \
        REAL(ssize_t, name, int, const void *, size_t, offset_type) \
        char buffer[PATH]; \
        const char *path = path_of(fd, buffer); \
        if (fails(path)) return -1; \
        ssize_t done = real(fd, data, length, offset); \
        if (done > 0) note('w', path, NULL, (uint64_t)offset, data, (size_t)done); \
        return done; \
    }
WRITE_AT(pwrite, off_t)
WRITE_AT(pwrite64, off64_t)

ssize_t write(int fd, const void *data, size_t length) {
    REAL(ssize_t, write, int, const void *, size_t)
    char buffer[PATH];
    const char *path = path_of(fd, buffer);
    if (fails(path)) return -1;
    off64_t offset = path ? lseek64(fd, 0, SEEK_CUR) : 0;
    ssize_t done = real(fd, data, length);
    if (done > 0) note('w', path, NULL, (uint64_t)offset, data, (size_t)done);
    return done;
}

#define READ_AT(name, offset_type) \
    ssize_t name(int fd, void *data, size_t length, offset_type offset) { \
        REAL(ssize_t, name, int, void *, size_t, offset_type) \
        char buffer[PATH]; \
        return fails(path_of(fd, buffer)) ? -1 : real(fd, data, length, offset); \
    }
READ_AT(pread, off_t)
READ_AT(pread64, off64_t)

ssize_t read(int fd, void *data, size_t length) {
    REAL(ssize_t, read, int, void *, size_t)
    char buffer[PATH];
    return fails(path_of(fd, buffer)) ? -1 : real(fd, data, length);
}

#define SYNC(name) \
    int name(int fd) { \
        REAL(int, name, int) \
        char buffer[PATH]; \
        const char *path = path_of(fd, buffer); \
        if (fails(path)) return -1; \
        int done = real(fd); \
        if (done == 0) note('s', path, NULL, 0, NULL, 0); \
        return done; \
    }
SYNC(fsync)
SYNC(fdatasync)

#define TRUNCATE(name, offset_type) \
    int name(int fd, offset_type length) { \
        REAL(int, name, int, offset_type) \
        char buffer[PATH]; \
        const char *path = path_of(fd, buffer); \
        if (fails(path)) return -1; \
        int done = real(fd, length); \
        if (done == 0) note('t', path, NULL, (uint64_t)length, NULL, 0); \
        return done; \
    }
TRUNCATE(ftruncate, off_t)
TRUNCATE(ftruncate64, off64_t)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, name, const char *, int, ...) \
        va_list rest; \
        va_start(rest, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? (mode_t)va_arg(rest, int) : 0; \
        va_end(rest); \
        const char *ours = under_root(path); \
        if (fails(ours)) return -1; \
        int done = real(path, flags, mode); \
        if (done >= 0 && (flags & O_CREAT)) note('c', ours, NULL, 0, NULL, 0); \
        if (done >= 0 && (flags & O_TRUNC)) note('t', ours, NULL, 0, NULL, 0); \
        return done; \
    }
OPEN(open)
OPEN(open64)

int unlink(const char *path) {
    REAL(int, unlink, const char *)
    if (fails(under_root(path))) return -1;
    int done = real(path);
    if (done == 0) note('u', under_root(path), NULL, 0, NULL, 0);
    return done;
}

int rename(const char *from, const char *to) {
    REAL(int, rename, const char *, const char *)
    if (fails(under_root(from))) return -1;
    int done = real(from, to);
    if (done == 0) note('r', under_root(from), to, 0, NULL, 0);
    return done;
}
