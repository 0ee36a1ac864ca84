#include "examples/timeline/database.h"

namespace weir::timeline {

Error sqlite_error(int code) {
  const int primary = code & 0xff;
  const bool busy = primary == SQLITE_BUSY || primary == SQLITE_LOCKED;
  return Error{.code = busy ? Code::timeout : Code::io_failed,
               .retry = busy ? Retry::yes : Retry::no,
               .detail = sqlite3_errstr(code)};
}

Execution& Execution::bind(int index, int64_t value) {
  sqlite3_bind_int64(statement_, index + 1, value);
  return *this;
}

Execution& Execution::bind(int index, std::string_view text) {
  // A null pointer would bind NULL, and an empty view may have one.
  const char* data = text.data() == nullptr ? "" : text.data();
  sqlite3_bind_text(statement_, index + 1, data, static_cast<int>(text.size()), nullptr);
  return *this;
}

Result<void> Execution::finish() {
  const int code = step();
  if (code != SQLITE_DONE && code != SQLITE_ROW) return fail(sqlite_error(code));
  return {};
}

std::string_view Execution::text(int column) const {
  const unsigned char* data = sqlite3_column_text(statement_, column);
  if (data == nullptr) return {};
  const int size = sqlite3_column_bytes(statement_, column);
  return {reinterpret_cast<const char*>(data), static_cast<size_t>(size)};
}

Result<Database> Database::open(const std::string& path, int busy_ms) {
  sqlite3* connection = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
  const int code = sqlite3_open_v2(path.c_str(), &connection, flags, nullptr);
  Database database(connection);  // SQLite wants even a failed connection closed
  if (code != SQLITE_OK) return fail(sqlite_error(code));
  sqlite3_busy_timeout(connection, busy_ms);
  return database;
}

Result<void> Database::execute(const char* sql) {
  const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(code));
  return {};
}

Result<Statement> Database::prepare(const char* sql) {
  sqlite3_stmt* statement = nullptr;
  const int code = sqlite3_prepare_v3(connection_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (code != SQLITE_OK) return fail(sqlite_error(code));
  return Statement(statement);
}

Transaction::~Transaction() {
  if (open_) (void)database_->execute("ROLLBACK");
}

Result<void> Transaction::begin(Kind kind) {
  auto begun = database_->execute(kind == Kind::write ? "BEGIN IMMEDIATE" : "BEGIN");
  open_ = begun.has_value();
  return begun;
}

Result<void> Transaction::commit() {
  auto committed = database_->execute("COMMIT");
  if (committed) open_ = false;
  return committed;
}

}  // namespace weir::timeline
