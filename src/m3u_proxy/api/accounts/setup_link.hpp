// SetupLink: how the first administrator comes in: by a secret that the service prints and keeps in
// its data folder until it was used. Thread-safe.
#pragma once

#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <m3u_proxy/base/result.hpp>
#include <m3u_proxy/store/passwords.hpp>
#include <m3u_proxy/store/store.hpp>

namespace m3u_proxy::api {

/// An administrator that the operator names from outside.
struct FirstAdmin {
  std::string name = "admin";
  std::string password{};
};

class SetupLink {
 public:
  /// `folder`: of the data. All outlive this.
  SetupLink(store::Store& store, store::Passwords& passwords, std::filesystem::path folder)
      : store_(store), passwords_(passwords), file_(std::move(folder) / "setup.token") {}

  /// Where there is no administrator yet: makes `admin`, or the secret. Errors: kIo, and those of
  /// the store.
  Result<> prepare(const std::optional<FirstAdmin>& admin, store::Time now);
  /// The secret of the link; nullopt: it is not needed any more.
  std::optional<std::string> token();
  /// Whether there is no administrator. Errors: of the store.
  Result<bool> needed();
  /// Makes the first administrator and forgets the secret. Errors: kNotFound (it is not the secret,
  /// or there is a user already); kInvalidArgument (the password); those of the store.
  Result<store::User> use(std::string_view token, std::string_view name, std::string_view password,
                          store::Time now);

 private:
  void spend();
  Result<store::User> make(std::string_view name, std::string_view password, store::Time now);

  store::Store& store_;
  store::Passwords& passwords_;
  std::filesystem::path file_;
  std::mutex mutex_;
  std::optional<std::string> token_;
};

}  // namespace m3u_proxy::api
