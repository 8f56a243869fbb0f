//! From `[signal]` and a stream's channels to what the model sees.
//!
//! Pure. Invariant: what does not fit is told with the key that has to change.

use crate::config::{Config, Problem, ReferenceConfig, SignalConfig, suggestion};
use crate::dsp::{Derived, Pair, Reference, ReferenceError};
use crate::signal::Montage;
use crate::signal::electrode::{Electrode, GridShape, GridShapes, same_electrode};

/// With fewer channels a mean or median of all is no reference: each would be drawn into all.
const FEWEST_FOR_AVERAGE: usize = 8;
/// Labels that are told one by one.
const MOST_LISTED: usize = 24;

/// What can be said against reference, pairs and grids before the stream is known.
pub(super) fn wrong_values(signal: &SignalConfig) -> Vec<Problem> {
    let mut problems = Vec::new();
    match &signal.reference {
        ReferenceConfig::Word(word) if word.trim().is_empty() => {
            problems.push(Problem::of("signal.reference", "\"\"", "must be a word or the label of a channel"));
        }
        // A word that is misspelt would look for a channel of that name.
        ReferenceConfig::Word(word) if Reference::of_word(word, &[]).is_none() && Electrode::of(word).is_none() => {
            if suggestion(word, Reference::WORDS).is_some() {
                let allowed = format!(
                    "must be one of {}, or labels of channels; for a channel of this name write [\"{word}\"]",
                    Reference::WORDS.join(", ")
                );
                problems.push(
                    Problem::of("signal.reference", format!("\"{word}\""), allowed).meant(word, Reference::WORDS),
                );
            }
        }
        ReferenceConfig::Labels(labels) if labels.is_empty() || labels.iter().any(|l| l.trim().is_empty()) => {
            problems.push(Problem::of(
                "signal.reference",
                format!("{labels:?}"),
                "must name at least one channel, and none by an empty label",
            ));
        }
        ReferenceConfig::Word(_) | ReferenceConfig::Labels(_) => {}
    }
    let is_bipolar = signal.reference == ReferenceConfig::Word("bipolar".to_owned());
    if is_bipolar && signal.bipolar.is_empty() {
        let allowed = "must list pairs such as \"Fp1-F7\" for the reference \"bipolar\"";
        problems.push(
            Problem::of("signal.bipolar", "[]", allowed).hint("\"double-banana\" and \"transverse\" need no list"),
        );
    }
    if !is_bipolar && !signal.bipolar.is_empty() {
        let allowed = "is for reference = \"bipolar\" alone";
        problems.push(Problem::of("signal.bipolar", format!("{:?}", signal.bipolar), allowed));
    }
    for pair in &signal.bipolar {
        if splits(pair).is_empty() {
            let allowed = "must be two labels with a hyphen between them, such as \"Fp1-F7\"";
            problems.push(Problem::of("signal.bipolar", format!("\"{pair}\""), allowed));
        }
    }
    for (grid, shape) in &signal.grids {
        if let Err(allowed) = shape.parse::<GridShape>() {
            problems.push(Problem::of(&format!("signal.grids.{grid}"), format!("\"{shape}\""), allowed));
        }
    }
    problems
}

/// Shapes of grids as written; what cannot be read was told before.
pub(super) fn grid_shapes(signal: &SignalConfig) -> GridShapes {
    signal.grids.iter().filter_map(|(grid, shape)| Some((grid.trim().to_uppercase(), shape.parse().ok()?))).collect()
}

/// Every way to cut a pair in two; labels may hold hyphens themselves.
fn splits(pair: &str) -> Vec<(&str, &str)> {
    let cut = |(at, _): (usize, &str)| (pair[..at].trim(), pair[at + 1..].trim());
    pair.match_indices('-').map(cut).filter(|(a, b)| !a.is_empty() && !b.is_empty()).collect()
}

/// What the model sees of the channels of a stream.
///
/// # Errors
/// With everything that does not fit the stream.
pub(super) fn derive(config: &Config, montage: &Montage) -> Result<(Derived, Reference), Vec<Problem>> {
    let signal = &config.signal;
    let (mut reference, mut note) = (reference(signal, montage)?, None);
    let brains = montage.channels.iter().filter(|c| c.kind.is_brain()).count();
    let subjects = if brains > 0 { brains } else { montage.len() };
    if matches!(reference, Reference::Average | Reference::Median) && subjects < FEWEST_FOR_AVERAGE {
        let word = if reference == Reference::Average { "an average" } else { "a median" };
        note = Some(format!(
            "{subjects} channels are too few for {word} reference ({FEWEST_FOR_AVERAGE} are needed): left as recorded"
        ));
        reference = Reference::AsRecorded;
    }
    let labels = || montage.labels();
    let mut derived = reference.derive(montage, &grid_shapes(signal)).map_err(|error| match error {
        ReferenceError::Unknown(unknown) => unknown
            .iter()
            .map(|label| {
                let allowed = format!("must name channels that are taken: {}", list(&labels().collect::<Vec<_>>()));
                Problem::of("signal.reference", format!("\"{label}\""), allowed)
                    .meant(label, Reference::WORDS.into_iter().chain(labels()))
            })
            .collect(),
        ReferenceError::Nothing(why) => {
            let word = match &signal.reference {
                ReferenceConfig::Word(word) => format!("\"{word}\""),
                ReferenceConfig::Labels(labels) => format!("{labels:?}"),
            };
            vec![Problem::of("signal.reference", word, why)]
        }
    })?;
    derived.notes.extend(note);
    Ok((derived, reference))
}

/// The reference that is asked for; pairs are looked for in the montage.
fn reference(signal: &SignalConfig, montage: &Montage) -> Result<Reference, Vec<Problem>> {
    let word = match &signal.reference {
        ReferenceConfig::Labels(labels) => return Ok(Reference::Named(labels.clone())),
        ReferenceConfig::Word(word) => word,
    };
    let is_there = |(a, b): &(&str, &str)| montage.find(a).is_some() && montage.find(b).is_some();
    let (mut pairs, mut problems) = (Vec::new(), Vec::new());
    for written in &signal.bipolar {
        match splits(written).into_iter().find(is_there) {
            Some((a, b)) if montage.find(a) == montage.find(b) => {
                let allowed = "must be two channels: the difference of one from itself is nothing";
                problems.push(Problem::of("signal.bipolar", format!("\"{written}\""), allowed));
            }
            Some((anode, cathode)) => pairs.push(Pair { anode: anode.to_owned(), cathode: cathode.to_owned() }),
            None => {
                let labels = list(&montage.labels().collect::<Vec<_>>());
                let allowed = format!("must be two of the channels that are taken: {labels}");
                problems.push(Problem::of("signal.bipolar", format!("\"{written}\""), allowed));
            }
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    Ok(Reference::of_word(word, &pairs).unwrap_or_else(|| Reference::Named(vec![word.clone()])))
}

/// Labels for people, of which there may be hundreds.
fn list<S: AsRef<str>>(labels: &[S]) -> String {
    let shown: Vec<&str> = labels.iter().take(MOST_LISTED).map(AsRef::as_ref).collect();
    let more = labels.len() - shown.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}

/// Puts what comes out into the order of a model, and notes what is missing and what is left out.
///
/// # Errors
/// With how many channels of the model there are, if that is less than half.
pub(super) fn arrange<S: AsRef<str>>(derived: &Derived, labels: &[S]) -> Result<Derived, String> {
    let have: Vec<&str> = derived.montage.labels().collect();
    if have.iter().copied().eq(labels.iter().map(AsRef::as_ref)) {
        return Ok(derived.clone());
    }
    let (mut arranged, missing) = derived.arranged(labels);
    let (all, lacking) = (labels.len(), missing.len());
    let found = all - lacking;
    if 2 * found < all || found == 0 {
        return Err(format!("{found} of the model's {all} channels are in this stream; it has {}", list(&have)));
    }
    let taken: Vec<&str> = arranged.montage.labels().collect();
    let is_extra = |label: &&str| !taken.iter().any(|t| same_electrode(t, label));
    let extra: Vec<&str> = have.into_iter().filter(is_extra).collect();
    if !missing.is_empty() {
        let missing = list(&missing);
        arranged
            .notes
            .push(format!("{lacking} of the model's {all} channels are not in this stream and stay zero: {missing}"));
    }
    if !extra.is_empty() {
        arranged.notes.push(format!(
            "{} channels that the model does not know are left out: {}",
            extra.len(),
            list(&extra)
        ));
    }
    Ok(arranged)
}
