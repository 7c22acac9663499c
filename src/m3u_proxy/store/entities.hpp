// Entities: the rows of what people decide: sources, guides, filters, rules and proxies.
//
// A body is canonical JSON of exactly the keys that the configuration file has for such an entity;
// the store does not look inside. Bodies of sources and guides, which hold accounts, are sealed
// with the secret key. Each change counts up the entity's revision and the store's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/uuid.hpp>
#include <m3u_proxy/store/secret_key.hpp>
#include <m3u_proxy/store/sql/database.hpp>

namespace m3u_proxy::store {

enum class EntityKind : std::uint8_t { kSource, kEpgSource, kFilter, kRule, kProxy };
/// "source", "epg_source", "filter", "rule", "proxy".
std::string_view to_string(EntityKind kind);

/// Who may change an entity: what the file manages is changed in the file.
enum class ManagedBy : std::uint8_t { kFile, kUser, kExample };
/// "file", "user", "example".
std::string_view to_string(ManagedBy managed_by);

struct Entity {
  Uuid id{};
  EntityKind kind{};
  std::string name{};
  std::int64_t position = 0;  ///< among those of its kind, ascending
  std::string body{};
  std::int64_t revision = 0;  ///< from 1
  ManagedBy managed_by = ManagedBy::kUser;
  Time created{};
  Time updated{};
};

/// The Entities::entities_revision() with which a change was found to fit what else there is. Where
/// there is another by now, the change is refused (kConflict) and has to be checked anew. None: it
/// is not asked.
using CheckedAt = std::optional<std::int64_t>;

struct NewEntity {
  EntityKind kind{};
  std::string name{};
  std::string body{};
  ManagedBy managed_by = ManagedBy::kUser;
  std::optional<Uuid> id{};  ///< otherwise of its name
  CheckedAt checked{};
};

/// What is not given stays.
struct EntityChange {
  std::optional<std::string> name{};
  std::optional<std::string> body{};
  CheckedAt checked{};
};

/// An entity of a configuration file, in the file's order.
struct FileEntity {
  EntityKind kind{};
  std::string name{};
  std::string body{};
  std::optional<Uuid> id{};    ///< as the file says
  std::string renamed_from{};  ///< as the file says
};

/// What taking over a file changed.
struct TakeOver {
  std::vector<Uuid> added{};
  std::vector<Uuid> changed{};
  std::vector<Uuid> removed{};
  [[nodiscard]] bool empty() const { return added.empty() && changed.empty() && removed.empty(); }
};

/// Thread-safe. Beside the errors below every function has those of the database.
class Entities {
 public:
  static constexpr std::size_t kLargestBody = std::size_t{1} << 20U;
  static constexpr std::size_t kLongestName = 200;

  Entities(sql::Database& database, const SecretKey& key) : database_(&database), key_(&key) {}

  /// By position.
  Result<std::vector<Entity>> list(EntityKind kind);
  /// Error: kNotFound.
  Result<Entity> get(const Uuid& id);
  Result<Entity> find(EntityKind kind, std::string_view name);

  /// Appends it to its kind. Its id stays for good, so a new thing whose name once was another's
  /// gets an id of its own. Errors: kConflict (the name or id is taken, or `checked` is over),
  /// kInvalidArgument (name or body too long or empty).
  Result<Entity> create(const NewEntity& entity, Time now);
  /// Errors: kNotFound; kConflict when its revision is not `expected` any more, the new name is
  /// taken, the file manages it, or `checked` is over.
  Result<Entity> put(const Uuid& id, const EntityChange& change, std::int64_t expected, Time now);
  /// Takes its snapshots', generations', runs', edits' and tokens' rows with it. Errors as put().
  Result<> erase(const Uuid& id, std::int64_t expected, CheckedAt checked = {});
  /// Gives a kind its order. Error: kConflict when `order` is not exactly those there are, or
  /// `checked` is over.
  Result<> reorder(EntityKind kind, std::span<const Uuid> order, CheckedAt checked = {});

  /// Makes what the file manages exactly `entities`, in one transaction: what vanished from the
  /// file is removed, an example of the same name becomes the file's, what a user made stays and
  /// follows. What did not change keeps its revision. Errors: kConflict when a name or id
  /// is a user's, or two of the file are one; nothing changed then.
  Result<TakeOver> take_over_file(std::span<const FileEntity> entities, Time now);

  /// There is no configuration file any more: what one managed may be changed by people, and is
  /// taken over again by a file that has the same. Whether there was any.
  Result<bool> release_file();

  /// Counts every change of entities, channel edits and settings; a generation names what it is of.
  Result<std::int64_t> revision();
  /// The same without changes of channel edits alone, by which no entity is checked. Who checks a
  /// change asks for it first, then reads what there is, and gives it as `checked`.
  Result<std::int64_t> entities_revision();

 private:
  sql::Database* database_;
  const SecretKey* key_;
};

}  // namespace m3u_proxy::store
