// A copy of tables as a text that psql loads, all of it or nothing: what a migration leaves of the
// database before it.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include <m3u_proxy/store/postgres/postgres_connection.hpp>

namespace m3u_proxy::store::postgres {

/// What back_up() of sql::Database says. The text replaces what is in the tables that it is loaded
/// into, which have to be of the same schema. `place` is for messages.
Result<> write_backup(PostgresConnection& connection, std::span<const std::string> tables,
                      const std::filesystem::path& file, std::string_view place);

}  // namespace m3u_proxy::store::postgres
