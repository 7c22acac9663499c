// UI routes: the web interface at /ui/, out of the program's own memory.
#pragma once

#include <m3u_proxy/http/router.hpp>
#include <m3u_proxy/memory/budget.hpp>

namespace m3u_proxy::web {

struct UiContext {
  memory::Budget& budget;  ///< pays for what is unpacked while it is sent
};

/// /ui/ is the page, /ui/… its files, / and /ui lead there. All addresses are relative, so any
/// reverse proxy may put them below a path of its own. The page is asked for again each time and
/// carries a Content-Security-Policy with a nonce of its own; the files' names have their hash in
/// them, so they are kept for ever. Error: as Router::add().
Result<> add_ui_routes(http::Router& router, const UiContext& context);

}  // namespace m3u_proxy::web
