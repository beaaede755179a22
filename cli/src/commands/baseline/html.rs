//! The coverage as one web page that needs nothing else.

use std::io::{self, Write};

use super::coverage::{Row, Table};
use super::sections;
use crate::review::cases::Reached;

const STYLE: &str = "
:root { color-scheme: light dark; --line: #8884; --good: #2a7d3f; --bad: #b3261e; }
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; margin: 1rem 0 2rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .6rem; border-bottom: 1px solid var(--line); }
th { position: sticky; top: 0; background: Canvas; }
code { font: 13px ui-monospace, monospace; }
details summary { cursor: pointer; }
ul { margin: .3rem 0; padding-left: 1.2rem; }
.good { color: var(--good); } .bad { color: var(--bad); } .dim { opacity: .65; }
";

/// As many cases as a reader looks at; the JSON has all of them.
const SHOWN: usize = 12;

/// Writes the page.
pub(super) fn write(table: &Table<'_>, out: &mut impl Write) -> io::Result<()> {
    let [compiled, decided, spared, both, cited, cited_by] = table.totals();
    let version = escaped(table.baseline.version());
    writeln!(
        out,
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>Coverage of policy {version}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n\
         <h1>Coverage of policy {version}</h1>\n\
         <p>{} cases. {compiled} rules are run: <b>{both}</b> shown both ways, {decided} decide a case, {spared} are in \
         scope of one and do not decide. {cited} rules are only cited, {cited_by} of them by a case.</p>",
        table.reached.cases.len()
    )?;
    write_failed(table, out)?;
    writeln!(
        out,
        "<h2>Sections</h2>\n<table>\n<thead><tr><th>Section</th><th>Shown both ways</th><th>Rules</th></tr></thead>\n<tbody>"
    )?;
    for section in &table.sections {
        let (all, both) = table.shown(section);
        let shown = match (all, !table.rows(section).any(Row::is_open)) {
            (0, _) => "<span class=\"dim\">only cited</span>".to_owned(),
            (_, true) => format!("<span class=\"good\">{both} of {all}</span>"),
            (_, false) => format!("<span class=\"bad\">{both} of {all}</span>"),
        };
        let rules: Vec<String> = table.rows(section).map(link).collect();
        writeln!(
            out,
            "<tr><td>§{}</td><td>{shown}</td><td>{}</td></tr>",
            escaped(section.id),
            rules.join(", ")
        )?;
    }
    writeln!(
        out,
        "</tbody>\n</table>\n<h2>Rules</h2>\n<table>\n<thead><tr><th>Rule</th><th>Kind</th><th>Section</th>\
         <th>What it says</th><th>It decides</th><th>In scope, does not decide</th></tr></thead>\n<tbody>"
    )?;
    for row in &table.rules {
        write_rule(row, table.reached, out)?;
    }
    writeln!(out, "</tbody>\n</table>\n</body>\n</html>")
}

fn write_failed(table: &Table<'_>, out: &mut impl Write) -> io::Result<()> {
    if table.reached.failed.is_empty() {
        return Ok(());
    }
    writeln!(
        out,
        "<h2 class=\"bad\">Cases that get another answer than is written down</h2>\n<ul>"
    )?;
    for (at, differences) in &table.reached.failed {
        if let Some(case) = table.reached.cases.get(*at) {
            writeln!(
                out,
                "<li>{} <span class=\"dim\">{}</span><br><code>{}</code></li>",
                escaped(&case.name),
                escaped(&case.file),
                escaped(differences)
            )?;
        }
    }
    writeln!(out, "</ul>")
}

fn link(row: &Row<'_>) -> String {
    let class = if row.is_open() { " class=\"bad\"" } else { "" };
    let id = escaped(&row.rule.id);
    format!("<a href=\"#{id}\"{class}>{id}</a>")
}

fn write_rule(row: &Row<'_>, reached: &Reached, out: &mut impl Write) -> io::Result<()> {
    let rule = row.rule;
    let compiled = rule.kind.is_compiled();
    let mut decides = cases(&row.coverage.decided_by, reached, compiled);
    if !rule.written.scope.else_deny.is_empty() {
        decides = format!(
            "{decides}<br>keeps out: {}",
            cases(&row.coverage.closed_by, reached, true)
        );
    }
    writeln!(
        out,
        "<tr id=\"{id}\"><td><code>{id}</code></td><td>{}</td><td>{}</td><td>{}</td><td>{decides}</td><td>{}</td></tr>",
        rule.kind.as_str(),
        escaped(&sections(rule)),
        summary(row),
        if compiled {
            cases(&row.coverage.spared_by, reached, true)
        } else {
            String::new()
        },
        id = escaped(&rule.id),
    )
}

fn summary(row: &Row<'_>) -> String {
    let summary = escaped(&row.rule.summary);
    match row.allowed {
        None => summary,
        Some(reason) => format!("{summary}<br><span class=\"dim\">{}</span>", escaped(reason)),
    }
}

fn cases(list: &[usize], reached: &Reached, wanted: bool) -> String {
    if list.is_empty() {
        return if wanted {
            "<span class=\"bad\">none</span>".to_owned()
        } else {
            "<span class=\"dim\">none</span>".to_owned()
        };
    }
    let shown = list.iter().take(SHOWN).filter_map(|at| reached.cases.get(*at));
    let items = shown.map(|case| {
        format!(
            "<li>{} <span class=\"dim\">{}</span></li>",
            escaped(&case.name),
            escaped(&case.file)
        )
    });
    let more = match list.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("<li class=\"dim\">and {more} more</li>"),
    };
    format!(
        "<details><summary class=\"good\">{}</summary><ul>{}{more}</ul></details>",
        list.len(),
        items.collect::<String>()
    )
}

/// Text as it may stand in a page: what would be markup, or act on a terminal, is escaped.
fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => shown.push_str("&amp;"),
            '<' => shown.push_str("&lt;"),
            '>' => shown.push_str("&gt;"),
            '"' => shown.push_str("&quot;"),
            '\'' => shown.push_str("&#39;"),
            '\n' => shown.push('\n'),
            other => shown.push_str(&crate::terminal::safe(other.encode_utf8(&mut [0; 4]))),
        }
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_in_a_name_is_markup() {
        assert_eq!(
            escaped("<b a=\"1\">&'\u{1b}"),
            "&lt;b a=&quot;1&quot;&gt;&amp;&#39;\\u{1b}"
        );
    }
}
