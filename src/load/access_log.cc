#include "load/access_log.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

namespace weir::load {
namespace {

constexpr std::array<std::string_view, 12> kMonths{"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                   "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

std::optional<int64_t> digits(std::string_view text, size_t at, size_t count) {
  int64_t value = 0;
  if (at + count > text.size()) return std::nullopt;
  const char* end = text.data() + at + count;
  if (text[at] == '-' || std::from_chars(text.data() + at, end, value).ptr != end) return std::nullopt;
  return value;
}

/// Days since 1970-01-01 of the proleptic Gregorian calendar (H. Hinnant, "chrono-compatible low-level date
/// algorithms", days_from_civil).
int64_t days_from_civil(int64_t year, int64_t month, int64_t day) {
  year -= month <= 2 ? 1 : 0;
  const int64_t era = year / 400;
  const int64_t year_of_era = year - era * 400;
  const int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  const int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

/// "10/Oct/2026:13:55:36 -0700" as seconds since 1970.
std::optional<int64_t> parse_time(std::string_view text) {
  constexpr std::string_view kForm = "10/Oct/2026:13:55:36 -0700";
  if (text.size() != kForm.size() || text[2] != '/' || text[6] != '/' || text[11] != ':') return std::nullopt;
  const auto month = std::ranges::find(kMonths, text.substr(3, 3));
  const auto day = digits(text, 0, 2), year = digits(text, 7, 4), hour = digits(text, 12, 2),
             minute = digits(text, 15, 2), second = digits(text, 18, 2), zone = digits(text, 22, 4);
  if (month == kMonths.end() || !day || !year || !hour || !minute || !second || !zone) return std::nullopt;
  if (*year < 1970 || *year > 2199) return std::nullopt;  // nanoseconds of it fit
  if (*day < 1 || *day > 31 || *hour > 23 || *minute > 59 || *second > 60 || (text[21] != '+' && text[21] != '-')) {
    return std::nullopt;
  }
  const int64_t offset = (*zone / 100 * 60 + *zone % 100) * 60 * (text[21] == '-' ? -1 : 1);
  return days_from_civil(*year, month - kMonths.begin() + 1, *day) * 86400 + *hour * 3600 + *minute * 60 + *second -
         offset;
}

struct Line {
  int64_t second = 0;
  std::string_view method, path;
};

bool is_path(std::string_view path) {
  const auto plain = [](char c) { return static_cast<unsigned char>(c) > 0x20 && c != 0x7f && c != '"'; };
  return path.starts_with('/') && std::ranges::all_of(path, plain);
}

Result<Line, std::string_view> parse_line(std::string_view line) {
  using Fault = std::string_view;
  if (line.size() > kLogLineMax) return fail(Fault("is longer than 16 KiB"));
  const size_t open = line.find('['), close = line.find(']', open);
  if (close == std::string_view::npos) return fail(Fault("has no [time]"));
  const auto second = parse_time(line.substr(open + 1, close - open - 1));
  if (!second) return fail(Fault("has a time that is not like [10/Oct/2026:13:55:36 -0700]"));
  const size_t begin = line.find('"', close);
  const size_t end = begin == std::string_view::npos ? begin : line.find('"', begin + 1);
  if (end == std::string_view::npos) return fail(Fault("has no request in quotes"));
  const std::string_view request = line.substr(begin + 1, end - begin - 1);
  const size_t space = request.find(' ');
  if (space == std::string_view::npos) return fail(Fault("has a request that is not like \"GET / HTTP/1.1\""));
  std::string_view path = request.substr(space + 1);
  path = path.substr(0, path.find(' '));
  if (!is_path(path)) return fail(Fault("has a path that does not begin with / or holds what no path may"));
  return Line{*second, request.substr(0, space), path};
}

/// The n requests of a second come at 0, 1/n, 2/n ... of it.
void spread(std::vector<LogEntry>& entries) {
  std::ranges::stable_sort(entries, [](const LogEntry& a, const LogEntry& b) { return a.at < b.at; });
  const Duration first = entries.front().at;
  for (size_t i = 0; i < entries.size();) {
    size_t end = i;
    while (end < entries.size() && entries[end].at == entries[i].at) ++end;
    const Duration second = entries[i].at - first;
    const auto count = static_cast<int64_t>(end - i);
    for (int64_t k = 0; i < end; ++i, ++k) entries[i].at = second + Duration::s(1) * k / count;
  }
}

}  // namespace

Result<AccessLog, std::string> parse_access_log(std::string_view text) {
  AccessLog log;
  uint64_t number = 0;
  while (!text.empty()) {
    ++number;
    const size_t end = std::min(text.find('\n'), text.size());
    std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty()) continue;
    const auto parsed = parse_line(line);
    if (!parsed) {
      if (log.malformed++ == 0) log.first_malformed = fmt::format("line {} {}", number, parsed.error());
    } else if (parsed->method != "GET" && parsed->method != "HEAD" && parsed->method != "OPTIONS") {
      ++log.not_repeated;
    } else if (log.entries.size() == kLogEntriesMax) {
      return fail(fmt::format("line {}: more than {} requests; split the log", number, kLogEntriesMax));
    } else {
      log.entries.push_back({Duration::s(parsed->second), std::string(parsed->method), std::string(parsed->path)});
    }
  }
  if (log.entries.empty()) {
    return fail(log.malformed > 0 ? log.first_malformed
                                  : std::string("holds no request that can be repeated (GET, HEAD or OPTIONS)"));
  }
  spread(log.entries);
  if (log.entries.back().at > kLogLongest) return fail(std::string("spans more than a year; cut it"));
  log.length = Duration::s(log.entries.back().at.ns() / 1'000'000'000 + 1);
  return log;
}

}  // namespace weir::load
