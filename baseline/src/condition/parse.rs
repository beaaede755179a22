//! Text to expression tree.

use std::ops::Range;

/// A part of a condition as it was parsed, with its place in the condition's text.
#[derive(Debug, Clone, PartialEq)]
pub struct Expression {
    /// Its place, in bytes from the start of the condition.
    pub span: Range<usize>,
    /// What it is.
    pub kind: ExpressionKind,
}

/// What a part of a condition is.
#[derive(Debug, Clone, PartialEq)]
pub enum ExpressionKind {
    /// A text in quotes.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// `true` or `false`.
    Flag(bool),
    /// A list in brackets.
    List(Vec<Expression>),
    /// A dotted name: a fact, `category` or `purpose`.
    Name(String),
    /// A function of the language with its arguments: `known(fact)`.
    Call(String, Vec<Expression>),
    /// The opposite.
    Not(Box<Expression>),
    /// Parts that all have to hold.
    All(Vec<Expression>),
    /// Parts of which one has to hold.
    Any(Vec<Expression>),
    /// Two values compared.
    Compare(Comparison, Box<Expression>, Box<Expression>),
    /// A length of time added to an instant or to another length.
    Sum(Box<Expression>, Box<Expression>),
}

/// How two values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `in`
    In,
}

/// What is wrong with a condition, and where in its text.
pub(crate) type Problem = (String, Range<usize>);

/// How deep parentheses and negations may nest: far beyond any rule, far below the stack.
const DEEPEST: usize = 32;

/// Parses a condition.
///
/// # Errors
///
/// Gives the first problem and its place in `text`.
pub(crate) fn parse(text: &str) -> Result<Expression, Problem> {
    let mut parser = Parser {
        text,
        tokens: tokens(text)?,
        at: 0,
        depth: 0,
    };
    let expression = parser.any()?;
    match parser.peek() {
        None => Ok(expression),
        Some(token) => Err((
            format!("expected the end of the condition, not `{}`", token.text),
            token.span.clone(),
        )),
    }
}

#[derive(Debug, Clone, PartialEq)]
struct Token<'t> {
    kind: TokenKind,
    text: &'t str,
    span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TokenKind {
    Name,
    Text,
    Integer,
    Sign,
}

fn tokens(text: &str) -> Result<Vec<Token<'_>>, Problem> {
    const SIGNS: [&str; 14] = [
        "==", "!=", "<=", "&&", "||", "<", "!", "+", "(", ")", "[", "]", ",", "-",
    ];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(rest) = text.get(at..).filter(|rest| !rest.is_empty()) {
        let first = rest.chars().next().unwrap_or(' ');
        let (kind, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if first == '"' {
            let length = rest
                .get(1..)
                .and_then(|inside| inside.find('"'))
                .map(|end| end + 2);
            let length =
                length.ok_or_else(|| ("the text is not closed with `\"`".to_owned(), at..text.len()))?;
            (TokenKind::Text, length)
        } else if first.is_ascii_digit() {
            (TokenKind::Integer, run(rest, |it| it.is_ascii_digit()))
        } else if first.is_ascii_alphabetic() {
            (
                TokenKind::Name,
                run(rest, |it| it.is_ascii_alphanumeric() || matches!(it, '_' | '.')),
            )
        } else if let Some(sign) = SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            (TokenKind::Sign, sign.len())
        } else {
            let message = format!(
                "`{}` has no meaning in a condition",
                crate::printable(&first.to_string())
            );
            return Err((message, at..at + first.len_utf8()));
        };
        let span = at..at + length;
        tokens.push(Token {
            kind,
            text: text.get(span.clone()).unwrap_or_default(),
            span,
        });
        at += length;
    }
    Ok(tokens)
}

fn run(text: &str, belongs: impl Fn(char) -> bool) -> usize {
    text.find(|it| !belongs(it)).unwrap_or(text.len())
}

struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
    depth: usize,
}

impl<'t> Parser<'t> {
    fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Result<Token<'t>, Problem> {
        let end = self.text.len();
        let token = self
            .peek()
            .cloned()
            .ok_or_else(|| ("the condition ends too early".to_owned(), end..end))?;
        self.at += 1;
        Ok(token)
    }

    fn take(&mut self, sign: &str) -> bool {
        let found = self
            .peek()
            .is_some_and(|token| token.kind != TokenKind::Text && token.text == sign);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, sign: &str) -> Result<Range<usize>, Problem> {
        let token = self.next()?;
        if token.kind != TokenKind::Text && token.text == sign {
            Ok(token.span)
        } else {
            Err((format!("expected `{sign}`, not `{}`", token.text), token.span))
        }
    }

    fn any(&mut self) -> Result<Expression, Problem> {
        self.chain("||", Self::all, ExpressionKind::Any)
    }

    fn all(&mut self) -> Result<Expression, Problem> {
        self.chain("&&", Self::unary, ExpressionKind::All)
    }

    fn chain(
        &mut self,
        sign: &str,
        operand: fn(&mut Self) -> Result<Expression, Problem>,
        kind: fn(Vec<Expression>) -> ExpressionKind,
    ) -> Result<Expression, Problem> {
        let first = operand(self)?;
        if self.peek().is_none_or(|token| token.text != sign) {
            return Ok(first);
        }
        let start = first.span.start;
        let mut operands = vec![first];
        while self.take(sign) {
            operands.push(operand(self)?);
        }
        let end = operands.last().map_or(start, |last| last.span.end);
        Ok(Expression {
            span: start..end,
            kind: kind(operands),
        })
    }

    fn unary(&mut self) -> Result<Expression, Problem> {
        self.depth += 1;
        if self.depth > DEEPEST {
            let start = self.peek().map_or(0, |token| token.span.start);
            return Err((
                format!("the condition nests deeper than {DEEPEST} levels"),
                start..self.text.len(),
            ));
        }
        let start = self.peek().map_or(self.text.len(), |token| token.span.start);
        let expression = if self.take("!") {
            let inner = self.unary()?;
            Expression {
                span: start..inner.span.end,
                kind: ExpressionKind::Not(Box::new(inner)),
            }
        } else if self.take("(") {
            let inner = self.any()?;
            let close = self.expect(")")?;
            Expression {
                span: start..close.end,
                kind: inner.kind,
            }
        } else {
            self.compare()?
        };
        self.depth -= 1;
        Ok(expression)
    }

    fn compare(&mut self) -> Result<Expression, Problem> {
        const COMPARISONS: [(&str, Comparison); 5] = [
            ("==", Comparison::Equal),
            ("!=", Comparison::NotEqual),
            ("<=", Comparison::LessOrEqual),
            ("<", Comparison::Less),
            ("in", Comparison::In),
        ];
        let left = self.sum()?;
        let Some((_, comparison)) = COMPARISONS.into_iter().find(|(sign, _)| self.take(sign)) else {
            return Ok(left);
        };
        let right = self.sum()?;
        let span = left.span.start..right.span.end;
        Ok(Expression {
            span,
            kind: ExpressionKind::Compare(comparison, Box::new(left), Box::new(right)),
        })
    }

    fn sum(&mut self) -> Result<Expression, Problem> {
        let left = self.value()?;
        if !self.take("+") {
            return Ok(left);
        }
        let right = self.value()?;
        let span = left.span.start..right.span.end;
        Ok(Expression {
            span,
            kind: ExpressionKind::Sum(Box::new(left), Box::new(right)),
        })
    }

    fn value(&mut self) -> Result<Expression, Problem> {
        let token = self.next()?;
        let kind = match token.kind {
            TokenKind::Text => ExpressionKind::Text(token.text.trim_matches('"').to_owned()),
            TokenKind::Integer => ExpressionKind::Integer(token.text.parse().map_err(|_| {
                (
                    "the number does not fit into 64 bits".to_owned(),
                    token.span.clone(),
                )
            })?),
            TokenKind::Name if matches!(token.text, "true" | "false") => {
                ExpressionKind::Flag(token.text == "true")
            }
            TokenKind::Name if self.take("(") => {
                let (arguments, end) = self.list(")")?;
                let kind = ExpressionKind::Call(token.text.to_owned(), arguments);
                return Ok(Expression {
                    span: token.span.start..end,
                    kind,
                });
            }
            TokenKind::Name => ExpressionKind::Name(token.text.to_owned()),
            TokenKind::Sign if token.text == "[" => {
                let (items, end) = self.list("]")?;
                return Ok(Expression {
                    span: token.span.start..end,
                    kind: ExpressionKind::List(items),
                });
            }
            TokenKind::Sign => return Err((format!("expected a value, not `{}`", token.text), token.span)),
        };
        Ok(Expression {
            span: token.span,
            kind,
        })
    }

    fn list(&mut self, close: &str) -> Result<(Vec<Expression>, usize), Problem> {
        let mut items = Vec::new();
        loop {
            if items.is_empty() && self.peek().is_some_and(|token| token.text == close) {
                return Ok((items, self.expect(close)?.end));
            }
            items.push(self.value()?);
            if !self.take(",") {
                return Ok((items, self.expect(close)?.end));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(text: &str) -> String {
        let (message, span) = parse(text).unwrap_err();
        format!("{message} @ {}..{}", span.start, span.end)
    }

    #[test]
    fn precedence_is_that_of_cel() {
        let ExpressionKind::Any(operands) = parse(r#"a == "x" || b && !c"#).unwrap().kind else {
            panic!()
        };
        assert!(matches!(
            operands[0].kind,
            ExpressionKind::Compare(Comparison::Equal, ..)
        ));
        let ExpressionKind::All(inner) = &operands[1].kind else {
            panic!()
        };
        assert!(matches!(inner[1].kind, ExpressionKind::Not(_)));
    }

    #[test]
    fn problems_name_their_place() {
        assert_eq!(problem("a =="), "the condition ends too early @ 4..4");
        assert_eq!(problem("a == \"x"), "the text is not closed with `\"` @ 5..7");
        assert_eq!(problem("a > 3"), "`>` has no meaning in a condition @ 2..3");
        assert_eq!(problem("(a"), "the condition ends too early @ 2..2");
        assert_eq!(
            problem("a b"),
            "expected the end of the condition, not `b` @ 2..3"
        );
        assert!(problem(&"!".repeat(5000)).contains("nests deeper"));
        assert!(problem(&"(".repeat(5000)).contains("nests deeper"));
    }
}
