//! Where output goes, what it looks like, and what never reaches a terminal raw.

use std::fmt::Display;
use std::io::{self, Write};

use anstream::{AutoStream, ColorChoice};
use licit_baseline::{Diagnostics, is_hidden, nearest};

/// Stdout for answers, stderr for everything else. Colours are taken out where nobody would see them.
pub(crate) struct Terminal {
    pub(crate) out: AutoStream<io::Stdout>,
    err: AutoStream<io::Stderr>,
    quiet: bool,
}

/// What ends a command with exit code 1.
#[derive(Debug)]
pub(crate) enum Problem {
    /// In one line.
    Text(String),
    /// In several lines.
    Lines(String),
    /// Problems with their places in a file.
    Found(Diagnostics),
    /// The answer could not be written.
    Output(io::Error),
}

impl Problem {
    /// A file that could not be read or written.
    pub(crate) fn file(doing: &str, path: &str, error: &io::Error) -> Self {
        Self::Text(format!("cannot {doing} `{path}`: {error}"))
    }
}

impl From<io::Error> for Problem {
    fn from(error: io::Error) -> Self {
        Self::Output(error)
    }
}

impl From<Diagnostics> for Problem {
    fn from(found: Diagnostics) -> Self {
        Self::Found(found)
    }
}

impl Terminal {
    pub(crate) fn new(color: ColorChoice, quiet: bool) -> Self {
        let out = AutoStream::new(io::stdout(), color);
        let err = AutoStream::new(io::stderr(), color);
        Self { out, err, quiet }
    }

    /// Whether nothing but what matters is to be said.
    pub(crate) fn is_quiet(&self) -> bool {
        self.quiet
    }

    pub(crate) fn report(&mut self, problem: &Problem) {
        let text = match problem {
            Problem::Text(text) => format!("{} {}", paint(RED, "error:"), safe(text)),
            Problem::Lines(text) => safe_lines(text),
            Problem::Found(found) => diagnostics(found),
            Problem::Output(error) => format!("{} cannot write the answer: {error}", paint(RED, "error:")),
        };
        // Without a stderr there is nobody to tell.
        drop(writeln!(self.err, "{text}"));
    }

    /// Something to look at that does not keep the command from going on.
    pub(crate) fn warn(&mut self, text: impl Display) {
        self.say(&format!(
            "{} {}",
            paint(YELLOW, "warning:"),
            safe(&text.to_string())
        ));
    }

    /// Such things with their places in a file.
    pub(crate) fn show(&mut self, warnings: &Diagnostics) {
        if !warnings.is_empty() {
            self.say(&diagnostics(warnings));
        }
    }

    /// Progress.
    pub(crate) fn progress(&mut self, text: impl Display) {
        self.say(&paint(DIM, &safe(&text.to_string())));
    }

    fn say(&mut self, line: &str) {
        if !self.quiet {
            drop(writeln!(self.err, "{line}"));
        }
    }
}

pub(crate) const BOLD: &str = "\x1b[1m";
pub(crate) const DIM: &str = "\x1b[2m";
pub(crate) const RED: &str = "\x1b[1;31m";
pub(crate) const GREEN: &str = "\x1b[1;32m";
pub(crate) const YELLOW: &str = "\x1b[1;33m";

/// Text in a style. The stream takes the style out where it would not be shown.
pub(crate) fn paint(style: &str, text: &str) -> String {
    format!("{style}{text}\x1b[0m")
}

/// Diagnostics with their lines and carets.
pub(crate) fn diagnostics(found: &Diagnostics) -> String {
    let plain = found.render(false);
    if plain == safe_lines(&plain) {
        found.render(true)
    } else {
        safe_lines(&plain)
    }
}

/// Text from outside as it may be shown: what would act on the terminal, or reorder what is read, is escaped.
pub(crate) fn safe(text: &str) -> String {
    escape(text, |_| false)
}

/// The same for several lines.
pub(crate) fn safe_lines(text: &str) -> String {
    escape(text, |character| character == '\n')
}

fn escape(text: &str, spared: impl Fn(char) -> bool) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) && !spared(character) {
            shown.extend(character.escape_unicode());
        } else {
            shown.push(character);
        }
    }
    shown
}

/// JSON text as it may be shown: its syntax has no such characters, so that each stands in a string.
pub(crate) fn safe_json(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) && character != '\n' {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Writes text in lines of at most 100 columns, the first after `first`, the others after `rest`.
pub(crate) fn wrapped(out: &mut impl Write, first: &str, rest: &str, text: &str) -> io::Result<()> {
    const WIDTH: usize = 100;
    let mut line = first.to_owned();
    let mut empty = true;
    for word in text.split(' ') {
        if !empty && columns(&line) + 1 + columns(word) > WIDTH {
            writeln!(out, "{line}")?;
            line = rest.to_owned();
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}

/// The columns that a text takes, styles not counted.
pub(crate) fn columns(text: &str) -> usize {
    let mut count = 0;
    let mut inside = false;
    for character in text.chars() {
        match (inside, character) {
            (false, '\x1b') => inside = true,
            (false, _) => count += 1,
            (true, 'm') => inside = false,
            (true, _) => {}
        }
    }
    count
}

/// Words as a sentence has them: `a`, `a and b`, `a, b and c`.
pub(crate) fn list<T: AsRef<str>>(words: &[T]) -> String {
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    match words.split_last() {
        None => String::new(),
        Some((last, [])) => (*last).to_owned(),
        Some((last, rest)) => format!("{} and {last}", rest.join(", ")),
    }
}

/// The suggestion that goes with an unknown word, if there is a likely one.
pub(crate) fn did_you_mean<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, known)
        .map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_acts_on_a_terminal() {
        assert_eq!(
            safe("a\x1b[31mb\u{9b}c\u{202e}"),
            "a\\u{1b}[31mb\\u{9b}c\\u{202e}"
        );
        assert_eq!(safe_lines("a\nb\r"), "a\nb\\u{d}");
        let json = serde_json::to_string("x\u{7f}\u{9b}\u{1b}").unwrap();
        assert_eq!(safe_json(&json), r#""x\u007f\u009b\u001b""#);
        assert_eq!(
            serde_json::from_str::<String>(&safe_json(&json)).unwrap(),
            "x\u{7f}\u{9b}\u{1b}"
        );
    }

    #[test]
    fn lines_are_wrapped_without_counting_styles() {
        let mut out = Vec::new();
        let word = paint(RED, &"x".repeat(40));
        wrapped(&mut out, "- ", "  ", &format!("{word} {word} {word}")).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text.lines().map(columns).collect::<Vec<_>>(), [83, 42]);
    }

    #[test]
    fn lists_read_like_a_sentence() {
        assert_eq!(list::<&str>(&[]), "");
        assert_eq!(list(&["a", "b", "c"]), "a, b and c");
    }
}
