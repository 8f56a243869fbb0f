//! More features that need no learning: slow means, and what channels share.
//!
//! Pure. Invariant: a window of the same samples has the same features, bit for bit.

use nalgebra::{DMatrix, SymmetricEigen};

/// Means of ten equal parts of each channel.
#[must_use]
pub fn slow_means(window: &[f32], channels: usize) -> Vec<f32> {
    const PARTS: usize = 10;
    let frames = window.len() / channels.max(1);
    let mean = |channel: usize, part: usize| {
        let (from, to) =
            (part * frames / PARTS, ((part + 1) * frames / PARTS).max(part * frames / PARTS + 1).min(frames));
        (from..to).map(|t| window[t * channels + channel]).sum::<f32>() / (to - from).max(1) as f32
    };
    (0..channels).flat_map(|channel| (0..PARTS).map(move |part| mean(channel, part))).collect()
}

/// The logarithm of the covariance of channels, its upper triangle with the sides times √2: the tangent space at the
/// identity (Arsigny et al., 2006). Channels that are silent have a thousandth of the mean power, so that there is one.
#[must_use]
pub fn log_covariance(window: &[f32], channels: usize) -> Vec<f32> {
    let frames = (window.len() / channels.max(1)).max(1) as f64;
    let mean: Vec<f64> = (0..channels)
        .map(|c| window.iter().skip(c).step_by(channels).map(|&v| f64::from(v)).sum::<f64>() / frames)
        .collect();
    let mut covariance = DMatrix::<f64>::zeros(channels, channels);
    for frame in window.chunks_exact(channels) {
        for i in 0..channels {
            for j in i..channels {
                covariance[(i, j)] += (f64::from(frame[i]) - mean[i]) * (f64::from(frame[j]) - mean[j]) / frames;
            }
        }
    }
    let floor = 1e-3 * covariance.trace() / channels.max(1) as f64 + 1e-12;
    for i in 0..channels {
        covariance[(i, i)] += floor;
        for j in 0..i {
            covariance[(i, j)] = covariance[(j, i)];
        }
    }
    let eigen = SymmetricEigen::new(covariance);
    let logs = eigen.eigenvalues.map(|value| value.max(floor * 1e-3).ln());
    let log = &eigen.eigenvectors * DMatrix::from_diagonal(&logs) * eigen.eigenvectors.transpose();
    let side = |i: usize, j: usize| if i == j { 1.0 } else { std::f64::consts::SQRT_2 };
    (0..channels)
        .flat_map(|i| (i..channels).map(move |j| (i, j)))
        .map(|(i, j)| (log[(i, j)] * side(i, j)) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_covariances_are_those_of_their_channels() {
        let window: Vec<f32> = (0..100).flat_map(|t| [t as f32, if t % 2 == 0 { 2.0 } else { -2.0 }]).collect();
        let means = slow_means(&window, 2);
        assert_eq!((means.len(), means[0], means[9]), (20, 4.5, 94.5));
        assert!(means[10..].iter().all(|mean| *mean == 0.0));
        // One channel: the logarithm of its variance, 4, and a thousandth of it.
        let one: Vec<f32> = window.iter().skip(1).step_by(2).copied().collect();
        let log = log_covariance(&one, 1);
        assert!((f64::from(log[0]) - (4.0f64 * 1.001).ln()).abs() < 1e-6, "{log:?}");
        // Turning two channels of one power turns nothing off the diagonal; one that is silent is finite.
        let pair: Vec<f32> =
            one.iter().enumerate().flat_map(|(t, v)| [*v, if t % 4 < 2 { 2.0 } else { -2.0 }]).collect();
        let log = log_covariance(&pair, 2);
        assert!(log[1].abs() < 1e-5 && (log[0] - log[2]).abs() < 1e-5, "{log:?}");
        let silent: Vec<f32> = one.iter().flat_map(|v| [*v, 0.0]).collect();
        assert!(log_covariance(&silent, 2).iter().all(|v| v.is_finite()));
    }
}
