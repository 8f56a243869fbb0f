//! How many dimensions embeddings use.
//!
//! Pure functions of rows `[N, D]`. Invariant: NaN if a value is not finite.

use nalgebra::DMatrix;

/// Rows as a matrix, each column less its mean if so wanted; none if a value is not finite.
pub(super) fn matrix(rows: &[f32], dimension: usize, centred: bool) -> Option<DMatrix<f64>> {
    let count = rows.len() / dimension;
    let mut matrix = DMatrix::from_row_iterator(count, dimension, rows.iter().map(|&v| f64::from(v)));
    if centred {
        for mut column in matrix.column_iter_mut() {
            let mean = column.mean();
            column.add_scalar_mut(-mean);
        }
    }
    matrix.iter().all(|v| v.is_finite()).then_some(matrix)
}

/// Rows less their mean as a matrix, and the mean; none if a value is not finite.
#[must_use]
pub fn centred(rows: &[f32], dimension: usize) -> Option<(DMatrix<f64>, Vec<f64>)> {
    let mut matrix = matrix(rows, dimension, false)?;
    let middle: Vec<f64> = matrix.column_iter().map(|column| column.mean()).collect();
    matrix.column_iter_mut().zip(&middle).for_each(|(mut column, mean)| column.add_scalar_mut(-mean));
    Some((matrix, middle))
}

/// Exponential of the entropy of shares `v / sum(v) + 1e-7`.
fn effective_rank(values: impl Iterator<Item = f64> + Clone) -> f64 {
    let total = values.clone().sum::<f64>().max(1e-300);
    let entropy = values.map(|v| {
        let p = v / total + 1e-7;
        -p * p.ln()
    });
    entropy.sum::<f64>().exp()
}

/// The singular values of embeddings, largest first: `min(N, D)` of them; of embeddings less their mean if `centred`.
#[must_use]
pub fn singular_values(rows: &[f32], dimension: usize, centred: bool) -> Vec<f64> {
    let Some(matrix) = matrix(rows, dimension, centred) else { return Vec::new() };
    let mut values: Vec<f64> = matrix.singular_values().iter().copied().collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values
}

/// RankMe (Garrido et al., 2023): the exponential of the entropy of the singular values; of embeddings less their mean if
/// `centred`, for a common mean hides a collapse.
#[must_use]
pub fn rankme(rows: &[f32], dimension: usize, centred: bool) -> f64 {
    let values = singular_values(rows, dimension, centred);
    if values.is_empty() { f64::NAN } else { effective_rank(values.into_iter()) }
}

/// Participation ratio: `(sum v)^2 / sum v^2` of the eigenvalues of the covariance.
#[must_use]
pub fn participation(rows: &[f32], dimension: usize) -> f64 {
    let Some(matrix) = matrix(rows, dimension, true) else { return f64::NAN };
    let covariance = matrix.transpose() * &matrix;
    // Trace and Frobenius norm are the sums over eigenvalues and over their squares; the scale cancels.
    let (trace, squares) = (covariance.trace(), covariance.norm_squared());
    if squares > 0.0 { trace * trace / squares } else { 0.0 }
}

/// LiDAR (Thilak et al., 2024) of `n` windows in `views` views each, rows `[n, views, D]`: the effective rank of the spread
/// between windows, whitened by that within them (with 1e-4 on its diagonal); and its eigenvalues in rising order.
#[must_use]
pub fn lidar(rows: &[f32], views: usize, dimension: usize) -> (f64, Vec<f64>) {
    let Some(all) = matrix(rows, dimension, false) else { return (f64::NAN, Vec::new()) };
    let windows = all.nrows() / views;
    let mut means = DMatrix::zeros(windows, dimension);
    let mut within = all;
    for window in 0..windows {
        let mut of_window = within.rows_mut(window * views, views);
        let mean = of_window.row_mean();
        of_window.row_iter_mut().for_each(|mut row| row -= &mean);
        means.set_row(window, &mean);
    }
    let mean = means.row_mean();
    means.row_iter_mut().for_each(|mut row| row -= &mean);
    let between = means.transpose() * &means / windows.saturating_sub(1).max(1) as f64;
    let within = within.transpose() * &within / (windows * views.saturating_sub(1)).max(1) as f64;
    let within = (within + DMatrix::identity(dimension, dimension) * 1e-4).symmetric_eigen();
    let roots = DMatrix::from_diagonal(&within.eigenvalues.map(|v| v.max(1e-300).sqrt().recip()));
    let white = &within.eigenvectors * roots * within.eigenvectors.transpose();
    let mut values: Vec<f64> = (&white * between * &white).symmetric_eigenvalues().iter().copied().collect();
    values.sort_by(f64::total_cmp);
    (effective_rank(values.iter().map(|v| v.max(0.0))), values)
}
