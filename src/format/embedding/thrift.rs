//! The compact protocol of Apache Thrift, as much of it as Parquet's metadata need.
//!
//! Pure. Invariant: fields of a structure are written in the order of their numbers, and each structure is closed.

const I32: u8 = 5;
const I64: u8 = 6;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Writes a structure into a buffer, field by field.
pub(super) struct Struct<'a> {
    out: &'a mut Vec<u8>,
    last: u8,
}

/// A structure, written by `fields`.
pub(super) fn structure(out: &mut Vec<u8>, fields: impl FnOnce(&mut Struct<'_>)) {
    fields(&mut Struct { out, last: 0 });
    out.push(0);
}

impl Struct<'_> {
    fn field(&mut self, number: u8, kind: u8) {
        // All steps from one number to the next are below 16 in these metadata.
        self.out.push((number - self.last) << 4 | kind);
        self.last = number;
    }

    pub fn i32(&mut self, number: u8, value: i32) {
        self.field(number, I32);
        zigzag(self.out, value.into());
    }

    pub fn i64(&mut self, number: u8, value: i64) {
        self.field(number, I64);
        zigzag(self.out, value);
    }

    pub fn text(&mut self, number: u8, text: &str) {
        self.field(number, BINARY);
        string(self.out, text);
    }

    pub fn structure(&mut self, number: u8, fields: impl FnOnce(&mut Struct<'_>)) {
        self.field(number, STRUCT);
        structure(self.out, fields);
    }

    pub fn structures<T>(
        &mut self,
        number: u8,
        items: impl ExactSizeIterator<Item = T>,
        mut fields: impl FnMut(&mut Struct<'_>, T),
    ) {
        self.list(number, STRUCT, items.len());
        items.for_each(|item| structure(self.out, |inner| fields(inner, item)));
    }

    pub fn numbers(&mut self, number: u8, items: &[i32]) {
        self.list(number, I32, items.len());
        items.iter().for_each(|item| zigzag(self.out, (*item).into()));
    }

    pub fn texts(&mut self, number: u8, items: &[&str]) {
        self.list(number, BINARY, items.len());
        items.iter().for_each(|item| string(self.out, item));
    }

    fn list(&mut self, number: u8, kind: u8, length: usize) {
        self.field(number, LIST);
        if length < 15 {
            self.out.push((length as u8) << 4 | kind);
        } else {
            self.out.push(0xf0 | kind);
            varint(self.out, length as u64);
        }
    }
}

fn string(out: &mut Vec<u8>, text: &str) {
    varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

fn zigzag(out: &mut Vec<u8>, value: i64) {
    varint(out, ((value << 1) ^ (value >> 63)) as u64);
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_those_of_the_protocol() {
        let mut out = Vec::new();
        structure(&mut out, |s| {
            s.i32(1, -1);
            s.i64(3, 300);
            s.text(4, "ab");
            s.numbers(5, &[0, 3]);
            s.structures(10, (0..16).map(|_| ()), |_, ()| {});
        });
        let expected = [0x15, 1, 0x26, 0xd8, 4, 0x18, 2, b'a', b'b', 0x19, 0x25, 0, 6, 0x59, 0xfc, 16];
        assert_eq!(out[..16], expected);
        assert_eq!(out[16..], [0; 17], "sixteen empty structures, and the end");
    }
}
