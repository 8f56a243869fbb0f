//! From what a user asks for and a montage to a derivation.
//!
//! Pure; runs once, before the first frame. Invariant: the montage that comes out has one channel for each output, and
//! everything that is left out is told.

use super::chains::{DOUBLE_BANANA, TRANSVERSE};
use super::derivation::{Centre, Derivation, Output};
use super::laplacian::{Reach, neighbours};
use super::scheme::{Pair, Reference};
use crate::signal::electrode::{Contact, Electrode, GridShapes, contacts, same_electrode};
use crate::signal::{Channel, ChannelKind, Montage};

/// With fewer neighbours a difference is no Laplacian.
const FEWEST_NEIGHBOURS: usize = 2;

/// A derivation, what comes out of it, and what is worth telling.
#[derive(Clone, Debug, PartialEq)]
pub struct Derived {
    /// What is applied.
    pub derivation: Derivation,
    /// Its outputs.
    pub montage: Montage,
    /// What was left out, in words.
    pub notes: Vec<String>,
}

/// Why a reference does not fit a montage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ReferenceError {
    /// These channels are not there.
    Unknown(Vec<String>),
    /// Nothing would come out.
    Nothing(&'static str),
}

impl Reference {
    /// What it means for a montage; grids have these shapes, or guessed ones. EEG and ECoG are referred; other channels, which
    /// have references of their own, pass as recorded (of pairs, only the pairs come out).
    ///
    /// # Errors
    /// If it names channels that are not there, or nothing would come out.
    pub fn derive(&self, montage: &Montage, shapes: &GridShapes) -> Result<Derived, ReferenceError> {
        let channels = &montage.channels;
        // Where nothing says that it is a brain, everything is referred.
        let any_brain = channels.iter().any(|c| c.kind.is_brain());
        let is_subject = |c: usize| !any_brain || channels[c].kind.is_brain();
        let subjects: Vec<usize> = (0..channels.len()).filter(|&c| is_subject(c)).collect();
        let to_list = |c: usize| Some(Output { channel: c, minus: is_subject(c).then_some(0) });
        let mut work = Work { montage, lists: Vec::new(), outputs: Vec::new(), labels: Vec::new(), notes: Vec::new() };
        let mut centre = Centre::Mean;
        match self {
            Self::AsRecorded => work.keep((0..channels.len()).map(|channel| Some(Output { channel, minus: None }))),
            Self::Average | Self::Median => {
                centre = if *self == Self::Median { Centre::Median } else { Centre::Mean };
                work.lists = vec![subjects];
                work.keep((0..channels.len()).map(to_list));
            }
            Self::Named(labels) => {
                let references = work.find_all(labels)?;
                work.lists = vec![references.clone()];
                work.keep((0..channels.len()).filter(|c| !references.contains(c)).map(to_list));
                if work.outputs.is_empty() {
                    return Err(ReferenceError::Nothing(
                        "leaves no channel: a channel of the reference does not come out",
                    ));
                }
                work.notes.push(format!("referred to {}, which the model does not see", work.labels_of(&references)));
            }
            Self::AveragePerGrid => work.per_grid(&contacts(channels, shapes))?,
            Self::Bipolar(pairs) => {
                let wanted: Vec<String> = pairs.iter().flat_map(|p| [p.anode.clone(), p.cathode.clone()]).collect();
                work.find_all(&wanted)?;
                for pair in pairs {
                    work.pair(pair);
                }
            }
            Self::DoubleBanana => work.chain(&DOUBLE_BANANA)?,
            Self::Transverse => work.chain(&TRANSVERSE)?,
            Self::Laplacian(reach) => work.laplacian(&contacts(channels, shapes), *reach, &is_subject)?,
        }
        Ok(work.done(centre))
    }
}

impl Derived {
    /// The outputs that a model wants, in its order; those that are not there are zero and never good. With them the labels
    /// that are missing.
    #[must_use]
    pub fn arranged<S: AsRef<str>>(&self, labels: &[S]) -> (Self, Vec<String>) {
        let have = &self.montage.channels;
        let spelt = |label: &S| have.iter().position(|c| c.label.eq_ignore_ascii_case(label.as_ref().trim()));
        let mut found: Vec<Option<usize>> = labels.iter().map(spelt).collect();
        // Another spelling of an electrode is taken only if nobody else wants it: `T3` and `T7` may be two contacts of a strip.
        for (at, label) in labels.iter().enumerate().filter(|(at, _)| found[*at].is_none()).collect::<Vec<_>>() {
            let is_free = |c: &usize| !found.contains(&Some(*c)) && same_electrode(&have[*c].label, label.as_ref());
            found[at] = (0..have.len()).find(is_free);
        }
        let channel = |(label, found): (&S, &Option<usize>)| match found {
            Some(at) => Channel { label: label.as_ref().to_owned(), ..self.montage.channels[*at].clone() },
            None => Montage::of_labels(&[label]).channels.remove(0),
        };
        let montage = Montage { channels: labels.iter().zip(&found).map(channel).collect() };
        let lacks = labels.iter().zip(&found).filter(|(_, found)| found.is_none());
        let missing = lacks.map(|(label, _)| label.as_ref().to_owned()).collect();
        let derivation = self.derivation.arranged(&found);
        (Self { derivation, montage, notes: self.notes.clone() }, missing)
    }
}

/// A derivation in the making.
struct Work<'a> {
    montage: &'a Montage,
    lists: Vec<Vec<usize>>,
    outputs: Vec<Option<Output>>,
    /// Labels of outputs that are no channels: those of pairs.
    labels: Vec<String>,
    notes: Vec<String>,
}

impl Work<'_> {
    fn keep(&mut self, outputs: impl Iterator<Item = Option<Output>>) {
        self.outputs.extend(outputs);
    }

    fn labels_of(&self, channels: &[usize]) -> String {
        let labels: Vec<&str> = channels.iter().map(|&c| self.montage.channels[c].label.as_str()).collect();
        labels.join(", ")
    }

    /// Numbers of these labels, in rising order.
    fn find_all(&self, labels: &[String]) -> Result<Vec<usize>, ReferenceError> {
        let unknown: Vec<String> = labels.iter().filter(|l| self.montage.find(l).is_none()).cloned().collect();
        if !unknown.is_empty() {
            return Err(ReferenceError::Unknown(unknown));
        }
        let mut found: Vec<usize> = labels.iter().filter_map(|l| self.montage.find(l)).collect();
        found.sort_unstable();
        found.dedup();
        Ok(found)
    }

    /// Adds a pair if both of its electrodes are there.
    fn pair(&mut self, pair: &Pair) -> bool {
        let (anode, cathode) = (self.montage.find(&pair.anode), self.montage.find(&pair.cathode));
        let (Some(channel), Some(cathode), true) = (anode, cathode, anode != cathode) else { return false };
        self.outputs.push(Some(Output { channel, minus: Some(self.lists.len()) }));
        self.lists.push(vec![cathode]);
        // Models know pairs by their labels, which must not depend on how a recording or a configuration spells electrodes.
        self.labels.push(format!("{}-{}", self.name(channel, &pair.anode), self.name(cathode, &pair.cathode)));
        true
    }

    /// The name of an electrode of the scalp, otherwise what was written.
    fn name<'a>(&self, channel: usize, written: &'a str) -> &'a str {
        let is_scalp = self.montage.channels[channel].electrode().is_some();
        Electrode::of(written).filter(|_| is_scalp).map_or(written, |electrode| electrode.name)
    }

    fn chain(&mut self, pairs: &[(&str, &str)]) -> Result<(), ReferenceError> {
        let owned = |&(anode, cathode): &(&str, &str)| Pair { anode: anode.to_owned(), cathode: cathode.to_owned() };
        let all: Vec<Pair> = pairs.iter().map(owned).collect();
        let left_out: Vec<String> =
            all.iter().filter(|pair| !self.pair(pair)).map(|p| format!("{}-{}", p.anode, p.cathode)).collect();
        if self.outputs.is_empty() {
            return Err(ReferenceError::Nothing(
                "needs electrodes of the 10-20 system, and no two that it pairs are there",
            ));
        }
        self.tell_left_out(&left_out, "pairs", "an electrode is not there");
        Ok(())
    }

    fn per_grid(&mut self, contacts: &[Option<Contact>]) -> Result<(), ReferenceError> {
        let mut grids: Vec<&str> = contacts.iter().flatten().map(|c| c.grid.as_str()).collect();
        grids.sort_unstable();
        grids.dedup();
        if grids.is_empty() {
            let why = "needs ECoG channels with numbered labels; [signal] kinds says which channels are ECoG";
            return Err(ReferenceError::Nothing(why));
        }
        let is_of = |grid: &str, c: usize| contacts[c].as_ref().is_some_and(|contact| contact.grid == grid);
        self.lists = grids.iter().map(|grid| (0..contacts.len()).filter(|&c| is_of(grid, c)).collect()).collect();
        // A contact alone would be referred to itself.
        let minus = |c: usize| self.lists.iter().position(|list| list.len() > 1 && list.contains(&c));
        self.outputs = (0..contacts.len()).map(|c| Some(Output { channel: c, minus: minus(c) })).collect();
        let alone = |c: &usize| minus(*c).is_none() && self.montage.channels[*c].kind == ChannelKind::Ecog;
        let alone: Vec<usize> = (0..contacts.len()).filter(alone).collect();
        if !alone.is_empty() {
            let labels = self.labels_of(&alone);
            self.notes.push(format!("left as recorded, since no grid is known of them: {labels}"));
        }
        Ok(())
    }

    fn laplacian(
        &mut self,
        contacts: &[Option<Contact>],
        reach: Reach,
        is_subject: &dyn Fn(usize) -> bool,
    ) -> Result<(), ReferenceError> {
        let mut left_out = Vec::new();
        let mut any = false;
        for (channel, around) in neighbours(self.montage, contacts, reach).into_iter().enumerate() {
            if !is_subject(channel) {
                self.outputs.push(Some(Output { channel, minus: None }));
            } else if around.len() < FEWEST_NEIGHBOURS {
                left_out.push(self.montage.channels[channel].label.clone());
            } else {
                any = true;
                self.outputs.push(Some(Output { channel, minus: Some(self.lists.len()) }));
                self.lists.push(around);
            }
        }
        if !any {
            return Err(ReferenceError::Nothing(match reach {
                Reach::Nearest => {
                    "needs two nearest neighbours of the 10-10 system or of a grid, and no channel has them; montages of the 10-20 \
                     system want \"large-laplacian\""
                }
                Reach::NextNearest => "needs two neighbours of the 10-20 system or of a grid, and no channel has them",
            }));
        }
        self.tell_left_out(&left_out, "channels", "their neighbours are not there");
        Ok(())
    }

    fn tell_left_out(&mut self, left_out: &[String], what: &str, why: &str) {
        if !left_out.is_empty() {
            let (few, whole) = (left_out.len(), left_out.len() + self.outputs.len());
            self.notes.push(format!("{few} of {whole} {what} are left out, since {why}: {}", left_out.join(", ")));
        }
    }

    fn done(self, centre: Centre) -> Derived {
        let Self { montage, lists, outputs, labels, notes } = self;
        let position = |c: usize| montage.channels[c].position;
        let derived = |(at, output): (usize, &Output)| {
            let channel = montage.channels[output.channel].clone();
            match (labels.get(at), output.minus) {
                (Some(label), Some(list)) => {
                    let ends = position(output.channel).zip(position(lists[list][0]));
                    let middle = ends.map(|(a, b)| [f32::midpoint(a[0], b[0]), f32::midpoint(a[1], b[1])]);
                    Channel { label: label.clone(), location_mm: None, position: middle, ..channel }
                }
                _ => channel,
            }
        };
        let channels = outputs.iter().flatten().enumerate().map(derived).collect();
        let derivation = Derivation { inputs: montage.len(), outputs, lists, centre };
        Derived { derivation, montage: Montage { channels }, notes }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn derive(reference: &Reference, labels: &[&str]) -> Result<Derived, ReferenceError> {
        let montage = Montage::of_labels(labels).located(&GridShapes::new());
        reference.derive(&montage, &GridShapes::new())
    }

    fn named(labels: &[&str]) -> Reference {
        Reference::Named(labels.iter().map(|&l| l.to_owned()).collect())
    }

    #[test]
    fn a_named_reference_does_not_come_out() {
        let derived = derive(&named(&["A1", "a2"]), &["EEG C3", "A1", "EOG", "A2-Ref", "C4"]).unwrap();
        assert_eq!(derived.montage.labels().collect::<Vec<_>>(), ["EEG C3", "EOG", "C4"]);
        let minus: Vec<_> = derived.derivation.outputs.iter().map(|o| o.unwrap().minus).collect();
        assert_eq!((minus, &derived.derivation.lists), (vec![Some(0), None, Some(0)], &vec![vec![1, 3]]));
        assert_eq!(derive(&named(&["Cz"]), &["Cz"]).map_err(|e| matches!(e, ReferenceError::Nothing(_))), Err(true));
        let unknown = derive(&named(&["Cz", "C3", "M1"]), &["C3"]);
        assert_eq!(unknown, Err(ReferenceError::Unknown(vec!["Cz".to_owned(), "M1".to_owned()])));
    }

    #[test]
    fn chains_leave_out_what_is_not_there_and_say_so() {
        let derived = derive(&Reference::DoubleBanana, &["EEG Fp1", "EEG F7", "EEG T3", "EEG Fz", "EEG Cz"]).unwrap();
        assert_eq!(derived.montage.labels().collect::<Vec<_>>(), ["Fp1-F7", "F7-T7", "Fz-Cz"]);
        assert!(derived.notes[0].starts_with("15 of 18 pairs are left out"), "{:?}", derived.notes);
        let middle = derived.montage.channels[2].position.unwrap();
        assert!(middle[0].abs() < 0.01 && (middle[1] - 0.169).abs() < 0.01, "{middle:?}");
        assert!(matches!(derive(&Reference::Transverse, &["C3", "nose"]), Err(ReferenceError::Nothing(_))));
    }

    #[test]
    fn pairs_are_named_by_their_electrodes() {
        let pair = |anode: &str, cathode: &str| Pair { anode: anode.to_owned(), cathode: cathode.to_owned() };
        let pairs = Reference::Bipolar(vec![pair("EEG T3", "c3."), pair("g1", "C3")]);
        let derived = derive(&pairs, &["EEG T3-Ref", "EEG C3-Ref", "G1"]).unwrap();
        assert_eq!(derived.montage.labels().collect::<Vec<_>>(), ["T7-C3", "g1-C3"]);
    }

    #[test]
    fn a_grid_has_its_own_average() {
        let labels = ["G1", "G2", "G3", "S1", "S2", "D1", "ECG"];
        let mut montage = Montage::of_labels(&labels);
        montage.channels[..6].iter_mut().for_each(|c| c.kind = ChannelKind::Ecog);
        let derived = Reference::AveragePerGrid.derive(&montage, &GridShapes::new()).unwrap();
        let minus: Vec<_> = derived.derivation.outputs.iter().map(|o| o.unwrap().minus).collect();
        let list = |first: usize| derived.derivation.lists.iter().position(|list| list[0] == first);
        assert_eq!(minus, [list(0), list(0), list(0), list(3), list(3), None, None]);
        assert_eq!(derived.notes, ["left as recorded, since no grid is known of them: D1"]);
        assert!(matches!(derive(&Reference::AveragePerGrid, &labels), Err(ReferenceError::Nothing(_))));
    }

    #[test]
    fn a_model_gets_its_channels_in_its_order() {
        let derived = derive(&Reference::Average, &["EEG Cz", "EEG C4", "Fz"]).unwrap();
        let (arranged, missing) = derived.arranged(&["C3", "C4", "Cz"]);
        assert_eq!(missing, ["C3"]);
        assert_eq!(arranged.montage.labels().collect::<Vec<_>>(), ["C3", "C4", "Cz"]);
        let from: Vec<_> = arranged.derivation.outputs.iter().map(|o| o.map(|o| o.channel)).collect();
        assert_eq!(from, [None, Some(1), Some(0)]);
        assert_eq!(arranged.derivation.lists, [[0, 1, 2]], "the average is that of all channels of the stream");
    }
}
