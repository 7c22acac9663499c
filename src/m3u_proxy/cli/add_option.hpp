// add_option(): an option with one value, which may be typed once.
#pragma once

#include <string>

#include <CLI/App.hpp>

namespace m3u_proxy::cli {

/// `value` is how help calls what follows the option.
inline CLI::Option* add_option(CLI::App* command, const char* name, std::string& target,
                               const char* value, const char* help) {
  return command->add_option(name, target, help)
      ->type_name(value)
      ->multi_option_policy(CLI::MultiOptionPolicy::Throw);
}

}  // namespace m3u_proxy::cli
