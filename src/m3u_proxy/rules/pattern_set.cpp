#include <algorithm>

#include <re2/re2.h>
#include <re2/set.h>

#include <m3u_proxy/rules/pattern_set.hpp>

namespace m3u_proxy::rules {

struct PatternSet::Engine {
  re2::RE2::Set set;
};

PatternSet::~PatternSet() = default;

std::shared_ptr<const PatternSet> PatternSet::compile(const std::vector<std::string>& sources,
                                                      std::int64_t memory_bytes) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(memory_bytes);
  std::shared_ptr<PatternSet> made(new PatternSet);
  made->engine_ = std::make_unique<Engine>(re2::RE2::Set(options, re2::RE2::UNANCHORED));
  for (const std::string& source : sources)
    if (made->engine_->set.Add(source, nullptr) < 0) return nullptr;
  // A search in a set that did not compile crashes.
  if (!made->engine_->set.Compile()) return nullptr;
  made->sources_ = sources;
  made->memory_bytes_ = memory_bytes;
  return made;
}

std::shared_ptr<const PatternSet> PatternSet::fresh() const {
  return compile(sources_, memory_bytes_);
}

void PatternSet::search(std::string_view value, Answers& answers) const {
  re2::RE2::Set::ErrorInfo error{};
  answers.found.assign(sources_.size(), 0);
  answers.indices.clear();
  const bool any = engine_->set.Match({value.data(), value.size()}, &answers.indices, &error);
  answers.complete = any || error.kind == re2::RE2::Set::kNoError;
  for (const int index : answers.indices) answers.found[static_cast<std::size_t>(index)] = 1;
}

}  // namespace m3u_proxy::rules
