// Bodies: one row per rule, each row read in one piece and byte by byte.

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "proto/http1/parser.h"
#include "proto/http1/print_bad.h"

namespace weir::proto::http1 {
namespace {

using http::BodyKind;
using namespace std::string_literals;

constexpr uint64_t kNoLimit = std::numeric_limits<uint64_t>::max();
constexpr Limits kSmall{.field_bytes = 30, .fields = 3, .trailer_bytes = 60, .chunk_line_bytes = 24};

struct Outcome {
  Parse state = Parse::need_more;
  Bad bad = Bad::none;
  size_t consumed = 0;
  std::string payload;
  std::string trailers;
};

Outcome read(std::string_view bytes, size_t piece, BodyReader& reader) {
  Outcome outcome;
  size_t available = 0;
  for (;;) {
    const BodyReader::Step step = reader.next(bytes.substr(outcome.consumed, available - outcome.consumed));
    outcome.payload += step.data;
    outcome.consumed += step.consumed;
    outcome.state = step.state;
    outcome.bad = step.bad;
    if (step.state != Parse::need_more) break;
    if (step.consumed > 0) continue;
    if (available == bytes.size()) break;
    available = std::min(available + piece, bytes.size());
  }
  for (const http::Field& field : reader.trailers()) {
    outcome.trailers.append(field.name).append("=").append(field.value).append(";");
  }
  return outcome;
}

Outcome read_chunked(std::string_view bytes, size_t piece, uint64_t max_body = kNoLimit,
                     const Limits& limits = kSmall) {
  BodyReader reader;
  reader.start(BodyKind::stream, 0, max_body, limits);
  return read(bytes, piece, reader);
}

struct Good {
  const char* rule;
  std::string input;
  const char* payload;
  const char* trailers = "";
};

TEST(BodyReader, ChunkedBodies) {
  const Good rows[] = {
      {"9112 7.1: empty", "0\r\n\r\n", ""},
      {"9112 7.1: one chunk", "5\r\nhello\r\n0\r\n\r\n", "hello"},
      {"9112 7.1: two chunks", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", "abcde"},
      {"9112 7.1: hexadecimal, either case", "a\r\n0123456789\r\nA\r\n0123456789\r\n0\r\n\r\n", "01234567890123456789"},
      {"9112 7.1: leading zeros", "0003\r\nabc\r\n000\r\n\r\n", "abc"},
      {"9112 7.1: payload that looks like framing", "7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n", "\r\n0\r\n\r\n"},
      {"9112 7.1.1: extension without value", "3;a\r\nabc\r\n0\r\n\r\n", "abc"},
      {"9112 7.1.1: extension with value", "3;a=b\r\nabc\r\n0;c=d\r\n\r\n", "abc"},
      {"9112 7.1.1: quoted", "3;a=\"; \\\"\tx\"\r\nabc\r\n0\r\n\r\n", "abc"},
      {"9112 7.1.1: several", "3;a;b=c;d=\"e\"\r\nabc\r\n0\r\n\r\n", "abc"},
      {"9112 7.1.1: bad white space", "3 ; a\t= b ;c\r\nabc\r\n0\r\n\r\n", "abc"},
      {"9112 7.1.2: trailers", "0\r\nX-Sum: 1\r\nB:\t2 \r\n\r\n", "", "X-Sum=1;B=2;"},
      {"9110 6.5.1: those that must not trail", "0\r\nHost: a\r\nX: 1\r\ntrailer: b\r\n\r\n", "", "X=1;"},
      {"9110 6.5.1: framing", "0\r\nContent-Length: 9\r\n\r\n", "", ""},
  };
  for (const Good& row : rows) {
    for (size_t piece : {size_t{1}, size_t{2}, size_t{1000}}) {
      const Outcome outcome = read_chunked(row.input + "GET", piece);
      EXPECT_EQ(outcome.state, Parse::done) << row.rule << ": " << name_of(outcome.bad);
      EXPECT_EQ(outcome.consumed, row.input.size()) << row.rule;
      EXPECT_EQ(outcome.payload, row.payload) << row.rule;
      EXPECT_EQ(outcome.trailers, row.trailers) << row.rule;
    }
  }
}

struct Refused {
  const char* rule;
  Bad bad;
  size_t at;
  std::string input;
};

TEST(BodyReader, ChunkedBodiesThatAreRefused) {
  const Refused rows[] = {
      {"9112 7.1: no size", Bad::bad_chunk_size, 0, "\r\n"},
      {"9112 7.1: a prefix", Bad::bad_chunk_size, 1, "0x5\r\n"},
      {"9112 7.1: a sign", Bad::bad_chunk_size, 0, "+5\r\n"},
      {"9112 7.1: below zero", Bad::bad_chunk_size, 0, "-5\r\n"},
      {"9112 7.1: space before", Bad::bad_chunk_size, 0, " 5\r\n"},
      {"9112 7.1: not hexadecimal", Bad::bad_chunk_size, 1, "5g\r\n"},
      {"9112 7.1: an underscore", Bad::bad_chunk_size, 1, "1_0\r\n"},
      {"9112 7.1: 2^63", Bad::chunk_size_too_large, 15, "8000000000000000\r\n"},
      {"9112 7.1: 2^64", Bad::chunk_size_too_large, 16, "10000000000000000\r\n"},
      {"9112 7.1: endless zeros", Bad::bad_chunk_size, 24, std::string(200, '0')},
      {"9112 2.2: LF alone after the size", Bad::bare_lf, 1, "5\nhello\r\n"},
      {"9112 2.2: LF alone in an extension", Bad::bare_lf, 3, "5;a\nhello\r\n"},
      {"9112 2.2: CR alone after the size", Bad::bare_cr, 2, "5\rhello"},
      {"9112 2.2: CR alone in a quoted value", Bad::bare_cr, 6, "5;a=\"b\rc\"\r\n"},
      {"9112 2.2: LF in a quoted value", Bad::bare_lf, 6, "5;a=\"b\nc\"\r\n"},
      {"9112 7.1.1: control character in a quoted value", Bad::control_character, 5, "5;a=\"\0\"\r\n"s},
      {"9112 7.1.1: after a backslash", Bad::control_character, 6, "5;a=\"\\\x01\"\r\n"},
      {"9112 7.1.1: no name", Bad::bad_chunk_extension, 2, "5;\r\n"},
      {"9112 7.1.1: no name before a value", Bad::bad_chunk_extension, 2, "5;=b\r\n"},
      {"9112 7.1.1: no value", Bad::bad_chunk_extension, 4, "5;a=\r\n"},
      {"9112 7.1.1: white space and nothing", Bad::bad_chunk_extension, 2, "5 \r\n"},
      {"9112 7.1.1: white space and a name", Bad::bad_chunk_extension, 2, "5 a\r\n"},
      {"9112 7.1.1: white space after a name and nothing", Bad::bad_chunk_extension, 4, "5;a \r\n"},
      {"9112 7.1.1: text after a quoted value", Bad::bad_chunk_extension, 7, "5;a=\"b\"c\r\n"},
      {"9112 7.1.1: two names", Bad::bad_chunk_extension, 4, "5;a b\r\n"},
      {"9112 7.1.1: NUL", Bad::bad_chunk_extension, 2, "5;\0\r\n"s},
      {"9112 7.1.1: too long", Bad::bad_chunk_extension, 24, "5;" + std::string(200, 'a')},
      {"9112 7.1: data longer than its size", Bad::bad_chunk_end, 6, "3\r\nabcd\r\n0\r\n\r\n"},
      {"9112 7.1: data followed by LF", Bad::bad_chunk_end, 6, "3\r\nabc\n0\r\n\r\n"},
      {"9112 7.1: data followed by CR", Bad::bad_chunk_end, 7, "3\r\nabc\r0\r\n\r\n"},
      {"9112 7.1.2: trailer with LF", Bad::bare_lf, 7, "0\r\na: b\n\r\n"},
      {"9112 7.1.2: section ended with LF", Bad::bare_lf, 3, "0\r\n\n"},
      {"9112 7.1.2: section ended with CR", Bad::bare_cr, 4, "0\r\n\rG"},
      {"9112 7.1.2: trailer with CR", Bad::bare_cr, 8, "0\r\na: b\rc\r\n\r\n"},
      {"9112 7.1.2: trailer with NUL", Bad::control_character, 6, "0\r\na: \0\r\n\r\n"s},
      {"9112 5.2: folded trailer", Bad::obs_fold, 9, "0\r\na: b\r\n c\r\n\r\n"},
      {"9112 5.2: space before the first", Bad::obs_fold, 3, "0\r\n a: b\r\n\r\n"},
      {"9112 5.1: space before the colon", Bad::space_before_colon, 10, "0\r\na : b\r\n\r\n"},
      {"9112 5: no colon", Bad::missing_colon, 8, "0\r\nabc\r\n\r\n"},
      {"9112 7.1.2: line too long", Bad::field_too_long, 33, "0\r\n" + std::string(200, 'a')},
      {"9112 7.1.2: too many", Bad::too_many_fields, 23, "0\r\na:1\r\nb:2\r\nc:3\r\nd:4\r\n\r\n"},
      {"9112 7.1.2: too large", Bad::trailer_too_large, 63,
       "0\r\na: " + std::string(22, 'x') + "\r\nb: " + std::string(22, 'x') + "\r\nc: xxxxxxx\r\n\r\n"},
  };
  for (const Refused& row : rows) {
    for (size_t piece : {size_t{1}, size_t{2}, size_t{1000}}) {
      const Outcome outcome = read_chunked(row.input, piece);
      EXPECT_EQ(outcome.bad, row.bad) << row.rule;
      EXPECT_EQ(outcome.state, Parse::bad) << row.rule;
      EXPECT_EQ(outcome.consumed, row.at) << row.rule << " in pieces of " << piece;
    }
  }
}

TEST(BodyReader, TheLineLimitIsPerChunk) {
  std::string bytes;
  for (int i = 0; i < 50; ++i) bytes += "1;abcdefgh\r\nx\r\n";
  EXPECT_EQ(read_chunked(bytes + "0\r\n\r\n", 1000).payload, std::string(50, 'x'));
}

TEST(BodyReader, AStreamHasNoLength) {
  BodyReader reader;
  reader.start(BodyKind::stream, 5, kNoLimit, kSmall);
  EXPECT_EQ(read("1\r\nx\r\n0\r\n\r\n", 1000, reader).payload, "x");
}

TEST(BodyReader, LargestChunkIsTwoToThe63MinusOne) {
  EXPECT_EQ(read_chunked("7fffffffffffffff\r\nx", 1000).state, Parse::need_more);
}

TEST(BodyReader, MaxBodyHoldsExactly) {
  EXPECT_EQ(read_chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1000, 5).state, Parse::done);
  const Outcome chunked = read_chunked("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1000, 4);
  EXPECT_EQ(chunked.bad, Bad::body_too_large);
  EXPECT_EQ(chunked.payload, "abc") << "the second chunk is refused by its size, before its data";

  BodyReader reader;
  reader.start(BodyKind::length, 5, 4, kSmall);
  EXPECT_EQ(reader.next("").bad, Bad::body_too_large) << "refused before the first byte";
  reader.start(BodyKind::length, 5, 5, kSmall);
  EXPECT_EQ(read("hello", 1000, reader).state, Parse::done);

  for (size_t piece : {size_t{1}, size_t{1000}}) {
    reader.start(BodyKind::until_close, 0, 4, kSmall);
    const Outcome outcome = read("hello", piece, reader);
    EXPECT_EQ(outcome.bad, Bad::body_too_large);
    EXPECT_EQ(outcome.payload, "hell");
    EXPECT_FALSE(reader.finish_at_close());
  }
}

TEST(BodyReader, NoneAndLengthZeroAreDoneFromTheStart) {
  BodyReader reader;
  for (BodyKind kind : {BodyKind::none, BodyKind::length}) {
    reader.start(kind, 0, 0, kSmall);
    EXPECT_TRUE(reader.finished());
    const BodyReader::Step step = reader.next("GET /");
    EXPECT_EQ(step.state, Parse::done);
    EXPECT_EQ(step.consumed, 0U);
  }
}

TEST(BodyReader, LengthTakesNoByteMore) {
  for (size_t piece : {size_t{1}, size_t{1000}}) {
    BodyReader reader;
    reader.start(BodyKind::length, 5, kNoLimit, kSmall);
    EXPECT_FALSE(reader.finished());
    const Outcome outcome = read("helloGET /", piece, reader);
    EXPECT_EQ(outcome.state, Parse::done);
    EXPECT_EQ(outcome.payload, "hello");
    EXPECT_EQ(outcome.consumed, 5U);
    EXPECT_TRUE(reader.finished());
  }
}

TEST(BodyReader, OnlyUntilCloseMayEndWithTheConnection) {
  BodyReader reader;
  reader.start(BodyKind::until_close, 0, kNoLimit, kSmall);
  EXPECT_EQ(read("all of it", 4, reader).payload, "all of it");
  EXPECT_FALSE(reader.finished());
  EXPECT_TRUE(reader.finish_at_close());
  EXPECT_TRUE(reader.finished());

  reader.start(BodyKind::length, 5, kNoLimit, kSmall);
  read("hell", 4, reader);
  EXPECT_FALSE(reader.finish_at_close()) << "9112 8: incomplete";
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  read("5\r\nhello\r\n0\r\n", 100, reader);
  EXPECT_FALSE(reader.finish_at_close()) << "9112 8: incomplete without the last CRLF";
}

TEST(BodyReader, StaysBadAndStartsAnew) {
  BodyReader reader;
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  EXPECT_EQ(reader.next("x").bad, Bad::bad_chunk_size);
  EXPECT_EQ(reader.next("0\r\n\r\n").bad, Bad::bad_chunk_size);
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  EXPECT_EQ(read("0\r\nA: b\r\n\r\n", 100, reader).trailers, "A=b;");
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  EXPECT_EQ(read("0\r\n\r\n", 100, reader).trailers, "") << "the trailers of the body before are gone";
}

TEST(BodyReader, TrailersSurviveAMoveOfTheReader) {
  BodyReader reader;
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  read("0\r\nA: b\r\n\r\n", 100, reader);
  const BodyReader moved = std::move(reader);
  ASSERT_EQ(moved.trailers().size(), 1U);
  EXPECT_EQ(moved.trailers()[0].value, "b");
}

TEST(BodyReader, PayloadIsNotCopied) {
  const std::string bytes = "5\r\nhello\r\n";
  BodyReader reader;
  reader.start(BodyKind::stream, 0, kNoLimit, kSmall);
  EXPECT_EQ(reader.next(bytes).data.data(), bytes.data() + 3);
}

}  // namespace
}  // namespace weir::proto::http1
