#pragma once
// A mistake in a configuration, as it is shown: where, which setting, what is wrong, what would be right.

#include <cstdint>
#include <string>

namespace weir::model {

struct Mistake {
  std::string file;
  uint32_t line = 0, column = 0;  ///< from 1; 0 when the file could not be read at all
  std::string setting;            ///< "clusters.app.policy"; empty for the file as a whole
  std::string message;
  std::string expected;  ///< may be empty
  std::string nearest;   ///< may be empty

  /// weir.yaml:12:5: clusters.app.policy: unknown policy "p2x"; expected one of round_robin, ...; did you mean "p2c"?
  [[nodiscard]] std::string text() const;
};

}  // namespace weir::model
