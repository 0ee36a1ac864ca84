#pragma once
// The page on which a person reads a timeline: self-contained HTML whose script fetches /timeline/{user} as JSON and
// puts posts in as text, never as markup. The content security policy names the script and the style by their SHA-256,
// so that nothing that somebody smuggled into the page could run. Pure; built once.

#include <string>

namespace weir::timeline {

struct Page {
  std::string html;
  std::string content_security_policy;
};

const Page& timeline_page();

}  // namespace weir::timeline
