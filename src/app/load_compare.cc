#include "app/load_compare.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <vector>

#include "app/terminal.h"
#include "load/compare.h"
#include "model/text_file.h"

namespace weir::app {

int write_report(const std::string& path, const std::string& text) {
  if (path == "-") return say(text);
  std::FILE* file = std::fopen(path.c_str(), "wbe");
  bool written = file != nullptr && std::fwrite(text.data(), 1, text.size(), file) == text.size();
  if (file != nullptr) written = std::fclose(file) == 0 && written;
  if (written) return 0;
  complain(fmt::format("weir load: {} cannot be written: {}\n", path, std::strerror(errno)));
  return 2;
}

int compare_loads(const std::string& first, const std::string& second, const std::string& html) {
  constexpr size_t kReportBytesMax = 64 * 1024 * 1024;
  std::vector<load::NamedFigures> both;
  for (const std::string& path : {first, second}) {
    const auto text = model::read_text_file(path, kReportBytesMax);
    auto figures = text ? load::figures_from_json(*text) : fail(text.error());
    if (!figures) {
      complain(fmt::format("weir load: {} {}\n", path, figures.error()));
      return 2;
    }
    both.push_back({path, std::move(*figures)});
  }
  if (!html.empty()) {
    if (const int status = write_report(html, load::compare_html(both[0], both[1]))) return status;
  }
  return html == "-" ? 0 : say(load::compare(both[0], both[1]));
}

}  // namespace weir::app
