#pragma once
// Reads Prometheus text strictly, for tests: what it accepts, Prometheus accepts, and families must be whole.

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace weir::app {

class ExpositionReader {
 public:
  using Labels = std::map<std::string, std::string>;
  struct Sample {
    std::string family;
    std::string name;
    Labels labels;
    double value = 0;
  };

  explicit ExpositionReader(std::string_view text) {
    if (text.empty() || text.back() != '\n') {
      complain("the text does not end with a line feed");
      return;
    }
    while (!text.empty()) {
      const std::string_view line = text.substr(0, text.find('\n'));
      text.remove_prefix(line.size() + 1);
      if (line.substr(0, 2) == "# ") {
        read_comment(line);
      } else {
        read_sample(line);
      }
    }
    finish_family();
  }

  [[nodiscard]] const std::vector<std::string>& complaints() const { return complaints_; }
  [[nodiscard]] const std::vector<Sample>& samples() const { return samples_; }
  /// Of the sample with exactly this name and these labels.
  [[nodiscard]] std::optional<double> value(std::string_view name, const Labels& labels = {}) const {
    for (const Sample& sample : samples_) {
      if (sample.name == name && sample.labels == labels) return sample.value;
    }
    return std::nullopt;
  }

 private:
  void complain(std::string what) { complaints_.push_back(std::move(what)); }

  void read_comment(std::string_view line) {
    const std::string_view kind = line.substr(2, 5);
    const std::string_view rest = line.size() > 7 ? line.substr(7) : std::string_view();
    const std::string_view name = rest.substr(0, rest.find(' '));
    const std::string_view said = name.size() < rest.size() ? rest.substr(name.size() + 1) : std::string_view();
    if (said.empty()) return complain("says nothing: " + std::string(line));
    if (kind == "HELP ") {
      finish_family();
      family_ = name;
      if (!families_.insert(family_).second) complain("a family twice: " + family_);
    } else if (kind == "TYPE ") {
      if (name != family_) complain("TYPE without its HELP: " + std::string(line));
      type_ = said;
    } else {
      complain("neither HELP nor TYPE: " + std::string(line));
    }
  }

  void read_sample(std::string_view line) {
    Sample sample{family_, std::string(line.substr(0, line.find_first_of("{ "))), {}, 0};
    std::string_view rest = line.substr(sample.name.size());
    if (!rest.empty() && rest.front() == '{' && !read_labels(rest, sample.labels)) {
      return complain("bad labels: " + std::string(line));
    }
    if (rest.size() < 2 || rest.front() != ' ') return complain("no value: " + std::string(line));
    const std::string number(rest.substr(1));
    char* end = nullptr;
    sample.value = std::strtod(number.c_str(), &end);
    if (*end != '\0') complain("not a number: " + std::string(line));
    check_name(sample);
    if (value(sample.name, sample.labels)) complain("a sample twice: " + std::string(line));
    samples_.push_back(std::move(sample));
    ++of_family_;
  }

  /// `text` begins with a brace; what follows the closing one is left in it.
  static bool read_labels(std::string_view& text, Labels& labels) {
    do {
      text.remove_prefix(1);
      const size_t equals = text.find("=\"");
      if (equals == std::string_view::npos || equals == 0) return false;
      const std::string name(text.substr(0, equals));
      text.remove_prefix(equals + 2);
      std::string value;
      for (; !text.empty() && text.front() != '"'; text.remove_prefix(1)) {
        if (text.front() != '\\') {
          value += text.front();
          continue;
        }
        text.remove_prefix(1);
        if (text.empty()) return false;
        if (text.front() != 'n' && text.front() != '\\' && text.front() != '"') return false;
        value += text.front() == 'n' ? '\n' : text.front();
      }
      if (text.empty() || !labels.emplace(name, value).second) return false;
      text.remove_prefix(1);
    } while (!text.empty() && text.front() == ',');
    if (text.empty() || text.front() != '}') return false;
    text.remove_prefix(1);
    return true;
  }

  void check_name(const Sample& sample) {
    const std::string suffix = sample.name.substr(std::min(sample.name.size(), family_.size()));
    const bool histogram = type_ == "histogram";
    const bool fits = histogram ? suffix == "_bucket" || suffix == "_sum" || suffix == "_count" : suffix.empty();
    if (sample.name.compare(0, family_.size(), family_) != 0 || !fits) complain("not of its family: " + sample.name);
    if (type_ == "counter" && !family_.ends_with("_total")) complain("a counter that is not a _total: " + family_);
    if (type_ != "counter" && family_.ends_with("_total")) complain("a _total that is no counter: " + family_);
    if ((suffix == "_bucket") != (histogram && sample.labels.count("le") == 1)) complain("le: " + sample.name);
  }

  void finish_family() {
    if (!family_.empty() && type_ != "counter" && type_ != "gauge" && type_ != "histogram")
      complain("type of " + family_);
    if (!family_.empty() && of_family_ == 0) complain("no samples: " + family_);
    if (type_ == "histogram") check_histograms();
    type_.clear();
    of_family_ = 0;
  }

  /// Buckets grow with their bounds, and the last, +Inf, is the count.
  void check_histograms() {
    std::map<Labels, std::map<double, double>> series;
    for (const Sample& sample : samples_) {
      if (sample.name != family_ + "_bucket") continue;
      Labels labels = sample.labels;
      const double bound = std::strtod(labels.at("le").c_str(), nullptr);
      labels.erase("le");
      series[labels][bound] = sample.value;
    }
    for (const auto& [labels, buckets] : series) {
      double before = 0;
      for (const auto& [bound, count] : buckets) {
        if (count < before) complain("buckets shrink: " + family_);
        before = count;
      }
      if (value(family_ + "_count", labels) != before) complain("the count is not the last bucket: " + family_);
      if (!value(family_ + "_sum", labels)) complain("no sum: " + family_);
      if (buckets.rbegin()->first != HUGE_VAL) complain("no +Inf: " + family_);
    }
  }

  std::vector<Sample> samples_;
  std::vector<std::string> complaints_;
  std::set<std::string> families_;
  std::string family_;
  std::string type_;
  size_t of_family_ = 0;
};

}  // namespace weir::app
