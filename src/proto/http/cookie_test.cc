#include "proto/http/cookie.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace weir::proto::http {
namespace {

/// "name=value|..." of all pairs.
std::string pairs_of(std::string_view field) {
  std::string out;
  CookieReader reader(field);
  while (const auto pair = reader.next()) {
    if (!out.empty()) out += '|';
    out.append(pair->name).append("=").append(pair->value);
  }
  return out;
}

TEST(Cookie, PairsAreReadAsBrowsersSendThem) {
  struct Row {
    const char* message;
    const char* expected;
    const char* input;
  };
  const Row rows[] = {
      {"one pair", "a=1", "a=1"},
      {"several pairs", "a=1|b=2|c=3", "a=1; b=2; c=3"},
      {"without the space", "a=1|b=2", "a=1;b=2"},
      {"with more space and tabs", "a=1|b=2", " a = 1 ;\t b=\t2 "},
      {"an empty value", "a=|b=2", "a=; b=2"},
      {"the value's own equals signs", "a=b=c==", "a=b=c=="},
      {"quotes belong to the value", "a=\"1 2\"", "a=\"1 2\""},
      {"empty pairs are skipped", "a=1", ";; ;a=1; ;"},
      {"no equals sign: a value without a name", "=lonely|a=1", "lonely; a=1"},
      {"no name before the equals sign", "=1", "=1"},
      {"nothing at all", "", ""},
      {"only separators", "", " ; ;"},
      {"nothing is decoded", "a=%3D", "a=%3D"},
  };
  for (const Row& row : rows) EXPECT_EQ(pairs_of(row.input), row.expected) << row.message;
}

Fields fields_of(const std::vector<std::string_view>& cookies) {
  Fields fields{{.name = "Host", .value = "sid=host", .id = FieldId::host}};
  for (const auto each : cookies) fields.push_back({.name = "Cookie", .value = each, .id = FieldId::cookie});
  return fields;
}

TEST(Cookie, TheFirstOfANameIsFound) {
  EXPECT_EQ(find_cookie(fields_of({"sid=1; sid=2"}), "sid"), "1");
  EXPECT_EQ(find_cookie(fields_of({"a=1; xsid=2; sid=3"}), "sid"), "3") << "a name's end is no name";
  EXPECT_EQ(find_cookie(fields_of({"SID=1; sid=2"}), "sid"), "2") << "names are case-sensitive";
  EXPECT_EQ(find_cookie(fields_of({"sid="}), "sid"), "") << "there, and empty";
  EXPECT_EQ(find_cookie(fields_of({"a=1", "b=2", "sid=3"}), "sid"), "3") << "HTTP/2 splits the field";
}

TEST(Cookie, NothingIsFoundWhereNothingIs) {
  EXPECT_EQ(find_cookie(fields_of({}), "sid"), std::nullopt) << "other fields are not looked at";
  EXPECT_EQ(find_cookie(fields_of({"a=sid=1"}), "sid"), std::nullopt);
  EXPECT_EQ(find_cookie(fields_of({"sid"}), "sid"), std::nullopt) << "a value without a name";
}

}  // namespace
}  // namespace weir::proto::http
