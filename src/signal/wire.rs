//! How values of a View travel to another process: what is shared as what it holds, long rows of numbers as bytes.
//!
//! Owns nothing; for `serde`'s `with`. Invariant: what is read back equals what was written, NaN included.

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::sync::Arc;

/// `Arc<T>` as the value in it.
pub mod shared {
    use super::{Arc, Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(value: &Arc<T>, serializer: S) -> Result<S::Ok, S::Error> {
        (**value).serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Arc<T>, D::Error> {
        T::deserialize(deserializer).map(Arc::new)
    }
}

/// `Option<Arc<T>>` as the value in it, or none.
pub mod maybe_shared {
    use super::{Arc, Deserialize, Deserializer, Serialize, Serializer};

    /// Writes the value.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Serialize, S: Serializer>(value: &Option<Arc<T>>, serializer: S) -> Result<S::Ok, S::Error> {
        value.as_deref().serialize(serializer)
    }

    /// Reads it.
    ///
    /// # Errors
    /// Those of the deserializer.
    pub fn deserialize<'de, T: Deserialize<'de>, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Arc<T>>, D::Error> {
        Option::<T>::deserialize(deserializer).map(|value| value.map(Arc::new))
    }
}

/// Numbers as their little-endian bytes.
pub mod raw {
    use super::{Deserializer, Serializer};
    use serde::de::{Error, Visitor};
    use std::fmt;

    /// What is written as bytes.
    pub trait Raw: Sized {
        /// Bytes of one.
        const BYTES: usize;
        /// Appends it.
        fn put(&self, bytes: &mut Vec<u8>);
        /// Reads it from so many bytes.
        fn get(bytes: &[u8]) -> Self;
    }

    impl Raw for u8 {
        const BYTES: usize = 1;
        fn put(&self, bytes: &mut Vec<u8>) {
            bytes.push(*self);
        }
        fn get(bytes: &[u8]) -> Self {
            bytes.first().copied().unwrap_or_default()
        }
    }

    impl Raw for f32 {
        const BYTES: usize = 4;
        fn put(&self, bytes: &mut Vec<u8>) {
            bytes.extend_from_slice(&self.to_le_bytes());
        }
        fn get(bytes: &[u8]) -> Self {
            bytes.try_into().map(Self::from_le_bytes).unwrap_or_default()
        }
    }

    impl Raw for (f32, f32) {
        const BYTES: usize = 8;
        fn put(&self, bytes: &mut Vec<u8>) {
            self.0.put(bytes);
            self.1.put(bytes);
        }
        fn get(bytes: &[u8]) -> Self {
            let (first, second) = bytes.split_at(bytes.len() / 2);
            (f32::get(first), f32::get(second))
        }
    }

    /// Writes them.
    ///
    /// # Errors
    /// Those of the serializer.
    pub fn serialize<T: Raw, S: Serializer>(values: &[T], serializer: S) -> Result<S::Ok, S::Error> {
        let mut bytes = Vec::with_capacity(values.len() * T::BYTES);
        values.iter().for_each(|value| value.put(&mut bytes));
        serializer.serialize_bytes(&bytes)
    }

    /// Reads them.
    ///
    /// # Errors
    /// Those of the deserializer, and where bytes are left over.
    pub fn deserialize<'de, T: Raw, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<T>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
            fn visit_byte_buf<E: Error>(self, bytes: Vec<u8>) -> Result<Vec<u8>, E> {
                Ok(bytes)
            }
        }
        let bytes = deserializer.deserialize_byte_buf(Bytes)?;
        if !bytes.len().is_multiple_of(T::BYTES) {
            return Err(D::Error::custom("half a number at the end"));
        }
        Ok(bytes.chunks_exact(T::BYTES).map(T::get).collect())
    }
}
