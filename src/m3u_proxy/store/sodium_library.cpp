#include <m3u_proxy/io/shared_library.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::store {
namespace {

Result<SodiumLibrary> load() {
  M3U_TRY(const io::SharedLibrary library,
          io::SharedLibrary::load("libsodium.so.23",
                                  "secrets need libsodium: install the package libsodium23"));
  SodiumLibrary sodium{};
#define M3U_FIND(name) M3U_CHECK(library.find(#name, sodium.name));
  M3U_SODIUM_FUNCTIONS(M3U_FIND)
#undef M3U_FIND
  if (sodium.sodium_init() < 0) return fail(ErrorCode::kIo, "libsodium does not start");
  return sodium;
}

}  // namespace

Result<const SodiumLibrary*> sodium_library() {
  static const Result<SodiumLibrary> kLibrary = load();
  if (!kLibrary) return fail(kLibrary.error());
  return &*kLibrary;
}

}  // namespace m3u_proxy::store
