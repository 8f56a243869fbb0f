//! What a stream says of itself, as XML in its header.
//!
//! Owns [`StreamDescription`]; runs on the thread of the reader or writer. Invariant: counts of channels come from the
//! header, notes on them from elements that are there, and neither is allocated for before it is.

use super::ValueFormat;
use roxmltree::{Document, Node, ParsingOptions};
use std::fmt::Write;

/// One channel as the description of a stream gives it; what is missing is empty.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChannelNote {
    /// Its name, such as `C3`.
    pub label: String,
    /// Its unit, such as `microvolts`.
    pub unit: String,
    /// What it measures, such as `EEG`.
    pub kind: String,
    /// Where it lies, in millimetres from the centre of the head to the right, the front and the top.
    pub location_mm: Option<[f64; 3]>,
}

/// The axes of a location in the XDF meta-data conventions.
const AXES: [&str; 3] = ["X", "Y", "Z"];

/// The description of a stream, laid out as LSL and LabRecorder do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StreamDescription {
    /// The name, for people.
    pub name: String,
    /// The content type: `EEG`, `Markers`, …
    pub content_type: String,
    /// What stays the same when the source restarts; may be empty.
    pub source_id: String,
    /// The computer that the source ran on; may be empty.
    pub hostname: String,
    /// Values in a sample, at least 1.
    pub channels: usize,
    /// Nominal rate in hertz; 0 for an irregular stream.
    pub rate_hz: f64,
    /// How values are carried.
    pub format: ValueFormat,
    /// Notes on the channels, in order; fewer than `channels` where some are not described, never more.
    pub notes: Vec<ChannelNote>,
    /// True for a stream that may leave samples out, so that its stamps must not be evened.
    pub can_drop_samples: bool,
}

/// More elements than any device describes; each costs memory.
const MOST_NODES: u32 = 200_000;

/// Parses XML and hands its root over; `None` where it is none.
pub(super) fn with_xml<T>(bytes: &[u8], read: impl FnOnce(Node<'_, '_>) -> T) -> Option<T> {
    let text = String::from_utf8_lossy(bytes);
    let options = ParsingOptions { nodes_limit: MOST_NODES, ..ParsingOptions::default() };
    let document = Document::parse_with_options(text.trim_matches(['\0', ' ', '\n', '\r', '\t']), options).ok()?;
    Some(read(document.root_element()))
}

/// The first child of this name.
fn child<'a, 'i>(node: Node<'a, 'i>, name: &str) -> Option<Node<'a, 'i>> {
    node.children().find(|child| child.has_tag_name(name))
}

/// The text of the first child of this name, blanks trimmed; empty where there is none.
pub(super) fn text(node: Node<'_, '_>, name: &str) -> String {
    child(node, name).and_then(|child| child.text()).unwrap_or_default().trim().to_owned()
}

impl StreamDescription {
    /// The label of a channel of texts that says how long the text before it lasts, in seconds.
    pub const DURATION: &str = "duration_s";

    /// A marker of this stream: its texts, and how long it lasts where a channel says so.
    #[must_use]
    pub fn marker(&self, texts: &[String]) -> (String, Option<f64>) {
        let at = self.notes.iter().position(|note| note.label == Self::DURATION);
        let duration_s = at.and_then(|at| texts.get(at)?.parse().ok()).filter(|d: &f64| *d >= 0.0 && d.is_finite());
        let said = texts.iter().enumerate().filter(|(index, _)| Some(*index) != at).map(|(_, text)| text.as_str());
        (said.collect::<Vec<_>>().join(" "), duration_s)
    }

    /// Reads the XML of a stream header, or says what is wrong with it.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        with_xml(bytes, Self::of).unwrap_or_else(|| Err("its description is not XML".to_owned()))
    }

    fn of(info: Node<'_, '_>) -> Result<Self, String> {
        let said = |name: &str, problem: &str| format!("its {name} is {:?}, {problem}", text(info, name));
        let channels = text(info, "channel_count").parse::<usize>().ok().filter(|n| (1..=1 << 24).contains(n));
        let channels = channels.ok_or_else(|| said("channel_count", "not a number from 1 to 16777216"))?;
        let rate_hz = text(info, "nominal_srate").parse::<f64>().ok().filter(|r| (0.0..=1e9).contains(r));
        let rate_hz = rate_hz.ok_or_else(|| said("nominal_srate", "not a rate in hertz"))?;
        let format = ValueFormat::of_word(&text(info, "channel_format"));
        let format = format.ok_or_else(|| said("channel_format", "which the specification does not know"))?;
        let desc = child(info, "desc");
        let notes = desc.and_then(|desc| child(desc, "channels")).map(|list| {
            let channels = list.children().filter(|node| node.has_tag_name("channel")).take(channels);
            let note = |node| ChannelNote {
                label: text(node, "label"),
                unit: text(node, "unit"),
                kind: text(node, "type"),
                location_mm: child(node, "location").and_then(|location| {
                    let [x, y, z] = AXES.map(|axis| text(location, axis).parse().ok());
                    Some([x?, y?, z?])
                }),
            };
            channels.map(note).collect()
        });
        let dropping = desc.and_then(|desc| child(desc, "synchronization")).map(|s| text(s, "can_drop_samples"));
        Ok(Self {
            name: text(info, "name"),
            content_type: text(info, "type"),
            source_id: text(info, "source_id"),
            hostname: text(info, "hostname"),
            channels,
            rate_hz,
            format,
            notes: notes.unwrap_or_default(),
            can_drop_samples: dropping.is_some_and(|word| word.eq_ignore_ascii_case("true")),
        })
    }

    /// The XML of a stream header.
    pub(super) fn compose(&self) -> String {
        let mut xml = "<?xml version=\"1.0\"?><info>".to_owned();
        let mut element = |name: &str, text: &str| {
            let _ = write!(xml, "<{name}>{}</{name}>", Escaped(text));
        };
        element("name", &self.name);
        element("type", &self.content_type);
        element("channel_count", &self.channels.to_string());
        element("nominal_srate", &self.rate_hz.to_string());
        element("channel_format", self.format.word());
        element("source_id", &self.source_id);
        element("version", "1.1");
        element("hostname", &self.hostname);
        xml.push_str("<desc>");
        if !self.notes.is_empty() {
            xml.push_str("<channels>");
            for note in &self.notes {
                xml.push_str("<channel>");
                for (name, text) in [("label", &note.label), ("unit", &note.unit), ("type", &note.kind)] {
                    if !text.is_empty() {
                        let _ = write!(xml, "<{name}>{}</{name}>", Escaped(text));
                    }
                }
                if let Some(location_mm) = note.location_mm {
                    let [x, y, z] = location_mm;
                    let _ = write!(xml, "<location><X>{x}</X><Y>{y}</Y><Z>{z}</Z></location>");
                }
                xml.push_str("</channel>");
            }
            xml.push_str("</channels>");
        }
        if self.can_drop_samples {
            xml.push_str("<synchronization><can_drop_samples>true</can_drop_samples></synchronization>");
        }
        xml.push_str("</desc></info>");
        xml
    }
}

/// Text as XML holds it; control characters, which XML cannot hold, become blanks.
struct Escaped<'a>(&'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        for c in self.0.chars() {
            match c {
                '&' => f.write_str("&amp;")?,
                '<' => f.write_str("&lt;")?,
                '>' => f.write_str("&gt;")?,
                '\u{fffe}' | '\u{ffff}' => f.write_char(' ')?,
                c if c.is_control() => f.write_char(' ')?,
                c => f.write_char(c)?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_round_trip() {
        let note = |label: &str| ChannelNote {
            label: label.to_owned(),
            unit: "microvolts".to_owned(),
            kind: "EEG".to_owned(),
            location_mm: None,
        };
        let placed = |label: &str| ChannelNote { location_mm: Some([-61.5, 1e-9, 1.0 / 3.0]), ..note(label) };
        let description = StreamDescription {
            name: "a < b & \"c\" µ 脳".to_owned(),
            content_type: "EEG".to_owned(),
            source_id: "amp'1".to_owned(),
            hostname: "rig".to_owned(),
            channels: 3,
            rate_hz: 487.5,
            format: ValueFormat::Int16,
            notes: vec![note("C3"), placed("C4")],
            can_drop_samples: true,
        };
        assert_eq!(StreamDescription::parse(description.compose().as_bytes()).unwrap(), description);
    }

    #[test]
    fn what_cannot_be_is_named() {
        let with = |count: &str, rate: &str, format: &str| {
            let xml = format!(
                "<info><channel_count>{count}</channel_count><nominal_srate>{rate}</nominal_srate>\
                 <channel_format>{format}</channel_format></info>"
            );
            StreamDescription::parse(xml.as_bytes()).map(drop)
        };
        assert_eq!(with("2", "0", "string"), Ok(()));
        for (bad, said) in [
            (with("0", "1", "int8"), "channel_count"),
            (with("99999999999", "1", "int8"), "channel_count"),
            (with("1", "nan", "int8"), "nominal_srate"),
            (with("1", "-1", "int8"), "nominal_srate"),
            (with("1", "1", "int9"), "channel_format"),
            (StreamDescription::parse(b"<info>").map(drop), "not XML"),
            (StreamDescription::parse(b"<!DOCTYPE a [<!ENTITY b \"c\">]><info/>").map(drop), "not XML"),
        ] {
            assert!(bad.unwrap_err().contains(said));
        }
    }
}
