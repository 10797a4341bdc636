/*
 * Preloaded into a server, lets its disk fail on command: while the file `write` lies in the folder that
 * FAILING_DISK names, nothing more is written to any LMDB file; while `sync` does, no such file can be synced.
 * FAILING_FILES names other files and folders by a part of their paths.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int fails(const char *what, int fd) {
  const char *folder = getenv("FAILING_DISK");
  char path[PATH_MAX];
  ssize_t length;
  if (folder == NULL) return 0;
  snprintf(path, sizeof path, "%s/%s", folder, what);
  if (access(path, F_OK) != 0) return 0;
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  char target[PATH_MAX];
  length = readlink(path, target, sizeof target - 1);
  if (length < 0) return 0;
  target[length] = 0;
  const char *files = getenv("FAILING_FILES");
  return strstr(target, files == NULL ? "/data.mdb" : files) != NULL;
}

#define REAL(result, name, ...) ((result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name))

/* A short write, as a disk that is full or breaks gives. */
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) {
  if (fails("write", fd)) return 0;
  return REAL(ssize_t, "pwrite", int, const void *, size_t, off_t)(fd, bytes, count, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) {
  if (fails("write", fd)) return 0;
  return REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t)(fd, bytes, count, at);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  if (fails("write", fd)) return 0;
  return REAL(ssize_t, "writev", int, const struct iovec *, int)(fd, parts, count);
}

int fdatasync(int fd) {
  if (fails("sync", fd)) {
    errno = EIO;
    return -1;
  }
  return REAL(int, "fdatasync", int)(fd);
}

int fsync(int fd) {
  if (fails("sync", fd)) {
    errno = EIO;
    return -1;
  }
  return REAL(int, "fsync", int)(fd);
}
