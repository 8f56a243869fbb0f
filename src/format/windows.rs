//! Prepared windows as columns: shards in Apache Parquet, samples in 16 bits, zstd.
//!
//! Pure: bytes in, bytes out. A group of rows holds windows of one stretch of a recording, with one step a channel, so that
//! windows that overlap hold the same numbers twice, which costs next to nothing once compressed. Invariant: a sample comes
//! back within half a step of its channel, a step being a 32,767th of the channel's largest sample in the group, and one that
//! is zero comes back as zero, since that is how a channel is absent.

use super::parquet::{CREATED_BY, io_error, put, schema};
use crate::format::digest::sha256;
use ::parquet::basic::{Compression, ZstdLevel};
use ::parquet::column::reader::{ColumnReader, get_column_reader};
use ::parquet::data_type::{
    ByteArray, ByteArrayType, DoubleType, FixedLenByteArray, FixedLenByteArrayType, FloatType, Int64Type,
};
use ::parquet::errors::ParquetError;
use ::parquet::file::metadata::{ColumnChunkMetaData, KeyValue, ParquetMetaData, ParquetMetaDataReader};
use ::parquet::file::properties::{EnabledStatistics, WriterProperties};
use ::parquet::file::reader::{ChunkReader, Length};
use ::parquet::file::serialized_reader::SerializedPageReader;
use ::parquet::file::writer::SerializedFileWriter;
use ::parquet::schema::types::ColumnPath;
use bytes::{Buf, Bytes};
use std::io;
use std::ops::Range;
use std::sync::Arc;

/// The largest code; the least is its negative, so that steps are the same on both sides of zero.
const HIGHEST: f32 = i16::MAX as f32;
/// Bytes of a page at most, so that a group of rows is one page and windows that overlap lie in one.
const PAGE: usize = 256 << 20;
/// Bytes at the end of a shard that are read first; they nearly always hold all that is said of its groups.
const TAIL: u64 = 64 << 10;
/// The bytes that end a file: how long its metadata are, and the letters.
const END: u64 = 8;
/// Columns that are read here, by their places.
const FIRST: usize = 2;
const STEPS: usize = 6;
const SAMPLES: usize = 7;

/// Why a shard cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum WindowsError {
    /// It is no Parquet, or damaged.
    #[error("is no shard that can be read: {0}")]
    Parquet(#[from] ParquetError),
    /// It is Parquet, but something is not as it was written.
    #[error("is damaged: {0}")]
    Damaged(&'static str),
}

/// What is the same for all windows.
#[derive(Clone, Debug, PartialEq)]
pub struct Common {
    /// Frames of a window.
    pub frames: usize,
    /// Channels of a window.
    pub channels: usize,
    /// Its rate.
    pub rate_hz: f64,
    /// What to say of all that in words for other programs, as JSON.
    pub told: String,
}

/// Windows of one stretch in 16 bits.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Group {
    /// The first frame of each, at the rate of the model.
    pub firsts: Vec<u64>,
    /// The share of the channels of each that were good.
    pub quality: Vec<f32>,
    /// Of each channel, the step from one code to the next.
    pub steps: Vec<f32>,
    /// Codes, window by window `[T, C]`.
    pub codes: Vec<i16>,
}

impl Group {
    /// Puts the samples of windows `[T, C]`, one behind the other, into 16 bits.
    #[must_use]
    pub fn of(firsts: Vec<u64>, quality: Vec<f32>, samples: &[f32], channels: usize) -> Self {
        let mut most = vec![0.0_f32; channels];
        for frame in samples.chunks_exact(channels) {
            most.iter_mut().zip(frame).for_each(|(most, v)| *most = most.max(v.abs()));
        }
        let steps: Vec<f32> = most.iter().map(|most| most / HIGHEST).collect();
        let per_unit: Vec<f32> =
            steps.iter().map(|step| if *step > f32::MIN_POSITIVE { step.recip() } else { 0.0 }).collect();
        let coded = |frame: &[f32]| -> Vec<i16> {
            frame.iter().zip(&per_unit).map(|(v, per)| (v * per).round().clamp(-HIGHEST, HIGHEST) as i16).collect()
        };
        let mut codes = Vec::with_capacity(samples.len());
        samples.chunks_exact(channels).for_each(|frame| codes.extend(coded(frame)));
        Self { firsts, quality, steps, codes }
    }
}

/// A shard that is being made, in memory.
pub struct Shard {
    writer: SerializedFileWriter<Vec<u8>>,
    common: Common,
    rows: u64,
}

/// A shard as it is stored.
#[derive(Clone, Debug)]
pub struct Made {
    /// All of it.
    pub bytes: Bytes,
    /// Where each of its groups lies.
    pub groups: Vec<Range<u64>>,
    /// SHA-256 of what it says at its end of what lies where.
    pub footer_sha256: String,
    /// Its windows.
    pub rows: u64,
}

impl Shard {
    /// An empty one.
    ///
    /// # Errors
    /// If windows are too large for a column.
    pub fn new(common: &Common) -> io::Result<Self> {
        let (steps, samples) = (4 * common.channels, 2 * common.frames * common.channels);
        let schema = schema(&format!(
            "message windows {{ required binary recording (UTF8); required binary group (UTF8); required int64 first_frame; \
             required double start_s; required double rate_hz; required float quality; \
             required fixed_len_byte_array({steps}) steps; required fixed_len_byte_array({samples}) samples; }}"
        ))?;
        let zstd = ZstdLevel::try_new(3).map_err(io_error)?;
        let samples = ColumnPath::from("samples");
        let properties = WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_compression(Compression::ZSTD(zstd))
            .set_data_page_size_limit(PAGE)
            // So often it is looked whether a page is full.
            .set_write_batch_size(16)
            .set_statistics_enabled(EnabledStatistics::None)
            // Groups are read whole: pages need no index.
            .set_offset_index_disabled(true)
            .set_column_dictionary_enabled(samples, false)
            .set_key_value_metadata(Some(vec![KeyValue::new("neurostream".to_owned(), common.told.clone())]))
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), schema, Arc::new(properties)).map_err(io_error)?;
        Ok(Self { writer, common: common.clone(), rows: 0 })
    }

    /// Adds the windows of a stretch.
    ///
    /// # Errors
    /// If they do not fit together.
    pub fn push(&mut self, recording: &str, group_name: &str, group: &Group) -> io::Result<()> {
        self.put(recording, group_name, group).map_err(io_error)
    }

    fn put(&mut self, recording: &str, group_name: &str, group: &Group) -> Result<(), ParquetError> {
        let (rows, Common { frames, channels, rate_hz, .. }) = (group.firsts.len(), &self.common);
        let firsts: Vec<i64> = group.firsts.iter().map(|first| *first as i64).collect();
        let starts: Vec<f64> = group.firsts.iter().map(|first| *first as f64 / rate_hz).collect();
        let steps: Bytes = group.steps.iter().flat_map(|step| step.to_le_bytes()).collect::<Vec<u8>>().into();
        let codes: Bytes = group.codes.iter().flat_map(|code| code.to_le_bytes()).collect::<Vec<u8>>().into();
        let each = 2 * frames * channels;
        let windows: Vec<FixedLenByteArray> =
            (0..rows).map(|i| ByteArray::from(codes.slice(i * each..(i + 1) * each)).into()).collect();
        let mut columns = self.writer.next_row_group()?;
        put::<ByteArrayType>(&mut columns, &vec![ByteArray::from(recording); rows])?;
        put::<ByteArrayType>(&mut columns, &vec![ByteArray::from(group_name); rows])?;
        put::<Int64Type>(&mut columns, &firsts)?;
        put::<DoubleType>(&mut columns, &starts)?;
        put::<DoubleType>(&mut columns, &vec![*rate_hz; rows])?;
        put::<FloatType>(&mut columns, &group.quality)?;
        put::<FixedLenByteArrayType>(&mut columns, &vec![FixedLenByteArray::from(ByteArray::from(steps)); rows])?;
        put::<FixedLenByteArrayType>(&mut columns, &windows)?;
        columns.close()?;
        self.rows += rows as u64;
        Ok(())
    }

    /// Bytes so far.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.writer.bytes_written()
    }

    /// Windows so far.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.rows
    }

    /// Ends it.
    ///
    /// # Errors
    /// If that cannot be written of it which stands at its end.
    pub fn finish(mut self) -> io::Result<Made> {
        let metadata = self.writer.finish().map_err(io_error)?;
        let groups = (0..metadata.num_row_groups()).map(|group| range_of(&metadata, group)).collect();
        let bytes: Bytes = std::mem::take(self.writer.inner_mut()).into();
        let end = bytes.len() - END as usize;
        let footer_sha256 = sha256(&bytes[end - bytes.slice(end..).get_u32_le() as usize..end]);
        Ok(Made { bytes, groups, footer_sha256, rows: self.rows })
    }
}

/// Where all columns of a group lie.
fn range_of(metadata: &ParquetMetaData, group: usize) -> Range<u64> {
    let columns = metadata.row_group(group).columns().iter();
    let places = columns.map(|column| {
        let start = column.dictionary_page_offset().unwrap_or(column.data_page_offset()).max(0) as u64;
        start..start.saturating_add(column.compressed_size().max(0) as u64)
    });
    places.reduce(|all, next| all.start.min(next.start)..all.end.max(next.end)).unwrap_or_default()
}

/// What a shard says at its end of what lies where.
#[derive(Debug)]
pub struct Footer(ParquetMetaData);

impl Footer {
    /// Reads it of a shard of so many bytes, which must have this SHA-256; `read` gives pieces of them.
    ///
    /// # Errors
    /// If `read` fails, or that is not the shard.
    pub fn read<E: From<WindowsError>>(
        size: u64,
        expected: &str,
        read: impl Fn(Range<u64>) -> Result<Bytes, E>,
    ) -> Result<Self, E> {
        if size < END {
            return Err(WindowsError::Damaged("it is too short").into());
        }
        let mut tail = read(size.saturating_sub(TAIL)..size)?;
        let letters = tail.split_off(tail.len() - END as usize);
        if &letters[4..] != b"PAR1" {
            return Err(WindowsError::Damaged("it does not end as Parquet does").into());
        }
        let length = u64::from(letters.slice(..4).get_u32_le());
        let begins = (size - END).checked_sub(length).ok_or(WindowsError::Damaged("it is too short"))?;
        let whole = if length <= tail.len() as u64 {
            tail.slice(tail.len() - length as usize..)
        } else {
            read(begins..size - END)?
        };
        // Nothing is made of numbers that may be anything.
        if sha256(&whole) != expected {
            return Err(
                WindowsError::Damaged("what it says at its end has not the SHA-256 that its manifest says").into()
            );
        }
        let metadata = ParquetMetaDataReader::decode_metadata(&whole).map_err(WindowsError::from)?;
        Ok(Self(metadata))
    }

    /// Where a group lies; none if there is no such group in the file.
    #[must_use]
    pub fn range(&self, group: usize) -> Option<Range<u64>> {
        let range = (group < self.0.num_row_groups()).then(|| range_of(&self.0, group))?;
        (range.start < range.end).then_some(range)
    }

    /// Reads the windows of a group, so many of them, from its bytes.
    ///
    /// # Errors
    /// If they are not what was written.
    pub fn rows(&self, group: usize, rows: usize, bytes: Bytes) -> Result<Rows, WindowsError> {
        let Some(Range { start, .. }) = self.range(group) else {
            return Err(WindowsError::Damaged("it has fewer groups than it should"));
        };
        let columns = self.0.row_group(group);
        let negative = |column: &ColumnChunkMetaData| column.data_page_offset().min(column.compressed_size()) < 0;
        if columns.num_columns() <= SAMPLES || columns.columns().iter().any(negative) {
            return Err(WindowsError::Damaged("columns are missing"));
        }
        if columns.num_rows() != rows as i64 {
            return Err(WindowsError::Damaged("a group has other rows than it should"));
        }
        let piece = Arc::new(Piece { start, bytes });
        let column = |at: usize| -> Result<ColumnReader, WindowsError> {
            let column = columns.column(at);
            let pages = SerializedPageReader::new(Arc::clone(&piece), column, rows, None)?;
            Ok(get_column_reader(column.column_descr_ptr(), Box::new(pages)))
        };
        let fixed = |at: usize| -> Result<Vec<FixedLenByteArray>, WindowsError> {
            let ColumnReader::FixedLenByteArrayColumnReader(mut column) = column(at)? else {
                return Err(WindowsError::Damaged("a column is of another kind"));
            };
            let mut values = Vec::with_capacity(rows);
            column.read_records(rows, None, None, &mut values)?;
            Ok(values)
        };
        let ColumnReader::Int64ColumnReader(mut column) = column(FIRST)? else {
            return Err(WindowsError::Damaged("a column is of another kind"));
        };
        let mut firsts = Vec::with_capacity(rows);
        column.read_records(rows, None, None, &mut firsts)?;
        let read = Rows { firsts, steps: fixed(STEPS)?, samples: fixed(SAMPLES)? };
        if [read.firsts.len(), read.steps.len(), read.samples.len()] == [rows; 3] {
            return Ok(read);
        }
        Err(WindowsError::Damaged("rows are missing"))
    }
}

/// Windows of a group, as stored.
pub struct Rows {
    firsts: Vec<i64>,
    steps: Vec<FixedLenByteArray>,
    samples: Vec<FixedLenByteArray>,
}

impl Rows {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.firsts.len()
    }

    /// True if there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.firsts.is_empty()
    }

    /// Puts the samples of a window `[T, C]` into `samples`, and says with which frame it begins.
    pub fn window(&self, row: usize, samples: &mut Vec<f32>) -> u64 {
        let steps: Vec<f32> = self.steps[row].data().chunks_exact(4).map(|mut step| step.get_f32_le()).collect();
        samples.clear();
        for frame in self.samples[row].data().chunks_exact(2 * steps.len().max(1)) {
            let codes = frame.as_chunks::<2>().0.iter().map(|code| f32::from(i16::from_le_bytes(*code)));
            samples.extend(codes.zip(&steps).map(|(code, step)| code * step));
        }
        self.firsts[row] as u64
    }
}

/// Bytes of a file from a place on.
struct Piece {
    start: u64,
    bytes: Bytes,
}

impl Length for Piece {
    fn len(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }
}

impl ChunkReader for Piece {
    type T = bytes::buf::Reader<Bytes>;

    fn get_read(&self, start: u64) -> Result<Self::T, ParquetError> {
        let at = start.checked_sub(self.start).filter(|at| *at <= self.bytes.len() as u64);
        let at = at.ok_or_else(|| ParquetError::EOF(format!("byte {start} is not there")))?;
        Ok(self.bytes.slice(at as usize..).reader())
    }

    fn get_bytes(&self, start: u64, length: usize) -> Result<Bytes, ParquetError> {
        let bytes = self.get_read(start)?.into_inner();
        if bytes.len() < length {
            return Err(ParquetError::EOF(format!("{length} bytes from byte {start} on are not there")));
        }
        Ok(bytes.slice(..length))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn common(frames: usize, channels: usize) -> Common {
        Common { frames, channels, rate_hz: 250.0, told: "{}".to_owned() }
    }

    fn footer(bytes: &Bytes, sha256: &str) -> Result<Footer, WindowsError> {
        Footer::read(bytes.len() as u64, sha256, |range| {
            Ok::<_, WindowsError>(bytes.slice(range.start as usize..range.end as usize))
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]
        #[test]
        fn every_sample_comes_back_within_half_a_step(
            samples in prop::collection::vec(prop::num::f32::NORMAL.prop_map(|v| v % 1e6), 4 * 5 * 3),
            absent in 0..3_usize, scale in -20..20_i32,
        ) {
            let mut samples: Vec<f32> = samples.iter().map(|v| v * 2.0_f32.powi(scale)).collect();
            samples.iter_mut().skip(absent).step_by(3).for_each(|v| *v = 0.0);
            let group = Group::of(vec![3, 8, 13, 18], vec![0.5; 4], &samples, 3);
            let mut shard = Shard::new(&common(5, 3)).unwrap();
            shard.push("a.edf", "a", &group).unwrap();
            shard.push("b.edf", "b", &group).unwrap();
            prop_assert_eq!(shard.rows(), 8);
            let Made { bytes, groups, footer_sha256, .. } = shard.finish().unwrap();
            let footer = footer(&bytes, &footer_sha256).unwrap();
            let at = groups[1].clone();
            prop_assert_eq!((footer.range(1), footer.range(2)), (Some(at.clone()), None));
            let rows = footer.rows(1, 4, bytes.slice(at.start as usize..at.end as usize)).unwrap();
            let mut window = Vec::new();
            for row in 0..rows.len() {
                prop_assert_eq!(rows.window(row, &mut window), 3 + 5 * row as u64);
                for (at, (back, v)) in window.iter().zip(&samples[row * 15..]).enumerate() {
                    let step = group.steps[at % 3];
                    // Half a step, and the rounding of single precision.
                    prop_assert!((back - v).abs() <= 0.501 * step + 1e-6 * v.abs(), "{back} for {v} in steps of {step}");
                    prop_assert!(at % 3 != absent || *back == 0.0);
                }
            }
        }
    }

    #[test]
    fn windows_that_overlap_cost_little_more_than_the_signal() {
        // Noise, of which each frame lies in eight windows.
        let mut state = 1_u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) as f32 / 1e7 - 0.8
        };
        let signal: Vec<f32> = (0..4000 * 4).map(|_| noise()).collect();
        let firsts: Vec<u64> = (0..80).map(|i| i * 25).collect();
        let samples: Vec<f32> =
            firsts.iter().flat_map(|first| &signal[*first as usize * 4..][..200 * 4]).copied().collect();
        let group = Group::of(firsts, vec![1.0; 80], &samples, 4);
        let mut shard = Shard::new(&common(200, 4)).unwrap();
        shard.push("a.edf", "", &group).unwrap();
        let size = shard.finish().unwrap().bytes.len();
        let (plain, windows) = (2 * 4 * (79 * 25 + 200), 2 * samples.len());
        assert!(
            size < plain * 5 / 4 && plain * 7 < windows,
            "{size} bytes for {plain} of signal and {windows} of windows"
        );
    }

    #[test]
    fn what_is_no_shard_is_told() {
        let group = Group::of(vec![0], vec![1.0], &[1.0, -2.0], 2);
        let mut shard = Shard::new(&common(1, 2)).unwrap();
        shard.push("a.edf", "", &group).unwrap();
        let Made { bytes, groups, footer_sha256, .. } = shard.finish().unwrap();
        for cut in [0, 7, 12, bytes.len() - 1] {
            assert!(footer(&bytes.slice(..cut), &footer_sha256).is_err(), "{cut}");
        }
        let whole = footer(&bytes, &footer_sha256).unwrap();
        let part = bytes.slice(groups[0].start as usize..groups[0].end as usize - 10);
        assert!(whole.rows(0, 1, part).is_err() && whole.rows(1, 1, Bytes::new()).is_err());
        // Whatever changes behind the first letters, it is found.
        let group = |bytes: &Bytes| sha256(&bytes[groups[0].start as usize..groups[0].end as usize]);
        for at in 4..bytes.len() {
            let mut other = bytes.to_vec();
            other[at] ^= 0x55;
            let other = Bytes::from(other);
            assert!(footer(&other, &footer_sha256).is_err() || group(&other) != group(&bytes), "{at}");
        }
    }
}
