#include <chrono>
#include <span>
#include <utility>

#include <m3u_proxy/io/temp_folder.hpp>
#include <m3u_proxy/logos/logo_fetch.hpp>
#include <m3u_proxy/logos/logo_file.hpp>
#include <m3u_proxy/net/fetch.hpp>

namespace m3u_proxy::logos {

FetchLogo fetch_by_http(std::filesystem::path folder, LogoGuard guard) {
  return [folder = std::move(folder), guard = std::move(guard)](
             const std::string& url, const CancelToken& cancel) -> Result<std::string> {
    M3U_TRY(const auto temporary, io::TempFolder::create(folder));
    M3U_TRY(const auto file, temporary->create_file());
    const net::FetchOptions options{.connect_timeout = std::chrono::seconds(8),
                                    .stall_timeout = std::chrono::seconds(8),
                                    .longest = std::chrono::seconds(20),
                                    .tries = 1,
                                    .max_bytes = kLargestLogo,
                                    .guard = guard()};
    // A picture is served as it came, so it must not be compressed for the way.
    M3U_TRY(const net::FetchResult fetched,
            net::fetch({.url = url, .headers = {{.name = "Accept-Encoding", .value = "identity"}}},
                       options, *file, &cancel));
    if (fetched.partial) return fail(fetched.broken);
    std::string bytes(static_cast<std::size_t>(file->size()), '\0');
    for (std::size_t done = 0; done < bytes.size();) {
      M3U_TRY(const std::size_t size, file->read_at(done, std::span(bytes).subspan(done)));
      if (size == 0) return fail(ErrorCode::kIo, "a download has become shorter");
      done += size;
    }
    return bytes;
  };
}

}  // namespace m3u_proxy::logos
