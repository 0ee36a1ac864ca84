#include "model/docs_page.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "model/config_reader.h"

namespace weir::model {
namespace {

TEST(DocsPage, TheFileIsWhatTheSchemaSays) {
  const std::string page = configuration_page();
  if (std::getenv("WEIR_REGENERATE_DOCS") != nullptr) std::ofstream(WEIR_CONFIGURATION_PAGE) << page;
  std::ifstream file(WEIR_CONFIGURATION_PAGE);
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_TRUE(text.str() == page) << "docs/configuration.md differs from the schema; to write it anew:\n"
                                     "  WEIR_REGENERATE_DOCS=1 model_test --gtest_filter='DocsPage.*'";
}

TEST(DocsPage, ItsExamplesAreRight) {
  const std::string page = configuration_page();
  size_t examples = 0;
  constexpr std::string_view kBegin = "```yaml\n";
  for (size_t at = page.find(kBegin); at != std::string::npos; at = page.find(kBegin, at + 1)) {
    const size_t begin = at + kBegin.size();
    const std::string yaml = page.substr(begin, page.find("```", begin) - begin);
    const auto loaded = load_config_text(yaml, "example");
    EXPECT_TRUE(loaded) << (loaded ? "" : loaded.error()[0].text());
    ++examples;
  }
  EXPECT_EQ(examples, 2U);
}

}  // namespace
}  // namespace weir::model
