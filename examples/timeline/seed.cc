#include "examples/timeline/seed.h"

#include <array>
#include <cstddef>
#include <numeric>
#include <vector>

#include <fmt/format.h>

namespace weir::timeline {

namespace {

constexpr int64_t kSpreadSeconds = 30 * 86'400;
constexpr int64_t kProgressRows = 10'000;

constexpr std::array<std::string_view, 24> kWords = {"rain",   "bridge",  "coffee", "morning", "train",  "garden",
                                                     "letter", "north",   "river",  "music",   "window", "bread",
                                                     "light",  "harbour", "summer", "paper",   "green",  "street",
                                                     "quiet",  "stone",   "winter", "kettle",  "cloud",  "walk"};

std::string sentence(Prng& prng) {
  std::string text;
  const uint64_t words = 4 + prng.below(9);
  for (uint64_t i = 0; i < words; ++i) {
    if (i != 0) text += ' ';
    text += kWords[prng.below(kWords.size())];
  }
  return text;
}

class Seeding {
 public:
  Seeding(Database& database, const SeedPlan& plan, const SeedProgress& progress)
      : database_(database), plan_(plan), progress_(progress), prng_(plan.prng_seed) {}

  Result<void> add_users() {
    auto insert = database_.prepare("INSERT INTO users (id, name, password_hash, created_unix) VALUES (?, ?, ?, ?)");
    if (!insert) return fail(insert.error());
    for (int64_t id = 1; id <= plan_.users; ++id) {
      const std::string name = fmt::format("user{}", id);
      Execution run = insert->run();
      run.bind(0, id).bind(1, name).bind(2, plan_.password_hash).bind(3, plan_.now_unix - kSpreadSeconds);
      if (auto done = run.finish(); !done) return done;
      report("users", id, plan_.users);
    }
    result_.users = plan_.users;
    return {};
  }

  /// Followers are drawn without replacement: a partial Fisher-Yates shuffle of everybody.
  Result<void> add_follows() {
    auto insert = database_.prepare("INSERT INTO follows (follower, followed) VALUES (?, ?)");
    if (!insert) return fail(insert.error());
    std::vector<int64_t> everybody(static_cast<size_t>(plan_.users));
    std::iota(everybody.begin(), everybody.end(), 1);
    int64_t total = 0;
    for (int64_t rank = 1; rank <= plan_.users; ++rank) total += zipf_followers(plan_.users, rank);
    for (int64_t rank = 1; rank <= plan_.users; ++rank) {
      int64_t wanted = zipf_followers(plan_.users, rank);
      for (size_t i = 0; wanted > 0; ++i) {
        std::swap(everybody[i], everybody[i + prng_.below(everybody.size() - i)]);
        if (everybody[i] == rank) continue;  // nobody follows themselves
        Execution run = insert->run();
        if (auto done = run.bind(0, everybody[i]).bind(1, rank).finish(); !done) return done;
        --wanted;
        report("follows", ++result_.follows, total);
      }
    }
    return {};
  }

  Result<void> add_posts() {
    auto insert = database_.prepare("INSERT INTO posts (author, text, created_unix) VALUES (?, ?, ?)");
    if (!insert) return fail(insert.error());
    const int64_t total = plan_.users * plan_.posts_per_user;
    for (int64_t i = 0; i < total; ++i) {
      const int64_t created = plan_.now_unix - kSpreadSeconds + kSpreadSeconds * i / total;
      const auto author = static_cast<int64_t>(1 + prng_.below(static_cast<uint64_t>(plan_.users)));
      const std::string text = sentence(prng_);
      Execution run = insert->run();
      if (auto done = run.bind(0, author).bind(1, text).bind(2, created).finish(); !done) return done;
      report("posts", i + 1, total);
    }
    result_.posts = total;
    return {};
  }

  Result<void> remember() {
    auto insert = database_.prepare("INSERT INTO facts (name, value) VALUES ('seeded_users', ?)");
    if (!insert) return fail(insert.error());
    Execution run = insert->run();
    return run.bind(0, plan_.users).finish();
  }

  [[nodiscard]] const SeedResult& result() const { return result_; }

 private:
  void report(std::string_view stage, int64_t done, int64_t total) {
    if (progress_ && (done % kProgressRows == 0 || done == total)) progress_(stage, done, total);
  }

  Database& database_;
  const SeedPlan& plan_;
  const SeedProgress& progress_;
  Prng prng_;
  SeedResult result_;
};

Result<int64_t> number(Database& database, const char* sql) {
  auto query = database.prepare(sql);
  if (!query) return fail(query.error());
  Execution run = query->run();
  const int code = run.step();
  if (code != SQLITE_ROW) return fail(sqlite_error(code));
  return run.integer(0);
}

}  // namespace

Result<SeedResult> seed(Store& store, const SeedPlan& plan, const SeedProgress& progress) {
  if (plan.users < 1 || plan.posts_per_user < 0) return fail(Error{.code = Code::invalid_argument, .detail = "users"});
  Database& database = store.database();
  Transaction transaction(database);
  if (auto begun = transaction.begin(Transaction::Kind::write); !begun) return fail(begun.error());
  const auto seeded = number(database, "SELECT count(*) FROM facts WHERE name = 'seeded_users'");
  if (!seeded) return fail(seeded.error());
  if (*seeded != 0) return SeedResult{.already_seeded = true};
  const auto users = number(database, "SELECT count(*) FROM users");
  if (!users) return fail(users.error());
  if (*users != 0) {
    return fail(Error{.code = Code::invalid_argument, .detail = "the database already has users of its own"});
  }

  Seeding seeding(database, plan, progress);
  if (auto added = seeding.add_users(); !added) return fail(added.error());
  if (auto added = seeding.add_follows(); !added) return fail(added.error());
  if (auto added = seeding.add_posts(); !added) return fail(added.error());
  if (auto remembered = seeding.remember(); !remembered) return fail(remembered.error());
  if (auto committed = transaction.commit(); !committed) return fail(committed.error());
  return seeding.result();
}

}  // namespace weir::timeline
