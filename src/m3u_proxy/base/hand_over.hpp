// HandOver: tells ThreadSanitizer what a library that is not built for it keeps from it, namely
// that what one thread did to an object is seen by the next thread that gets it. Nothing without
// ThreadSanitizer.
//
// Use it for objects that oneTBB passes on, and for nothing else: a HandOver around shared data
// would hide a race.
#pragma once

#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define M3U_PROXY_THREAD_SANITIZER 1
#endif
#endif

#ifdef M3U_PROXY_THREAD_SANITIZER
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier,readability-identifier-naming): clang's own names
void __tsan_acquire(void* address);
void __tsan_release(void* address);
// NOLINTEND(bugprone-reserved-identifier,readability-identifier-naming)
}
#endif

namespace m3u_proxy {

/// All that happened before the last hand_over() of `object` has happened before this. nullptr is
/// nobody's.
inline void take_over([[maybe_unused]] const void* object) {
#ifdef M3U_PROXY_THREAD_SANITIZER
  if (object != nullptr) __tsan_acquire(const_cast<void*>(object));
#endif
}
inline void hand_over([[maybe_unused]] const void* object) {
#ifdef M3U_PROXY_THREAD_SANITIZER
  if (object != nullptr) __tsan_release(const_cast<void*>(object));
#endif
}

/// Takes the object over now, and hands it over at the end of the scope.
class HandOver {
 public:
  explicit HandOver(const void* object) : object_(object) { take_over(object_); }
  ~HandOver() { hand_over(object_); }
  HandOver(const HandOver&) = delete;
  HandOver& operator=(const HandOver&) = delete;

 private:
  const void* object_;
};

}  // namespace m3u_proxy
