//! Reads what the user names: files, standard input, lines of bounded length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use licit_host::Format;

use crate::terminal::Problem;

/// What messages call standard input.
const STDIN: &str = "<stdin>";

/// The largest request, profile or manifest that is read, in bytes.
const LARGEST_TEXT: u64 = 16 << 20;

/// The longest line of a stream of requests, in bytes.
const LONGEST_LINE: usize = 1 << 20;

/// A text and what messages call it.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) name: String,
    pub(crate) text: String,
}

/// How a path is shown, `-` included.
pub(crate) fn shown(path: &Path) -> String {
    if path.as_os_str() == "-" {
        STDIN.to_owned()
    } else {
        path.display().to_string()
    }
}

fn open(path: &Path) -> Result<Box<dyn Read>, Problem> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| Problem::file("read", &shown(path), &error))?;
    Ok(Box::new(file))
}

/// Reads a file, or standard input for `-`, as text.
pub(crate) fn text(path: &Path) -> Result<Text, Problem> {
    let name = shown(path);
    let mut bytes = Vec::new();
    open(path)?
        .take(LARGEST_TEXT + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::file("read", &name, &error))?;
    if bytes.len() as u64 > LARGEST_TEXT {
        return Err(Problem::Text(format!("`{name}` is larger than 16 MiB")));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Text { name, text }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            Err(Problem::Text(format!(
                "`{name}` is not UTF-8 from byte {at} on: save it as UTF-8"
            )))
        }
    }
}

/// Reads a binary file.
pub(crate) fn bytes(path: &Path) -> Result<Vec<u8>, Problem> {
    const LARGEST: u64 = 64 << 20;
    let name = shown(path);
    let mut bytes = Vec::new();
    open(path)?
        .take(LARGEST + 1)
        .read_to_end(&mut bytes)
        .map_err(|error| Problem::file("read", &name, &error))?;
    if bytes.len() as u64 > LARGEST {
        return Err(Problem::Text(format!("`{name}` is larger than 64 MiB")));
    }
    Ok(bytes)
}

/// Whether a request is written in JSON or TOML: by its file's extension, otherwise by its first character.
pub(crate) fn format(path: &Path, text: &str) -> Format {
    match path.extension().and_then(|it| it.to_str()) {
        Some("json") => Format::Json,
        Some("toml") => Format::Toml,
        _ if text.trim_start().starts_with('{') => Format::Json,
        _ => Format::Toml,
    }
}

/// One line of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Line {
    Text(String),
    /// It cannot be used; why.
    Broken(&'static str),
}

/// The lines of a stream, each read when it is asked for, in constant memory.
pub(crate) struct Lines {
    reader: Box<dyn BufRead>,
    name: String,
}

impl Lines {
    pub(crate) fn open(path: &Path) -> Result<Self, Problem> {
        let reader = Box::new(BufReader::new(open(path)?));
        Ok(Self {
            reader,
            name: shown(path),
        })
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The next line without its end; `None` after the last one.
    pub(crate) fn next(&mut self) -> Result<Option<Line>, Problem> {
        read_line(&mut self.reader).map_err(|error| Problem::file("read", &self.name, &error))
    }
}

fn read_line(reader: &mut dyn BufRead) -> io::Result<Option<Line>> {
    let mut line = Vec::new();
    let mut too_long = false;
    loop {
        let available = match reader.fill_buf() {
            Ok([]) if line.is_empty() && !too_long => return Ok(None),
            Ok([]) => break,
            Ok(available) => available,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = available.iter().position(|byte| *byte == b'\n');
        let part = available
            .get(..end.unwrap_or(available.len()))
            .unwrap_or_default();
        too_long |= line.len() + part.len() > LONGEST_LINE;
        if !too_long {
            line.extend_from_slice(part);
        }
        let used = end.map_or(available.len(), |end| end + 1);
        reader.consume(used);
        if end.is_some() {
            break;
        }
    }
    if too_long {
        return Ok(Some(Line::Broken("the line is longer than 1 MiB")));
    }
    Ok(Some(match String::from_utf8(line) {
        Ok(text) => Line::Text(text),
        Err(_) => Line::Broken("the line is not UTF-8"),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(mut bytes: &[u8]) -> Vec<Line> {
        std::iter::from_fn(|| read_line(&mut bytes).unwrap()).collect()
    }

    #[test]
    fn lines_are_bounded_and_a_long_one_does_not_hide_the_next() {
        let long = vec![b'x'; LONGEST_LINE + 1];
        let stream = [&long[..], b"\nnext\n\xff\nlast"].concat();
        assert_eq!(
            lines(&stream),
            [
                Line::Broken("the line is longer than 1 MiB"),
                Line::Text("next".into()),
                Line::Broken("the line is not UTF-8"),
                Line::Text("last".into()),
            ]
        );
        assert_eq!(lines(&long[1..]).len(), 1);
        assert!(matches!(lines(&long[1..])[0], Line::Text(_)));
    }

    #[test]
    fn every_line_end_counts() {
        assert!(lines(b"").is_empty());
        assert_eq!(
            lines(b"\n\na\n"),
            [
                Line::Text("".into()),
                Line::Text("".into()),
                Line::Text("a".into())
            ]
        );
    }

    #[test]
    fn the_format_follows_the_name_and_then_the_text() {
        assert_eq!(format(Path::new("a.json"), "product = 1"), Format::Json);
        assert_eq!(format(Path::new("a.toml"), "{"), Format::Toml);
        assert_eq!(format(Path::new("-"), " \n {}"), Format::Json);
        assert_eq!(format(Path::new("-"), "product = 1"), Format::Toml);
    }
}
