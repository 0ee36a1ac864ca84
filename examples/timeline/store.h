#pragma once
// What the service remembers: users, who follows whom, posts. One SQLite file in WAL mode, shared by any number of
// instances on one machine: readers never wait, writers take turns (each waits at most kBusyMs, then Code::timeout).
//
// Fan-out on read: a post is written once, and a timeline is gathered when somebody asks. The gathering is Fagin's
// threshold algorithm ("Optimal aggregation algorithms for middleware", 2003): authors are visited by their newest
// post, and the visit ends as soon as the next author's newest post is older than everything already chosen. Its cost
// is one index seek per followed author plus at most `limit` authors' newest posts, however much anybody has ever
// written.
//
// Calls block on the disk. One thread per Store; time is an argument.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/id.h"
#include "base/result.h"
#include "examples/timeline/database.h"

namespace weir::timeline {

using UserId = Id<struct UserTag, int64_t>;
using PostId = Id<struct PostTag, int64_t>;

struct User {
  UserId id;
  std::string name;
  std::string password_hash;
};

struct Post {
  PostId id;
  std::string author;
  std::string text;
  int64_t created_unix = 0;
};

class Store {
 public:
  static constexpr int kBusyMs = 1000;
  static constexpr size_t kTimelinePosts = 50;
  /// Bounds the work of one timeline: every followed author costs a seek.
  static constexpr int64_t kFollowedMax = 5000;

  static Result<Store> open(const std::string& path);

  /// Nothing when the name is taken.
  [[nodiscard]] Result<std::optional<UserId>> add_user(std::string_view name, std::string_view password_hash,
                                                       int64_t now_unix);
  [[nodiscard]] Result<std::optional<User>> find_user(std::string_view name);
  /// True when the edge is new. Code::limit_reached when the follower already follows kFollowedMax others.
  [[nodiscard]] Result<bool> follow(UserId follower, UserId followed);
  [[nodiscard]] Result<PostId> add_post(UserId author, std::string_view text, int64_t now_unix);
  /// The newest `limit` posts of those whom `reader` follows, newest first.
  [[nodiscard]] Result<std::vector<Post>> timeline(UserId reader, size_t limit);
  /// Reads the file, so that "ready" means what it says.
  [[nodiscard]] Result<void> ping();

  /// For seeding, which writes in bulk.
  Database& database() { return database_; }

 private:
  struct Author {
    int64_t id;
    int64_t newest_post;
  };
  struct Choice {
    int64_t post;
    size_t author_index;
  };
  explicit Store(Database database) : database_(std::move(database)) {}
  Result<void> prepare();
  Result<std::vector<Author>> authors_by_newest_post(UserId reader);
  /// Merges the author's newest posts into `chosen` (descending ids, at most `limit`).
  Result<void> merge_author(size_t author_index, int64_t author, size_t limit, std::vector<Choice>& chosen);
  Result<std::vector<Post>> read_posts(const std::vector<Choice>& chosen, const std::vector<Author>& authors);
  Result<std::string> read_name(int64_t user);

  Database database_;
  Statement add_user_;
  Statement find_user_;
  Statement count_followed_;
  Statement follow_;
  Statement add_post_;
  Statement authors_;
  Statement author_posts_;
  Statement read_post_;
  Statement read_name_;
  Statement ping_;
};

}  // namespace weir::timeline
