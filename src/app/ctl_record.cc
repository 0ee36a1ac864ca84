#include "app/ctl_record.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdio>
#include <thread>

#include "app/query.h"
#include "app/terminal.h"
#include "net/loop.h"
#include "sim/recording.h"

namespace weir::app {

namespace {

constexpr auto kPollPause = std::chrono::milliseconds(100);
/// Workers that have not handed over so long after the end are not merely busy.
constexpr Duration kPatience = Duration::s(30);

bool write_file(const std::string& path, const std::string& text) {
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  if (file == nullptr) return false;
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  return std::fclose(file) == 0 && written;
}

int keep(const RecordOptions& options, const std::string& csv) {
  const auto recording = sim::read_recording(csv, "the recording");
  if (!recording) return failed(kFailed, recording.error());
  if (!write_file(options.file, csv)) return failed(kFailed, fmt::format("cannot write {}", options.file));
  const std::string dropped = recording->dropped == 0 ? "" : fmt::format(", {} more had no room", recording->dropped);
  return say(
      fmt::format("{}: {} requests in {} s{}\n", options.file, recording->requests.size(), options.seconds, dropped));
}

}  // namespace

void add_record_options(CLI::App& verb, RecordOptions& options) {
  verb.add_option("--seconds", options.seconds, "for how long")->capture_default_str()->check(CLI::Range(1u, 3600u));
  verb.add_option("--cluster", options.cluster, "only requests to this one");
  verb.add_option("-o,--output", options.file, "the file, for weir sim replay")->capture_default_str();
}

int record(const CtlAsk& ask, const RecordOptions& options) {
  std::string target = fmt::format("/record?seconds={}", options.seconds);
  if (!options.cluster.empty()) target += "&cluster=" + percent_encode(options.cluster);
  if (const auto begun = ask(true, target); !begun) return begun.error();
  complain(fmt::format("recording for {} s\n", options.seconds));

  const Instant deadline = net::read_clock() + Duration::s(options.seconds) + kPatience;
  std::this_thread::sleep_for(std::chrono::seconds(options.seconds));
  while (true) {
    const auto answer = ask.answer(false, "/recording");
    if (!answer) return answer.error();
    if (answer->status == 200) return keep(options, answer->body);
    if (answer->status != 409 || net::read_clock() > deadline) return ask.refused(*answer);
    std::this_thread::sleep_for(kPollPause);
  }
}

}  // namespace weir::app
