#include "examples/timeline/store.h"

#include <algorithm>
#include <utility>

namespace weir::timeline {

namespace {

// WAL is a property of the file, the rest of the connection. synchronous=NORMAL may lose the last commits at a power
// failure but never corrupts; a timeline can bear that.
constexpr char kSettings[] = R"(
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA foreign_keys = ON;
PRAGMA cache_size = -16384;
PRAGMA mmap_size = 268435456;
)";

// Posts are numbered in the order in which they were written, so "newest" is the greatest id: two instances' clocks may
// disagree, ids cannot. AUTOINCREMENT keeps that true even if the newest row should ever be deleted.
constexpr char kSchema[] = R"(
CREATE TABLE IF NOT EXISTS users (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  password_hash TEXT NOT NULL,
  created_unix INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS follows (
  follower INTEGER NOT NULL REFERENCES users(id),
  followed INTEGER NOT NULL REFERENCES users(id),
  PRIMARY KEY (follower, followed)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS posts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  author INTEGER NOT NULL REFERENCES users(id),
  text TEXT NOT NULL,
  created_unix INTEGER NOT NULL);
CREATE INDEX IF NOT EXISTS posts_by_author ON posts (author, id);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
)";

}  // namespace

Result<Store> Store::open(const std::string& path) {
  auto database = Database::open(path, kBusyMs);
  if (!database) return fail(database.error());
  Store store(std::move(*database));
  if (auto set = store.database_.execute(kSettings); !set) return fail(set.error());
  Transaction transaction(store.database_);
  if (auto begun = transaction.begin(Transaction::Kind::write); !begun) return fail(begun.error());
  if (auto made = store.database_.execute(kSchema); !made) return fail(made.error());
  if (auto committed = transaction.commit(); !committed) return fail(committed.error());
  if (auto prepared = store.prepare(); !prepared) return fail(prepared.error());
  return store;
}

Result<void> Store::prepare() {
  const std::pair<Statement*, const char*> statements[] = {
      {&add_user_,
       "INSERT INTO users (name, password_hash, created_unix) VALUES (?, ?, ?) ON CONFLICT (name) DO NOTHING"},
      {&find_user_, "SELECT id, password_hash FROM users WHERE name = ?"},
      {&count_followed_, "SELECT count(*) FROM follows WHERE follower = ?"},
      {&follow_, "INSERT INTO follows (follower, followed) VALUES (?, ?) ON CONFLICT DO NOTHING"},
      {&add_post_, "INSERT INTO posts (author, text, created_unix) VALUES (?, ?, ?)"},
      {&authors_,
       "SELECT followed, (SELECT max(id) FROM posts WHERE author = followed) AS newest FROM follows"
       " WHERE follower = ? AND newest IS NOT NULL ORDER BY newest DESC"},
      {&author_posts_, "SELECT id FROM posts WHERE author = ? AND id > ? ORDER BY id DESC LIMIT ?"},
      {&read_post_, "SELECT text, created_unix FROM posts WHERE id = ?"},
      {&read_name_, "SELECT name FROM users WHERE id = ?"},
      {&ping_, "SELECT count(*) FROM (SELECT 1 FROM users LIMIT 1)"},
  };
  for (const auto& [statement, sql] : statements) {
    auto prepared = database_.prepare(sql);
    if (!prepared) return fail(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

Result<std::optional<UserId>> Store::add_user(std::string_view name, std::string_view password_hash, int64_t now_unix) {
  Execution run = add_user_.run();
  auto added = run.bind(0, name).bind(1, password_hash).bind(2, now_unix).finish();
  if (!added) return fail(added.error());
  if (database_.changes() == 0) return std::optional<UserId>();
  return std::optional<UserId>(UserId{database_.last_insert_id()});
}

Result<std::optional<User>> Store::find_user(std::string_view name) {
  Execution run = find_user_.run();
  const int code = run.bind(0, name).step();
  if (code == SQLITE_DONE) return std::optional<User>();
  if (code != SQLITE_ROW) return fail(sqlite_error(code));
  return std::optional<User>(User{UserId{run.integer(0)}, std::string(name), std::string(run.text(1))});
}

Result<bool> Store::follow(UserId follower, UserId followed) {
  Transaction transaction(database_);
  if (auto begun = transaction.begin(Transaction::Kind::write); !begun) return fail(begun.error());
  {
    Execution count = count_followed_.run();
    const int code = count.bind(0, follower.v).step();
    if (code != SQLITE_ROW) return fail(sqlite_error(code));
    if (count.integer(0) >= kFollowedMax) return fail(Error{.code = Code::limit_reached, .detail = "followed users"});
  }
  Execution run = follow_.run();
  if (auto added = run.bind(0, follower.v).bind(1, followed.v).finish(); !added) return fail(added.error());
  const bool is_new = database_.changes() > 0;
  if (auto committed = transaction.commit(); !committed) return fail(committed.error());
  return is_new;
}

Result<PostId> Store::add_post(UserId author, std::string_view text, int64_t now_unix) {
  Execution run = add_post_.run();
  auto added = run.bind(0, author.v).bind(1, text).bind(2, now_unix).finish();
  if (!added) return fail(added.error());
  return PostId{database_.last_insert_id()};
}

Result<std::vector<Post>> Store::timeline(UserId reader, size_t limit) {
  limit = std::min(limit, kTimelinePosts);
  // One read transaction: a single snapshot, and one lock taken instead of one per statement.
  Transaction transaction(database_);
  if (auto begun = transaction.begin(Transaction::Kind::read); !begun) return fail(begun.error());
  auto authors = authors_by_newest_post(reader);
  if (!authors) return fail(authors.error());
  std::vector<Choice> chosen;
  chosen.reserve(limit * 2);
  for (size_t i = 0; i < authors->size(); ++i) {
    const Author& author = (*authors)[i];
    // Everybody from here on wrote last before the oldest post that was chosen.
    if (chosen.size() == limit && (limit == 0 || author.newest_post < chosen.back().post)) break;
    if (auto merged = merge_author(i, author.id, limit, chosen); !merged) return fail(merged.error());
  }
  auto posts = read_posts(chosen, *authors);
  if (!posts) return posts;
  if (auto committed = transaction.commit(); !committed) return fail(committed.error());
  return posts;
}

Result<std::vector<Store::Author>> Store::authors_by_newest_post(UserId reader) {
  std::vector<Author> authors;
  Execution run = authors_.run();
  run.bind(0, reader.v);
  int code = run.step();
  for (; code == SQLITE_ROW; code = run.step()) authors.push_back(Author{run.integer(0), run.integer(1)});
  if (code != SQLITE_DONE) return fail(sqlite_error(code));
  return authors;
}

Result<void> Store::merge_author(size_t author_index, int64_t author, size_t limit, std::vector<Choice>& chosen) {
  const int64_t older_than_needed = chosen.size() == limit ? chosen.back().post : 0;
  const auto middle = static_cast<std::ptrdiff_t>(chosen.size());
  Execution run = author_posts_.run();
  run.bind(0, author).bind(1, older_than_needed).bind(2, static_cast<int64_t>(limit));
  int code = run.step();
  for (; code == SQLITE_ROW; code = run.step()) chosen.push_back(Choice{run.integer(0), author_index});
  if (code != SQLITE_DONE) return fail(sqlite_error(code));
  std::inplace_merge(chosen.begin(), chosen.begin() + middle, chosen.end(),
                     [](const Choice& a, const Choice& b) { return a.post > b.post; });
  if (chosen.size() > limit) chosen.resize(limit);
  return {};
}

Result<std::vector<Post>> Store::read_posts(const std::vector<Choice>& chosen, const std::vector<Author>& authors) {
  std::vector<Post> posts;
  posts.reserve(chosen.size());
  // A name is read once per author, not once per post. Authors were visited in order, so those chosen come first.
  std::vector<std::string> names;
  for (const Choice& choice : chosen) {
    if (choice.author_index >= names.size()) names.resize(choice.author_index + 1);
    std::string& name = names[choice.author_index];
    if (name.empty()) {
      auto read = read_name(authors[choice.author_index].id);
      if (!read) return fail(read.error());
      name = std::move(*read);
    }
    Execution run = read_post_.run();
    const int code = run.bind(0, choice.post).step();
    if (code != SQLITE_ROW) return fail(sqlite_error(code));
    posts.push_back(Post{PostId{choice.post}, name, std::string(run.text(0)), run.integer(1)});
  }
  return posts;
}

Result<std::string> Store::read_name(int64_t user) {
  Execution run = read_name_.run();
  const int code = run.bind(0, user).step();
  if (code != SQLITE_ROW) return fail(sqlite_error(code));
  return std::string(run.text(0));
}

Result<void> Store::ping() {
  Execution run = ping_.run();
  return run.finish();
}

}  // namespace weir::timeline
