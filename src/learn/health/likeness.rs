//! How alike embeddings are.
//!
//! Pure functions of rows `[N, D]`, in double precision. Invariant: NaN if a value is not finite.

use super::spectrum::matrix;

/// Rows scaled to unit length; rows shorter than 1e-12 are divided by that.
fn units(rows: &[f32], dimension: usize) -> Vec<f64> {
    let unit = |row: &[f32]| {
        let norm = row.iter().map(|&v| f64::from(v) * f64::from(v)).sum::<f64>().sqrt().max(1e-12);
        row.iter().map(|&v| f64::from(v) / norm).collect::<Vec<_>>()
    };
    rows.chunks_exact(dimension).flat_map(unit).collect()
}

/// Standard deviation of each dimension of unit embeddings: `1 / sqrt(D)` if they are spread evenly, 0 if collapsed.
#[must_use]
pub fn unit_deviations(rows: &[f32], dimension: usize) -> Vec<f64> {
    let units = units(rows, dimension);
    let n = (units.len() / dimension) as f64;
    let of_column = |column: usize| {
        let values = || units[column..].iter().step_by(dimension);
        let mean = values().sum::<f64>() / n;
        (values().map(|v| (v - mean) * (v - mean)).sum::<f64>() / (n - 1.0)).sqrt()
    };
    (0..dimension).map(of_column).collect()
}

/// Mean cosine of two different rows.
#[must_use]
pub fn mean_cosine(rows: &[f32], dimension: usize) -> f64 {
    let units = units(rows, dimension);
    let n = (units.len() / dimension) as f64;
    // The sum over all pairs is the square of the sum of rows.
    let sum = |column: usize| units[column..].iter().step_by(dimension).sum::<f64>();
    let all: f64 = (0..dimension).map(|column| sum(column) * sum(column)).sum();
    let own: f64 = units.iter().map(|v| v * v).sum();
    (all - own) / (n * (n - 1.0))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

/// Mean squared distance of unit rows that belong together (Wang and Isola, 2020): 0 is perfect, or collapsed.
#[must_use]
pub fn alignment(z: &[f32], y: &[f32], dimension: usize) -> f64 {
    let (z, y) = (units(z, dimension), units(y, dimension));
    let rows = (z.len() / dimension) as f64;
    z.chunks_exact(dimension).zip(y.chunks_exact(dimension)).map(|(z, y)| distance(z, y)).sum::<f64>() / rows
}

/// Logarithm of the mean of `exp(-2 |zi - zj|^2)` over pairs of unit rows (Wang and Isola, 2020): 0 is collapsed, -4 and
/// below is spread evenly.
#[must_use]
pub fn uniformity(z: &[f32], dimension: usize) -> f64 {
    let units = units(z, dimension);
    let rows: Vec<&[f64]> = units.chunks_exact(dimension).collect();
    let (mut sum, mut pairs) = (0.0, 0.0);
    for (i, a) in rows.iter().enumerate() {
        for b in &rows[..i] {
            sum += (-2.0 * distance(a, b)).exp_m1();
            pairs += 1.0;
        }
    }
    (sum / pairs).ln_1p()
}

/// Linear centred kernel alignment (Kornblith et al., 2019) of two embeddings of the same `N` things, `z [N, D]` and
/// `y [N, E]`: 1 if one is the other turned and scaled, 0 if they have nothing in common.
#[must_use]
pub fn linear_cka(z: &[f32], y: &[f32], [of_z, of_y]: [usize; 2]) -> f64 {
    let (Some(z), Some(y)) = (matrix(z, of_z, true), matrix(y, of_y, true)) else { return f64::NAN };
    let cross = (z.transpose() * &y).norm_squared();
    cross / ((z.transpose() * &z).norm() * (y.transpose() * &y).norm()).max(1e-300)
}
