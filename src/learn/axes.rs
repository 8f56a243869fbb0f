//! Axes: what turns the embeddings of new weights so that they lie as those that were served before.
//!
//! Made by the trainer, read by whoever serves. Invariant: the map is a rotation (or reflection), a shift and one scale for
//! all dimensions, so angles and ratios of distances between embeddings stay as the encoder made them.

use super::Encoder;
use super::health::centred;
use super::parameters::{self, Named};
use nalgebra::DMatrix;

/// The most dimensions of embeddings that are turned: finding the map costs their cube.
pub const MOST: usize = 512;

/// A map from the embeddings of one set of weights to the axes of another.
#[derive(Clone, Debug, PartialEq)]
pub struct Axes {
    /// `[D, D]`, row-major: row `i` is where axis `i` of the embedding points.
    pub rotation: Vec<f32>,
    /// The middle of the embeddings, and where it is moved to.
    pub from: Vec<f32>,
    /// See `from`.
    pub to: Vec<f32>,
    /// How much longer distances become.
    pub scale: f32,
    /// The share of the variance of what was served that the turned embeddings miss: 0 is a perfect fit.
    pub residual: f64,
}

impl Axes {
    /// The map that brings `new [N, D]` nearest to `served [N, D]`, embeddings of the same windows: orthogonal Procrustes
    /// (Schönemann, 1966) about the two means, with the scale that keeps the variance.
    ///
    /// Directions in which the windows do not differ stay where they are. None for more than [`MOST`] dimensions, fewer than
    /// two rows, or values that are not finite.
    #[must_use]
    pub fn fit(new: &[f32], served: &[f32], dimension: usize) -> Option<Self> {
        if !(1..=MOST).contains(&dimension) || new.len() != served.len() || new.len() < 2 * dimension {
            return None;
        }
        let (z, from) = centred(new, dimension)?;
        let (y, to) = centred(served, dimension)?;
        let (of_z, of_y) = (z.norm(), y.norm());
        if of_z <= 0.0 || of_y <= 0.0 {
            return None;
        }
        let mut cross = z.transpose() * &y;
        // What the windows say nothing of is drawn to where it is, by less than what they say something of.
        let nudge = 1e-6 * cross.norm();
        cross += DMatrix::identity(dimension, dimension) * nudge;
        let svd = cross.svd(true, true);
        let rotation = svd.u? * svd.v_t?;
        let scale = of_y / of_z;
        let residual = ((z * &rotation * scale - &y).norm() / of_y).powi(2);
        Some(Self {
            rotation: (0..dimension)
                .flat_map(|i| rotation.row(i).iter().map(|&v| v as f32).collect::<Vec<_>>())
                .collect(),
            from: from.into_iter().map(|v| v as f32).collect(),
            to: to.into_iter().map(|v| v as f32).collect(),
            scale: scale as f32,
            residual,
        })
    }

    /// The encoder whose embeddings are turned already: its last layer does that too, so serving costs nothing more.
    ///
    /// # Panics
    /// If its embeddings have another dimension.
    #[must_use]
    pub fn folded(&self, encoder: &Encoder) -> Encoder {
        let mut values = parameters::list(encoder);
        for named in &mut values {
            match named.name.as_str() {
                "head.weight" => self.turn_about(&mut named.values, None),
                "head.bias" => self.turn(&mut named.values),
                _ => {}
            }
        }
        match parameters::with_values(encoder.clone(), &values) {
            Ok(encoder) => encoder,
            Err(error) => unreachable!("values that were just listed: {error}"),
        }
    }

    /// As tensors of a checkpoint.
    pub(in crate::learn) fn named(&self) -> [Named; 4] {
        let dimension = self.from.len();
        let named =
            |name: &str, shape: Vec<usize>, values: &[f32]| Named { name: name.into(), shape, values: values.to_vec() };
        [
            named("axes.rotation", vec![dimension, dimension], &self.rotation),
            named("axes.from", vec![dimension], &self.from),
            named("axes.to", vec![dimension], &self.to),
            named("axes.fit", vec![2], &[self.scale, self.residual as f32]),
        ]
    }

    /// Those of a checkpoint; none where it has none.
    pub(in crate::learn) fn among(tensors: &[Named]) -> Option<Self> {
        let values = |name: &str| tensors.iter().find(|named| named.name == name).map(|named| named.values.clone());
        let (rotation, from, to, fit) =
            (values("axes.rotation")?, values("axes.from")?, values("axes.to")?, values("axes.fit")?);
        let [scale, residual] = fit[..] else { return None };
        let fits = from.len() == to.len() && rotation.len() == from.len() * from.len();
        fits.then(|| Self { rotation, from, to, scale, residual: f64::from(residual) })
    }

    /// Turns embeddings `[N, D]` in place.
    pub fn turn(&self, embeddings: &mut [f32]) {
        self.turn_about(embeddings, Some([&self.from, &self.to]));
    }

    /// Turns rows about a middle that is moved, or about nothing.
    fn turn_about(&self, rows: &mut [f32], middle: Option<[&[f32]; 2]>) {
        let dimension = self.from.len();
        let zero = vec![0.0f32; dimension];
        let [from, to] = middle.unwrap_or([&zero, &zero]);
        let mut turned = vec![0.0f32; dimension];
        for row in rows.chunks_exact_mut(dimension) {
            turned.copy_from_slice(to);
            for ((value, from), axis) in row.iter().zip(from).zip(self.rotation.chunks_exact(dimension)) {
                let length = (value - from) * self.scale;
                turned.iter_mut().zip(axis).for_each(|(sum, axis)| *sum += length * axis);
            }
            row.copy_from_slice(&turned);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    fn rows(count: usize, seed: u64) -> Vec<f32> {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        (0..count).map(|_| rng.random_range(-1.0..1.0)).collect()
    }

    #[test]
    fn undoes_a_turn_a_shift_and_a_scale() {
        let served = rows(40 * 3, 1);
        let (sin, cos) = 0.7f32.sin_cos();
        let turned = |row: &[f32]| {
            let [x, y, z] = [row[0], row[1], row[2]];
            [3.0 * (cos * x - sin * y) + 1.0, 3.0 * (sin * x + cos * y), -3.0 * z - 2.0]
        };
        let mut new: Vec<f32> = served.chunks_exact(3).flat_map(turned).collect();
        let axes = Axes::fit(&new, &served, 3).unwrap();
        axes.turn(&mut new);
        assert!(new.iter().zip(&served).all(|(a, b)| (a - b).abs() < 1e-4), "{axes:?}");
        assert!(axes.residual < 1e-9 && (axes.scale - 1.0 / 3.0).abs() < 1e-5, "{axes:?}");
    }

    #[test]
    fn is_orthogonal_and_says_what_it_misses() {
        let axes = Axes::fit(&rows(50 * 8, 2), &rows(50 * 8, 3), 8).unwrap();
        let rotation = DMatrix::from_row_slice(8, 8, &axes.rotation);
        let identity = &rotation * rotation.transpose();
        assert!((identity - DMatrix::identity(8, 8)).norm() < 1e-5);
        assert!(axes.residual > 0.5, "nothing in common: {}", axes.residual);
    }

    #[test]
    fn leaves_alone_what_the_windows_do_not_show() {
        // All windows lie on the first two axes.
        let flat =
            |seed| rows(30 * 2, seed).chunks_exact(2).flat_map(|p| [p[0], p[1], 0.5, -0.5]).collect::<Vec<f32>>();
        let served = flat(4);
        let new: Vec<f32> = served.chunks_exact(4).flat_map(|p| [p[1], -p[0], p[2], p[3]]).collect();
        let axes = Axes::fit(&new, &served, 4).unwrap();
        let mut other = [0.0, 0.0, 2.5, -0.5];
        axes.turn(&mut other);
        assert!((other[2] - 2.5).abs() < 1e-3 && (other[3] + 0.5).abs() < 1e-3, "{other:?}");
    }

    #[test]
    fn an_encoder_turns_its_embeddings_by_itself() {
        use crate::learn::EncoderShape;
        use crate::learn::nn::{Compute, Init};
        let shape = EncoderShape { channels: 2, widths: vec![8], embedding: 4, ..EncoderShape::default() };
        let encoder = Encoder::new(&mut Init::serving(3, Compute::default()), &shape);
        let windows = rows(20 * 32 * 2, 5);
        let mut embeddings = encoder.embed_all(windows.clone(), 32, 2);
        let axes = Axes::fit(&embeddings, &rows(20 * 4, 6), 4).unwrap();
        axes.turn(&mut embeddings);
        let folded = axes.folded(&encoder).embed_all(windows, 32, 2);
        let largest = embeddings.iter().fold(0.0f32, |most, v| most.max(v.abs()));
        assert!(
            embeddings.iter().zip(&folded).all(|(a, b)| (a - b).abs() < 1e-4 * largest),
            "{embeddings:?} {folded:?}"
        );
        assert_eq!(Axes::among(&axes.named()).map(|axes| axes.rotation), Some(axes.rotation));
    }

    #[test]
    fn refuses_what_it_cannot_fit() {
        assert!(Axes::fit(&[1.0, 2.0], &[1.0, 2.0], 2).is_none(), "one row");
        assert!(Axes::fit(&[f32::NAN; 8], &[1.0; 8], 2).is_none());
        assert!(Axes::fit(&[1.0; 8], &[1.0; 8], 2).is_none(), "all the same");
    }
}
