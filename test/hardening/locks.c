/*
 * Stands in for a network drive without locks: loaded before libc, it answers every request for a lock on a file below
 * $LOCKS_UNDER with the error $LOCKS_ERRNO, as NFS, SMB and FUSE mounts do. Everything else goes through.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int refuses(int fd, int cmd) {
  char link[64], path[4096];
  const char *under = getenv("LOCKS_UNDER"), *number = getenv("LOCKS_ERRNO");
  ssize_t n;
  if ((cmd != F_SETLK && cmd != F_SETLKW && cmd != F_GETLK) || !under || !number) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  n = readlink(link, path, sizeof path - 1);
  if (n < 0) return 0;
  path[n] = 0;
  if (strncmp(path, under, strlen(under)) != 0) return 0;
  errno = atoi(number);
  return 1;
}

#define ANSWER(name)                                        \
  int name(int fd, int cmd, ...) {                          \
    static int (*real)(int, int, ...);                      \
    va_list rest;                                           \
    void *argument;                                         \
    va_start(rest, cmd);                                    \
    argument = va_arg(rest, void *);                        \
    va_end(rest);                                           \
    if (!real) real = dlsym(RTLD_NEXT, #name);              \
    return refuses(fd, cmd) ? -1 : real(fd, cmd, argument); \
  }

ANSWER(fcntl)
ANSWER(fcntl64)
