// libpq, loaded when a store in PostgreSQL is opened.
#pragma once

#include <libpq-fe.h>

#include <m3u_proxy/base/result.hpp>

namespace m3u_proxy::store::postgres {

#define M3U_POSTGRES_FUNCTIONS(X) \
  X(PQbackendPID)                 \
  X(PQclear)                      \
  X(PQcmdTuples)                  \
  X(PQconnectdbParams)            \
  X(PQconninfoFree)               \
  X(PQconninfoParse)              \
  X(PQconsumeInput)               \
  X(PQerrorMessage)               \
  X(PQexec)                       \
  X(PQfinish)                     \
  X(PQfreemem)                    \
  X(PQgetCopyData)                \
  X(PQgetisnull)                  \
  X(PQgetlength)                  \
  X(PQgetResult)                  \
  X(PQgetvalue)                   \
  X(PQnotifies)                   \
  X(PQputCopyData)                \
  X(PQputCopyEnd)                 \
  X(PQresultErrorField)           \
  X(PQresultStatus)               \
  X(PQsendQueryParams)            \
  X(PQserverVersion)              \
  X(PQsetNoticeProcessor)         \
  X(PQsetSingleRowMode)           \
  X(PQsocket)                     \
  X(PQstatus)

/// What we use of libpq, typed by its own header.
struct PostgresLibrary {
#define M3U_MEMBER(name) decltype(&::name) name;
  M3U_POSTGRES_FUNCTIONS(M3U_MEMBER)
#undef M3U_MEMBER
};

/// Loads it once and keeps it for good. Thread-safe.
/// Error: kIo, naming the package, when it is not installed.
Result<const PostgresLibrary*> postgres_library();

}  // namespace m3u_proxy::store::postgres
