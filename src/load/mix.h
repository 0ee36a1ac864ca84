#pragma once
// What arrival k asks for: which kind of request, with which numbers in its path and body. A function of the plan, its
// seed and k alone, so that every worker, and every run of the same plan, agrees about it.
//
// Immutable once made; any thread. `make` gives views into the mix or into `message`, valid until its next call.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/prng.h"
#include "base/zipf.h"
#include "load/plan.h"
#include "proto/http/message.h"

namespace weir::load {

/// Somebody logged in.
struct Session {
  std::string token;
};

/// A request ready to be sent, and the storage of what was filled in. Reused from request to request.
struct Message {
  uint32_t route = 0;  ///< index of its kind: Plan::requests
  proto::http::RequestHead head;
  std::string_view body;

  std::string path_text, body_text;
  std::vector<uint32_t> ids;
  std::vector<std::string> field_texts;
};

class Mix {
 public:
  explicit Mix(const Plan& plan, std::vector<Session> sessions = {});

  void make(uint64_t number, Message& message) const;
  /// A step of a session, for number `session` of them (from 0).
  void make_step(const RequestSpec& step, uint32_t session, std::string_view token, Message& message) const;

  [[nodiscard]] size_t routes() const { return kinds_.size(); }
  [[nodiscard]] const std::string& name_of(size_t route) const { return kinds_[route].name; }
  /// Words in braces that no id explains, for the reader's mistakes: names are given as the text has them.
  static std::vector<std::string> variables_of(const RequestSpec& spec);

 private:
  enum class Variable : uint8_t { none, id, session, token };
  struct Part {
    std::string literal;
    Variable variable = Variable::none;  ///< after the literal
    size_t id = 0;
  };
  using Template = std::vector<Part>;
  struct Kind {
    std::string name, method;
    proto::http::Method method_id = proto::http::Method::get;
    std::vector<std::string> field_names;
    Template path, body;
    std::vector<Template> fields;
  };
  struct Draw {
    const std::vector<uint32_t>& ids;
    uint32_t session;
    std::string_view token;
  };

  [[nodiscard]] Template compile(std::string_view text) const;
  [[nodiscard]] Kind compile(const RequestSpec& spec) const;
  static void fill(const Template& parts, const Draw& draw, std::string& out);
  static std::string_view text_of(const Template& parts, const Draw& draw, std::string& storage);
  void make(const Kind& kind, const Draw& draw, Message& message) const;

  const Plan& plan_;
  std::string host_;
  std::vector<Zipf> ids_;
  std::vector<Kind> kinds_;
  std::vector<uint64_t> weight_sums_;
  std::vector<Session> sessions_;
};

}  // namespace weir::load
