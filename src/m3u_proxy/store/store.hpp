// Store: what people decide and what the service has to remember, in SQLite or PostgreSQL.
//
// Channels and programmes are not in here: they lie in snapshots, which the store names by id, so
// it stays small. One implementation in SQL serves both databases; what differs is behind
// sql::Database. store/open/open_store.hpp makes one. Thread-safe; it reads no clock.
#pragma once

#include <memory>
#include <span>
#include <string>

#include <m3u_proxy/store/access_tokens.hpp>
#include <m3u_proxy/store/audit_log.hpp>
#include <m3u_proxy/store/channel_edits.hpp>
#include <m3u_proxy/store/entities.hpp>
#include <m3u_proxy/store/generations.hpp>
#include <m3u_proxy/store/importing/configuration_import.hpp>
#include <m3u_proxy/store/jobs.hpp>
#include <m3u_proxy/store/logos.hpp>
#include <m3u_proxy/store/portable/portable_rows.hpp>
#include <m3u_proxy/store/run_records.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/settings.hpp>
#include <m3u_proxy/store/snapshots.hpp>
#include <m3u_proxy/store/sql/migrations.hpp>
#include <m3u_proxy/store/users.hpp>

namespace m3u_proxy::store {

class Store {
 public:
  /// Brings the schema up to date and checks that `key` is the database's. `program`: this
  /// program's version. Errors: those of sql::migrate(); kConfig, when the database has another
  /// key.
  static Result<std::unique_ptr<Store>> start(
      std::unique_ptr<sql::Database> database, SecretKey key, std::string_view program, Time now,
      std::span<const sql::Migration> migrations = sql::migrations());

  Entities& entities() { return entities_; }
  Snapshots& snapshots() { return snapshots_; }
  Generations& generations() { return generations_; }
  Jobs& jobs() { return jobs_; }
  ChannelEdits& edits() { return edits_; }
  RunRecords& runs() { return runs_; }
  Settings& settings() { return settings_; }
  Users& users() { return users_; }
  AccessTokens& tokens() { return tokens_; }
  AuditLog& audit_log() { return audit_log_; }
  Logos& logos() { return logos_; }

  /// News of changes by any process. Error: kUnavailable.
  Result<std::unique_ptr<ChangeFeed>> watch() { return database_->watch(); }
  /// Whether this process is the one whose scheduler runs: takes the lead when nobody has it.
  /// Error: kUnavailable: then it does not lead (any more).
  Result<bool> lead() { return database_->lead(); }
  void resign() { database_->resign(); }

  /// What people decided, as lines, and back: portable/portable_rows.hpp. `seal`, `hide`,
  /// `opened`, `purpose`: as there.
  Result<> write_rows(const SecretKey& seal, const portable::HideSecrets& hide,
                      const portable::LineSink& sink) {
    return portable::write_rows(*database_, {.own = &key_, .seal = &seal, .hide = hide}, sink);
  }
  Result<portable::ReadResult> read_rows(const SecretKey* opened, portable::Purpose purpose,
                                         portable::LineSource& source) {
    return portable::read_rows(*database_, {.own = &key_, .opened = opened, .purpose = purpose},
                               source);
  }
  /// What a configuration file says becomes what a person made: importing/configuration_import.hpp.
  Result<ImportResult> import(const ConfigurationImport& what, Time now) {
    return import_configuration(*database_, key_, what, now);
  }
  /// The version of the schema that this program makes.
  [[nodiscard]] static int schema_version() { return sql::migrations().back().version; }
  [[nodiscard]] const SecretKey& key() const { return key_; }

  /// Reads and checks the whole database. Error: kIo, with the first findings.
  Result<> check() { return database_->check(); }

  /// For the memory cleanup: caches and prepared statements.
  memory::MemoryCleanable& memory() { return *database_; }
  /// "/data/m3u-proxy.sqlite" or "postgresql://host:5432/name", for logs.
  [[nodiscard]] std::string_view place() const { return database_->place(); }

 private:
  Store(std::unique_ptr<sql::Database> database, SecretKey key);

  std::unique_ptr<sql::Database> database_;
  SecretKey key_;
  Entities entities_;
  Snapshots snapshots_;
  Generations generations_;
  Jobs jobs_;
  ChannelEdits edits_;
  RunRecords runs_;
  Settings settings_;
  Users users_;
  AccessTokens tokens_;
  AuditLog audit_log_;
  Logos logos_;
};

}  // namespace m3u_proxy::store
