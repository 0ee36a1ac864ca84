// From a field's name to its FieldId: a switch on length and first letter leaves at most one candidate, which is
// then compared eight bytes at a time. No table of names to hash, nothing to initialise.

#include <array>
#include <cstring>

#include "proto/http/message.h"

namespace weir::proto::http {
namespace {

/// A lower-case literal with, for each byte, the bit that folds a letter to lower case and nothing for the others,
/// so that '\r' (0x0d) does not pass for '-' (0x2d).
template <size_t N>
struct Pattern {
  std::array<char, N> text{};
  std::array<char, N> fold{};
  std::array<uint8_t, 3> dashes{};  ///< where they are; with fewer of them some stand twice, without any it is 0

  consteval explicit Pattern(const char (&literal)[N + 1]) {
    for (size_t i = 0; i < N; ++i) {
      text[i] = literal[i];
      fold[i] = literal[i] >= 'a' && literal[i] <= 'z' ? 0x20 : 0;
    }
    size_t next = 0;
    for (size_t i = 0; i < N; ++i) {
      if (literal[i] != '-') continue;
      for (size_t each = next; each < dashes.size(); ++each) dashes[each] = static_cast<uint8_t>(i);
      ++next;
    }
  }
};

template <class Word>
Word load(const char* from) {
  Word word;
  std::memcpy(&word, from, sizeof word);
  return word;
}

template <class Word, size_t N>
bool matches_by(const char* name, const Pattern<N>& pattern) {
  // The last word overlaps the one before it, so no length needs a byte loop.
  constexpr size_t kStep = sizeof(Word);
  Word difference = 0;
  for (size_t i = 0; i < N; i += kStep) {
    const size_t at = i + kStep <= N ? i : N - kStep;
    difference |= static_cast<Word>((load<Word>(name + at) | load<Word>(pattern.fold.data() + at)) ^
                                    load<Word>(pattern.text.data() + at));
  }
  return difference == 0;
}

template <size_t M>
bool is_same(const char* name, const Pattern<M>& pattern) {
  if constexpr (M >= 8) return matches_by<uint64_t>(name, pattern);
  if constexpr (M >= 4) return matches_by<uint32_t>(name, pattern);
  return matches_by<uint16_t>(name, pattern);
}

/// Whoever reads '_' and '-' as one, would he take it for the pattern? Hardly any name has an underscore where one of
/// ours has a dash, and no other costs more than this look.
template <size_t M>
bool looks_alike(const char* name, const Pattern<M>& pattern) {
  const auto [a, b, c] = pattern.dashes;
  if (name[a] != '_' && name[b] != '_' && name[c] != '_') return false;
  std::array<char, M> dashed;
  for (size_t i = 0; i < M; ++i) dashed[i] = name[i] == '_' ? '-' : name[i];
  return is_same(dashed.data(), pattern);
}

/// `name` has the literal's length; the caller's switch made sure.
template <size_t M>
FieldId match(const char* name, const Pattern<M>& pattern, FieldId id) {
  if (is_same(name, pattern)) return id;
  return looks_alike(name, pattern) ? FieldId::lookalike : FieldId::other;
}

#define WEIR_MATCH(literal, id)                                      \
  do {                                                               \
    static constexpr Pattern<sizeof(literal) - 1> kPattern(literal); \
    static_assert(sizeof(literal) - 1 >= 2);                         \
    return match(name.data(), kPattern, FieldId::id);                \
  } while (false)

}  // namespace

FieldId field_id_of(std::string_view name) {
  if (name.size() < 2 || name.size() > 23) return FieldId::other;
  const char first = static_cast<char>(name[0] | 0x20);
  switch (name.size()) {
    case 2: WEIR_MATCH("te", te);
    case 4:
      if (first == 'h') WEIR_MATCH("host", host);
      WEIR_MATCH("date", date);
    case 6:
      if (first == 'c') WEIR_MATCH("cookie", cookie);
      if (first == 'e') WEIR_MATCH("expect", expect);
      WEIR_MATCH("server", server);
    case 7:
      if (first == 'u') WEIR_MATCH("upgrade", upgrade);
      WEIR_MATCH("trailer", trailer);
    case 9: WEIR_MATCH("forwarded", forwarded);
    case 10:
      if (first == 'c') WEIR_MATCH("connection", connection);
      if (first == 'u') WEIR_MATCH("user-agent", user_agent);
      WEIR_MATCH("keep-alive", keep_alive);
    case 11:
      if (first == 't') WEIR_MATCH("traceparent", traceparent);
      WEIR_MATCH("retry-after", retry_after);
    case 12:
      if (first == 'c') WEIR_MATCH("content-type", content_type);
      WEIR_MATCH("x-request-id", x_request_id);
    case 13: WEIR_MATCH("authorization", authorization);
    case 14: WEIR_MATCH("content-length", content_length);
    case 15: WEIR_MATCH("x-forwarded-for", x_forwarded_for);
    case 16:
      if (first == 'x') WEIR_MATCH("x-forwarded-host", x_forwarded_host);
      WEIR_MATCH("proxy-connection", proxy_connection);
    case 17:
      if (first == 't') WEIR_MATCH("transfer-encoding", transfer_encoding);
      WEIR_MATCH("x-forwarded-proto", x_forwarded_proto);
    case 23: WEIR_MATCH("x-forwarded-client-cert", x_forwarded_client_cert);
    default: return FieldId::other;
  }
}

#undef WEIR_MATCH

std::string_view name_of(FieldId id) {
  switch (id) {
    case FieldId::other:
    case FieldId::lookalike: break;
    case FieldId::host: return "host";
    case FieldId::connection: return "connection";
    case FieldId::content_length: return "content-length";
    case FieldId::transfer_encoding: return "transfer-encoding";
    case FieldId::expect: return "expect";
    case FieldId::upgrade: return "upgrade";
    case FieldId::te: return "te";
    case FieldId::trailer: return "trailer";
    case FieldId::keep_alive: return "keep-alive";
    case FieldId::proxy_connection: return "proxy-connection";
    case FieldId::x_forwarded_for: return "x-forwarded-for";
    case FieldId::x_forwarded_proto: return "x-forwarded-proto";
    case FieldId::x_forwarded_host: return "x-forwarded-host";
    case FieldId::x_forwarded_client_cert: return "x-forwarded-client-cert";
    case FieldId::forwarded: return "forwarded";
    case FieldId::x_request_id: return "x-request-id";
    case FieldId::traceparent: return "traceparent";
    case FieldId::retry_after: return "retry-after";
    case FieldId::server: return "server";
    case FieldId::date: return "date";
    case FieldId::content_type: return "content-type";
    case FieldId::user_agent: return "user-agent";
    case FieldId::authorization: return "authorization";
    case FieldId::cookie: return "cookie";
  }
  return {};
}

}  // namespace weir::proto::http
