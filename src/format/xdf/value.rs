//! The seven kinds of values that a stream can carry.
//!
//! Owns [`ValueFormat`] and [`Values`]; runs on no thread of its own. Invariant: values keep the type of the file, so
//! nothing is rounded between reading and writing.

/// How a stream carries its values.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ValueFormat {
    /// 32-bit floating point.
    #[default]
    Float32,
    /// 64-bit floating point.
    Double64,
    /// Texts: markers.
    String,
    /// 8-bit integers.
    Int8,
    /// 16-bit integers.
    Int16,
    /// 32-bit integers.
    Int32,
    /// 64-bit integers.
    Int64,
}

impl ValueFormat {
    const ALL: [(Self, &'static str, usize); 7] = [
        (Self::Float32, "float32", 4),
        (Self::Double64, "double64", 8),
        (Self::String, "string", 0),
        (Self::Int8, "int8", 1),
        (Self::Int16, "int16", 2),
        (Self::Int32, "int32", 4),
        (Self::Int64, "int64", 8),
    ];

    /// The format of a word such as `float32`.
    #[must_use]
    pub fn of_word(word: &str) -> Option<Self> {
        Self::ALL.iter().find(|(_, name, _)| *name == word).map(|(format, ..)| *format)
    }

    /// The word of the format, such as `float32`.
    #[must_use]
    pub fn word(self) -> &'static str {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or("", |(_, name, _)| *name)
    }

    /// Bytes of one value; 0 for texts, which have a length each.
    #[must_use]
    pub fn bytes(self) -> usize {
        Self::ALL.iter().find(|(format, ..)| *format == self).map_or(0, |(.., bytes)| *bytes)
    }
}

/// Values of whole samples, interleaved `[T, C]`, in the type of their stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Values {
    /// 32-bit floating point.
    Float32(Vec<f32>),
    /// 64-bit floating point.
    Double64(Vec<f64>),
    /// Texts.
    String(Vec<String>),
    /// 8-bit integers.
    Int8(Vec<i8>),
    /// 16-bit integers.
    Int16(Vec<i16>),
    /// 32-bit integers.
    Int32(Vec<i32>),
    /// 64-bit integers.
    Int64(Vec<i64>),
}

impl Default for Values {
    fn default() -> Self {
        Self::Float32(Vec::new())
    }
}

/// Does the same with the vector of any kind.
macro_rules! each {
    ($values:expr, $list:ident => $do:expr) => {
        match $values {
            Values::Float32($list) => $do,
            Values::Double64($list) => $do,
            Values::String($list) => $do,
            Values::Int8($list) => $do,
            Values::Int16($list) => $do,
            Values::Int32($list) => $do,
            Values::Int64($list) => $do,
        }
    };
}

impl Values {
    /// No values of this format.
    #[must_use]
    pub fn of(format: ValueFormat) -> Self {
        match format {
            ValueFormat::Float32 => Self::Float32(Vec::new()),
            ValueFormat::Double64 => Self::Double64(Vec::new()),
            ValueFormat::String => Self::String(Vec::new()),
            ValueFormat::Int8 => Self::Int8(Vec::new()),
            ValueFormat::Int16 => Self::Int16(Vec::new()),
            ValueFormat::Int32 => Self::Int32(Vec::new()),
            ValueFormat::Int64 => Self::Int64(Vec::new()),
        }
    }

    /// Their format.
    #[must_use]
    pub fn format(&self) -> ValueFormat {
        match self {
            Self::Float32(_) => ValueFormat::Float32,
            Self::Double64(_) => ValueFormat::Double64,
            Self::String(_) => ValueFormat::String,
            Self::Int8(_) => ValueFormat::Int8,
            Self::Int16(_) => ValueFormat::Int16,
            Self::Int32(_) => ValueFormat::Int32,
            Self::Int64(_) => ValueFormat::Int64,
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        each!(self, list => list.len())
    }

    /// True where there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Forgets them and keeps the memory.
    pub fn clear(&mut self) {
        each!(self, list => list.clear());
    }

    /// Keeps the values of these places.
    pub fn keep(&mut self, range: std::ops::Range<usize>) {
        each!(self, list => {
            list.truncate(range.end);
            list.drain(..range.start.min(list.len()));
        });
    }

    /// The values of these places.
    #[must_use]
    pub fn part(&self, range: std::ops::Range<usize>) -> Self {
        match self {
            Self::Float32(list) => Self::Float32(list.get(range).unwrap_or_default().to_vec()),
            Self::Double64(list) => Self::Double64(list.get(range).unwrap_or_default().to_vec()),
            Self::String(list) => Self::String(list.get(range).unwrap_or_default().to_vec()),
            Self::Int8(list) => Self::Int8(list.get(range).unwrap_or_default().to_vec()),
            Self::Int16(list) => Self::Int16(list.get(range).unwrap_or_default().to_vec()),
            Self::Int32(list) => Self::Int32(list.get(range).unwrap_or_default().to_vec()),
            Self::Int64(list) => Self::Int64(list.get(range).unwrap_or_default().to_vec()),
        }
    }

    /// The values of these channels, of samples of `width` values each.
    #[must_use]
    pub fn of_channels(&self, width: usize, channels: &[usize]) -> Self {
        macro_rules! picked {
            ($list:expr) => {
                $list
                    .chunks_exact(width.max(1))
                    .flat_map(|one| channels.iter().filter_map(|&c| one.get(c).cloned()))
                    .collect()
            };
        }
        match self {
            Self::Float32(list) => Self::Float32(picked!(list)),
            Self::Double64(list) => Self::Double64(picked!(list)),
            Self::String(list) => Self::String(picked!(list)),
            Self::Int8(list) => Self::Int8(picked!(list)),
            Self::Int16(list) => Self::Int16(picked!(list)),
            Self::Int32(list) => Self::Int32(picked!(list)),
            Self::Int64(list) => Self::Int64(picked!(list)),
        }
    }

    /// One of them as a number; `None` for texts and past the end. Whole numbers beyond 2^53 are rounded.
    #[must_use]
    pub fn number(&self, index: usize) -> Option<f64> {
        match self {
            Self::Float32(list) => list.get(index).map(|&v| f64::from(v)),
            Self::Double64(list) => list.get(index).copied(),
            Self::String(_) => None,
            Self::Int8(list) => list.get(index).map(|&v| f64::from(v)),
            Self::Int16(list) => list.get(index).map(|&v| f64::from(v)),
            Self::Int32(list) => list.get(index).map(|&v| f64::from(v)),
            Self::Int64(list) => list.get(index).map(|&v| v as f64),
        }
    }

    /// The texts; empty for numbers.
    #[must_use]
    pub fn texts(&self) -> &[String] {
        if let Self::String(texts) = self { texts } else { &[] }
    }

    /// Appends the value of these little-endian bytes, as many as the format has.
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        macro_rules! push {
            ($list:expr, $type:ty) => {
                if let Some((value, _)) = bytes.split_first_chunk() {
                    $list.push(<$type>::from_le_bytes(*value));
                }
            };
        }
        match self {
            Self::Float32(list) => push!(list, f32),
            Self::Double64(list) => push!(list, f64),
            Self::String(list) => list.push(String::from_utf8_lossy(bytes).into_owned()),
            Self::Int8(list) => push!(list, i8),
            Self::Int16(list) => push!(list, i16),
            Self::Int32(list) => push!(list, i32),
            Self::Int64(list) => push!(list, i64),
        }
    }

    /// Appends the little-endian bytes of values `from..to`; texts with their lengths.
    pub(super) fn append_to(&self, range: std::ops::Range<usize>, out: &mut Vec<u8>) {
        macro_rules! append {
            ($list:expr) => {
                for value in $list.get(range).unwrap_or_default() {
                    out.extend(value.to_le_bytes());
                }
            };
        }
        match self {
            Self::Float32(list) => append!(list),
            Self::Double64(list) => append!(list),
            Self::Int8(list) => append!(list),
            Self::Int16(list) => append!(list),
            Self::Int32(list) => append!(list),
            Self::Int64(list) => append!(list),
            Self::String(list) => {
                for text in list.get(range).unwrap_or_default() {
                    super::chunk::push_length(text.len() as u64, out);
                    out.extend(text.as_bytes());
                }
            }
        }
    }
}
