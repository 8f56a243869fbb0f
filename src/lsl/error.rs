//! What can go wrong between this program, liblsl and the streams of a lab.
//!
//! Owns [`LslError`]; made on any thread. Invariant: each message says what, where, and what to do about it.

/// A failure of the Lab Streaming Layer.
#[derive(Debug, thiserror::Error)]
pub enum LslError {
    /// No liblsl could be loaded.
    #[error(
        "liblsl was not found. Install it with `pip install pylsl`: it is found in the active virtual or conda \
         environment, and beside the `python` on PATH. Or name the file in `[lsl] library` or in LSL_LIB. \
         Searched: {searched}"
    )]
    NotFound {
        /// Every place that was tried, with the reason where a file was there and would not load.
        searched: String,
    },
    /// The file that the configuration names is not a usable liblsl.
    #[error("the library {path} cannot be used as liblsl: {why}. Correct `[lsl] library`, or leave it out to search")]
    Unusable {
        /// The file.
        path: String,
        /// What the loader said.
        why: String,
    },
    /// A function that newer versions have is absent.
    #[error("liblsl {version} has no {function}: {hint}")]
    TooOld {
        /// The version that was loaded, as liblsl counts: 116 is 1.16.
        version: i32,
        /// The C function.
        function: &'static str,
        /// What to do instead.
        hint: &'static str,
    },
    /// A text that liblsl cannot take.
    #[error("{what} {text:?} cannot be used: {why}")]
    Text {
        /// Which text: a name, a key.
        what: &'static str,
        /// The text.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A predicate that is not XPath.
    #[error(
        "the stream predicate {predicate:?} is not valid: {why}. Write one like name='X' or type='EEG', or a bare name"
    )]
    Predicate {
        /// The predicate as given.
        predicate: String,
        /// What is wrong with it.
        why: String,
    },
    /// No stream matched in time.
    #[error(
        "no stream with {wanted} appeared within {wait_s} s. Visible now: {visible}. Is the source running, on this \
         network, with this session id? Hosts behind a router must be named under KnownPeers in lsl_api.cfg"
    )]
    NoStream {
        /// What was asked for.
        wanted: String,
        /// How long it was waited for.
        wait_s: f64,
        /// The streams that are there instead.
        visible: String,
    },
    /// Several streams matched.
    #[error(
        "{count} streams match {wanted}: {candidates}. Choose one, for example with source_id='...' or hostname='...'"
    )]
    Ambiguous {
        /// What was asked for.
        wanted: String,
        /// How many there are.
        count: usize,
        /// Each of them, with what tells them apart.
        candidates: String,
    },
    /// The stream carries something else than is wanted of it.
    #[error("stream {stream} cannot be read as {wanted}: {why}")]
    WrongKind {
        /// The stream.
        stream: String,
        /// What it was opened as.
        wanted: &'static str,
        /// Why not.
        why: String,
    },
    /// The stream came back in another shape.
    #[error("stream {stream} came back changed: {what}")]
    Changed {
        /// The stream.
        stream: String,
        /// What is different.
        what: String,
    },
    /// An operation took too long.
    #[error("{doing} took longer than {timeout_s} s: the source is gone, or a firewall drops its packets")]
    Timeout {
        /// What was being done.
        doing: &'static str,
        /// The limit.
        timeout_s: f64,
    },
    /// The source is gone and liblsl cannot find it again.
    #[error("the stream is lost and cannot be found again, because its source gave it no source_id")]
    Lost,
    /// A slice of the wrong length.
    #[error("{doing}: {got} values where {expected} are needed")]
    Length {
        /// What was being done.
        doing: &'static str,
        /// How many values are needed.
        expected: usize,
        /// How many were given.
        got: usize,
    },
    /// liblsl refused for a reason of its own.
    #[error("liblsl refused {doing}: {why}")]
    Refused {
        /// What was being done.
        doing: &'static str,
        /// What liblsl said, or its error code.
        why: String,
    },
}
