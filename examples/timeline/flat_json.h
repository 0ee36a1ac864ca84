#pragma once
// The only JSON that strangers may send here: one object whose values are scalars. Anything else (an array, a nested
// object, a name given twice, more than kFieldsMax fields, bad UTF-8, text after the end) is refused at the byte where
// it appears, so no input can buy depth, memory or a second meaning. Pure.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace weir::timeline {

class FlatJson {
 public:
  static constexpr size_t kFieldsMax = 16;
  using Value = std::variant<std::nullptr_t, bool, int64_t, double, std::string>;

  static std::optional<FlatJson> parse(std::string_view text);

  /// Null when the field is absent or of another type.
  [[nodiscard]] const std::string* string(std::string_view name) const { return get<std::string>(name); }
  [[nodiscard]] const int64_t* integer(std::string_view name) const { return get<int64_t>(name); }
  [[nodiscard]] const bool* boolean(std::string_view name) const { return get<bool>(name); }
  [[nodiscard]] const std::vector<std::pair<std::string, Value>>& fields() const { return fields_; }

 private:
  template <class T>
  [[nodiscard]] const T* get(std::string_view name) const {
    for (const auto& field : fields_) {
      if (field.first == name) return std::get_if<T>(&field.second);
    }
    return nullptr;
  }
  std::vector<std::pair<std::string, Value>> fields_;
};

}  // namespace weir::timeline
