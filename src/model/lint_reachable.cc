// Routes that no request reaches, because one before them takes all that they match. Ten thousand routes are fifty
// million pairs, so each pair is first compared by numbers.
#include <algorithm>
#include <map>

#include "model/lint_report.h"
#include "model/path_pattern.h"

namespace weir::model {
namespace {

bool host_covers(std::string_view earlier, std::string_view later) {
  if (earlier.empty() || earlier == later) return true;
  if (!earlier.starts_with("*.")) return false;
  return later.size() >= earlier.size() && later.ends_with(earlier.substr(1));
}

bool methods_cover(const std::vector<std::string>& earlier, const std::vector<std::string>& later) {
  if (earlier.empty()) return true;
  return !later.empty() && std::all_of(later.begin(), later.end(), [&](const std::string& each) {
    return std::find(earlier.begin(), earlier.end(), each) != earlier.end();
  });
}

/// Whether what satisfies `later` satisfies `earlier`, both of one name.
bool follows(const FieldMatch& earlier, const FieldMatch& later) {
  using Kind = FieldMatch::Kind;
  switch (earlier.kind) {
    case Kind::absent: return later.kind == Kind::absent;
    case Kind::present: return later.kind != Kind::absent;
    case Kind::prefix:
      return (later.kind == Kind::exact || later.kind == Kind::prefix) && later.value.starts_with(earlier.value);
    case Kind::exact: return later.kind == Kind::exact && later.value == earlier.value;
  }
  return false;
}

bool fields_cover(const std::vector<FieldMatch>& earlier, const std::vector<FieldMatch>& later) {
  return std::all_of(earlier.begin(), earlier.end(), [&](const FieldMatch& asked) {
    return std::any_of(later.begin(), later.end(),
                       [&](const FieldMatch& each) { return each.name == asked.name && follows(asked, each); });
  });
}

/// A route as it is compared.
class Reach {
 public:
  Reach(const RouteConfig& route, std::map<std::string_view, uint32_t>& numbers)
      : route_(&route), path_(parsed_path(route)) {
    const auto number = [&](std::string_view word) {
      return numbers.emplace(word, static_cast<uint32_t>(numbers.size() + 1)).first->second;
    };
    if (!route.host.empty()) host_ = number(route.host);
    wild_host_ = route.host.starts_with("*.");
    for (size_t i = 0; i < std::min(path_.segments.size(), kWords); ++i) {
      if (!path_.segments[i].any) words_[i] = number(path_.segments[i].text);
    }
  }

  [[nodiscard]] bool covers(const Reach& later) const {
    if (host_ != 0 && host_ != later.host_ && !wild_host_) return false;
    for (size_t i = 0; i < kWords; ++i) {
      if (words_[i] != 0 && words_[i] != later.words_[i]) return false;
    }
    return host_covers(route_->host, later.route_->host) && model::covers(path_, later.path_) &&
           methods_cover(route_->methods, later.route_->methods) &&
           fields_cover(route_->headers, later.route_->headers) &&
           fields_cover(route_->cookies, later.route_->cookies) && fields_cover(route_->query, later.route_->query);
  }

 private:
  static constexpr size_t kWords = 3;
  const RouteConfig* route_;
  ParsedPath path_;
  uint32_t host_ = 0;            ///< the same number for the same text; 0: any
  uint32_t words_[kWords] = {};  ///< of the first segments; 0: any, or none
  bool wild_host_ = false;
};

}  // namespace

void routes_are_reachable(LintReport& report) {
  for (size_t i = 0; i < report.config().listeners.size(); ++i) {
    const std::string base = join(join("listeners", i), "routes");
    const auto& routes = report.config().listeners[i].routes;
    std::map<std::string_view, uint32_t> numbers;
    std::vector<Reach> reaches;
    reaches.reserve(routes.size());
    for (const RouteConfig& route : routes) reaches.emplace_back(route, numbers);
    for (size_t j = 1; j < routes.size(); ++j) {
      for (size_t k = 0; k < j; ++k) {
        if (!reaches[k].covers(reaches[j])) continue;
        report.warn(join(base, j),
                    fmt::format("no request comes here: the route in line {} stands before it and takes all "
                                "that this one matches",
                                routes[k].line));
        break;
      }
    }
  }
}

}  // namespace weir::model
