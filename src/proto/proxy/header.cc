#include "proto/proxy/header.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "base/check.h"
#include "proto/proxy/crc32c.h"

namespace weir::proto::proxy {

namespace {

using Family = IpAddress::Family;

constexpr std::string_view kV1Begin = "PROXY ";
constexpr size_t kV1MaxBytes = 107;  // section 2.1: the longest line, CRLF included
constexpr std::string_view kSignature("\r\n\r\n\0\r\nQUIT\n", 12);
constexpr size_t kFixedBytes = 16;  // section 2.2: signature, version and command, family, length
constexpr uint8_t kVersion2 = 2, kLocal = 0, kProxy = 1;
constexpr uint8_t kUnspecified = 0, kInet = 1, kInet6 = 2, kFamilies = 4, kStream = 1, kTransports = 3;
constexpr uint8_t kFieldCrc32c = 3;
constexpr size_t kFieldHead = 3;  // type and length

Parsed bad(Bad why) { return {.state = Parse::bad, .consumed = 0, .bad = why}; }

uint8_t byte_at(std::string_view bytes, size_t at) { return static_cast<uint8_t>(bytes[at]); }
uint16_t number_at(std::string_view bytes, size_t at) {
  return static_cast<uint16_t>(byte_at(bytes, at) << 8 | byte_at(bytes, at + 1));
}

/// As much of `expected` as is there is the same.
bool may_begin_with(std::string_view bytes, std::string_view expected) {
  const size_t size = std::min(bytes.size(), expected.size());
  return bytes.substr(0, size) == expected.substr(0, size);
}

// ---- version 1
// -------------------------------------------------------------------------------------------------------

/// The next word of a line whose words are separated by single spaces.
std::string_view take_word(std::string_view& line) {
  const size_t space = line.find(' ');
  const std::string_view word = line.substr(0, space);
  line = space == std::string_view::npos ? std::string_view{} : line.substr(space + 1);
  return word;
}

std::optional<uint16_t> parse_port(std::string_view text) {
  uint16_t port = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, port);
  if (parsed.ec != std::errc{} || parsed.ptr != end || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  return port;
}

Bad parse_line(std::string_view line, Header& header) {
  const std::string_view protocol = take_word(line);
  if (protocol == "UNKNOWN") return Bad::none;  // section 2.1: whatever follows is ignored
  if (protocol != "TCP4" && protocol != "TCP6") return Bad::bad_line;
  // Exactly three spaces are left; a line that ends in one has a word too many, and it is empty.
  if (std::count(line.begin(), line.end(), ' ') != 3) return Bad::bad_line;
  const Family family = protocol == "TCP4" ? Family::v4 : Family::v6;
  const auto source = IpAddress::parse(take_word(line)), destination = IpAddress::parse(take_word(line));
  if (!source || !destination || source->family != family || destination->family != family) return Bad::bad_address;
  const auto source_port = parse_port(take_word(line)), destination_port = parse_port(line);
  if (!source_port || !destination_port) return Bad::bad_port;
  header = {.source = {*source, *source_port}, .destination = {*destination, *destination_port}};
  return Bad::none;
}

Parsed parse_v1(std::string_view bytes, Header& header) {
  const std::string_view within = bytes.substr(0, kV1MaxBytes);
  const size_t newline = within.find('\n');
  if (newline == std::string_view::npos) return within.size() == kV1MaxBytes ? bad(Bad::too_long) : Parsed{};
  if (within[newline - 1] != '\r') return bad(Bad::bad_line);
  const std::string_view line = within.substr(kV1Begin.size(), newline - 1 - kV1Begin.size());
  if (const Bad why = parse_line(line, header); why != Bad::none) return bad(why);
  return {.state = Parse::done, .consumed = newline + 1};
}

// ---- version 2
// -------------------------------------------------------------------------------------------------------

/// Bytes that two addresses of the family take.
size_t addresses_size(uint8_t family) {
  constexpr std::array<size_t, kFamilies> kSizes{0, 12, 36, 216};
  return kSizes[family];
}

IpPort port_of(std::string_view block, size_t which, size_t address_size) {
  std::array<uint8_t, 16> address{};
  for (size_t i = 0; i < address_size; ++i) address[i] = byte_at(block, which * address_size + i);
  return {.address = IpAddress::from_bytes(std::span(address).first(address_size)),
          .port = number_at(block, 2 * address_size + 2 * which)};
}

/// `whole`: the header, whose additional fields begin at `at`.
Bad check_fields(std::string_view whole, size_t at) {
  while (at < whole.size()) {
    if (whole.size() - at < kFieldHead) return Bad::bad_field;
    const uint8_t type = byte_at(whole, at);
    const size_t size = number_at(whole, at + 1);
    at += kFieldHead;
    if (whole.size() - at < size) return Bad::bad_field;
    if (type == kFieldCrc32c) {
      if (size != 4) return Bad::bad_field;
      Crc32c crc;  // over the whole header, its own value taken as zeros
      crc.add(whole.substr(0, at));
      crc.add(std::string_view("\0\0\0\0", 4));
      crc.add(whole.substr(at + 4));
      const uint32_t said = uint32_t{number_at(whole, at)} << 16 | number_at(whole, at + 2);
      if (said != crc.value()) return Bad::bad_checksum;
    }
    at += size;
  }
  return Bad::none;
}

Bad check_start(std::string_view bytes) {
  if (bytes.size() > 12) {
    const uint8_t both = byte_at(bytes, 12);
    if (both >> 4 != kVersion2) return Bad::bad_version;
    if ((both & 0xf) != kLocal && (both & 0xf) != kProxy) return Bad::bad_command;
  }
  return Bad::none;
}

Parsed parse_v2(std::string_view bytes, Header& header) {
  if (const Bad why = check_start(bytes); why != Bad::none) return bad(why);
  if (bytes.size() < kFixedBytes) return {};
  const size_t size = kFixedBytes + number_at(bytes, 14);
  if (size > kMaxBytes) return bad(Bad::too_long);
  if (bytes.size() < size) return {};
  const std::string_view whole = bytes.substr(0, size);
  const Parsed done{.state = Parse::done, .consumed = size};
  if ((byte_at(bytes, 12) & 0xf) == kLocal) return done;  // section 2.2: the rest is to be discarded
  const uint8_t family = byte_at(bytes, 13) >> 4, transport = byte_at(bytes, 13) & 0xf;
  if (family >= kFamilies || transport >= kTransports) return bad(Bad::bad_family);
  const size_t addresses = addresses_size(family);
  if (size - kFixedBytes < addresses) return bad(Bad::bad_length);
  // What UNSPEC is followed by is nobody's business, and has no lengths to add up.
  if (family == kUnspecified) return done;
  if (const Bad why = check_fields(whole, kFixedBytes + addresses); why != Bad::none) return bad(why);
  if ((family == kInet || family == kInet6) && transport == kStream) {
    const std::string_view block = whole.substr(kFixedBytes);
    const size_t address_size = family == kInet ? 4 : 16;
    header = {.source = port_of(block, 0, address_size), .destination = port_of(block, 1, address_size)};
  }
  return done;
}

// ---- writing
// ---------------------------------------------------------------------------------------------------------

IpAddress mapped(const IpAddress& address) {
  if (address.family != Family::v4) return address;
  IpAddress made{.family = Family::v6};
  made.bytes[10] = made.bytes[11] = 0xff;
  std::copy(address.data().begin(), address.data().end(), made.bytes.begin() + 12);
  return made;
}

/// Both of one family. A destination that is not known is written as the address that stands for none.
Header alike(const Header& header) {
  Header made = header;
  Family& destination = made.destination.address.family;
  if (destination == Family::none) destination = header.source.address.family;
  if (destination == header.source.address.family) return made;
  made.source.address = mapped(header.source.address);
  made.destination.address = mapped(header.destination.address);
  return made;
}

void append_v1(std::string& out, const Header& header) {
  out += kV1Begin;
  out += header.source.address.family == Family::v4 ? "TCP4 " : "TCP6 ";
  out.append(header.source.address.text()).append(1, ' ').append(header.destination.address.text());
  out.append(1, ' ').append(std::to_string(header.source.port));
  out.append(1, ' ').append(std::to_string(header.destination.port)).append("\r\n");
}

void append_number(std::string& out, size_t number) {
  out += static_cast<char>(number >> 8 & 0xff);
  out += static_cast<char>(number & 0xff);
}

void append_v2(std::string& out, const Header& header) {
  const bool v4 = header.source.address.family == Family::v4;
  const uint8_t family = !header.claims() ? kUnspecified : v4 ? kInet : kInet6;
  out += kSignature;
  out += static_cast<char>(kVersion2 << 4 | (header.claims() ? kProxy : kLocal));
  out += static_cast<char>(header.claims() ? family << 4 | kStream : 0);
  append_number(out, addresses_size(family));
  if (!header.claims()) return;
  for (const IpPort* each : {&header.source, &header.destination}) {
    for (const uint8_t byte : each->address.data()) out += static_cast<char>(byte);
  }
  append_number(out, header.source.port);
  append_number(out, header.destination.port);
}

}  // namespace

std::string_view name_of(Bad why) {
  switch (why) {
    case Bad::none: return "none";
    case Bad::no_header: return "no_header";
    case Bad::too_long: return "too_long";
    case Bad::bad_line: return "bad_line";
    case Bad::bad_address: return "bad_address";
    case Bad::bad_port: return "bad_port";
    case Bad::bad_version: return "bad_version";
    case Bad::bad_command: return "bad_command";
    case Bad::bad_family: return "bad_family";
    case Bad::bad_length: return "bad_length";
    case Bad::bad_field: return "bad_field";
    case Bad::bad_checksum: return "bad_checksum";
  }
  UNREACHABLE();
}

Parsed parse(std::string_view bytes, Header& header) {
  header = {};
  const bool text = may_begin_with(bytes, kV1Begin), binary = may_begin_with(bytes, kSignature);
  if (!text && !binary) return bad(Bad::no_header);
  if (bytes.size() < kV1Begin.size()) return {};
  if (text) return parse_v1(bytes, header);
  return bytes.size() < kSignature.size() ? Parsed{} : parse_v2(bytes, header);
}

void append(std::string& out, Version version, const Header& header) {
  const Header written = header.claims() ? alike(header) : Header{};
  if (version == Version::v2) return append_v2(out, written);
  if (!written.claims()) {
    out.append(kV1Begin).append("UNKNOWN\r\n");
    return;
  }
  append_v1(out, written);
}

}  // namespace weir::proto::proxy
