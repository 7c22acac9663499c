#include <m3u_proxy/store/base64url.hpp>
#include <m3u_proxy/store/sodium_library.hpp>

namespace m3u_proxy::store {

Result<std::string> to_base64url(std::string_view bytes) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::string text(
      sodium_base64_ENCODED_LEN(bytes.size(), sodium_base64_VARIANT_URLSAFE_NO_PADDING), '\0');
  sodium->sodium_bin2base64(text.data(), text.size(),
                            reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  text.pop_back();  // the zero byte that the length includes
  return text;
}

Result<std::string> from_base64url(std::string_view text) {
  M3U_TRY(const SodiumLibrary* const sodium, sodium_library());
  std::string bytes(text.size() * 3 / 4 + 1, '\0');
  std::size_t size = 0;
  if (sodium->sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(),
                                text.data(), text.size(), nullptr, &size, nullptr,
                                sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
    return fail(ErrorCode::kParse, "it is not base64url");
  bytes.resize(size);
  return bytes;
}

}  // namespace m3u_proxy::store
