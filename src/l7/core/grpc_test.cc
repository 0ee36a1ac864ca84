#include "l7/core/grpc.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::l7::core {
namespace {

using balance::Outcome;
using proto::http::Fields;
using proto::http::RequestHead;

TEST(Grpc, IsKnownByItsContentType) {
  const struct {
    const char* message;
    bool expected;
    std::string type;
  } cases[] = {
      {"bare", true, "application/grpc"},
      {"with a format", true, "application/grpc+proto"},
      {"in capitals", true, "Application/gRPC"},
      {"with a parameter", true, "application/grpc;charset=x"},
      {"for browsers", false, "application/grpc-web"},
      {"something else", false, "application/json"},
      {"shorter", false, "application/grp"},
  };
  for (const auto& row : cases) {
    RequestHead head;
    head.fields.push_back({.name = "content-type", .value = row.type, .id = proto::http::FieldId::content_type});
    EXPECT_EQ(is_grpc(head), row.expected) << row.message;
  }
  EXPECT_FALSE(is_grpc(RequestHead{}));
}

TEST(Grpc, StatusIsReadFromFields) {
  const struct {
    const char* message;
    std::optional<uint8_t> expected;
    Fields fields;
  } cases[] = {
      {"none", std::nullopt, {{.name = "x", .value = "1"}}},
      {"OK", uint8_t{0}, {{.name = "grpc-status", .value = "0"}}},
      {"two digits, another case", uint8_t{14}, {{.name = "x", .value = "1"}, {.name = "Grpc-Status", .value = "14"}}},
      {"the last", uint8_t{16}, {{.name = "grpc-status", .value = "16"}}},
      {"one too many", uint8_t{2}, {{.name = "grpc-status", .value = "17"}}},
      {"no number", uint8_t{2}, {{.name = "grpc-status", .value = "x"}}},
      {"half a number", uint8_t{2}, {{.name = "grpc-status", .value = "1x"}}},
      {"empty", uint8_t{2}, {{.name = "grpc-status", .value = ""}}},
      {"long", uint8_t{2}, {{.name = "grpc-status", .value = "0000000000000000000000000"}}},
  };
  for (const auto& row : cases) EXPECT_EQ(grpc_status(row.fields), row.expected) << row.message;
}

TEST(Grpc, FailuresOfTheServiceAreNotThoseOfTheCaller) {
  for (const int status : {4, 14}) EXPECT_EQ(outcome_of_grpc(uint8_t(status)), Outcome::gateway_failure) << status;
  for (const int status : {2, 13, 15}) EXPECT_EQ(outcome_of_grpc(uint8_t(status)), Outcome::server_error) << status;
  for (const int status : {0, 1, 3, 5, 6, 7, 8, 9, 10, 11, 12, 16})
    EXPECT_EQ(outcome_of_grpc(uint8_t(status)), Outcome::success) << kGrpcNames[size_t(status)];
}

TEST(Grpc, RefusalsHaveAStatus) {
  EXPECT_EQ(grpc_status_of(200), "14") << "a fixed response in place of the service";
  EXPECT_EQ(grpc_status_of(503), "14");
  EXPECT_EQ(grpc_status_of(504), "14");
  EXPECT_EQ(grpc_status_of(404), "12");
  EXPECT_EQ(grpc_status_of(418), "2");
}

}  // namespace
}  // namespace weir::l7::core
