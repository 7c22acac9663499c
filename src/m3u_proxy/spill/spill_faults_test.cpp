// What spills, with disks that are full or lie and memory that is refused: the result is the same,
// or it is an error, and everything is given back.
#include <functional>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include <m3u_proxy/io/io_testing.hpp>
#include <m3u_proxy/spill/blob_sorter.hpp>
#include <m3u_proxy/spill/key_map.hpp>
#include <m3u_proxy/spill/record_sorter.hpp>
#include <m3u_proxy/spill/spool.hpp>

namespace m3u_proxy::spill {
namespace {

constexpr std::size_t kSteps = 400;

/// Called before each step, and once more between writing and reading.
using Hook = std::function<void(std::size_t step)>;

struct Work {
  std::string name;
  Bytes memory;  ///< a limit at which it uses the disk
  /// Whether the result is as it should be.
  std::function<Result<bool>(memory::Budget&, spill::SpillSpace&, const Hook&)> run;
};
std::ostream& operator<<(std::ostream& out, const Work& work) { return out << work.name; }

Result<bool> run_spool(memory::Budget& budget, spill::SpillSpace& space, const Hook& hook) {
  constexpr std::size_t kFrame = 6000;
  const auto frame_of = [](std::size_t number) {
    std::vector<std::uint8_t> frame(kFrame);
    for (std::size_t i = 0; i < kFrame; ++i) frame[i] = static_cast<std::uint8_t>(number + i / 9);
    return frame;
  };
  memory::SlabPool slabs(budget, Bytes{});
  Spool spool(slabs, {.compress_beyond = kib(600), .space = &space});
  std::pmr::vector<std::uint8_t> scratch;
  for (std::size_t i = 0; i < kSteps; ++i) {
    hook(i);
    const auto frame = frame_of(i);
    M3U_CHECK(spool.append(spool.pack(frame, scratch)));
  }
  hook(kSteps);
  for (std::size_t i = 0; i < kSteps; ++i) {
    M3U_TRY(const auto frame, spool.read(i, scratch));
    if (!std::ranges::equal(frame, frame_of(i))) return false;
  }
  return spool.frames() == kSteps;
}

Result<bool> run_keys(memory::Budget& budget, spill::SpillSpace& space, const Hook& hook) {
  constexpr std::uint32_t kKeysOfStep = 50;
  constexpr std::uint32_t kDifferent = 15'000;
  KeyMap keys(budget, &space, {.memtable = kib(16)});
  const auto number = [](std::uint32_t i) { return i * 7919U % kDifferent; };
  const auto key = [](std::uint32_t i) { return key_of(std::to_string(i)); };
  for (std::uint32_t i = 0; i < kSteps * kKeysOfStep; ++i) {
    if (i % kKeysOfStep == 0) hook(i / kKeysOfStep);
    M3U_TRY(const auto found, keys.insert(key(number(i)), i));
    const auto expected = i < kDifferent ? std::nullopt : std::optional(i - kDifferent);
    if (found != expected) return false;
  }
  hook(kSteps);
  for (std::uint32_t i = 0; i < kDifferent; ++i) {
    M3U_TRY(const auto found, keys.find(key(number(i))));
    if (found != i) return false;
  }
  return keys.size() == kDifferent;
}

Result<bool> run_records(memory::Budget& budget, spill::SpillSpace& space, const Hook& hook) {
  constexpr std::size_t kRecordsOfStep = 200;
  RecordSorter<std::uint64_t, AscendingNumbers> sorter(budget, &space);
  std::vector<std::uint64_t> expected;
  std::mt19937_64 random(11);
  for (std::size_t i = 0; i < kSteps * kRecordsOfStep; ++i) {
    if (i % kRecordsOfStep == 0) hook(i / kRecordsOfStep);
    expected.push_back(random());
    M3U_CHECK(sorter.add(expected.back()));
  }
  M3U_CHECK(sorter.finish());
  hook(kSteps);
  M3U_CHECK(sorter.rewind());
  std::ranges::sort(expected);
  for (const std::uint64_t number : expected) {
    std::uint64_t record = 0;
    M3U_TRY(const bool more, sorter.next(record));
    if (!more || record != number) return false;
  }
  std::uint64_t record = 0;
  M3U_TRY(const bool more, sorter.next(record));
  return !more;
}

Result<bool> run_blobs(memory::Budget& budget, spill::SpillSpace& space, const Hook& hook) {
  BlobSorter sorter(budget, &space);
  const auto key_of_step = [](std::size_t i) { return std::to_string(1000 + i); };
  const auto payload_of_step = [](std::size_t i) {
    return std::string(i % 50 == 0 ? 40'000 : 3000, static_cast<char>('a' + i % 26));
  };
  for (std::size_t i = 0; i < kSteps; ++i) {
    hook(i);
    const std::size_t step = i * 77 % kSteps;
    M3U_CHECK(sorter.add(key_of_step(step), payload_of_step(step)));
  }
  M3U_CHECK(sorter.finish());
  hook(kSteps);
  M3U_CHECK(sorter.rewind());
  std::string_view key;
  std::string_view payload;
  for (std::size_t i = 0; i < kSteps; ++i) {
    M3U_TRY(const bool more, sorter.next(key, payload));
    if (!more || key != key_of_step(i) || payload != payload_of_step(i)) return false;
  }
  M3U_TRY(const bool more, sorter.next(key, payload));
  return !more;
}

class SpillFaults : public testing::TestWithParam<Work> {
 protected:
  [[nodiscard]] spill::SpillSpace::Options options(Bytes max = {}) const {
    return {.folder = folder_.path(), .max = max, .tmpfs = io::TempFolder::Tmpfs::kAllow};
  }
  io::TestFolder folder_;
};

TEST_P(SpillFaults, WithoutAnyItUsesTheDiskAndGivesEverythingBack) {
  memory::Budget budget(GetParam().memory);
  spill::SpillSpace space(options());
  const auto right = GetParam().run(budget, space, [](std::size_t) {});
  ASSERT_TRUE(right) << to_string(right.error());
  EXPECT_TRUE(*right);
  EXPECT_GT(space.stats().total, 0U);
  EXPECT_EQ(space.stats().live, 0U);
  EXPECT_LE(budget.peak(), GetParam().memory);
  EXPECT_EQ(budget.used(), Bytes{});
}

TEST_P(SpillFaults, ADiskThatIsFullAtAnySizeIsAnErrorThatSaysSo) {
  spill::SpillSpace whole(options());
  {
    memory::Budget budget(GetParam().memory);
    ASSERT_TRUE(GetParam().run(budget, whole, [](std::size_t) {}));
  }
  constexpr std::uint64_t kSizes = 40;
  for (std::uint64_t i = 0; i < kSizes; ++i) {
    const Bytes max{1 + whole.stats().peak * i / kSizes};
    memory::Budget budget(GetParam().memory);
    spill::SpillSpace space(options(max));
    const auto right = GetParam().run(budget, space, [](std::size_t) {});
    ASSERT_FALSE(right) << max.count;
    EXPECT_EQ(right.error().code, ErrorCode::kDiskFull) << right.error().message;
    EXPECT_LE(space.stats().peak, max.count);
    EXPECT_EQ(space.stats().live, 0U);
    EXPECT_EQ(budget.used(), Bytes{});
  }
}

TEST_P(SpillFaults, MemoryThatIsRefusedAtAnyStepIsDiskOrAnError) {
  std::size_t exact = 0;
  for (std::size_t refused = 0; refused <= kSteps; refused += 7) {
    memory::Budget budget(mib(64));
    spill::SpillSpace space(options());
    const auto right = GetParam().run(budget, space, [&](std::size_t step) {
      budget.set_limit(step == refused ? Bytes{} : mib(64));
    });
    if (right) {
      EXPECT_TRUE(*right) << refused;
      ++exact;
    } else {
      EXPECT_EQ(right.error().code, ErrorCode::kOverBudget) << right.error().message;
    }
    EXPECT_EQ(space.stats().live, 0U);
    EXPECT_EQ(budget.used(), Bytes{});
  }
  EXPECT_GT(exact, kSteps / 7 / 2);
}

TEST_P(SpillFaults, ALimitThatIsLoweredAtAnyStepGivesTheSameResult) {
  for (std::size_t lowered = 0; lowered <= kSteps; lowered += 25) {
    memory::Budget budget(mib(64));
    spill::SpillSpace space(options());
    const auto right = GetParam().run(budget, space, [&](std::size_t step) {
      if (step == lowered) budget.set_limit(GetParam().memory);
    });
    ASSERT_TRUE(right) << to_string(right.error());
    EXPECT_TRUE(*right) << lowered;
    EXPECT_EQ(budget.used(), Bytes{});
  }
}

TEST_P(SpillFaults, ADamagedFileIsAnErrorWhereverItIsDamaged) {
  constexpr std::size_t kPlaces = 12;
  for (std::size_t place = 0; place < kPlaces; ++place) {
    memory::Budget budget(GetParam().memory);
    spill::SpillSpace space(options());
    const auto right = GetParam().run(budget, space, [&](std::size_t step) {
      if (step != kSteps) return;
      for (const int file : io::open_files_in(folder_.path())) {
        const off_t size = ::lseek(file, 0, SEEK_END);
        const off_t at = size * static_cast<off_t>(place) / static_cast<off_t>(kPlaces);
        char byte = 0;
        ASSERT_EQ(::pread(file, &byte, 1, at), 1);
        byte = static_cast<char>(byte ^ 0x10);
        ASSERT_EQ(::pwrite(file, &byte, 1, at), 1);
      }
    });
    ASSERT_FALSE(right) << place;
    EXPECT_EQ(right.error().code, ErrorCode::kIo);
    EXPECT_TRUE(right.error().message.starts_with("temporary data is damaged at byte "))
        << right.error().message;
    EXPECT_EQ(budget.used(), Bytes{});
  }
}

TEST_P(SpillFaults, ATruncatedFileIsAnError) {
  memory::Budget budget(GetParam().memory);
  spill::SpillSpace space(options());
  const auto right = GetParam().run(budget, space, [&](std::size_t step) {
    if (step != kSteps) return;
    for (const int file : io::open_files_in(folder_.path()))
      ASSERT_EQ(::ftruncate(file, ::lseek(file, 0, SEEK_END) / 2), 0);
  });
  ASSERT_FALSE(right);
  EXPECT_EQ(right.error().code, ErrorCode::kIo);
  EXPECT_EQ(budget.used(), Bytes{});
}

INSTANTIATE_TEST_SUITE_P(Each, SpillFaults,
                         testing::Values(Work{"Spool", kib(700), run_spool},
                                         Work{"KeyMap", kib(100), run_keys},
                                         Work{"RecordSorter", kib(200), run_records},
                                         Work{"BlobSorter", kib(700), run_blobs}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace m3u_proxy::spill
