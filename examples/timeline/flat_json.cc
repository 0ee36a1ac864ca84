#include "examples/timeline/flat_json.h"

#include <limits>

#include <nlohmann/json.hpp>

namespace weir::timeline {

namespace {

using nlohmann::json;

/// Returning false from any of these ends the parse with failure.
class FlatReader : public nlohmann::json_sax<json> {
 public:
  explicit FlatReader(std::vector<std::pair<std::string, FlatJson::Value>>& fields) : fields_(fields) {}

  bool null() override { return set(nullptr); }
  bool boolean(bool value) override { return set(value); }
  bool number_integer(number_integer_t value) override { return set(int64_t{value}); }
  bool number_unsigned(number_unsigned_t value) override {
    constexpr auto kMax = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());
    return value <= kMax && set(static_cast<int64_t>(value));
  }
  bool number_float(number_float_t value, const string_t& /*text*/) override { return set(value); }
  bool string(string_t& value) override { return set(std::move(value)); }
  bool binary(binary_t& /*value*/) override { return false; }
  bool start_object(size_t /*size*/) override { return !std::exchange(inside_, true); }
  bool key(string_t& name) override {
    if (fields_.size() == FlatJson::kFieldsMax) return false;
    for (const auto& field : fields_) {
      if (field.first == name) return false;
    }
    fields_.emplace_back(std::move(name), nullptr);
    return true;
  }
  bool end_object() override { return true; }
  bool start_array(size_t /*size*/) override { return false; }
  bool end_array() override { return false; }
  bool parse_error(size_t /*at*/, const std::string& /*token*/, const json::exception& /*why*/) override {
    return false;
  }

 private:
  bool set(FlatJson::Value value) {
    if (!inside_) return false;
    fields_.back().second = std::move(value);
    return true;
  }

  std::vector<std::pair<std::string, FlatJson::Value>>& fields_;
  bool inside_ = false;
};

}  // namespace

std::optional<FlatJson> FlatJson::parse(std::string_view text) {
  FlatJson object;
  FlatReader reader(object.fields_);
  if (!json::sax_parse(text, &reader)) return std::nullopt;
  return object;
}

}  // namespace weir::timeline
