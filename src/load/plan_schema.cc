#include "load/plan_schema.h"

#include <array>

#include "model/shapes.h"

namespace weir::load {
namespace {

using namespace model;  // the words of the tables

constexpr Duration kMillisecond = Duration::ms(1);
constexpr Duration kLongest = Duration::s(7 * 24 * 3600);
constexpr uint64_t kRateMax = 10'000'000;

// In the order of the enumeration: the value of a choice is its index. A log is given on the command line.
constexpr std::array<std::string_view, 3> kArrivals{"constant", "poisson", "closed"};

Section<Plan> make_plan() {
  using P = Plan;
  return {"The file",
          "",
          "What stands at the top of the file.",
          {},
          {
              field<&P::target>("target", address(1), "To whom; the command line's target goes before it.",
                                "to be given in one of the two places"),
              field<&P::host>("host", text(0, 253), "The Host field.", "the target as written"),
              field<&P::arrivals>("arrivals", choice(kArrivals),
                                  "constant and poisson come whether or not they are answered, an open loop; closed is "
                                  "so many connections that each ask again when they are answered.",
                                  "even, so that what varies is the server"),
              field<&P::rate>("rate", count(0, kRateMax), "Open loop: requests per second.", "small"),
              structured<P>("stages", structure("a list of changes such as {at: 30s, rate: 500, over: 10s}"),
                            "Open loop: changes of the rate.", "the rate stays as it is"),
              field<&P::duration>("duration", duration(kMillisecond, kLongest), "How long.", "short"),
              field<&P::warm_up>("warm_up", duration(Duration{}, kLongest),
                                 "Of the duration; what comes in it is counted apart.", "nothing is left out unasked"),
              field<&P::connections>("connections", count(1, 1'000'000), "Closed loop: how many.", "a small test"),
              field<&P::connections_max>("connections_max", count(1, 1'000'000),
                                         "Open loop: beyond so many, requests wait, and their clocks run.",
                                         "within the usual limit of descriptors"),
              field<&P::timeout>("timeout", duration(kMillisecond, Duration::s(3600)),
                                 "From the intended start to the last byte.", "longer than anybody waits for a page"),
              field<&P::seed>("seed", count(0, UINT64_MAX), "Of all chance.", "any is as good as another"),
              structured<P>("ids", structure("a map such as user: {count: 10000, zipf: 100%}"),
                            "Numbers that requests name in braces.", "nothing varies"),
              structured<P>("requests", structure("a list of requests, or one"), "The mix.", "GET /"),
              structured<P>("sessions", structure("a map with count and steps"), "Who logs in before the clock starts.",
                            "nobody"),
          }};
}

Section<StageSpec> make_stage() {
  return {"Stages",
          "stages[]",
          "From `at` on, the rate moves in a straight line to `rate`, which it reaches `over` later.",
          {},
          {
              field<&StageSpec::at>("at", duration(Duration{}, kLongest).and_required(), "When it begins.",
                                    "it ends whatever change was under way"),
              field<&StageSpec::rate>("rate", count(0, kRateMax).and_required(), "Requests per second, from then on.",
                                      "0 is silence"),
              field<&StageSpec::over>("over", duration(Duration{}, kLongest), "How long the change takes.", "a step"),
          }};
}

Section<IdSpec> make_id() {
  return {"Ids",
          "ids.NAME",
          "Numbers from 1 to count.",
          {},
          {
              field<&IdSpec::count>("count", count(1, 1'000'000'000), "How many there are.", "some thousand people"),
              field<&IdSpec::zipf_percent>("zipf", percent(0, 1'000),
                                           "Exponent of their popularity in hundredths; 100% is Zipf's law.",
                                           "none is asked for more than another"),
          }};
}

Section<RequestSpec> make_request() {
  using R = RequestSpec;
  return {"Requests",
          "requests[]",
          "One kind of request. Path, fields and body may name ids, {session} and {token}.",
          {},
          {
              field<&R::name>("name", text(0, 64), "What the report calls it.", "method and path"),
              field<&R::weight>("weight", count(0, 1'000'000), "Its share of the mix.", "all alike"),
              field<&R::method>("method", text(1, 32), "GET, POST, ...", "most traffic reads"),
              field<&R::path>("path", text(1, 4096), "With its query.", "the front page"),
              structured<R>("headers", structure("a map such as authorization: Bearer {token}"), "Fields to send.",
                            "only Host, and Content-Length with a body"),
              field<&R::body>("body", text(0, 65'536), "Sent as it stands, ids filled in.", "no body"),
          }};
}

Section<SessionsSpec> make_sessions() {
  using S = SessionsSpec;
  return {"Sessions",
          "sessions",
          "Who logs in before the clock starts; requests then name {session} (1 to count) and {token}.",
          {},
          {
              field<&S::count>("count", count(1, 10'000).and_required(), "How many.", "to be given"),
              field<&S::token>("token", text(1, 64), "The member of a step's JSON answer that is the token.",
                               "what most logins call it"),
              structured<S>("steps", structure("a list of requests, or one").and_required(),
                            "Sent for each session, in order. Only the last one must not be refused.",
                            "registering a second time is no mistake"),
          }};
}

}  // namespace
}  // namespace weir::load

namespace weir::model {

template <>
const Section<load::Plan>& section<load::Plan>() {
  static const Section<load::Plan> made = load::make_plan();
  return made;
}

template <>
const Section<load::StageSpec>& section<load::StageSpec>() {
  static const Section<load::StageSpec> made = load::make_stage();
  return made;
}

template <>
const Section<load::IdSpec>& section<load::IdSpec>() {
  static const Section<load::IdSpec> made = load::make_id();
  return made;
}

template <>
const Section<load::RequestSpec>& section<load::RequestSpec>() {
  static const Section<load::RequestSpec> made = load::make_request();
  return made;
}

template <>
const Section<load::SessionsSpec>& section<load::SessionsSpec>() {
  static const Section<load::SessionsSpec> made = load::make_sessions();
  return made;
}

}  // namespace weir::model
