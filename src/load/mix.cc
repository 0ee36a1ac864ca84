#include "load/mix.h"

#include <algorithm>
#include <charconv>

namespace weir::load {

using proto::http::BodyKind;
using proto::http::Field;

namespace {

constexpr std::string_view kSession = "session", kToken = "token";

bool is_word(std::string_view text) {
  const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; };
  return !text.empty() && std::ranges::all_of(text, letter);
}

/// The next {word} of `text` from `from` on, or npos.
struct Braced {
  size_t begin = std::string_view::npos, end = 0;
  std::string_view word;
};
Braced next_braced(std::string_view text, size_t from) {
  for (size_t open = text.find('{', from); open != std::string_view::npos; open = text.find('{', open + 1)) {
    const size_t close = text.find('}', open);
    if (close == std::string_view::npos) break;
    const std::string_view word = text.substr(open + 1, close - open - 1);
    if (is_word(word)) return {open, close + 1, word};
  }
  return {};
}

void gather_words(std::string_view text, std::vector<std::string>& words) {
  for (Braced b = next_braced(text, 0); b.begin != std::string_view::npos; b = next_braced(text, b.end)) {
    words.emplace_back(b.word);
  }
}

/// Neighbouring numbers must not give neighbouring draws: splitmix in the Prng's constructor scatters what is added.
Prng prng_of(uint64_t seed, uint64_t number) { return Prng(seed ^ (number * 0x9e3779b97f4a7c15ULL)); }

void append_number(std::string& out, uint64_t value) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, end.ptr);
}

}  // namespace

std::vector<std::string> Mix::variables_of(const RequestSpec& spec) {
  std::vector<std::string> words;
  gather_words(spec.path, words);
  gather_words(spec.body, words);
  for (const FieldSpec& field : spec.fields) gather_words(field.value, words);
  return words;
}

Mix::Mix(const Plan& plan, std::vector<Session> sessions) : plan_(plan), sessions_(std::move(sessions)) {
  host_ = plan.host.empty() ? plan.target.text() : plan.host;
  for (const IdSpec& id : plan.ids) ids_.emplace_back(id.count, id.zipf_percent);
  uint64_t sum = 0;
  for (const RequestSpec& spec : plan.requests) {
    kinds_.push_back(compile(spec));
    weight_sums_.push_back(sum += spec.weight);
  }
  if (kinds_.empty() || sum == 0) {
    kinds_ = {compile(RequestSpec{.name = "GET /"})};
    weight_sums_ = {1};
  }
}

Mix::Template Mix::compile(std::string_view text) const {
  Template parts;
  Part part;
  size_t at = 0;
  for (Braced b = next_braced(text, 0); b.begin != std::string_view::npos; b = next_braced(text, b.end)) {
    part.literal += text.substr(at, b.begin - at);
    at = b.end;
    const auto id = std::ranges::find(plan_.ids, b.word, &IdSpec::name);
    if (b.word == kSession) {
      part.variable = Variable::session;
    } else if (b.word == kToken) {
      part.variable = Variable::token;
    } else if (id != plan_.ids.end()) {
      part.variable = Variable::id;
      part.id = static_cast<size_t>(id - plan_.ids.begin());
    } else {
      part.literal += text.substr(b.begin, b.end - b.begin);  // not ours
      continue;
    }
    parts.push_back(std::exchange(part, Part{}));
  }
  part.literal += text.substr(at);
  if (!part.literal.empty()) parts.push_back(std::move(part));
  return parts;
}

Mix::Kind Mix::compile(const RequestSpec& spec) const {
  Kind kind;
  kind.name = spec.name.empty() ? spec.method + " " + spec.path : spec.name;
  kind.path = compile(spec.path);
  kind.body = compile(spec.body);
  for (const FieldSpec& field : spec.fields) {
    kind.field_names.push_back(field.name);
    kind.fields.push_back(compile(field.value));
  }
  kind.method = spec.method;
  kind.method_id = proto::http::method_of(spec.method);
  return kind;
}

void Mix::fill(const Template& parts, const Draw& draw, std::string& out) {
  out.clear();
  for (const Part& part : parts) {
    out += part.literal;
    switch (part.variable) {
      case Variable::none: break;
      case Variable::id: append_number(out, draw.ids[part.id]); break;
      case Variable::session: append_number(out, draw.session + 1); break;
      case Variable::token: out += draw.token; break;
    }
  }
}

/// What does not vary is not copied.
std::string_view Mix::text_of(const Template& parts, const Draw& draw, std::string& storage) {
  if (parts.empty()) return {};
  if (parts.size() == 1 && parts.front().variable == Variable::none) return parts.front().literal;
  fill(parts, draw, storage);
  return storage;
}

void Mix::make(const Kind& kind, const Draw& draw, Message& message) const {
  auto& head = message.head;
  head.method = kind.method_id;
  head.method_text = kind.method;
  head.authority = host_;
  head.target = text_of(kind.path, draw, message.path_text);
  message.body = text_of(kind.body, draw, message.body_text);
  head.body = message.body.empty() ? BodyKind::none : BodyKind::length;
  head.content_length = message.body.size();
  head.fields.clear();
  message.field_texts.resize(std::max(message.field_texts.size(), kind.fields.size()));
  for (size_t i = 0; i < kind.fields.size(); ++i) {
    head.fields.push_back(Field{.name = kind.field_names[i],
                                .value = text_of(kind.fields[i], draw, message.field_texts[i]),
                                .id = proto::http::field_id_of(kind.field_names[i])});
  }
}

void Mix::make(uint64_t number, Message& message) const {
  Prng prng = prng_of(plan_.seed, number);
  message.route = 0;
  if (kinds_.size() > 1) {
    const auto kind = std::ranges::upper_bound(weight_sums_, prng.below(weight_sums_.back()));
    message.route = static_cast<uint32_t>(kind - weight_sums_.begin());
  }
  message.ids.clear();
  for (const Zipf& id : ids_) message.ids.push_back(id.draw(prng) + 1);
  const auto session = sessions_.empty() ? 0u : static_cast<uint32_t>(prng.below(sessions_.size()));
  const std::string_view token = sessions_.empty() ? std::string_view() : sessions_[session].token;
  make(kinds_[message.route], {message.ids, session, token}, message);
  if (plan_.arrivals != Arrivals::log || number >= plan_.log.size()) return;
  const LogEntry& entry = plan_.log[number];
  message.head.method = proto::http::method_of(entry.method);
  message.head.method_text = entry.method;
  message.head.target = entry.path;
}

void Mix::make_step(const RequestSpec& step, uint32_t session, std::string_view token, Message& message) const {
  Prng prng = prng_of(plan_.seed, session);
  message.ids.clear();
  for (const Zipf& id : ids_) message.ids.push_back(id.draw(prng) + 1);
  const Kind kind = compile(step);
  const Draw draw{message.ids, session, token};
  make(kind, draw, message);
  // `kind` ends with this call: what was viewed in it is filled in after all.
  fill(kind.path, draw, message.path_text);
  fill(kind.body, draw, message.body_text);
  message.head.method_text = step.method;
  message.head.target = message.path_text;
  message.body = message.body_text;
  for (size_t i = 0; i < kind.fields.size(); ++i) {
    fill(kind.fields[i], draw, message.field_texts[i]);
    message.head.fields[i].name = step.fields[i].name;
    message.head.fields[i].value = message.field_texts[i];
  }
}

}  // namespace weir::load
