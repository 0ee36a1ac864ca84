#include "app/ctl_ask.h"

#include <gtest/gtest.h>

namespace weir::app {
namespace {

TEST(CtlAsk, OneStatusForOneMistake) {
  const struct {
    const char* message;
    uint16_t answered;
    int status;
  } rows[] = {
      {"done", 200, 0},
      {"a parameter that is none", 400, kWrongUse},
      {"a token that is none", 401, kWrongUse},
      {"not from here", 403, kWrongUse},
      {"a name that is not there", 404, kWrongUse},
      {"not now", 409, kFailed},
      {"its own trouble", 500, kFailed},
      {"too many", 503, kFailed},
  };
  for (const auto& row : rows) EXPECT_EQ(row.status, status_of({.status = row.answered, .body = {}})) << row.message;
}

TEST(CtlAsk, WhatIsNotThereIsEmpty) {
  const auto said = nlohmann::json::parse(R"({"text": "a", "number": 7, "other": [1]})");
  EXPECT_EQ("a", text_at(said, "text"));
  EXPECT_EQ(7, number_at(said, "number"));
  for (const char* key : {"other", "absent"}) {
    EXPECT_EQ("", text_at(said, key)) << key;
    EXPECT_EQ(0, number_at(said, key)) << key;
  }
  const auto nonsense = nlohmann::json::parse("<html>", nullptr, false);
  EXPECT_EQ("", text_at(nonsense, "text"));
  EXPECT_EQ(0, number_at(nonsense, "number"));
}

}  // namespace
}  // namespace weir::app
