#include "model/template_text.h"

#include <algorithm>

#include <fmt/format.h>

#include "model/path_pattern.h"
#include "model/value.h"

namespace weir::model {
namespace {

using Pieces = std::vector<TemplatePiece>;

void add_literal(Pieces& pieces, char c) {
  if (pieces.empty() || pieces.back().is_name) pieces.push_back({});
  pieces.back().text += c;
}

bool is_visible_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7f; });
}

std::vector<std::string_view> with(std::vector<std::string_view> names,
                                   std::initializer_list<std::string_view> others) {
  names.insert(names.end(), others);
  return names;
}

/// The text with something harmless for each name, and \1 for those whose values are chosen by who writes a link.
std::string outline(const Pieces& pieces) {
  std::string text;
  for (const TemplatePiece& each : pieces) {
    if (!each.is_name) {
      text += each.text;
    } else {
      text += each.text == "scheme"  ? "http"
              : each.text == "host"  ? "h"
              : each.text == "path"  ? "/"
              : each.text == "query" ? "?"
                                     : "\1";
    }
  }
  return text;
}

/// A link to this host must not lead to another that its writer chose.
std::string fault_of_destination(std::string_view text) {
  if (text.starts_with('/')) {
    const bool other = text.starts_with("//") || text.starts_with("/\\");
    return other ? "begins with two slashes, which name another host" : "";
  }
  if (text.starts_with("http://")) {
    text.remove_prefix(7);
  } else if (text.starts_with("https://")) {
    text.remove_prefix(8);
  } else {
    return "begins neither with / or {path} nor with http://, https:// or {scheme}://";
  }
  const std::string_view authority = text.substr(0, text.find_first_of("/?#"));
  if (authority.empty()) return "names no host";
  if (authority.find('\1') != std::string_view::npos) {
    return "has a segment of the path where the host stands: whoever writes a link would choose where it leads";
  }
  return {};
}

}  // namespace

Result<Pieces, std::string> parse_template(std::string_view text, const std::vector<std::string_view>& names) {
  Pieces pieces;
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool brace = c == '{' || c == '}';
    if (!brace || (i + 1 < text.size() && text[i + 1] == c)) {
      add_literal(pieces, c);
      i += brace;
      continue;
    }
    const size_t end = text.find('}', i);
    if (c == '}' || end == std::string_view::npos)
      return fail(std::string("has a single brace; a brace is written twice"));
    const std::string_view name = text.substr(i + 1, end - i - 1);
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      std::string known;
      for (const std::string_view each : names) known += fmt::format("{}{{{}}}", known.empty() ? "" : ", ", each);
      return fail(fmt::format("has {{{}}}, and there is only {}", name, known.empty() ? "nothing" : known));
    }
    pieces.push_back({true, std::string(name)});
    i = end;
  }
  return pieces;
}

std::vector<std::string_view> redirect_names(const std::vector<std::string_view>& of_pattern) {
  return with(of_pattern, {"scheme", "host", "path", "query"});
}
std::vector<std::string_view> rewrite_names(const std::vector<std::string_view>& of_pattern) {
  return with(of_pattern, {"path"});
}
std::vector<std::string_view> header_names(const std::vector<std::string_view>& of_pattern) {
  return with(of_pattern, {"client_ip", "host", "path", "request_id", "route", "scheme"});
}

std::string fault_of_redirect(std::string_view to, const std::vector<std::string_view>& of_pattern) {
  if (to.empty() || !is_visible_ascii(to))
    return "is no URL: it is empty, or has a blank or a byte that must be encoded";
  const auto pieces = parse_template(to, redirect_names(of_pattern));
  return pieces ? fault_of_destination(outline(*pieces)) : pieces.error();
}

bool rewrites_whole_path(const RouteConfig& route) {
  return route.path_kind != RouteConfig::PathKind::prefix || route.rewrite_path.find('{') != std::string::npos;
}

std::string fault_of_rewrite(const RouteConfig& route, const std::vector<std::string_view>& of_pattern) {
  const std::string& path = route.rewrite_path;
  const bool begins = path.starts_with('/') || path.starts_with("{path}");
  if (!begins || !is_visible_ascii(path))
    return "is no path: it does not begin with /, or has a byte that must be encoded";
  if (path.find_first_of("?#") != std::string::npos) return "has a query; that of the request is kept";
  const auto pieces = parse_template(path, rewrite_names(of_pattern));
  if (!pieces) return pieces.error();
  for (const TemplatePiece& each : *pieces) {
    if (each.is_name) continue;
    if (each.text.find("//") != std::string::npos) return "has two slashes in a row";
    if (("/" + each.text + "/").find("/./") != std::string::npos || each.text.find("..") != std::string::npos) {
      return "has a dot segment";
    }
  }
  if (!rewrites_whole_path(route) && route.path.ends_with('/') && !path.ends_with('/')) {
    return fmt::format("takes the place of {}, so it must end with a slash too", route.path);
  }
  return {};
}

std::string fault_of_edit(std::string_view value, const std::vector<std::string_view>& of_pattern) {
  const bool control = std::any_of(value.begin(), value.end(), [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
  if (control) return "has a control character";
  if (value != "" && (value.front() == ' ' || value.back() == ' ' || value.front() == '\t' || value.back() == '\t')) {
    return "begins or ends with a blank, which is no part of a value";
  }
  const auto pieces = parse_template(value, header_names(of_pattern));
  return pieces ? std::string() : pieces.error();
}

std::string fault_of_edited_field(std::string_view name) {
  if (!is_token(name) || name.size() > 256) return "is no name of a field";
  const std::string lower = lower_case(name);
  for (const std::string_view each : {"content-length", "transfer-encoding", "trailer", "te", "expect"}) {
    if (lower == each) return "says where a message ends, which is the connection's affair";
  }
  for (const std::string_view each : {"connection", "keep-alive", "proxy-connection", "upgrade"}) {
    if (lower == each) return "is for one connection only, and never passed on";
  }
  if (lower == "host") return "is not changed here; rewrite.host does that";
  return {};
}

}  // namespace weir::model
