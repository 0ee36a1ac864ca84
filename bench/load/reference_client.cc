// What wrk2 does, as plainly as it can be written, to hold `weir load` against: `reference_client --port P --path /100
// --rate R --seconds S --connections N`. A thread per connection with its own part of the schedule; it sleeps until a
// request's intended start, or not at all when it is late, sends, reads the answer, and takes the time from the
// intended start. Every sample is kept and sorted. It shares no code with Weir. Threads are woken to the microsecond
// (timer slack, prctl(2)): 50 us of sleeping longer than asked would otherwise be most of what it measures.

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;

struct Options {
  uint16_t port = 0;
  std::string path = "/";
  double rate = 100, seconds = 1;
  size_t connections = 64;
};

int connect_to(uint16_t port) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) return fd;
  std::perror("connect");
  std::exit(1);
}

/// One answer with a Content-Length.
bool read_answer(int fd) {
  char buffer[128 * 1024];
  size_t have = 0, whole = sizeof buffer;
  while (have < whole) {
    const ssize_t got = ::read(fd, buffer + have, sizeof buffer - have);
    if (got <= 0) return false;
    have += static_cast<size_t>(got);
    const std::string_view text(buffer, have);
    const size_t end = text.find("\r\n\r\n"), length = text.find("Content-Length: ");
    if (end != text.npos && length < end) whole = end + 4 + std::strtoul(buffer + length + 16, nullptr, 10);
  }
  return true;
}

void work(const Options& options, size_t part, Clock::time_point began, std::vector<int64_t>& samples) {
  const int fd = connect_to(options.port);
  const std::string request = "GET " + options.path + " HTTP/1.1\r\nHost: bench\r\n\r\n";
  for (size_t k = part;; k += options.connections) {
    const double at = (static_cast<double>(k) + 0.5) / options.rate;
    if (at >= options.seconds) break;
    const auto intended = began + std::chrono::nanoseconds(static_cast<int64_t>(at * 1e9));
    std::this_thread::sleep_until(intended);
    if (::write(fd, request.data(), request.size()) != static_cast<ssize_t>(request.size()) || !read_answer(fd)) break;
    samples.push_back(std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now() - intended).count());
  }
  ::close(fd);
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--port") options.port = static_cast<uint16_t>(std::atoi(argv[i + 1]));
    if (name == "--path") options.path = argv[i + 1];
    if (name == "--rate") options.rate = std::atof(argv[i + 1]);
    if (name == "--seconds") options.seconds = std::atof(argv[i + 1]);
    if (name == "--connections") options.connections = static_cast<size_t>(std::atoi(argv[i + 1]));
  }
  ::prctl(PR_SET_TIMERSLACK, 1UL);  // inherited by the threads below
  std::vector<std::vector<int64_t>> parts(options.connections);
  std::vector<std::thread> threads;
  const auto began = Clock::now() + std::chrono::milliseconds(50);
  for (size_t i = 0; i < parts.size(); ++i) {
    threads.emplace_back([&options, &parts, i, began] { work(options, i, began, parts[i]); });
  }
  for (auto& each : threads) each.join();
  std::vector<int64_t> all;
  for (const auto& each : parts) all.insert(all.end(), each.begin(), each.end());
  std::sort(all.begin(), all.end());
  std::printf("{\"count\": %zu", all.size());
  for (const double percent : {50.0, 75.0, 90.0, 95.0, 99.0, 99.9}) {
    const auto rank = static_cast<size_t>(percent / 100 * static_cast<double>(all.size()));
    std::printf(", \"p%g\": %lld", percent,
                all.empty() ? 0 : static_cast<long long>(all[std::min(rank, all.size() - 1)]));
  }
  std::printf("}\n");
  return 0;
}
