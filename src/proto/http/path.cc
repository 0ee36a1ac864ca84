#include "proto/http/path.h"

#include <array>

namespace weir::proto::http {

namespace {

enum Class : uint8_t { kPlain = 0, kSlash = 1, kDot = 2, kOdd = 4 };

constexpr bool is_plain(unsigned char c) {
  const bool alphanumeric = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  return alphanumeric || std::string_view("-._~!$&'()*+,;=:@").find(static_cast<char>(c)) != std::string_view::npos;
}

constexpr std::array<uint8_t, 256> make_classes() {
  std::array<uint8_t, 256> classes{};
  for (size_t c = 0; c < 256; ++c) {
    classes[c] = is_plain(static_cast<unsigned char>(c)) ? kPlain : kOdd;
  }
  classes['/'] = kSlash;
  classes['.'] = kDot;
  return classes;
}

constexpr std::array<uint8_t, 256> kClasses = make_classes();

uint8_t class_of(char c) { return kClasses[static_cast<unsigned char>(c)]; }

/// Nothing to decode or encode, no slashes in a row, and no segment that begins with a dot.
bool is_canonical(std::string_view path) {
  uint8_t odd = 0;
  uint8_t previous = kPlain;
  for (const char c : path) {
    const uint8_t its = class_of(c);
    odd = static_cast<uint8_t>(odd | (its & kOdd) | (previous & kSlash & static_cast<uint8_t>(its | its >> 1)));
    previous = its;
  }
  return odd == 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// One byte of a path, and how many bytes said so.
struct Byte {
  char value;
  size_t length;
  bool encoded;
};

Byte byte_at(std::string_view path, size_t at) {
  if (path[at] == '%' && path.size() - at >= 3) {
    const int high = hex_digit(path[at + 1]), low = hex_digit(path[at + 2]);
    if (high >= 0 && low >= 0) return {static_cast<char>(high * 16 + low), 3, true};
  }
  return {path[at], 1, false};
}

void put_encoded(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  const auto byte = static_cast<unsigned char>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

/// Appends a byte's canonical form.
void put(std::string& out, const Byte& byte) {
  if (byte.value == '/' && !byte.encoded) {
    if (!out.ends_with('/')) out += '/';
  } else if (is_plain(static_cast<unsigned char>(byte.value))) {
    out += byte.value;
  } else {
    put_encoded(out, byte.value);
  }
}

bool has_dot_segment(std::string_view path) {
  for (size_t at = path.find("/."); at != std::string_view::npos; at = path.find("/.", at + 1)) {
    std::string_view rest = path.substr(at + 2);
    if (rest.starts_with('.')) rest.remove_prefix(1);
    // A semicolon begins parameters of a segment, which some servers take away before they look at it.
    if (rest.empty() || rest[0] == '/' || rest[0] == ';') return true;
  }
  return false;
}

CanonicalPath judged(const std::string& text) {
  return {.text = text, .fault = has_dot_segment(text) ? PathFault::dot_segment : PathFault::none};
}

}  // namespace

bool is_path_byte(char c) { return is_plain(static_cast<unsigned char>(c)); }

CanonicalPath canonical_path(std::string_view path, std::string& storage) {
  if (is_canonical(path)) return {.text = path};
  storage.clear();
  bool nul = false, slash = false;
  for (size_t at = 0; at < path.size();) {
    const Byte byte = byte_at(path, at);
    nul = nul || byte.value == '\0';
    slash = slash || byte.value == '\\' || (byte.value == '/' && byte.encoded);
    put(storage, byte);
    at += byte.length;
  }
  CanonicalPath made = judged(storage);
  if (nul) made.fault = PathFault::nul;
  made.encoded_slash = slash;
  return made;
}

CanonicalPath slashes_decoded(std::string_view canonical, std::string& storage) {
  storage.clear();
  for (size_t at = 0; at < canonical.size();) {
    const std::string_view three = canonical.substr(at, 3);
    const bool slash = three == "%2F" || three == "%5C" || canonical[at] == '/';
    if (!slash) {
      storage += canonical[at++];
      continue;
    }
    if (!storage.ends_with('/')) storage += '/';
    at += canonical[at] == '/' ? 1 : 3;
  }
  return judged(storage);
}

std::string_view writable_path(std::string_view path, std::string& storage) {
  if (is_canonical(path)) return path;
  storage.clear();
  for (size_t at = 0; at < path.size();) {
    const Byte byte = byte_at(path, at);
    if (byte.encoded) {
      storage += path.substr(at, byte.length);
    } else {
      put(storage, byte);
    }
    at += byte.length;
  }
  return storage;
}

size_t length_before(std::string_view path, size_t canonical_length) {
  std::string out;
  size_t at = 0;
  while (at < path.size()) {
    const Byte byte = byte_at(path, at);
    put(out, byte);
    if (out.size() > canonical_length) break;
    at += byte.length;
  }
  return at;
}

}  // namespace weir::proto::http
