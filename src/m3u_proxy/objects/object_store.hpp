// ObjectStore: files that several machines share, by key: a folder of a shared file system, or an
// S3-compatible store. It knows nothing of what it holds.
//
// A key is a path of names from letters, digits, `.`, `-` and `_`, joined by `/`. An object is
// there whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/base/cancel.hpp>
#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/io/byte_source.hpp>
#include <m3u_proxy/io/descriptor.hpp>

namespace m3u_proxy::objects {

/// What is put: bytes that can be read again from any position, since a put may be tried again.
struct Content {
  std::uint64_t bytes = 0;
  /// Reads at a position; 0 at the end.
  std::function<Result<std::size_t>(std::uint64_t offset, std::span<char> buffer)> read;
};
/// `text` outlives it.
Content content_of(std::string_view text);
/// The first `bytes` of an open file, which outlives it. `name` is for errors.
Content content_of(const io::Descriptor& file, std::uint64_t bytes, std::string name);

struct StoredObject {
  std::string key{};
  std::uint64_t bytes = 0;
  std::int64_t written = 0;  ///< Unix seconds, by the store's clock
};

/// Thread-safe. `cancel` may be nullptr: stop() ends it then. Errors of all: kNetwork or kIo (the
/// store cannot be reached or used; the remedy is said), kCancelled.
class ObjectStore {
 public:
  ObjectStore() = default;
  ObjectStore(const ObjectStore&) = delete;
  ObjectStore& operator=(const ObjectStore&) = delete;
  virtual ~ObjectStore() = default;

  /// In place of what has that key. Errors: kDiskFull; kInvalidArgument (no key).
  virtual Result<> put(std::string_view key, const Content& content, const CancelToken* cancel) = 0;
  /// Gives an object's bytes to `to`, each once. Error: kNotFound.
  virtual Result<> get(std::string_view key, io::ByteSink& to, const CancelToken* cancel) = 0;
  /// The objects whose keys begin with `prefix`, which ends in `/` or is empty, by key.
  virtual Result<std::vector<StoredObject>> list(std::string_view prefix) = 0;
  /// Does nothing when it is not there.
  virtual Result<> remove(std::string_view key) = 0;
  /// For people: "/shared/m3u-proxy", "s3://bucket/prefix".
  [[nodiscard]] virtual std::string_view place() const = 0;

  /// Ends what has no token of its own, and lets nothing of that kind begin.
  void stop() { stopping_.cancel(); }

 protected:
  [[nodiscard]] const CancelToken* token(const CancelToken* cancel) const {
    return cancel == nullptr ? &stopping_ : cancel;
  }

 private:
  CancelToken stopping_;
};

/// Whether a text is a key, as above.
bool is_key(std::string_view text);
/// Error: kInvalidArgument when it is none.
Result<> check_key(std::string_view key);

/// A whole object of at most `most` bytes as text. Errors: those of get(); kParse when it is
/// larger.
Result<std::string> get_text(ObjectStore& store, std::string_view key, std::size_t most);

}  // namespace m3u_proxy::objects
