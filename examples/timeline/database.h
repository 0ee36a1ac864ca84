#pragma once
// A thin, owning face on SQLite's C interface: a connection that closes itself, statements that finalize themselves,
// and a transaction that rolls back unless committed. Errors are values whose detail is SQLite's own static text.
//
// Use: prepare each statement once, then `run` it many times; an Execution resets its statement when it goes out of
// scope, so that a half-read SELECT never keeps a read lock. One thread per Database: the connection has no mutexes.

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

namespace weir::timeline {

/// Busy becomes Code::timeout (safe to try again), anything else Code::io_failed.
Error sqlite_error(int code);

/// One execution of a prepared statement. Parameters and columns count from 0. Text that was bound must live until the
/// last `step`; text that was read lives until the next one.
class Execution {
 public:
  explicit Execution(sqlite3_stmt* statement) : statement_(statement) {}
  ~Execution() { sqlite3_reset(statement_); }
  Execution(const Execution&) = delete;
  Execution& operator=(const Execution&) = delete;

  Execution& bind(int index, int64_t value);
  Execution& bind(int index, std::string_view text);
  /// SQLITE_ROW, SQLITE_DONE or an error code.
  int step() { return sqlite3_step(statement_); }
  /// For statements without rows.
  Result<void> finish();

  [[nodiscard]] int64_t integer(int column) const { return sqlite3_column_int64(statement_, column); }
  [[nodiscard]] std::string_view text(int column) const;

 private:
  sqlite3_stmt* statement_;
};

class Statement {
 public:
  explicit Statement(sqlite3_stmt* statement = nullptr) : statement_(statement) {}
  [[nodiscard]] Execution run() const { return Execution(statement_.get()); }

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
};

class Database {
 public:
  /// Opens or creates the file; `busy_ms` is how long a statement may wait for another process's write lock.
  static Result<Database> open(const std::string& path, int busy_ms);

  /// Runs one or more statements that take no parameters and give no rows.
  [[nodiscard]] Result<void> execute(const char* sql);
  [[nodiscard]] Result<Statement> prepare(const char* sql);
  [[nodiscard]] int64_t last_insert_id() const { return sqlite3_last_insert_rowid(connection_.get()); }
  [[nodiscard]] int changes() const { return sqlite3_changes(connection_.get()); }

 private:
  struct Close {
    void operator()(sqlite3* connection) const { sqlite3_close_v2(connection); }
  };
  explicit Database(sqlite3* connection) : connection_(connection) {}
  std::unique_ptr<sqlite3, Close> connection_;
};

/// Rolls back on destruction unless `commit` succeeded.
class Transaction {
 public:
  enum class Kind : uint8_t { read, write };
  explicit Transaction(Database& database) : database_(&database) {}
  ~Transaction();
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;

  /// A write transaction takes the write lock at once: upgrading a read lock later could fail with no wait that helps.
  [[nodiscard]] Result<void> begin(Kind kind);
  [[nodiscard]] Result<void> commit();

 private:
  Database* database_;
  bool open_ = false;
};

}  // namespace weir::timeline
