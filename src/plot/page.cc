#include "plot/page.h"

#include <fmt/format.h>

#include "plot/svg.h"

namespace weir::plot {
namespace {

constexpr std::string_view kSvgStyle = R"(.weir{--ink:#1c2126;--soft:#57606a;--paper:#ffffff;--panel:#f6f8fa;--grid:#d8dee4;--fault:#9a3412;--band:#9a3412;
--s0:#0067a5;--s1:#c44e00;--s2:#00805c;--s3:#a8467f;--s4:#7a6000;--s5:#4b4b9f;--s6:#5c5c5c;--s7:#a0202f;
--h0:#eef2f6;--h1:#cfe0ef;--h2:#a5c8e4;--h3:#74aad4;--h4:#4488bf;--h5:#1f64a3;--h6:#083a72}
@media (prefers-color-scheme: dark){.weir{--ink:#e6edf3;--soft:#9aa5b1;--paper:#0d1117;--panel:#161b22;--grid:#2b323b;
--fault:#ffa657;--band:#ffa657;--s0:#6cb8f0;--s1:#ff9a55;--s2:#3fd0a4;--s3:#f09cc8;--s4:#e5c04b;--s5:#b0aef5;
--s6:#bdbdbd;--s7:#ff8d92;--h0:#1c2530;--h1:#1f3a55;--h2:#24557e;--h3:#2f74a8;--h4:#4d96cc;--h5:#86bde8;--h6:#d3ecff}}
.weir text{font:12px system-ui,sans-serif;fill:var(--ink)}
.weir .small{font-size:11px;fill:var(--soft)}
.weir .heading{font-weight:600}
.weir .strong{font-weight:600;fill:var(--ink)}
.weir .paper{fill:var(--paper)}
.weir .panel{fill:var(--panel)}
.weir .warm{fill:var(--soft);fill-opacity:.12}
.weir .band{fill:var(--band);fill-opacity:.1}
.weir .fault{fill:var(--fault)}
.weir .grid{stroke:var(--grid);fill:none}
.weir .axis{stroke:var(--soft);fill:none}
.weir .cell{stroke:var(--grid)}
.weir .s{fill:none;stroke-width:2.2;stroke-linejoin:round;stroke-linecap:round}
.weir .thin{stroke-width:1.1;stroke-opacity:.85}
.weir .any{stroke:var(--soft)}
.weir .s0{stroke:var(--s0)}.weir .s1{stroke:var(--s1);stroke-dasharray:8 3}
.weir .s2{stroke:var(--s2);stroke-dasharray:2 4}.weir .s3{stroke:var(--s3);stroke-dasharray:8 3 2 3}
.weir .s4{stroke:var(--s4);stroke-dasharray:12 4}.weir .s5{stroke:var(--s5);stroke-dasharray:4 4}
.weir .s6{stroke:var(--s6);stroke-dasharray:12 3 2 3 2 3}.weir .s7{stroke:var(--s7);stroke-dasharray:1 3}
.weir .t0{fill:var(--s0)}.weir .t1{fill:var(--s1)}.weir .t2{fill:var(--s2)}.weir .t3{fill:var(--s3)}
.weir .t4{fill:var(--s4)}.weir .t5{fill:var(--s5)}.weir .t6{fill:var(--s6)}.weir .t7{fill:var(--s7)}
.weir .h0{fill:var(--h0)}.weir .h1{fill:var(--h1)}.weir .h2{fill:var(--h2)}.weir .h3{fill:var(--h3)}
.weir .h4{fill:var(--h4)}.weir .h5{fill:var(--h5)}.weir .h6{fill:var(--h6)}
)";

constexpr std::string_view kStyle = R"(body{margin:0;background:var(--paper);color:var(--ink);
font:16px/1.5 system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1rem}
h1{font-size:1.5rem;line-height:1.25;margin:1rem 0 .5rem}
h2{font-size:1.05rem;margin:1.6rem 0 .4rem}
p{max-width:42rem;margin:.5rem 0}
.soft{color:var(--soft);font-size:.875rem}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:.875rem;font-variant-numeric:tabular-nums}
th,td{padding:.3rem .7rem;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th{color:var(--soft);font-weight:500}
th:first-child,td:first-child{text-align:left;position:sticky;left:0;background:var(--paper)}
td:first-child{font-weight:600}
.broken{border:3px solid var(--fault);padding:.5rem 1rem;margin:1rem 0}
svg{display:block;width:100%;height:auto;margin-top:1rem}
.narrow{display:none}
@media (max-width:700px){.wide{display:none}.narrow{display:block}main{padding:.75rem}}
@media print{.narrow{display:none}.wide{display:block}}
)";

}  // namespace

std::string_view svg_style() { return kSvgStyle; }

std::string table_html(std::string_view heading, const std::vector<std::string>& columns,
                       const std::vector<std::vector<std::string>>& rows) {
  std::string out = heading.empty() ? "" : fmt::format("<h2>{}</h2>\n", escape_xml(heading));
  out += "<div class=\"scroll\"><table>\n<tr>";
  for (const std::string& column : columns) out += fmt::format("<th scope=\"col\">{}</th>", escape_xml(column));
  out += "</tr>\n";
  for (const auto& row : rows) {
    out += "<tr>";
    for (const std::string& cell : row) out += fmt::format("<td>{}</td>", escape_xml(cell));
    out += "</tr>\n";
  }
  return out + "</table></div>\n";
}

std::string list_html(const std::vector<std::string>& lines) {
  std::string out = "<ul>\n";
  for (const std::string& line : lines) out += fmt::format("<li>{}</li>\n", escape_xml(line));
  return out + "</ul>\n";
}

std::string html_page(std::string_view title, std::string_view body) {
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\" class=\"weir\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<title>{}</title>\n<style>\n{}{}</style>\n</head>\n"
      "<body><main>\n{}</main></body>\n</html>\n",
      escape_xml(title), kSvgStyle, kStyle, body);
}

}  // namespace weir::plot
