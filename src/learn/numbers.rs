//! Whole numbers and windows among the tensors of a checkpoint.
//!
//! Pure functions. Invariant: what is written comes back bit for bit: a number of 64 bits is four of 16, which single
//! precision holds.

use crate::learn::Origin;
use crate::learn::parameters::Named;
use rand_chacha::ChaCha8Rng;

/// Numbers as a tensor `[N, 4]`.
pub(in crate::learn) fn of_numbers(name: String, numbers: impl IntoIterator<Item = u64>) -> Named {
    let parts = |number: u64| [0, 16, 32, 48].map(|shift| f32::from((number >> shift) as u16));
    let values: Vec<f32> = numbers.into_iter().flat_map(parts).collect();
    Named { name, shape: vec![values.len() / 4, 4], values }
}

/// The numbers of such a tensor; none if it is not among them.
pub(in crate::learn) fn numbers(tensors: &[Named], name: &str) -> Option<Vec<u64>> {
    let parts = values(tensors, name)?.as_chunks::<4>().0;
    let number = |parts: &[f32; 4]| parts.iter().rev().fold(0u64, |sum, &part| (sum << 16) | u64::from(part as u16));
    Some(parts.iter().map(number).collect())
}

/// The values of a tensor by name.
pub(in crate::learn) fn values<'a>(tensors: &'a [Named], name: &str) -> Option<&'a [f32]> {
    tensors.iter().find(|named| named.name == name).map(|named| named.values.as_slice())
}

/// Values as a tensor of rows.
pub(in crate::learn) fn of_rows(name: String, values: Vec<f32>, width: usize) -> Named {
    Named { name, shape: vec![values.len() / width.max(1), width], values }
}

/// Origins as numbers, two each.
pub(in crate::learn) fn of_origins(name: String, origins: impl IntoIterator<Item = Origin>) -> Named {
    of_numbers(name, origins.into_iter().flat_map(|origin| [u64::from(origin.source), origin.first]))
}

/// Origins from such numbers.
pub(in crate::learn) fn origins(tensors: &[Named], name: &str) -> Option<Vec<Origin>> {
    let all = numbers(tensors, name)?;
    all.as_chunks::<2>()
        .0
        .iter()
        .map(|&[source, first]| Some(Origin { source: u32::try_from(source).ok()?, first }))
        .collect()
}

/// Where a generator stands: its stream and its place in it.
pub(in crate::learn) fn of_rng(rng: &ChaCha8Rng) -> [u64; 3] {
    let place = rng.get_word_pos();
    [rng.get_stream(), place as u64, (place >> 64) as u64]
}

/// Puts a generator of the same seed there.
pub(in crate::learn) fn put_rng(rng: &mut ChaCha8Rng, [stream, low, high]: [u64; 3]) {
    rng.set_stream(stream);
    rng.set_word_pos(u128::from(low) | u128::from(high) << 64);
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};

    #[test]
    fn numbers_and_generators_come_back_bit_for_bit() {
        let all = [0, 1, 65_535, 65_536, u64::MAX, 0x0123_4567_89ab_cdef];
        let tensors = [of_numbers("n".into(), all)];
        assert_eq!(numbers(&tensors, "n").unwrap(), all);
        let mut rng = ChaCha8Rng::seed_from_u64(4);
        rng.set_stream(9);
        let _: f64 = rng.random_range(0.0..1.0);
        let mut other = ChaCha8Rng::seed_from_u64(4);
        put_rng(&mut other, of_rng(&rng));
        let draws: [[u64; 5]; 2] =
            [&mut rng, &mut other].map(|rng| std::array::from_fn(|_| rng.random_range(0..1 << 60)));
        assert_eq!(draws[0], draws[1]);
    }
}
