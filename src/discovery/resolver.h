#pragma once
// Questions to name servers, by c-ares on our loop: it never blocks but for reading /etc/hosts, which comes first. Two
// tries per server, each with the timeout; a truncated answer is asked for again over TCP. Names without a final dot
// are also looked for in the search domains of resolv.conf, which is read again when it has changed.
//
// Thread rule: the loop's thread. A callback may come before the question returns (from /etc/hosts), comes once, and
// never after the resolver's end.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/time.h"
#include "discovery/answer.h"
#include "model/config.h"
#include "net/loop.h"

struct ares_channeldata;

namespace weir::discovery {

class Resolver {
 public:
  struct Options {
    std::vector<model::Address> servers{};  ///< empty: those of the system
    Duration timeout = Duration::s(2);
  };
  Resolver(net::Loop& loop, Options options);
  ~Resolver();
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;

  /// The addresses of a name: all that `family` asks for, each kind by a question of its own.
  void addresses(const std::string& name, model::ResolveFamily family, std::function<void(const Round&)> done);
  void services(const std::string& name, std::function<void(const ServiceAnswer&)> done);

 private:
  class Socket;
  struct AddressQuestion;
  struct ServiceQuestion;
  /// Of resolv.conf: another file, or another time of change.
  struct FileStamp {
    uint64_t inode = 0;
    int64_t changed_ns = 0;
    bool operator==(const FileStamp&) const = default;
  };

  void ask(const std::string& name, int family, std::shared_ptr<Round> round, std::function<void(const Round&)> done);
  void follow_system();
  [[nodiscard]] bool open();
  void close();
  void on_socket(int fd, bool reads, bool writes);
  void process(int readable, int writable);
  void on_timer();
  void arm();
  static FileStamp stamp_of_system();

  net::Loop& loop_;
  Options options_;
  ares_channeldata* channel_ = nullptr;
  FileStamp system_{};
  size_t pending_ = 0;
  std::map<int, std::unique_ptr<Socket>> sockets_;
  net::Timer timer_ = net::Timer::bind<&Resolver::on_timer>(this);
};

}  // namespace weir::discovery
