#include "app/ctl_ask.h"

#include <fmt/format.h>

#include "app/terminal.h"

namespace weir::app {

namespace {

using nlohmann::json;

/// Answers come at once, except that a reload reads files and opens sockets.
constexpr Duration kAnswerTimeout = Duration::s(10);

}  // namespace

int failed(int status, const std::string& text) {
  complain(fmt::format("weir ctl: {}\n", text));
  return status;
}

int status_of(const AdminAnswer& answer) {
  if (answer.status == 200) return 0;
  // 409 is no mistake of who asks: another time it may be granted.
  return answer.status >= 400 && answer.status < 500 && answer.status != 409 ? kWrongUse : kFailed;
}

Result<AdminAnswer, int> CtlAsk::answer(bool changes, const std::string& target) const {
  auto answer = ask_admin(admin_, changes, target, kAnswerTimeout);
  if (!answer) return fail(failed(kFailed, answer.error()));
  return std::move(*answer);
}

Result<std::string, int> CtlAsk::operator()(bool changes, const std::string& target) const {
  auto said = answer(changes, target);
  if (!said) return fail(said.error());
  if (said->status != 200) return fail(refused(*said));
  return std::move(said->body);
}

int CtlAsk::refused(const AdminAnswer& answer, const std::string& before) const {
  std::string why = text_at(json::parse(answer.body, nullptr, false), "error");
  if (why.empty()) why = fmt::format("{} answered with status {}", admin_.address.text(), answer.status);
  return failed(status_of(answer), before + why);
}

int CtlAsk::puzzled(const std::string& text) const {
  return failed(kFailed, fmt::format("{}: {}", admin_.address.text(), text));
}

std::string text_at(const json& object, const char* key) {
  if (!object.is_object()) return {};
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

int64_t number_at(const json& object, const char* key) {
  if (!object.is_object()) return 0;
  const auto found = object.find(key);
  return found != object.end() && found->is_number_integer() ? found->get<int64_t>() : 0;
}

}  // namespace weir::app
