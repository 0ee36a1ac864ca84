#pragma once
// A text with names in it (model/template_text.h), compiled: "https://{host}{path}" and what it becomes for one
// request. Values come from requests, so each is encoded for where it stands: nothing that a client writes can end a
// header field, add a parameter to a query, or turn a path into another host.
//
// Pure; a Template is immutable, any thread.

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace weir::l7::core {

/// What names mean for one request.
struct TemplateValues {
  std::string_view scheme;
  std::string_view host;   ///< without port
  std::string_view path;   ///< writable (proto/http/path.h), and so are the captures
  std::string_view query;  ///< with its "?", or empty
  std::string_view client_ip;
  std::string_view request_id;
  std::string_view route;
  std::span<const std::string_view> captures;  ///< by the place of their names in the pattern
};

class Template {
 public:
  enum class Use : uint8_t {
    url,    ///< of a redirect: what stands behind a "?" is encoded as the value of a parameter
    path,   ///< a path, or its beginning
    value,  ///< of a header field
  };
  /// `text` has been read; `pattern_names` are those of the route's path.
  Template(std::string_view text, const std::vector<std::string_view>& pattern_names, Use use);

  /// Appends the text for a request.
  void append_to(std::string& out, const TemplateValues& values) const;
  /// Without names: always the same.
  [[nodiscard]] bool is_constant() const { return pieces_.empty() || (pieces_.size() == 1 && !pieces_[0].is_name); }
  [[nodiscard]] bool mentions_host() const;
  [[nodiscard]] size_t memory_bytes() const;

 private:
  enum class Name : uint8_t { scheme, host, path, query, client_ip, request_id, route, capture };
  struct Piece {
    bool is_name = false;
    bool in_query = false;
    Name name = Name::scheme;
    uint32_t capture = 0;
    std::string text;
  };
  [[nodiscard]] static std::string_view value_of(const Piece& piece, const TemplateValues& values);

  std::vector<Piece> pieces_;
  Use use_;
};

/// No two slashes where two pieces of a path meet.
void append_path(std::string& out, std::string_view text);

}  // namespace weir::l7::core
