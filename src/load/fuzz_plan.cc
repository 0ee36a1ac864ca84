// Any text is a plan or a list of mistakes; of a plan every request can be made.
#include <cstdlib>

#include "load/mix.h"
#include "load/plan_reader.h"
#include "load/schedule.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::load;
  const auto plan = load_plan_text({reinterpret_cast<const char*>(data), size}, "plan.yaml");
  if (!plan) {
    if (plan.error().empty()) std::abort();
    for (const auto& each : plan.error()) (void)each.text();
    return 0;
  }
  const Mix mix(*plan, std::vector<Session>(plan->sessions.count));
  Message message;
  Schedule schedule(*plan);
  for (int i = 0; i < 50; ++i) {
    const Arrival* next = schedule.peek();
    if (next == nullptr) break;
    mix.make(next->number, message);
    if (message.head.target.find_first_of("\r\n ") != std::string_view::npos) std::abort();
    schedule.pop();
  }
  return 0;
}
