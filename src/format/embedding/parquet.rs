//! Embeddings as columns: Apache Parquet, format 1, plain values without compression.
//!
//! Owned by an [`super::EmbeddingFile`]. One page a column in groups of rows, no column may be empty, so that neither levels nor
//! dictionaries are needed; numbers of an embedding hardly compress. The crate `parquet` does far more, and the hash features that
//! it asks for would have the learning crates built anew. Invariant: the file has a temporary name until its metadata stand.

use super::Row;
use super::thrift::{Struct, structure};
use crate::format::atomic;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

const MAGIC: &[u8; 4] = b"PAR1";
/// Values in a group of rows, which is kept until it is whole: 16 MB.
const GROUP_VALUES: usize = 4 << 20;

/// Types, encodings and the like by their numbers in `parquet.thrift`.
mod code {
    pub const REQUIRED: i32 = 0;
    pub const UTF8: i32 = 0;
    pub const PLAIN: i32 = 0;
    pub const RLE: i32 = 3;
    pub const UNCOMPRESSED: i32 = 0;
    pub const DATA_PAGE: i32 = 0;
}

/// What a column holds, by its number.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Kind {
    Integer = 2,
    Float = 4,
    Double = 5,
    Text = 6,
}

/// A column of the group that is being filled.
#[derive(Debug)]
struct Column {
    name: String,
    kind: Kind,
    bytes: Vec<u8>,
}

/// Where a column of a group lies.
#[derive(Debug)]
struct Chunk {
    offset: u64,
    bytes: usize,
}

/// A group of rows that is written.
#[derive(Debug)]
struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

/// A Parquet file with its path.
#[derive(Debug)]
pub struct ParquetFile {
    pub(super) path: PathBuf,
    file: BufWriter<File>,
    columns: Vec<Column>,
    rows: usize,
    /// Rows of a whole group.
    group_rows: usize,
    groups: Vec<Group>,
    at: u64,
}

impl ParquetFile {
    pub(super) fn create(path: &Path, dimension: usize) -> io::Result<Self> {
        Self::create_with(path, dimension, (GROUP_VALUES / dimension.max(1)).max(1))
    }

    fn create_with(path: &Path, dimension: usize, group_rows: usize) -> io::Result<Self> {
        let mut file = BufWriter::new(File::create(atomic::partial(path))?);
        file.write_all(MAGIC)?;
        let column = |name: &str, kind| Column { name: name.to_owned(), kind, bytes: Vec::new() };
        let mut columns = vec![
            column("file", Kind::Text),
            column("first_frame", Kind::Integer),
            column("start_s", Kind::Double),
            column("end_s", Kind::Double),
            column("generation", Kind::Integer),
            column("quality", Kind::Float),
        ];
        columns.extend((0..dimension).map(|i| column(&format!("e{i}"), Kind::Float)));
        let (path, groups, at) = (path.to_owned(), Vec::new(), MAGIC.len() as u64);
        Ok(Self { path, file, columns, rows: 0, group_rows, groups, at })
    }

    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let [file, first, start, end, generation, quality, values @ ..] = &mut self.columns[..] else { return Ok(()) };
        file.bytes.extend((row.file.len() as u32).to_le_bytes());
        file.bytes.extend(row.file.as_bytes());
        first.bytes.extend(row.first.to_le_bytes());
        start.bytes.extend(row.start_s.to_le_bytes());
        end.bytes.extend(row.end_s.to_le_bytes());
        generation.bytes.extend(row.generation.to_le_bytes());
        quality.bytes.extend(row.quality.to_le_bytes());
        for (column, value) in values.iter_mut().zip(row.values) {
            column.bytes.extend(value.to_le_bytes());
        }
        self.rows += 1;
        if self.rows == self.group_rows { self.close_group() } else { Ok(()) }
    }

    fn close_group(&mut self) -> io::Result<()> {
        let (rows, mut chunks) = (std::mem::take(&mut self.rows), Vec::with_capacity(self.columns.len()));
        for column in &mut self.columns {
            let mut header = Vec::new();
            let size = i32::try_from(column.bytes.len()).map_err(|_| io::Error::other("a page of more than 2 GB"))?;
            structure(&mut header, |page| {
                page.i32(1, code::DATA_PAGE);
                page.i32(2, size);
                page.i32(3, size);
                page.structure(5, |data| {
                    data.i32(1, rows as i32);
                    data.i32(2, code::PLAIN);
                    data.i32(3, code::RLE);
                    data.i32(4, code::RLE);
                });
            });
            self.file.write_all(&header)?;
            self.file.write_all(&column.bytes)?;
            let bytes = header.len() + column.bytes.len();
            chunks.push(Chunk { offset: self.at, bytes });
            self.at += bytes as u64;
            column.bytes.clear();
        }
        self.groups.push(Group { rows, chunks });
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if self.rows > 0 {
            self.close_group()?;
        }
        let mut metadata = Vec::new();
        structure(&mut metadata, |file| self.metadata(file));
        self.file.write_all(&metadata)?;
        self.file.write_all(&(metadata.len() as u32).to_le_bytes())?;
        self.file.write_all(MAGIC)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(atomic::partial(&self.path), &self.path)?;
        atomic::sync_folder_of(&self.path)
    }

    fn metadata(&self, file: &mut Struct<'_>) {
        file.i32(1, 1);
        let root = std::iter::once(None);
        let schema: Vec<Option<&Column>> = root.chain(self.columns.iter().map(Some)).collect();
        file.structures(2, schema.into_iter(), |element, column| {
            let Some(column) = column else {
                element.text(4, "schema");
                return element.i32(5, self.columns.len() as i32);
            };
            element.i32(1, column.kind as i32);
            element.i32(3, code::REQUIRED);
            element.text(4, &column.name);
            if column.kind == Kind::Text {
                element.i32(6, code::UTF8);
            }
        });
        file.i64(3, self.groups.iter().map(|group| group.rows as i64).sum());
        file.structures(4, self.groups.iter(), |group, written| {
            group.structures(1, written.chunks.iter().zip(&self.columns), |chunk, (place, column)| {
                chunk.i64(2, place.offset as i64);
                chunk.structure(3, |facts| {
                    facts.i32(1, column.kind as i32);
                    facts.numbers(2, &[code::PLAIN]);
                    facts.texts(3, &[&column.name]);
                    facts.i32(4, code::UNCOMPRESSED);
                    facts.i64(5, written.rows as i64);
                    facts.i64(6, place.bytes as i64);
                    facts.i64(7, place.bytes as i64);
                    facts.i64(9, place.offset as i64);
                });
            });
            group.i64(2, written.chunks.iter().map(|place| place.bytes as i64).sum());
            group.i64(3, written.rows as i64);
        });
        file.text(6, concat!("neurostream version ", env!("CARGO_PKG_VERSION")));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two groups of two rows and one of one; what pyarrow reads is in `tests/it/cli/embed.rs`.
    #[test]
    fn a_file_is_made_of_groups_of_rows_and_appears_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("e.parquet");
        let mut file = ParquetFile::create_with(&path, 2, 2).unwrap();
        for n in 0..5_u64 {
            let values = [n as f32, -0.5];
            let (start_s, end_s) = (n as f64, n as f64 + 2.0);
            let row = Row {
                first: n * 250,
                start_s,
                end_s,
                generation: 7,
                latency_ms: 0.0,
                quality: 0.75,
                amplitudes: &[],
                class: None,
                novelty: None,
                confidence: None,
                marker: None,
                file: "a.edf",
                values: &values,
            };
            file.push(row).unwrap();
            assert!(!path.exists());
        }
        file.finish().unwrap();
        let bytes = fs::read(&path).unwrap();
        let end = bytes.len() - 8;
        let length = u32::from_le_bytes(bytes[end..end + 4].try_into().unwrap()) as usize;
        assert_eq!((&bytes[..4], &bytes[end + 4..]), (&MAGIC[..], &MAGIC[..]));
        // Version 1, eight columns and their root.
        assert_eq!(bytes[end - length..][..5], [0x15, 2, 0x19, 0x9c, 0x48]);
        // The first page: 18 bytes of two texts, each behind its length; 17 bytes of header come before them.
        assert_eq!(bytes[4..13], [0x15, 0, 0x15, 36, 0x15, 36, 0x2c, 0x15, 4]);
        assert_eq!(bytes[21..30], [5, 0, 0, 0, b'a', b'.', b'e', b'd', b'f']);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
