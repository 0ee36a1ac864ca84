#pragma once
// Reads all messages of a connection and writes down what was understood, for tests and fuzzing: two ways of cutting
// the same bytes into pieces must give the same transcript. Pieces are copied to fresh memory, so that a sanitizer
// sees a parser that looks outside of them or keeps a view too long.

#include <algorithm>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>

#include "base/prng.h"
#include "proto/http1/parser.h"

namespace weir::proto::http1 {

/// How many bytes have arrived after each step.
class Cuts {
 public:
  /// Everything at once.
  Cuts() = default;
  /// Pieces of 1 to `longest` bytes.
  Cuts(Prng& prng, size_t longest) : prng_(&prng), longest_(longest) {}
  size_t next(size_t arrived, size_t size) {
    return prng_ == nullptr ? size : std::min(size, arrived + 1 + prng_->below(longest_));
  }

 private:
  Prng* prng_ = nullptr;
  size_t longest_ = 0;
};

/// The bytes of a connection that have arrived and are not consumed.
class Window {
 public:
  Window(std::string_view input, Cuts cuts) : input_(input), cuts_(cuts) { arrive(); }

  [[nodiscard]] std::string_view bytes() const { return {copy_.get(), arrived_ - consumed_}; }
  [[nodiscard]] size_t consumed() const { return consumed_; }
  [[nodiscard]] bool exhausted() const { return arrived_ == input_.size(); }
  void arrive() {
    arrived_ = cuts_.next(arrived_, input_.size());
    copy();
  }
  void consume(size_t count) {
    consumed_ += count;
    copy();
  }

 private:
  void copy() {
    const size_t size = arrived_ - consumed_;
    auto fresh = std::make_unique<char[]>(size);
    if (size != 0) std::memcpy(fresh.get(), input_.data() + consumed_, size);
    copy_ = std::move(fresh);
  }

  std::string_view input_;
  Cuts cuts_;
  std::unique_ptr<char[]> copy_;
  size_t arrived_ = 0;
  size_t consumed_ = 0;
};

inline void describe(std::string& out, const http::Fields& fields) {
  for (const http::Field& field : fields) {
    out.append(field.hop_by_hop ? "-" : "+").append(std::to_string(static_cast<int>(field.id))).append(" ");
    out.append(field.name).append("=").append(field.value).append("\n");
  }
}

template <class Head>
void describe_framing(std::string& out, const Head& head) {
  out.append("1.").append(std::to_string(head.version_minor)).append(head.keep_alive ? " keep-alive" : " close");
  out.append(" body ").append(std::to_string(static_cast<int>(head.body)));
  out.append(" ").append(std::to_string(head.content_length)).append("\n");
  describe(out, head.fields);
}

inline void describe(std::string& out, const http::RequestHead& head) {
  out.append("request ").append(head.method_text).append(" ").append(head.scheme).append(" ");
  out.append(head.authority).append(" ").append(head.target).append(head.upgrade ? " upgrade" : "");
  out.append(head.expect_continue ? " expect " : " ");
  describe_framing(out, head);
}

inline void describe(std::string& out, const http::ResponseHead& head) {
  out.append("response ").append(std::to_string(head.status)).append(" ").append(head.reason).append(" ");
  describe_framing(out, head);
}

inline void describe_bad(std::string& out, Bad bad, size_t at) {
  out.append("bad ").append(name_of(bad)).append(" at ").append(std::to_string(at)).append("\n");
}

/// False when the connection ends here.
inline bool read_body(std::string& out, Window& window, http::BodyKind kind, uint64_t length, uint64_t max_body,
                      const Limits& limits) {
  BodyReader reader;
  reader.start(kind, length, max_body, limits);
  out.append("payload ");
  for (;;) {
    const BodyReader::Step step = reader.next(window.bytes());
    out.append(step.data);
    window.consume(step.consumed);
    if (step.state == Parse::bad) {
      out.append("\n");
      describe_bad(out, step.bad, window.consumed());
      return false;
    }
    if (step.state == Parse::done) break;
    if (step.consumed > 0) continue;
    if (window.exhausted()) {
      out.append(reader.finish_at_close() ? "\nend\n" : "\ncut off\n");
      return false;
    }
    window.arrive();
  }
  out.append("\n");
  describe(out, reader.trailers());
  return true;
}

/// `parse(bytes, head)` and `reset()` read heads of one direction.
template <class Head, class ParseHead, class Reset>
std::string transcript(std::string_view input, Cuts cuts, const Limits& limits, uint64_t max_body, ParseHead parse,
                       Reset reset) {
  std::string out;
  Window window(input, cuts);
  Head head;
  for (;;) {
    const HeadResult result = parse(window.bytes(), head);
    if (result.state == Parse::need_more) {
      if (window.exhausted()) return out + "more";
      window.arrive();
      continue;
    }
    if (result.state == Parse::bad) {
      describe_bad(out, result.bad, window.consumed() + result.bad_at);
      return out;
    }
    describe(out, head);
    window.consume(result.consumed);
    reset();
    if (!read_body(out, window, head.body, head.content_length, max_body, limits)) return out;
  }
}

inline std::string request_transcript(std::string_view input, Cuts cuts, const Limits& limits, uint64_t max_body) {
  RequestParser parser(limits);
  const auto parse = [&parser](std::string_view bytes, http::RequestHead& head) { return parser.parse(bytes, head); };
  return transcript<http::RequestHead>(input, cuts, limits, max_body, parse, [&parser] { parser.reset(); });
}

inline std::string response_transcript(std::string_view input, http::Method request, Cuts cuts, const Limits& limits,
                                       uint64_t max_body) {
  ResponseParser parser(limits);
  const auto parse = [&parser, request](std::string_view bytes, http::ResponseHead& head) {
    return parser.parse(bytes, request, head);
  };
  return transcript<http::ResponseHead>(input, cuts, limits, max_body, parse, [&parser] { parser.reset(); });
}

}  // namespace weir::proto::http1
