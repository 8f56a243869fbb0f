//! What the header says of each signal, and the scaling that follows from it.
//!
//! Owns [`SignalHeader`] and the [`Layout`] of a record; runs on the thread that opens the file. Invariant: the
//! byte ranges of a layout's signals are disjoint and end at `record_bytes`.

use super::field::{Fields, Place};
use super::header::BLOCK_BYTES;
use super::{EdfError, EdfFormat};
use crate::signal::Unit;
use std::ops::Range;

/// What the header says of one signal.
#[derive(Clone, Debug, PartialEq)]
pub struct SignalHeader {
    /// The name, e.g. `EEG Fpz-Cz`.
    pub label: String,
    /// The electrode or sensor, e.g. `AgAgCl electrode`.
    pub transducer: String,
    /// The physical unit, e.g. `uV`.
    pub dimension: String,
    /// Physical value of `digital_min`; above `physical_max` where the polarity is inverted.
    pub physical_min: f64,
    /// Physical value of `digital_max`.
    pub physical_max: f64,
    /// Announced lower end of the digital values; real files go beyond it.
    pub digital_min: i32,
    /// Announced upper end of the digital values.
    pub digital_max: i32,
    /// Filters of the recorder, e.g. `HP:0.1Hz LP:75Hz`.
    pub prefilter: String,
    /// Samples in each record.
    pub samples_per_record: usize,
    /// True where the bytes are annotations and no samples.
    pub is_annotation: bool,
    /// Its bytes within a record.
    pub(super) bytes: Range<usize>,
}

impl SignalHeader {
    /// Physical units in one digital step; negative where the polarity is inverted.
    #[must_use]
    pub fn gain(&self) -> f64 {
        (self.physical_max - self.physical_min) / (f64::from(self.digital_max) - f64::from(self.digital_min))
    }

    /// The physical value of a digital one, not clamped to the announced range.
    #[must_use]
    pub fn physical(&self, digital: i32) -> f64 {
        self.physical_min + (f64::from(digital) - f64::from(self.digital_min)) * self.gain()
    }

    /// Sampling rate in hertz, where records last `record_duration_s` seconds.
    #[must_use]
    pub fn rate_hz(&self, record_duration_s: f64) -> f64 {
        self.samples_per_record as f64 / record_duration_s
    }

    /// The unit, which says how values become microvolts.
    #[must_use]
    pub fn unit(&self) -> Unit {
        Unit::parse(&self.dimension)
    }
}

/// How the signals lie in a record.
#[derive(Debug, Default)]
pub(super) struct Layout {
    pub signals: Vec<SignalHeader>,
    pub sample_bytes: usize,
    pub record_bytes: usize,
}

/// Widths of the ten columns of the signal headers, in their order in the file.
pub(super) const WIDTHS: [usize; 10] = [16, 80, 8, 8, 8, 8, 8, 80, 8, 32];

/// Parses the headers of `count` signals, which lie column by column after the main header.
pub(super) fn parse(
    fields: &mut Fields<'_>,
    format: EdfFormat,
    count: usize,
    warnings: &mut Vec<String>,
) -> Result<Layout, EdfError> {
    let sample_bytes = format.sample_bytes();
    let mut signals = Vec::new();
    let mut end = 0_usize;
    for index in 0..count {
        let place = |column: usize, field| {
            let before: usize = WIDTHS.iter().take(column).sum();
            let width = WIDTHS.get(column).copied().unwrap_or(0);
            Place { field, signal: Some(index), offset: BLOCK_BYTES + before * count + width * index, width }
        };
        let label = fields.text(&place(0, "label"))?;
        let is_annotation = matches!(label.as_str(), "EDF Annotations" | "BDF Annotations");
        if is_annotation && !format.is_plus() {
            warnings.push(format!("signal {index} is called {label:?} in a plain {format} file; read as annotations"));
        }
        let samples_place = place(8, "samples per record");
        let samples = fields.integer(&samples_place)?;
        let range = usize::try_from(samples).ok().filter(|&n| n > 0).and_then(|samples_per_record| {
            let after = samples_per_record.checked_mul(sample_bytes)?.checked_add(end)?;
            Some((samples_per_record, end..after))
        });
        let Some((samples_per_record, bytes)) = range else {
            let problem = "but a record needs at least one sample of each signal; the header is damaged";
            return Err(fields.refuse(&samples_place, &samples.to_string(), problem));
        };
        end = bytes.end;
        let mut signal = SignalHeader {
            label,
            transducer: fields.text(&place(1, "transducer"))?,
            dimension: fields.text(&place(2, "dimension"))?,
            physical_min: 0.0,
            physical_max: 0.0,
            digital_min: 0,
            digital_max: 0,
            prefilter: fields.text(&place(7, "prefilter"))?,
            samples_per_record,
            is_annotation,
            bytes,
        };
        // Annotations have no scale, so a bad one does no harm.
        if !is_annotation {
            parse_scale(fields, place, &mut signal, warnings)?;
        }
        signals.push(signal);
    }
    Ok(Layout { signals, sample_bytes, record_bytes: end })
}

fn parse_scale(
    fields: &mut Fields<'_>,
    place: impl Fn(usize, &'static str) -> Place,
    signal: &mut SignalHeader,
    warnings: &mut Vec<String>,
) -> Result<(), EdfError> {
    signal.physical_min = fields.number(&place(3, "physical minimum"))?;
    signal.physical_max = fields.number(&place(4, "physical maximum"))?;
    for (target, column, field) in
        [(&mut signal.digital_min, 5, "digital minimum"), (&mut signal.digital_max, 6, "digital maximum")]
    {
        let at = place(column, field);
        let value = fields.integer(&at)?;
        *target = i32::try_from(value)
            .map_err(|_| fields.refuse(&at, &value.to_string(), "which no sample can hold; the header is damaged"))?;
    }
    let equal = "the same as the minimum, so there is no scale; set the range that the amplifier had";
    if signal.physical_min == signal.physical_max {
        return Err(fields.refuse(&place(4, "physical maximum"), &signal.physical_max.to_string(), equal));
    }
    if signal.digital_min == signal.digital_max {
        return Err(fields.refuse(&place(6, "digital maximum"), &signal.digital_max.to_string(), equal));
    }
    if !signal.gain().is_finite() || signal.gain() == 0.0 {
        let problem = "with which a digital step is not a number; the header is damaged";
        return Err(fields.refuse(&place(4, "physical maximum"), &signal.physical_max.to_string(), problem));
    }
    if signal.digital_min > signal.digital_max {
        let at = place(5, "digital minimum");
        warnings.push(format!("{at} at byte {} is above the digital maximum; scaled by the formula", at.offset));
    }
    Ok(())
}
