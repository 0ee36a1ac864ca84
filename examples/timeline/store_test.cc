#include "examples/timeline/store.h"

#include <algorithm>
#include <map>
#include <set>

#include <gtest/gtest.h>

#include "base/check.h"
#include "base/prng.h"
#include "examples/timeline/seed.h"
#include "examples/timeline/temporary_directory.h"

namespace weir::timeline {
namespace {

constexpr int64_t kNow = 1'800'000'000;

class StoreTest : public ::testing::Test {
 protected:
  Store open() {
    auto store = Store::open(directory_.file("timeline.db"));
    CHECK(store.has_value());
    return std::move(*store);
  }
  static UserId add(Store& store, const std::string& name) {
    const auto id = store.add_user(name, "hash of " + name, kNow);
    CHECK(id.has_value() && id->has_value());
    return **id;
  }
  static std::vector<std::string> texts(Store& store, UserId reader, size_t limit = Store::kTimelinePosts) {
    const auto posts = store.timeline(reader, limit);
    CHECK(posts.has_value());
    std::vector<std::string> texts;
    for (const Post& post : *posts) texts.push_back(post.text);
    return texts;
  }
  static int64_t count(Store& store, const std::string& sql) {
    auto query = store.database().prepare(sql.c_str());
    CHECK(query.has_value());
    Execution run = query->run();
    CHECK(run.step() == SQLITE_ROW);
    return run.integer(0);
  }
  TemporaryDirectory directory_;
};

using Texts = std::vector<std::string>;

TEST_F(StoreTest, ANameBelongsToOne) {
  Store store = open();
  const UserId alice = add(store, "alice");
  const auto again = store.add_user("alice", "other hash", kNow);
  ASSERT_TRUE(again);
  EXPECT_FALSE(*again);
  const auto found = store.find_user("alice");
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->id, alice);
  EXPECT_EQ((*found)->password_hash, "hash of alice");
  EXPECT_FALSE(*store.find_user("bob"));
  EXPECT_FALSE(*store.find_user(""));
}

TEST_F(StoreTest, ATimelineHoldsTheFollowedAndNobodyElse) {
  Store store = open();
  const UserId alice = add(store, "alice");
  const UserId bob = add(store, "bob");
  const UserId carol = add(store, "carol");
  EXPECT_EQ(texts(store, alice), Texts{});
  EXPECT_TRUE(*store.follow(alice, bob));
  EXPECT_FALSE(*store.follow(alice, bob)) << "the second time is not new";
  ASSERT_TRUE(store.add_post(bob, "b1", kNow));
  ASSERT_TRUE(store.add_post(carol, "c1", kNow));
  ASSERT_TRUE(store.add_post(alice, "a1", kNow));
  ASSERT_TRUE(store.add_post(bob, "b2", kNow));
  EXPECT_EQ(texts(store, alice), (Texts{"b2", "b1"}));
  ASSERT_TRUE(store.follow(alice, carol));
  EXPECT_EQ(texts(store, alice), (Texts{"b2", "c1", "b1"}));
  EXPECT_EQ(texts(store, alice, 2), (Texts{"b2", "c1"}));
  EXPECT_EQ(texts(store, alice, 0), Texts{});
  EXPECT_EQ(texts(store, bob), Texts{}) << "following has a direction";
}

TEST_F(StoreTest, PostsCarryWhatWasWritten) {
  Store store = open();
  const UserId alice = add(store, "alice");
  const UserId bob = add(store, "bob");
  ASSERT_TRUE(store.follow(alice, bob));
  const std::string text = "quote ' and \xf0\x9f\x98\x80 and a\nline";
  const auto id = store.add_post(bob, text, kNow + 5);
  ASSERT_TRUE(id);
  const auto posts = store.timeline(alice, 50);
  ASSERT_TRUE(posts);
  ASSERT_EQ(posts->size(), 1u);
  EXPECT_EQ((*posts)[0].id, *id);
  EXPECT_EQ((*posts)[0].author, "bob");
  EXPECT_EQ((*posts)[0].text, text);
  EXPECT_EQ((*posts)[0].created_unix, kNow + 5);
}

// The threshold algorithm may only ever save work: its answer is that of the plain join.
TEST_F(StoreTest, TimelineEqualsTheObviousQuery) {
  Store store = open();
  Prng prng(42);
  std::vector<UserId> users;
  for (int i = 0; i < 40; ++i) users.push_back(add(store, "u" + std::to_string(i)));
  for (const UserId follower : users) {
    for (const UserId followed : users) {
      if (follower == followed || prng.below(3) != 0) continue;
      ASSERT_TRUE(store.follow(follower, followed));
    }
  }
  for (int i = 0; i < 600; ++i) {  // skewed: a few authors write most
    const UserId author = users[prng.below(1 + prng.below(users.size()))];
    ASSERT_TRUE(store.add_post(author, std::to_string(i), kNow));
  }
  auto obvious = store.database().prepare(
      "SELECT posts.id FROM posts JOIN follows ON followed = author WHERE follower = ? ORDER BY posts.id DESC LIMIT ?");
  ASSERT_TRUE(obvious);
  for (const UserId reader : users) {
    for (const size_t limit : {size_t{1}, size_t{7}, size_t{50}}) {
      std::vector<int64_t> expected;
      Execution run = obvious->run();
      run.bind(0, reader.v).bind(1, static_cast<int64_t>(limit));
      while (run.step() == SQLITE_ROW) expected.push_back(run.integer(0));
      std::vector<int64_t> actual;
      const auto posts = store.timeline(reader, limit);
      ASSERT_TRUE(posts);
      for (const Post& post : *posts) actual.push_back(post.id.v);
      EXPECT_EQ(actual, expected) << "reader " << reader.v << ", limit " << limit;
    }
  }
}

TEST_F(StoreTest, TwoInstancesSeeEachOthersWrites) {
  Store first = open();
  Store second = open();
  const UserId alice = add(first, "alice");
  const UserId bob = add(second, "bob");
  ASSERT_TRUE(first.follow(alice, bob));
  ASSERT_TRUE(second.add_post(bob, "from the other side", kNow));
  EXPECT_EQ(texts(first, alice), Texts{"from the other side"});
  EXPECT_TRUE(first.ping());
}

TEST_F(StoreTest, AReaderDoesNotWaitForAWriter) {
  Store reader = open();
  Store writer = open();
  const UserId alice = add(reader, "alice");
  Transaction transaction(writer.database());
  ASSERT_TRUE(transaction.begin(Transaction::Kind::write));
  EXPECT_EQ(texts(reader, alice), Texts{});
  ASSERT_TRUE(reader.database().execute("PRAGMA busy_timeout = 0"));
  const auto refused = reader.add_post(alice, "x", kNow);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::timeout);
  EXPECT_EQ(refused.error().retry, Retry::yes);
}

TEST_F(StoreTest, FollowingHasALimit) {
  Store store = open();
  const UserId alice = add(store, "alice");
  const UserId late = add(store, "late");
  ASSERT_TRUE(store.database().execute(
      "INSERT INTO users (id, name, password_hash, created_unix)"
      " WITH RECURSIVE n(i) AS (SELECT 1000 UNION ALL SELECT i + 1 FROM n WHERE i < 5999)"
      " SELECT i, 'n' || i, '', 0 FROM n;"
      "INSERT INTO follows SELECT (SELECT id FROM users WHERE name = 'alice'), id FROM users WHERE id >= 1000"));
  const auto refused = store.follow(alice, late);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::limit_reached);
}

TEST_F(StoreTest, OpeningWhatIsNoDatabaseFails) { EXPECT_FALSE(Store::open(directory_.file("no/such/directory.db"))); }

TEST_F(StoreTest, SeedingFollowsZipf) {
  Store store = open();
  SeedPlan plan{.users = 200, .posts_per_user = 3, .password_hash = "h", .now_unix = kNow};
  std::map<std::string, int64_t, std::less<>> last;
  const auto result = seed(store, plan, [&](std::string_view stage, int64_t done, int64_t total) {
    last[std::string(stage)] = done;
    EXPECT_LE(done, total);
  });
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_EQ(result->users, 200);
  EXPECT_EQ(count(store, "SELECT count(*) FROM users"), 200);
  EXPECT_EQ(count(store, "SELECT count(*) FROM posts"), 600);
  EXPECT_EQ(count(store, "SELECT count(*) FROM follows WHERE follower = followed"), 0);
  for (const int64_t rank : {1, 2, 3, 10, 99, 200}) {
    const std::string sql = "SELECT count(*) FROM follows WHERE followed = " + std::to_string(rank);
    EXPECT_EQ(count(store, sql), zipf_followers(200, rank)) << "rank " << rank;
  }
  EXPECT_EQ(last, (std::map<std::string, int64_t, std::less<>>{
                      {"users", 200}, {"follows", result->follows}, {"posts", 600}}));
  EXPECT_EQ((*store.find_user("user200"))->password_hash, "h");
}

TEST_F(StoreTest, SeedingTwiceChangesNothing) {
  Store store = open();
  const SeedPlan plan{.users = 50, .posts_per_user = 2, .now_unix = kNow};
  ASSERT_TRUE(seed(store, plan, {}));
  const auto again = seed(store, plan, {});
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->already_seeded);
  EXPECT_EQ(count(store, "SELECT count(*) FROM users"), 50);
  EXPECT_EQ(count(store, "SELECT count(*) FROM posts"), 100);
}

TEST_F(StoreTest, TheSamePlanGivesTheSameRows) {
  const auto dump = [](Store& store) {
    std::string text;
    auto query = store.database().prepare(
        "SELECT author || ' ' || text || ' ' || created_unix FROM posts UNION ALL"
        " SELECT follower || ' ' || followed FROM follows");
    CHECK(query.has_value());
    Execution run = query->run();
    while (run.step() == SQLITE_ROW) (text += run.text(0)) += '\n';
    return text;
  };
  auto first = Store::open(directory_.file("a"));
  auto second = Store::open(directory_.file("b"));
  auto third = Store::open(directory_.file("c"));
  ASSERT_TRUE(first && second && third);
  SeedPlan plan{.users = 50, .posts_per_user = 2, .now_unix = kNow};
  ASSERT_TRUE(seed(*first, plan, {}));
  ASSERT_TRUE(seed(*second, plan, {}));
  plan.prng_seed = 2;
  ASSERT_TRUE(seed(*third, plan, {}));
  EXPECT_EQ(dump(*first), dump(*second));
  EXPECT_NE(dump(*first), dump(*third));
}

TEST_F(StoreTest, SeedingLeavesAStrangersUsersAlone) {
  Store store = open();
  add(store, "user7");
  const auto refused = seed(store, SeedPlan{.users = 10}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::invalid_argument);
  EXPECT_EQ(count(store, "SELECT count(*) FROM users"), 1);
}

}  // namespace
}  // namespace weir::timeline
