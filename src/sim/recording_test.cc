// A recording comes back from its file as it was, and a bad file is refused where it is bad.
#include "sim/recording.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::sim {
namespace {

Recording example() {
  Recording recording;
  recording.version = "0.1.0";
  recording.started = "2026-11-24T08:00:00.000Z";
  recording.length = Duration::s(10);
  recording.dropped = 3;
  recording.clusters = {{"app", model::PolicyKind::p2c, {"10.0.0.1:80", "[::1]:80"}},
                        {"api", model::PolicyKind::ring_hash, {"10.0.0.1:80"}}};
  RecordedRequest early{.arrived = Duration::ms(-5), .latency = Duration::ms(9)};
  early.attempt = Duration::us(10);
  early.first_byte = Duration::ms(8);
  early.cluster = 1;
  early.endpoint = 0;
  early.tries = 1;
  early.status = 200;
  early.path_hash = UINT64_MAX;
  RecordedRequest refused{.arrived = Duration::ms(1), .latency = Duration::us(4)};
  refused.status = 503;
  refused.idempotent = false;
  refused.bytes_in = 7;
  refused.bytes_out = 8;
  recording.requests = {early, refused};
  return recording;
}

TEST(Recording, ComesBackAsItWas) {
  const Recording recording = example();
  const auto read = read_recording(write_recording(recording), "run.csv");
  ASSERT_TRUE(read.has_value()) << read.error();
  EXPECT_EQ(*read, recording);
}

TEST(Recording, IsSortedByArrival) {
  Recording recording = example();
  std::swap(recording.requests[0], recording.requests[1]);
  EXPECT_EQ(read_recording(write_recording(recording), "run.csv"), example());
}

TEST(Recording, TakesWhatAnEditorMakesOfIt) {
  std::string text = write_recording(example());
  for (size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 2) text.replace(at, 1, "\r\n");
  text += "\r\n";
  EXPECT_EQ(read_recording(text, "run.csv"), example());
  text.insert(text.find("# length_ns"), "# note: this was before the new release\n");
  EXPECT_EQ(read_recording(text, "run.csv"), example()) << "an unknown comment";
}

TEST(Recording, EmptyIsFine) { EXPECT_EQ(read_recording(write_recording({}), "run.csv"), Recording{}); }

TEST(Recording, BadLinesAreNamed) {
  const std::string columns =
      "arrived_ns,cluster,endpoint,attempt_ns,first_byte_ns,latency_ns,status,idempotent,path_hash,bytes_in,bytes_out,"
      "tries\n";
  const std::string head = "# weir recording 1\n# length_ns 5\n# cluster app policy=p2c endpoints=a:1\n";
  const struct {
    const char* message;
    const char* expected;
    std::string text;
  } cases[] = {
      {"nothing", "run.csv:0: expected \"# weir recording 1\"", ""},
      {"another file", "run.csv:1: expected \"# weir recording 1\"", "name,price\n"},
      {"another version", "run.csv:1: expected \"# weir recording 1\"", "# weir recording 2\n"},
      {"it ends early", "run.csv:3: the file ends before its columns, expected arrived_ns,", head},
      {"other columns", "run.csv:4: expected the columns arrived_ns,", head + "a,b\n"},
      {"a length that is none", "run.csv:2: length_ns is \"1s\", expected a whole number from 0 to 1000000000000000",
       "# weir recording 1\n# length_ns 1s\n" + columns},
      {"a policy that is none", "run.csv:2: unknown policy \"p3c\", expected one of round_robin",
       "# weir recording 1\n# cluster app policy=p3c endpoints=a:1\n" + columns},
      {"half a cluster", "run.csv:2: expected \"# cluster NAME policy=POLICY endpoints=ADDRESS,ADDRESS\"",
       "# weir recording 1\n# cluster app\n" + columns},
      {"a cluster twice", "run.csv:4: cluster app is there twice",
       head + "# cluster app policy=p2c endpoints=b:1\n" + columns},
      {"too few values", "run.csv:5: 3 values, expected 12", head + columns + "1,app,a:1\n"},
      {"too many values", "run.csv:5: 13 values, expected 12", head + columns + "1,app,a:1,1,2,3,200,1,0,0,0,1,9\n"},
      {"a word for a number", "run.csv:5: latency_ns is \"x\", expected a whole number",
       head + columns + "1,app,a:1,1,2,x,200,1,0,0,0,1\n"},
      {"a number that is too large", "run.csv:5: latency_ns is \"1000000000000001\", expected a whole number",
       head + columns + "1,app,a:1,1,2,1000000000000001,200,1,0,0,0,1\n"},
      {"a negative time", "run.csv:5: attempt_ns is \"-1\", expected a whole number from 0",
       head + columns + "1,app,a:1,-1,2,3,200,1,0,0,0,1\n"},
      {"neither yes nor no", "run.csv:5: idempotent is \"2\", expected a whole number from 0 to 1",
       head + columns + "1,app,a:1,1,2,3,200,2,0,0,0,1\n"},
      {"a hash in other letters", "run.csv:5: path_hash is \"xyz\", expected a hexadecimal number",
       head + columns + "1,app,a:1,1,2,3,200,1,xyz,0,0,1\n"},
      {"an unknown cluster", "run.csv:5: cluster is \"web\", expected one that the header names",
       head + columns + "1,web,a:1,1,2,3,200,1,0,0,0,1\n"},
      {"an unknown endpoint", "run.csv:5: endpoint is \"b:1\", expected one that the header names",
       head + columns + "1,app,b:1,1,2,3,200,1,0,0,0,1\n"},
      {"answered before it was sent", "run.csv:5: expected attempt_ns <= first_byte_ns <= latency_ns",
       head + columns + "1,app,a:1,2,1,3,200,1,0,0,0,1\n"},
      {"the second of two lines", "run.csv:6: tries is \"\", expected a whole number",
       head + columns + "1,app,a:1,1,2,3,200,1,0,0,0,1\n1,app,a:1,1,2,3,200,1,0,0,0,\n"},
  };
  for (const auto& c : cases) {
    const auto read = read_recording(c.text, "run.csv");
    ASSERT_FALSE(read.has_value()) << c.message;
    EXPECT_EQ(read.error().substr(0, std::string_view(c.expected).size()), c.expected) << c.message;
    EXPECT_EQ(read.error().find('\n'), std::string::npos) << c.message;
  }
}

TEST(Recording, PoliciesAreSpelledAsInTheConfiguration) {
  EXPECT_EQ(policy_name(model::PolicyKind::least_request), "least_request");
  EXPECT_EQ(parse_policy("peak_ewma"), model::PolicyKind::peak_ewma);
  const auto wrong = parse_policy("p2cc");
  ASSERT_FALSE(wrong.has_value());
  EXPECT_NE(wrong.error().find("did you mean p2c?"), std::string::npos) << wrong.error();
}

}  // namespace
}  // namespace weir::sim
