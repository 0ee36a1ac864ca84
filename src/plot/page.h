#pragma once
// An HTML page of tables and plots that needs nothing else: nothing is fetched, so it can be mailed and will look the
// same in ten years; it follows the reader's light or dark scheme and is readable on a telephone. Pure functions, any
// thread.

#include <string>
#include <string_view>
#include <vector>

namespace weir::plot {

/// The whole page; `body` is HTML. A plot comes twice, as an svg element of class "wide" (960 pixels) and one of class
/// "narrow" (360): shrinking the wide one would shrink its letters.
std::string html_page(std::string_view title, std::string_view body);

/// What html_page has in its style, for an SVG that is a document of its own. Series are s0 to s7 and differ by dash
/// as well, so that colour alone never carries a meaning; text of their colour is t0 to t7, heatmap cells h0 to h6.
std::string_view svg_style();

/// Text is escaped here. No heading when it is empty.
std::string table_html(std::string_view heading, const std::vector<std::string>& columns,
                       const std::vector<std::vector<std::string>>& rows);
std::string list_html(const std::vector<std::string>& lines);

}  // namespace weir::plot
