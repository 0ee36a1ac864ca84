#include "discovery/answer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <functional>

namespace weir::discovery {
namespace {

Answer found(std::vector<std::string> addresses, int64_t ttl = 30) {
  return {.outcome = Outcome::found, .addresses = std::move(addresses), .ttl = Duration::s(ttl)};
}
Answer empty() { return {.outcome = Outcome::empty, .problem = "none"}; }
Answer failed() { return {.outcome = Outcome::failed, .problem = "timeout"}; }

std::string text_of(const Conclusion& conclusion) {
  std::string text = name_of(conclusion.outcome);
  for (const auto* list : {&conclusion.addresses.v4, &conclusion.addresses.v6}) {
    for (const auto& each : *list) text += " " + each;
  }
  if (conclusion.outcome == Outcome::found) text += fmt::format(" {}s", conclusion.ttl.ms() / 1000);
  return text + (conclusion.problem.empty() ? "" : ": " + conclusion.problem);
}

TEST(Conclude, HalfAnAnswerDoesNotHalveACluster) {
  const Addresses before{{"10.0.0.9"}, {"::9"}};
  const struct {
    std::string_view message, expected;
    Round round;
  } rows[] = {
      {"both", "found 10.0.0.1 ::1 20s", {found({"10.0.0.1"}, 30), found({"::1"}, 20)}},
      {"in numeric order, each once",
       "found 9.0.0.1 10.0.0.1 10.0.0.2 30s",
       {found({"10.0.0.2", "9.0.0.1", "10.0.0.1", "10.0.0.2"}), empty()}},
      {"spelled as ever", "found ::1 30s", {empty(), found({"0:0::0001", "::1"})}},
      {"what is no address is left out", "found 10.0.0.1 30s", {found({"10.0.0.1", "garbage", ""}), std::nullopt}},
      {"one kind only is normal", "found 10.0.0.1 30s", {found({"10.0.0.1"}), empty()}},
      {"the kind that failed keeps what it had", "found 10.0.0.1 ::9 30s: timeout", {found({"10.0.0.1"}), failed()}},
      {"the other way round", "found 10.0.0.9 ::1 30s: timeout", {failed(), found({"::1"})}},
      {"both failed", "failed 10.0.0.9 ::9: timeout", {failed(), failed()}},
      {"one knows nothing, the other failed: nobody is sure", "failed 10.0.0.9 ::9: timeout", {empty(), failed()}},
      {"both know nothing", "empty: none", {empty(), empty()}},
      {"one kind was asked for and is empty", "empty: none", {empty(), std::nullopt}},
  };
  for (const auto& row : rows) EXPECT_EQ(text_of(conclude(before, row.round)), row.expected) << row.message;
}

std::string text_of(const std::vector<model::EndpointConfig>& endpoints) {
  std::string text;
  for (const auto& each : endpoints) {
    text += fmt::format("{}{}*{}/{}", text.empty() ? "" : " ", each.address.text(), each.weight, each.priority);
  }
  return text;
}

TEST(EndpointsOf, ANameGivesItsEntrysSettings) {
  const model::EndpointConfig entry{.address = {"app.internal", 80}, .weight = 3, .zone = "b", .priority = 1};
  const auto endpoints = endpoints_of(Addresses{{"10.0.0.1"}, {"::1"}}, entry);
  EXPECT_EQ(text_of(endpoints), "10.0.0.1:80*3/1 [::1]:80*3/1");
  EXPECT_EQ(endpoints[1].zone, "b");
  EXPECT_EQ(endpoints[1].origin, "app.internal");
  EXPECT_FALSE(endpoints[1].is_source());
}

TEST(EndpointsOf, ServicesGivePortWeightAndPriority) {
  const std::map<std::string, Addresses> hosts{{"a", {{"10.0.0.1"}, {}}}, {"b", {{"10.0.0.2", "10.0.0.3"}, {}}}};
  const struct {
    std::string_view message, expected;
    std::vector<ServiceRecord> records;
    uint8_t priority = 0;
  } rows[] = {
      {"weights stay", "10.0.0.1:80*10/0 10.0.0.2:81*20/0 10.0.0.3:81*20/0", {{"a", 80, 10, 0}, {"b", 81, 20, 0}}},
      {"the order of records is no difference",
       "10.0.0.1:80*10/0 10.0.0.2:81*20/0 10.0.0.3:81*20/0",
       {{"b", 81, 20, 0}, {"a", 80, 10, 0}}},
      {"large weights are scaled", "10.0.0.1:80*500/0 10.0.0.1:81*1000/0", {{"a", 80, 20000, 0}, {"a", 81, 40000, 0}}},
      {"weight 0 is little, not none", "10.0.0.1:80*1/0 10.0.0.1:81*9/0", {{"a", 80, 0, 0}, {"a", 81, 9, 0}}},
      {"priorities become ranks",
       "10.0.0.1:80*1/0 10.0.0.1:82*1/1 10.0.0.1:81*1/2",
       {{"a", 81, 1, 700}, {"a", 80, 1, 10}, {"a", 82, 1, 20}}},
      {"on top of the entry's, up to 9",
       "10.0.0.1:80*1/8 10.0.0.1:81*1/9 10.0.0.1:82*1/9",
       {{"a", 80, 1, 1}, {"a", 81, 1, 2}, {"a", 82, 1, 3}},
       8},
      {"a host without addresses is none", "10.0.0.1:80*1/0", {{"a", 80, 1, 0}, {"nobody", 80, 1, 0}}},
  };
  for (const auto& row : rows) {
    const model::EndpointConfig entry{.zone = {}, .priority = row.priority, .srv = "_x._tcp.y"};
    const auto endpoints = endpoints_of(row.records, hosts, entry);
    EXPECT_EQ(text_of(endpoints), row.expected) << row.message;
    for (const auto& each : endpoints) EXPECT_FALSE(each.is_source()) << row.message;
  }
}

TEST(Difference, IsToldByAddress) {
  const model::EndpointConfig a{.address = {"10.0.0.1", 1}, .zone = {}}, b{.address = {"10.0.0.2", 1}, .zone = {}},
      heavy{.address = {"10.0.0.2", 1}, .weight = 5, .zone = {}};
  EXPECT_EQ(difference({a, b}, {b, a}), (Difference{}));
  EXPECT_EQ(difference({a, b}, {heavy}), (Difference{.removed = 1, .changed = 1}));
  EXPECT_EQ(difference({}, {a, b}), (Difference{.added = 2}));
  EXPECT_FALSE(difference({a}, {a}).any());
}

// ------------------------------------------------------------------------------------------- packets

constexpr uint16_t kSrv = 33, kA = 1, kCname = 5;

std::string number(uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i));
  return out;
}
std::string header(unsigned questions, unsigned answers) {
  return number(0x1234, 2) + number(0x8180, 2) + number(questions, 2) + number(answers, 2) + number(0, 4);
}
const std::string kQuestion = std::string("\1x\1y\0", 5) + number(kSrv, 2) + number(1, 2);
std::string record(uint16_t type, uint64_t ttl, std::string_view data = "data",
                   const std::string& name = std::string("\xc0\x0c", 2)) {
  return name + number(type, 2) + number(1, 2) + number(ttl, 4) + number(data.size(), 2) + std::string(data);
}

TEST(LeastTtl, OfPackets) {
  const std::string two = header(1, 2) + kQuestion;
  const std::string truncated = two + record(kSrv, 30);
  const struct {
    std::string_view message;
    int64_t expected;  ///< -1: nothing
    std::string packet;
  } rows[] = {
      {"the least", 20, two + record(kSrv, 30) + record(kSrv, 20)},
      {"of this type", 30, two + record(kSrv, 30) + record(kA, 20)},
      {"and of aliases", 10, two + record(kCname, 10) + record(kSrv, 30)},
      {"too large counts as 0", 0, two + record(kSrv, 30) + record(kSrv, 0x80000000)},
      {"a name in full", 30, header(1, 1) + kQuestion + record(kSrv, 30, "", std::string("\1x\1y\0", 5))},
      {"a pointer to itself is not followed", 30, header(1, 1) + kQuestion + record(kSrv, 30, "", "\xc0\x19")},
      {"none of it", -1, two + record(kA, 1) + record(kA, 1)},
      {"fewer records than promised", -1, truncated},
      {"more than any packet has", -1, header(65535, 65535) + kQuestion},
      {"a record that ends beyond the packet", -1, (two + record(kSrv, 30)).substr(0, two.size() + 13)},
      {"a label of a kind that is not", -1, header(1, 1) + std::string("\x80") + kQuestion},
      {"a name that never ends", -1, header(1, 1) + std::string(40, '\1')},
      {"half a header", -1, std::string("\1\2\3")},
      {"nothing", -1, ""},
  };
  for (const auto& row : rows) {
    const auto* bytes = reinterpret_cast<const unsigned char*>(row.packet.data());
    const auto ttl = least_ttl({bytes, row.packet.size()}, kSrv);
    EXPECT_EQ(ttl ? ttl->ms() / 1000 : -1, row.expected) << row.message;
  }
}

}  // namespace
}  // namespace weir::discovery
