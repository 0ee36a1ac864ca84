// The fuzz target's promise with a fixed seed, so that every test run keeps it: whatever happens to a file, reading it
// ends with a configuration that survives show, or with mistakes that say something.

#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "base/prng.h"
#include "model/lint.h"
#include "model/show.h"

namespace weir::model {
namespace {

std::vector<std::string> corpus() {
  std::vector<std::string> texts;
  for (const auto& file : std::filesystem::directory_iterator(WEIR_CONFIG_CORPUS)) {
    std::ostringstream text;
    text << std::ifstream(file.path()).rdbuf();
    texts.push_back(text.str());
  }
  std::sort(texts.begin(), texts.end());
  return texts;
}

std::string mutate(std::string text, const std::string& other, Prng& prng) {
  constexpr std::string_view kBytes =
      "{}[]:,#&*!|>'\"%@`-?<\n\t \0\xff"
      "09.sm/";
  for (uint64_t edits = 1 + prng.below(2); edits > 0 && !text.empty(); --edits) {
    const size_t at = prng.below(text.size());
    const size_t length = std::min<size_t>(1 + prng.below(20), text.size() - at);
    const size_t digit = text.find_first_of("0123456789", at);
    switch (prng.below(8)) {
      case 0: text[at] = kBytes[prng.below(kBytes.size())]; break;
      case 1: text.erase(at, length); break;
      case 2: text.insert(at, text.substr(prng.below(text.size()), length)); break;
      case 3: text.insert(at, other.substr(prng.below(other.size()), length)); break;
      default:  // numbers of any size are what most often stays valid
        if (digit != std::string::npos) text.insert(digit, 1, static_cast<char>('0' + prng.below(10)));
    }
  }
  return text;
}

TEST(ConfigMutation, AnyTextEndsWithAConfigurationOrWithMistakes) {
  const std::vector<std::string> texts = corpus();
  ASSERT_GE(texts.size(), 5U);
  Prng prng(20);
  size_t good = 0;
  size_t bad = 0;
  for (int i = 0; i < 3000; ++i) {
    const std::string text = mutate(texts[prng.below(texts.size())], texts[prng.below(texts.size())], prng);
    const auto loaded = load_config_text(text, "weir.yaml");
    if (!loaded) {
      ASSERT_FALSE(loaded.error().empty()) << text;
      for (const Mistake& each : loaded.error()) EXPECT_FALSE(each.message.empty()) << text;
      ++bad;
      continue;
    }
    ++good;
    const auto again = load_config_text(show(*loaded), "weir.yaml");
    ASSERT_TRUE(again) << text << "\n" << again.error()[0].text() << "\n" << show(*loaded);
    EXPECT_TRUE(again->config.clusters == loaded->config.clusters) << text;
    lint(*loaded, {4, 1024});
  }
  EXPECT_GT(good, 100U) << "mutations so wild that nothing valid is left test little";
  EXPECT_GT(bad, 100U);
}

}  // namespace
}  // namespace weir::model
