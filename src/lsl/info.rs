//! What a stream says of itself.
//!
//! Owns [`StreamInfo`], made by a resolver, an inlet or for an outlet; used by one thread at a time. Invariant:
//! nothing that a stream claims is trusted: counts are checked and lists are cut to the channel count.

use std::ffi::CStr;
use std::fmt;

use super::LslError;
use super::library::{Library, c_text};
use super::raw::{Field, RawInfo};

/// How a stream carries its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SampleFormat {
    /// 32-bit floating point.
    Float32,
    /// 64-bit floating point.
    Double64,
    /// Texts: markers.
    String,
    /// 32-bit integers.
    Int32,
    /// 16-bit integers.
    Int16,
    /// 8-bit integers.
    Int8,
    /// 64-bit integers.
    Int64,
}

impl SampleFormat {
    const ALL: [(Self, i32, &'static str); 7] = [
        (Self::Float32, 1, "float32"),
        (Self::Double64, 2, "double64"),
        (Self::String, 3, "string"),
        (Self::Int32, 4, "int32"),
        (Self::Int16, 5, "int16"),
        (Self::Int8, 6, "int8"),
        (Self::Int64, 7, "int64"),
    ];

    fn of_code(code: i32) -> Option<Self> {
        Self::ALL.iter().find(|(_, c, _)| *c == code).map(|(format, ..)| *format)
    }

    fn entry(self) -> (i32, &'static str) {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or((0, "undefined"), |(_, code, word)| (*code, word))
    }

    /// The word that LSL uses, such as `float32`.
    #[must_use]
    pub fn word(self) -> &'static str {
        self.entry().1
    }
}

/// The axes of a location in the XDF meta-data conventions.
const AXES: [&CStr; 3] = [c"X", c"Y", c"Z"];

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

/// The description of a stream.
///
/// One that a resolver returns lacks the channel notes and other values: [`super::Inlet::info`] has them.
pub struct StreamInfo {
    pub(super) raw: RawInfo,
}

impl StreamInfo {
    /// Describes a stream to be published.
    ///
    /// `rate_hz` is 0 for an irregular stream. A `source_id` that stays the same over restarts, and that no other
    /// stream on the network has, lets receivers find the stream again; an empty one makes a loss final.
    ///
    /// # Errors
    /// [`LslError::Text`] for texts that LSL cannot take, [`LslError::Refused`] for an impossible count or rate.
    pub fn create(
        library: &Library,
        (name, content_type, source_id): (&str, &str, &str),
        channels: usize,
        rate_hz: f64,
        format: SampleFormat,
    ) -> Result<Self, LslError> {
        for (what, text) in [("the stream name", name), ("the source_id", source_id)] {
            if text.contains(['\'', '"']) {
                // liblsl pastes both, unescaped, into the query by which receivers find a lost stream again.
                let why = "with a quotation mark receivers could not find the stream again after a loss";
                return Err(LslError::Text { what, text: text.to_owned(), why });
            }
        }
        let name = c_text("the stream name", name)?;
        let kind = c_text("the stream type", content_type)?;
        let source_id = c_text("the source_id", source_id)?;
        let count = i32::try_from(channels).ok().filter(|count| *count > 0);
        let Some(count) = count.filter(|_| rate_hz.is_finite() && rate_hz >= 0.0) else {
            let why = format!("{channels} channels at {rate_hz} Hz");
            return Err(LslError::Refused { doing: "making a stream description", why });
        };
        let raw = RawInfo::create(&library.api, (&name, &kind, &source_id), count, rate_hz, format.entry().0)?;
        Ok(Self { raw })
    }

    /// Adds the channels' notes, as the XDF meta-data conventions lay them out; empty fields are left out.
    ///
    /// # Errors
    /// [`LslError::Text`] for a zero byte in a text.
    pub fn describe_channels(&mut self, notes: &[ChannelNote]) -> Result<(), LslError> {
        let doing = "describing channels";
        let refused = || LslError::Refused { doing, why: "the description has no place for them".to_owned() };
        let channels = self.raw.desc().and_then(|desc| desc.append(c"channels")).ok_or_else(refused)?;
        for note in notes {
            let channel = channels.append(c"channel").ok_or_else(refused)?;
            for (key, value) in [(c"label", &note.label), (c"unit", &note.unit), (c"type", &note.kind)] {
                if !value.is_empty() {
                    channel.append_value(key, &c_text("a channel note", value)?);
                }
            }
            if let Some(location_mm) = note.location_mm {
                let location = channel.append(c"location").ok_or_else(refused)?;
                for (axis, value) in AXES.into_iter().zip(location_mm) {
                    location.append_value(axis, &c_text("a channel note", &value.to_string())?);
                }
            }
        }
        Ok(())
    }

    /// Adds `<key>value</key>` to the description.
    ///
    /// # Errors
    /// [`LslError::Text`] for a key that is no XML name, or a zero byte in the value.
    pub fn describe(&mut self, key: &str, value: &str) -> Result<(), LslError> {
        let mut letters = key.chars();
        let starts = letters.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
        if !starts || !letters.all(|c| c.is_ascii_alphanumeric() || "_-.".contains(c)) {
            let why = "it must be a letter followed by letters, digits, '_', '-' or '.'";
            return Err(LslError::Text { what: "the description key", text: key.to_owned(), why });
        }
        if let Some(desc) = self.raw.desc() {
            desc.append_value(&c_text("the description key", key)?, &c_text("the description value", value)?);
        }
        Ok(())
    }

    /// The name, for people.
    #[must_use]
    pub fn name(&self) -> String {
        self.raw.text(Field::Name)
    }

    /// The content type: `EEG`, `Markers`, …
    #[must_use]
    pub fn content_type(&self) -> String {
        self.raw.text(Field::Type)
    }

    /// What stays the same when the source restarts; may be empty.
    #[must_use]
    pub fn source_id(&self) -> String {
        self.raw.text(Field::SourceId)
    }

    /// What is new each time the source starts.
    #[must_use]
    pub fn uid(&self) -> String {
        self.raw.text(Field::Uid)
    }

    /// The session that the source belongs to.
    #[must_use]
    pub fn session_id(&self) -> String {
        self.raw.text(Field::SessionId)
    }

    /// The computer that the source runs on.
    #[must_use]
    pub fn hostname(&self) -> String {
        self.raw.text(Field::Host)
    }

    /// When the source started, in seconds on its own clock.
    #[must_use]
    pub fn created_at(&self) -> f64 {
        self.raw.created_at()
    }

    /// Values in a sample; 0 where the description is not valid.
    #[must_use]
    pub fn channels(&self) -> usize {
        usize::try_from(self.raw.channels()).unwrap_or(0)
    }

    /// Nominal rate in hertz; 0 for an irregular stream.
    #[must_use]
    pub fn rate_hz(&self) -> f64 {
        self.raw.rate_hz()
    }

    /// How values are carried, or `None` where the description is not valid.
    #[must_use]
    pub fn format(&self) -> Option<SampleFormat> {
        SampleFormat::of_code(self.raw.format())
    }

    /// The value of `<key>` in the description, where there is one.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        let value = self.raw.desc()?.value(&c_text("the description key", key).ok()?);
        (!value.is_empty()).then_some(value)
    }

    /// Who made the device: `<acquisition><manufacturer>`, or `<manufacturer>`.
    #[must_use]
    pub fn manufacturer(&self) -> Option<String> {
        let acquisition = self.raw.desc()?.child(c"acquisition").map(|element| element.value(c"manufacturer"));
        acquisition.filter(|text| !text.is_empty()).or_else(|| self.value("manufacturer"))
    }

    /// The notes on the channels, in order; fewer than [`Self::channels`] where some are not described, never more.
    #[must_use]
    pub fn channel_notes(&self) -> Vec<ChannelNote> {
        let channels = self.raw.desc().and_then(|desc| desc.child(c"channels"));
        let first = channels.and_then(|channels| channels.child(c"channel"));
        let all = std::iter::successors(first, |channel| channel.next(c"channel")).take(self.channels());
        let notes = all.map(|channel| ChannelNote {
            label: channel.value(c"label").trim().to_owned(),
            unit: channel.value(c"unit").trim().to_owned(),
            kind: channel.value(c"type").trim().to_owned(),
            location_mm: channel.child(c"location").and_then(|location| {
                let [x, y, z] = AXES.map(|axis| location.value(axis).trim().parse().ok());
                Some([x?, y?, z?])
            }),
        });
        notes.collect()
    }
}

/// All that tells one stream from another, on one line.
impl fmt::Display for StreamInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rate = match self.rate_hz() {
            0.0 => "irregular rate".to_owned(),
            rate_hz => format!("{rate_hz} Hz"),
        };
        let format = self.format().map_or("undefined", SampleFormat::word);
        let (name, kind, host, source) = (self.name(), self.content_type(), self.hostname(), self.source_id());
        let count = self.channels();
        write!(f, "'{name}' (type {kind}, host {host}, source_id '{source}', {count} channels, {rate}, {format})")
    }
}
