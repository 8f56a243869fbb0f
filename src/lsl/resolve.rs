//! Finding streams on the network.
//!
//! Owns the reading of predicates and the choice among candidates; blocks the thread that asks, for as long as it
//! says, except [`Watcher`], which searches in liblsl's own thread. Invariant: of several streams that match, none is
//! taken silently.

use super::LslError;
use super::info::{SampleFormat, StreamInfo};
use super::library::{Library, c_text};
use super::raw::{self, RawInfo, RawResolver};

/// How long streams are collected once the first has answered. liblsl's authors warn that less than 0.5 s misses some.
const SETTLE_S: f64 = 1.0;
/// A minimum that is never reached, so that a search lasts its full time.
const ALL: i32 = i32::MAX;

/// Every stream, of numbers and of texts, that answers within `wait_s`.
///
/// # Errors
/// [`LslError::Refused`] where liblsl cannot search.
pub fn visible(library: &Library, wait_s: f64) -> Result<Vec<StreamInfo>, LslError> {
    raw::resolve_all(&library.api, wait_s).map(described)
}

/// The streams that match `predicate` and answer within `wait_s`; all of that time is used.
///
/// The predicate is XPath about a stream's description (`name='X'`, `type='EEG' and channel_count>32`), or a bare
/// name. Without one, the streams of type EEG match or, where there is none, every numeric stream.
///
/// # Errors
/// [`LslError::Predicate`] for a predicate that is not valid.
pub fn resolve(library: &Library, predicate: Option<&str>, wait_s: f64) -> Result<Vec<StreamInfo>, LslError> {
    match predicate {
        None => visible(library, wait_s).map(prefer_eeg),
        Some(predicate) => search(library, predicate, ALL, wait_s),
    }
}

/// The one stream that matches `predicate`, waiting up to `wait_s` for it to appear.
///
/// # Errors
/// [`LslError::NoStream`], which names what is there instead; [`LslError::Ambiguous`], which names the candidates;
/// [`LslError::Predicate`].
pub fn resolve_one(library: &Library, predicate: Option<&str>, wait_s: f64) -> Result<StreamInfo, LslError> {
    let wanted = match predicate {
        None => "numeric samples".to_owned(),
        Some(predicate) => xpath(predicate)?,
    };
    let deadline = library.local_clock() + wait_s;
    let mut found = Vec::new();
    loop {
        let left_s = deadline - library.local_clock();
        if found.is_empty() && left_s <= 0.0 {
            break;
        }
        found = match predicate {
            None => prefer_eeg(visible(library, SETTLE_S)?),
            // The first answer ends the wait, and only then is time taken for a second candidate.
            Some(predicate) if search(library, predicate, 1, left_s)?.is_empty() => continue,
            Some(predicate) => search(library, predicate, ALL, SETTLE_S)?,
        };
        if !found.is_empty() {
            break;
        }
    }
    let count = found.len();
    match (count, found.pop()) {
        (1, Some(stream)) => Ok(stream),
        (0, _) | (_, None) => {
            let visible = list(&visible(library, SETTLE_S)?);
            Err(LslError::NoStream { wanted, wait_s, visible })
        }
        (_, Some(last)) => {
            found.push(last);
            Err(LslError::Ambiguous { wanted, count, candidates: list(&found) })
        }
    }
}

/// A search for streams that goes on in the background until it is dropped.
pub struct Watcher {
    raw: RawResolver,
}

impl Watcher {
    /// Starts looking for streams that match `predicate`; those that fall silent are forgotten after 3 s.
    ///
    /// # Errors
    /// [`LslError::Predicate`] for a predicate that is not valid, [`LslError::Refused`] where liblsl cannot search.
    pub fn start(library: &Library, predicate: &str) -> Result<Self, LslError> {
        let query = c_text("the stream predicate", &format!("({})", xpath(predicate)?))?;
        Ok(Self { raw: RawResolver::create(&library.api, &query, 3.0)? })
    }

    /// The streams found by now; returns at once.
    ///
    /// # Errors
    /// [`LslError::Refused`] where liblsl cannot search.
    pub fn found(&mut self) -> Result<Vec<StreamInfo>, LslError> {
        self.raw.found().map(described)
    }
}

/// `text` as an XPath literal, or `None` where it holds both kinds of quotation mark, which XPath 1.0 cannot write.
#[must_use]
pub fn xpath_literal(text: &str) -> Option<String> {
    let quote = ['\'', '"'].into_iter().find(|quote| !text.contains(*quote))?;
    Some(format!("{quote}{text}{quote}"))
}

fn described(raw: Vec<RawInfo>) -> Vec<StreamInfo> {
    raw.into_iter().map(|raw| StreamInfo { raw }).collect()
}

fn list(streams: &[StreamInfo]) -> String {
    let all: Vec<String> = streams.iter().map(ToString::to_string).collect();
    if all.is_empty() { "none".to_owned() } else { all.join("; ") }
}

fn prefer_eeg(mut streams: Vec<StreamInfo>) -> Vec<StreamInfo> {
    streams.retain(|stream| stream.format().is_some_and(|format| format != SampleFormat::String));
    if streams.iter().any(|stream| stream.content_type() == "EEG") {
        streams.retain(|stream| stream.content_type() == "EEG");
    }
    streams
}

fn search(library: &Library, predicate: &str, minimum: i32, wait_s: f64) -> Result<Vec<StreamInfo>, LslError> {
    // In brackets, because liblsl puts "session_id='...' and" before it, which an "or" would escape.
    let query = c_text("the stream predicate", &format!("({})", xpath(predicate)?))?;
    let found = raw::resolve(&library.api, &query, minimum, wait_s);
    found.map(described).map_err(|error| match error {
        LslError::Refused { why, .. } => LslError::Predicate { predicate: predicate.to_owned(), why },
        other => other,
    })
}

/// Reads what a user wrote: XPath as it is, a bare word as a name.
fn xpath(predicate: &str) -> Result<String, LslError> {
    let refuse = |why: String| Err(LslError::Predicate { predicate: predicate.to_owned(), why });
    let text = predicate.trim();
    if text.is_empty() {
        return refuse("it is empty".to_owned());
    }
    if !text.contains(['=', '\'', '"', '(', ')', '[', ']', '<', '>', '@']) {
        return Ok(format!("name='{text}'"));
    }
    let mut quote = None;
    let mut open = Vec::new();
    for letter in text.chars() {
        match (quote, letter) {
            (Some(ends), _) if letter == ends => quote = None,
            (None, '\'' | '"') => quote = Some(letter),
            (None, '(' | '[') => open.push(letter),
            (None, ')') if open.pop() != Some('(') => return refuse("a ) closes nothing".to_owned()),
            (None, ']') if open.pop() != Some('[') => return refuse("a ] closes nothing".to_owned()),
            _ => {}
        }
    }
    match (quote, open.pop()) {
        (Some(quote), _) => refuse(format!("a quotation mark {quote} is not closed")),
        (None, Some(bracket)) => refuse(format!("a {bracket} is not closed")),
        (None, None) => Ok(text.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bare_word_is_a_name_and_xpath_stays() {
        assert_eq!(xpath(" BioSemi 64 ").unwrap(), "name='BioSemi 64'");
        for predicate in ["name='X'", "type='EEG' and channel_count>32", "starts-with(name,\"B's\")", "a[b='(']=1"] {
            assert_eq!(xpath(predicate).unwrap(), predicate);
        }
    }

    #[test]
    fn trouble_with_quotes_and_brackets_is_told() {
        for (predicate, why) in [
            ("", "empty"),
            ("name='X", "' is not closed"),
            ("name=\"it's", "\" is not closed"),
            ("O'Brien", "' is not closed"),
            ("contains(name,'X'", "( is not closed"),
            ("name='X') or (name='Y'", ") closes nothing"),
            ("a[(b])", "] closes nothing"),
        ] {
            let error = xpath(predicate).unwrap_err().to_string();
            assert!(error.contains(why), "{predicate}: {error}");
        }
    }

    #[test]
    fn literals_take_the_quote_that_is_free() {
        assert_eq!(xpath_literal("a").as_deref(), Some("'a'"));
        assert_eq!(xpath_literal("it's").as_deref(), Some("\"it's\""));
        assert_eq!(xpath_literal("'\""), None);
    }
}
