//! Apache Parquet: what all files of columns here share.
//!
//! Pure. Invariant: a column is written as a whole, one after the other in the order of the schema.

use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::writer::SerializedRowGroupWriter;
use parquet::schema::parser::parse_message_type;
use parquet::schema::types::TypePtr;
use std::io::{self, Write};
use std::sync::Arc;

/// Who wrote it.
pub(super) const CREATED_BY: &str = concat!("neurostream version ", env!("CARGO_PKG_VERSION"));

/// The columns that a text in Parquet's own notation names.
pub(super) fn schema(text: &str) -> io::Result<TypePtr> {
    parse_message_type(text).map(Arc::new).map_err(io_error)
}

/// Writes the next column of a group of rows.
pub(super) fn put<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, impl Write + Send>,
    values: &[T::T],
) -> Result<(), ParquetError> {
    let column = group.next_column()?;
    let mut column = column.ok_or_else(|| ParquetError::General("there is no such column".to_owned()))?;
    column.typed::<T>().write_batch(values, None, None)?;
    column.close()
}

/// What a writer of files says.
pub(super) fn io_error(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(other) => io::Error::other(other),
        },
        other => io::Error::other(other),
    }
}
