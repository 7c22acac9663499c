#include <array>

#include <m3u_proxy/store/sql/migrations.hpp>

namespace m3u_proxy::store::sql {
namespace {

// Moments are UTC milliseconds since 1970, 0 for none; ids are UUIDs as text; lists of words and
// free-form figures are JSON.
constexpr std::string_view kFirst = R"(
CREATE TABLE store_state (
  name {text} NOT NULL PRIMARY KEY,
  value {text} NOT NULL){end};
CREATE TABLE counters (
  name {text} NOT NULL PRIMARY KEY,
  value {int} NOT NULL){end};
INSERT INTO counters VALUES ('revision', 0);

CREATE TABLE entities (
  id {text} NOT NULL PRIMARY KEY,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  position {int} NOT NULL,
  body {text} NOT NULL,
  revision {int} NOT NULL,
  managed_by {text} NOT NULL,
  created {int} NOT NULL,
  updated {int} NOT NULL,
  UNIQUE (kind, name)){end};

CREATE TABLE source_fetches (
  source_id {text} NOT NULL PRIMARY KEY,
  tried {int} NOT NULL,
  failures {int} NOT NULL,
  error {text} NOT NULL){end};
CREATE TABLE source_snapshots (
  id {text} NOT NULL PRIMARY KEY,
  source_id {text} NOT NULL,
  state {text} NOT NULL,
  bytes {int} NOT NULL,
  items {int} NOT NULL,
  etag {text} NOT NULL,
  last_modified {text} NOT NULL,
  content_hash {text} NOT NULL,
  channel_set_hash {text} NOT NULL,
  fetched {int} NOT NULL,
  confirmed {int} NOT NULL,
  equal_replies {int} NOT NULL,
  superseded {int} NOT NULL){end};
CREATE INDEX source_snapshots_by_source ON source_snapshots (source_id, fetched);
CREATE UNIQUE INDEX source_snapshots_current ON source_snapshots (source_id)
  WHERE state = 'current';
CREATE UNIQUE INDEX source_snapshots_quarantined ON source_snapshots (source_id)
  WHERE state = 'quarantined';

CREATE TABLE proxy_states (
  proxy_id {text} NOT NULL PRIMARY KEY,
  next_number {int} NOT NULL,
  held {int} NOT NULL){end};
CREATE TABLE generations (
  proxy_id {text} NOT NULL,
  number {int} NOT NULL,
  state {text} NOT NULL,
  created {int} NOT NULL,
  settings_revision {int} NOT NULL,
  channels {int} NOT NULL,
  programmes {int} NOT NULL,
  added {int} NOT NULL,
  removed {int} NOT NULL,
  changed {int} NOT NULL,
  PRIMARY KEY (proxy_id, number)){end};
CREATE UNIQUE INDEX generations_current ON generations (proxy_id) WHERE state = 'current';
CREATE TABLE generation_files (
  proxy_id {text} NOT NULL,
  number {int} NOT NULL,
  name {text} NOT NULL,
  bytes {int} NOT NULL,
  content_hash {text} NOT NULL,
  PRIMARY KEY (proxy_id, number, name),
  FOREIGN KEY (proxy_id, number) REFERENCES generations (proxy_id, number)
    ON DELETE CASCADE){end};

CREATE TABLE jobs (
  id {text} NOT NULL PRIMARY KEY,
  kind {text} NOT NULL,
  target {text} NOT NULL,
  dedup_key {text} NOT NULL,
  priority {int} NOT NULL,
  state {text} NOT NULL,
  not_before {int} NOT NULL,
  created {int} NOT NULL,
  started {int} NOT NULL,
  finished {int} NOT NULL,
  progress {text} NOT NULL,
  report {text} NOT NULL,
  error {text} NOT NULL,
  attempts {int} NOT NULL,
  cancel_requested {int} NOT NULL,
  lease_owner {text} NOT NULL,
  lease_epoch {int} NOT NULL,
  lease_until {int} NOT NULL){end};
CREATE UNIQUE INDEX jobs_queued_once ON jobs (dedup_key) WHERE state = 'queued';
CREATE INDEX jobs_queue ON jobs (priority DESC, not_before, created, id) WHERE state = 'queued';
CREATE INDEX jobs_running ON jobs (lease_until) WHERE state = 'running';
CREATE INDEX jobs_by_time ON jobs (created, id);

CREATE TABLE channel_edits (
  channel_id {text} NOT NULL,
  proxy_id {text} NOT NULL,
  number {text},
  name {text},
  group_title {text},
  logo {text},
  guide_id {text},
  hidden {int},
  place {text} NOT NULL,
  place_channel_id {text} NOT NULL,
  revision {int} NOT NULL,
  created {int} NOT NULL,
  updated {int} NOT NULL,
  last_seen {int} NOT NULL,
  misses {int} NOT NULL,
  PRIMARY KEY (channel_id, proxy_id)){end};

CREATE TABLE runs (
  proxy_id {text} NOT NULL,
  number {int} NOT NULL,
  finished {int} NOT NULL,
  source_bytes {int} NOT NULL,
  guide_bytes {int} NOT NULL,
  channels {int} NOT NULL,
  limit_mb {real} NOT NULL,
  fixed_mb {real} NOT NULL,
  peak_mb {real} NOT NULL,
  strategy {text} NOT NULL,
  PRIMARY KEY (proxy_id, number)){end};
CREATE TABLE run_stages (
  proxy_id {text} NOT NULL,
  number {int} NOT NULL,
  position {int} NOT NULL,
  stage {text} NOT NULL,
  peak_mb {real} NOT NULL,
  of_guide {int} NOT NULL,
  PRIMARY KEY (proxy_id, number, position),
  FOREIGN KEY (proxy_id, number) REFERENCES runs (proxy_id, number) ON DELETE CASCADE){end};

CREATE TABLE settings (
  key {text} NOT NULL PRIMARY KEY,
  value {text} NOT NULL,
  revision {int} NOT NULL,
  updated {int} NOT NULL){end};

CREATE TABLE users (
  id {text} NOT NULL PRIMARY KEY,
  name {text} NOT NULL UNIQUE,
  password_hash {text} NOT NULL,
  role {text} NOT NULL,
  disabled {int} NOT NULL,
  revision {int} NOT NULL,
  created {int} NOT NULL,
  updated {int} NOT NULL){end};
CREATE TABLE tokens (
  id {text} NOT NULL PRIMARY KEY,
  kind {text} NOT NULL,
  name {text} NOT NULL,
  hash {text} NOT NULL UNIQUE,
  user_id {text} REFERENCES users (id) ON DELETE CASCADE,
  proxy_id {text} REFERENCES entities (id) ON DELETE CASCADE,
  scopes {text} NOT NULL,
  created {int} NOT NULL,
  expires {int} NOT NULL,
  last_used {int} NOT NULL){end};
CREATE TABLE sessions (
  hash {text} NOT NULL PRIMARY KEY,
  user_id {text} NOT NULL REFERENCES users (id) ON DELETE CASCADE,
  created {int} NOT NULL,
  expires {int} NOT NULL,
  last_seen {int} NOT NULL,
  client {text} NOT NULL){end};
CREATE TABLE audit_log (
  id {serial},
  at {int} NOT NULL,
  actor {text} NOT NULL,
  action {text} NOT NULL,
  target {text} NOT NULL,
  detail {text} NOT NULL){end};
CREATE INDEX audit_log_by_time ON audit_log (at);

CREATE TABLE logos (
  id {text} NOT NULL PRIMARY KEY,
  name {text} NOT NULL,
  mime {text} NOT NULL,
  bytes {int} NOT NULL,
  content_hash {text} NOT NULL,
  created {int} NOT NULL){end};
CREATE INDEX logos_by_hash ON logos (content_hash);
)";

// Who made an edit, which source its channel comes from, and since when refreshes miss it.
constexpr std::string_view kEditOrigins = R"(
ALTER TABLE channel_edits ADD COLUMN managed_by {text} NOT NULL DEFAULT 'user';
ALTER TABLE channel_edits ADD COLUMN source_id {text} NOT NULL DEFAULT '';
ALTER TABLE channel_edits ADD COLUMN missing_since {int} NOT NULL DEFAULT 0;
)";

constexpr std::array kMigrations = {
    Migration{.version = 1, .name = "the first tables", .statements = kFirst},
    Migration{.version = 2, .name = "where edits come from", .statements = kEditOrigins}};

}  // namespace

std::span<const Migration> migrations() { return kMigrations; }

}  // namespace m3u_proxy::store::sql
