// Import plan: what entities of a file, imported, make of those that are there. Pure.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include <m3u_proxy/store/entities.hpp>

namespace m3u_proxy::store {

enum class ImportMode : std::uint8_t {
  kAdd,      ///< what is there and not in the file stays
  kReplace,  ///< what people made and is not in the file goes
};

/// The body that is to be stored for one of a file; `stored` is what is there, nullptr: nothing.
/// Without such a function it is the file's.
using MergeBody =
    std::function<Result<std::string>(const FileEntity& wanted, const Entity* stored)>;

struct ImportPlan {
  enum class Becomes : std::uint8_t { kCreated, kChanged, kUnchanged };
  struct Step {
    Becomes becomes = Becomes::kCreated;
    Entity entity{};  ///< as it will be, without position; of kCreated without revision and times
    bool has_id = true;  ///< false: it gets one of its name
  };
  std::vector<Step> steps{};  ///< in the file's order
  std::vector<Entity> removed{};
};

/// One of the file is the one that has its id; without an id, or when nothing of that kind has it
/// and things are only added, the one of its name. Errors: kConflict (the configuration file
/// manages what would change, a name or id is taken or is there twice), kInvalidArgument (a name or
/// body is too long), those of `merge`.
Result<ImportPlan> plan_import(const std::vector<Entity>& existing,
                               std::span<const FileEntity> wanted, ImportMode mode,
                               const MergeBody& merge);

}  // namespace m3u_proxy::store
