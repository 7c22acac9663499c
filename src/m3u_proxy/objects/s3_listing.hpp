// The answer of ListObjectsV2, as S3-compatible stores write it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <m3u_proxy/objects/object_store.hpp>

namespace m3u_proxy::objects {

struct S3Listing {
  std::vector<StoredObject> objects;
  std::string next;  ///< token of the next page; "" = this is the last one
};
/// Objects whose keys do not begin with `prefix` or are no keys of ours behind it are left out;
/// keys are without it. Error: kParse.
Result<S3Listing> parse_s3_listing(std::string_view xml, std::string_view prefix);
/// The text of the first element of that name, its entities resolved; "" when there is none.
std::string s3_element(std::string_view xml, std::string_view name);

}  // namespace m3u_proxy::objects
