//! Embeddings as columns: Apache Parquet, plain values without compression, since numbers of an embedding hardly compress.
//!
//! Owned by an [`super::EmbeddingFile`]. Invariant: the file has a temporary name until its metadata stand, and a group of rows
//! is kept until it is whole.

use super::Row;
use crate::format::atomic;
use crate::format::parquet::{CREATED_BY, io_error, put, schema};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, FloatType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::ColumnPath;
use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Values in a group of rows, which is kept until it is whole: 16 MB.
const GROUP_VALUES: usize = 4 << 20;

/// Rows of the group that is being filled, column by column.
#[derive(Debug, Default)]
struct Columns {
    file: Vec<ByteArray>,
    first: Vec<i64>,
    start: Vec<f64>,
    end: Vec<f64>,
    generation: Vec<i64>,
    quality: Vec<f32>,
    values: Vec<Vec<f32>>,
}

/// A Parquet file with its path.
pub struct ParquetFile {
    pub(super) path: PathBuf,
    writer: SerializedFileWriter<File>,
    columns: Columns,
    /// Rows of a whole group.
    group_rows: usize,
}

impl std::fmt::Debug for ParquetFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ParquetFile").field("path", &self.path).finish_non_exhaustive()
    }
}

impl ParquetFile {
    pub(super) fn create(path: &Path, dimension: usize) -> io::Result<Self> {
        Self::create_with(path, dimension, (GROUP_VALUES / dimension.max(1)).max(1))
    }

    fn create_with(path: &Path, dimension: usize, group_rows: usize) -> io::Result<Self> {
        let mut message = "message embeddings { required binary file (UTF8); required int64 first_frame; \
                           required double start_s; required double end_s; required int64 generation; required float quality;"
            .to_owned();
        for i in 0..dimension {
            // A text takes all that is written to it.
            let _ = write!(message, " required float e{i};");
        }
        let schema = schema(&(message + " }"))?;
        let repeated = |name: &str| ColumnPath::from(name);
        let properties = WriterProperties::builder()
            .set_created_by(CREATED_BY.to_owned())
            .set_dictionary_enabled(false)
            .set_column_dictionary_enabled(repeated("file"), true)
            .set_column_dictionary_enabled(repeated("generation"), true)
            .set_statistics_enabled(EnabledStatistics::Chunk)
            .build();
        let file = File::create(atomic::partial(path))?;
        let writer = SerializedFileWriter::new(file, schema, Arc::new(properties)).map_err(io_error)?;
        let columns = Columns { values: vec![Vec::new(); dimension], ..Columns::default() };
        Ok(Self { path: path.to_owned(), writer, columns, group_rows })
    }

    pub(super) fn push(&mut self, row: Row<'_>) -> io::Result<()> {
        let columns = &mut self.columns;
        columns.file.push(row.file.into());
        columns.first.push(row.first as i64);
        columns.start.push(row.start_s);
        columns.end.push(row.end_s);
        columns.generation.push(row.generation as i64);
        columns.quality.push(row.quality);
        columns.values.iter_mut().zip(row.values).for_each(|(column, value)| column.push(*value));
        if columns.file.len() == self.group_rows { self.close_group().map_err(io_error) } else { Ok(()) }
    }

    fn close_group(&mut self) -> Result<(), ParquetError> {
        let mut group = self.writer.next_row_group()?;
        let columns = &mut self.columns;
        put::<ByteArrayType>(&mut group, &columns.file)?;
        put::<Int64Type>(&mut group, &columns.first)?;
        put::<DoubleType>(&mut group, &columns.start)?;
        put::<DoubleType>(&mut group, &columns.end)?;
        put::<Int64Type>(&mut group, &columns.generation)?;
        put::<FloatType>(&mut group, &columns.quality)?;
        for column in &columns.values {
            put::<FloatType>(&mut group, column)?;
        }
        group.close()?;
        *columns = Columns { values: vec![Vec::new(); columns.values.len()], ..Columns::default() };
        Ok(())
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        if !self.columns.file.is_empty() {
            self.close_group().map_err(io_error)?;
        }
        self.writer.into_inner().map_err(io_error)?.sync_all()?;
        fs::rename(atomic::partial(&self.path), &self.path)?;
        atomic::sync_folder_of(&self.path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use parquet::file::metadata::RowGroupMetaData;
    use parquet::file::reader::{FileReader, SerializedFileReader};
    use parquet::record::RowAccessor;

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
                confidence: None,
                marker: None,
                file: "a.edf",
                values: &values,
            };
            file.push(row).unwrap();
            assert!(!path.exists());
        }
        file.finish().unwrap();
        let read = SerializedFileReader::new(File::open(&path).unwrap()).unwrap();
        let groups: Vec<i64> = read.metadata().row_groups().iter().map(RowGroupMetaData::num_rows).collect();
        assert_eq!(groups, [2, 2, 1]);
        for (n, row) in (0_u64..).zip(read.get_row_iter(None).unwrap()) {
            let row = row.unwrap();
            assert_eq!((row.get_string(0).unwrap().as_str(), row.get_long(1).unwrap()), ("a.edf", n as i64 * 250));
            assert_eq!((row.get_double(3).unwrap(), row.get_long(4).unwrap()), (n as f64 + 2.0, 7));
            assert_eq!([5, 6, 7].map(|i| row.get_float(i).unwrap()), [0.75, n as f32, -0.5]);
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1, "nothing else is left");
    }
}
