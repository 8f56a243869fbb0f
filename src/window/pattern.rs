//! Which markers are meant.
//!
//! A plain value. Invariant: a text means itself alone; a regular expression stands between slashes.

use regex::Regex;

/// A text, or a regular expression in slashes: `left`, `/^T[12]$/`.
#[derive(Clone, Debug)]
pub struct Pattern(Kind);

#[derive(Clone, Debug)]
enum Kind {
    Text(String),
    Expression(Regex),
}

impl Pattern {
    /// Reads what a user wrote.
    ///
    /// # Errors
    /// If the expression is none.
    pub fn parse(written: &str) -> Result<Self, regex::Error> {
        let expression = written.strip_prefix('/').and_then(|rest| rest.strip_suffix('/'));
        Ok(Self(match expression {
            Some(expression) => Kind::Expression(Regex::new(expression)?),
            None => Kind::Text(written.trim().to_owned()),
        }))
    }

    /// True if a marker that says this is meant; blanks round its text do not matter.
    #[must_use]
    pub fn matches(&self, text: &str) -> bool {
        match &self.0 {
            Kind::Text(meant) => meant == text.trim(),
            Kind::Expression(expression) => expression.is_match(text.trim()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_means_itself_and_an_expression_what_it_finds() {
        let matches = |written: &str, text: &str| Pattern::parse(written).unwrap().matches(text);
        assert!(matches("T1", "T1") && matches("T1", " T1 ") && !matches("T1", "T10"));
        assert!(matches("/T1/", "T10") && !matches("/^T1$/", "T10") && matches("/^T[12]$/", "T2"));
        assert!(matches("a/b", "a/b") && matches("/", "/"));
        assert!(Pattern::parse("/T[/").is_err());
    }
}
