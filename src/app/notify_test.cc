#include "app/notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string>

#include "net/fd.h"

namespace weir::app {
namespace {

/// A service manager's end: an abstract socket of this process, which needs no file.
class Manager {
 public:
  Manager() : name_("@weir-notify-test-" + std::to_string(::getpid())) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    EXPECT_EQ(0, ::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), length));
  }
  [[nodiscard]] const std::string& name() const { return name_; }
  std::string heard() {
    std::array<char, 1024> text{};
    const ssize_t n = ::recv(fd_.get(), text.data(), text.size(), MSG_DONTWAIT);
    return n <= 0 ? "" : std::string(text.data(), static_cast<size_t>(n));
  }

 private:
  std::string name_;
  net::Fd fd_{::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
};

TEST(Notify, SaysWhatSystemdListensFor) {
  Manager manager;
  ::setenv("NOTIFY_SOCKET", manager.name().c_str(), 1);
  const Notify notify = Notify::from_environment();
  ::unsetenv("NOTIFY_SOCKET");
  notify.ready("serving");
  EXPECT_EQ("READY=1\nSTATUS=serving", manager.heard());
  notify.reloading(Instant::from_ns(12'345'678), "reading");
  EXPECT_EQ("RELOADING=1\nMONOTONIC_USEC=12345\nSTATUS=reading", manager.heard());
  notify.handed_over(77, "serving");
  EXPECT_EQ("MAINPID=77\nREADY=1\nSTATUS=serving", manager.heard());
  notify.stopping("draining");
  EXPECT_EQ("STOPPING=1\nSTATUS=draining", manager.heard());
}

TEST(Notify, NobodyListens) {
  Manager manager;
  for (const std::string& socket : {std::string(), std::string("/nonexistent/socket"), std::string(300, 'x')}) {
    Notify(socket).ready("serving");
  }
  EXPECT_EQ("", manager.heard());
}

}  // namespace
}  // namespace weir::app
