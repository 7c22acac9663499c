#include <m3u_proxy/io/shared_library.hpp>
#include <m3u_proxy/store/postgres/postgres_library.hpp>

namespace m3u_proxy::store::postgres {
namespace {

Result<PostgresLibrary> load() {
  M3U_TRY(
      const io::SharedLibrary library,
      io::SharedLibrary::load("libpq.so.5", "PostgreSQL needs libpq: install the package libpq5"));
  PostgresLibrary postgres{};
#define M3U_FIND(name) M3U_CHECK(library.find(#name, postgres.name));
  M3U_POSTGRES_FUNCTIONS(M3U_FIND)
#undef M3U_FIND
  return postgres;
}

}  // namespace

Result<const PostgresLibrary*> postgres_library() {
  static const Result<PostgresLibrary> kLibrary = load();
  if (!kLibrary) return fail(kLibrary.error());
  return &*kLibrary;
}

}  // namespace m3u_proxy::store::postgres
