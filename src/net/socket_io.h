#pragma once
// recv and send of a non-blocking socket, as the hot path calls them: results and errno are those of recv(2) and
// send(2) (without SIGPIPE). The C library's are cancellation points: with more than one thread each call pays two
// locked instructions, before and after, for threads that somebody might cancel. Nobody cancels ours. Where a sanitizer
// watches, the library's are called, because those are what it knows; also with clang, which the fuzz targets are built
// with and which does not say so in these macros. Any thread.

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <unistd.h>

#include <cstddef>

namespace weir::net {

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__) || defined(__clang__)

inline ssize_t receive(int fd, char* into, size_t size) { return ::recv(fd, into, size, 0); }
inline ssize_t transmit(int fd, const char* from, size_t size) { return ::send(fd, from, size, MSG_NOSIGNAL); }

#else

inline ssize_t receive(int fd, char* into, size_t size) {
  return ::syscall(SYS_recvfrom, fd, into, size, 0, nullptr, nullptr);
}
inline ssize_t transmit(int fd, const char* from, size_t size) {
  return ::syscall(SYS_sendto, fd, from, size, MSG_NOSIGNAL, nullptr, 0);
}

#endif

}  // namespace weir::net
