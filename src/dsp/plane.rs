//! The plane in which vectors differ most, for a picture of them.
//!
//! Owned by the display. Invariant: from one call to the next the plane turns as little as it can, so that a picture of
//! vectors that stay where they are stays too; vectors that are not finite are left out.

/// Turns of the iteration a call, and before there was a plane.
const TURNS: [usize; 2] = [2, 30];

/// Two directions that stand upright on each other, and the middle of what was seen.
#[derive(Clone, Debug)]
pub struct Plane {
    dimension: usize,
    /// `[2, D]`; empty before the first fit.
    axes: Vec<f64>,
    middle: Vec<f64>,
    /// The share of the variance along each axis.
    shares: [f64; 2],
}

impl Plane {
    /// Before anything was seen of vectors of so many numbers.
    #[must_use]
    pub fn new(dimension: usize) -> Self {
        Self { dimension, axes: Vec::new(), middle: vec![0.0; dimension], shares: [0.0; 2] }
    }

    /// Fits the plane to `vectors [N, D]`: the first two principal components (Pearson, 1901) by simultaneous iteration from
    /// the plane before, turned within their plane to lie nearest to its axes.
    ///
    /// Leaves it as it is where the vectors span no plane.
    pub fn fit(&mut self, vectors: &[f32]) {
        let d = self.dimension;
        if d < 2 {
            return;
        }
        let rows: Vec<&[f32]> = vectors.chunks_exact(d).filter(|row| row.iter().all(|v| v.is_finite())).collect();
        if rows.len() < 3 {
            return;
        }
        let n = rows.len() as f64;
        let mut middle = vec![0.0; d];
        for row in &rows {
            middle.iter_mut().zip(*row).for_each(|(sum, &v)| *sum += f64::from(v) / n);
        }
        let variance: f64 = rows
            .iter()
            .map(|row| row.iter().zip(&middle).map(|(&v, m)| (f64::from(v) - m).powi(2)).sum::<f64>() / n)
            .sum();
        let is_first = self.axes.is_empty();
        let mut axes = if is_first { seed(&rows, &middle) } else { self.axes.clone() };
        let mut found = orthonormal(&mut axes, d);
        for _ in 0..TURNS[usize::from(is_first)] {
            let (next, _) = spread(&rows, &middle, &axes, d);
            axes = next;
            found = found && orthonormal(&mut axes, d);
        }
        if !found || variance <= 0.0 || !variance.is_finite() {
            return;
        }
        let before = if is_first { None } else { Some(self.axes.as_slice()) };
        turn(&mut axes, before, &rows, &middle, d);
        let (_, along) = spread(&rows, &middle, &axes, d);
        self.shares = along.map(|v| (v / variance).clamp(0.0, 1.0));
        (self.axes, self.middle) = (axes, middle);
    }

    /// Where a vector lies in the plane; none before the first fit, or where it is not finite.
    #[must_use]
    pub fn place(&self, vector: &[f32]) -> Option<[f32; 2]> {
        if self.axes.is_empty() || vector.len() != self.dimension {
            return None;
        }
        let along = |axis: usize| {
            let axis = &self.axes[axis * self.dimension..(axis + 1) * self.dimension];
            axis.iter().zip(vector).zip(&self.middle).map(|((a, &v), m)| a * (f64::from(v) - m)).sum::<f64>() as f32
        };
        let place = [along(0), along(1)];
        place.iter().all(|v| v.is_finite()).then_some(place)
    }

    /// The share of the variance along each axis, 0 to 1.
    #[must_use]
    pub fn shares(&self) -> [f64; 2] {
        self.shares
    }
}

/// A start that no direction of the vectors stands upright on: the rows that lie farthest out.
fn seed(rows: &[&[f32]], middle: &[f64]) -> Vec<f64> {
    let d = middle.len();
    let out = |row: &&[f32]| -> Vec<f64> { row.iter().zip(middle).map(|(&v, m)| f64::from(v) - m).collect() };
    let far = |v: &Vec<f64>| v.iter().map(|x| x * x).sum::<f64>();
    let all: Vec<Vec<f64>> = rows.iter().map(out).collect();
    let first = all.iter().max_by(|a, b| far(a).total_cmp(&far(b))).cloned().unwrap_or_else(|| vec![0.0; d]);
    let length = far(&first).max(f64::MIN_POSITIVE);
    let beside = |v: &Vec<f64>| -> Vec<f64> {
        let part = v.iter().zip(&first).map(|(x, y)| x * y).sum::<f64>() / length;
        v.iter().zip(&first).map(|(x, y)| x - part * y).collect()
    };
    let second = all.iter().map(beside).max_by(|a, b| far(a).total_cmp(&far(b))).unwrap_or_else(|| vec![0.0; d]);
    [first, second].concat()
}

/// The covariance times the axes, and the variance along each of them.
fn spread(rows: &[&[f32]], middle: &[f64], axes: &[f64], d: usize) -> (Vec<f64>, [f64; 2]) {
    let (mut out, mut along) = (vec![0.0; 2 * d], [0.0; 2]);
    let n = rows.len() as f64;
    let (first, second) = axes.split_at(d);
    let mut centred = vec![0.0; d];
    for row in rows {
        let (mut x, mut y) = (0.0, 0.0);
        for i in 0..d {
            centred[i] = f64::from(row[i]) - middle[i];
            x += centred[i] * first[i];
            y += centred[i] * second[i];
        }
        along[0] += x * x / n;
        along[1] += y * y / n;
        let (to_first, to_second) = out.split_at_mut(d);
        for i in 0..d {
            to_first[i] += x * centred[i] / n;
            to_second[i] += y * centred[i] / n;
        }
    }
    (out, along)
}

/// Makes the two axes unit vectors upright on each other; false where they span no plane.
fn orthonormal(axes: &mut [f64], d: usize) -> bool {
    let (first, second) = axes.split_at_mut(d);
    let unit = |v: &mut [f64]| {
        let length = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let is_long = length.is_finite() && length > 1e-30;
        v.iter_mut().for_each(|x| *x /= if is_long { length } else { 1.0 });
        is_long
    };
    let has_first = unit(first);
    let had = second.iter().map(|x| x * x).sum::<f64>().sqrt();
    let part: f64 = first.iter().zip(second.iter()).map(|(a, b)| a * b).sum();
    second.iter_mut().zip(first.iter()).for_each(|(b, a)| *b -= part * a);
    let left = second.iter().map(|x| x * x).sum::<f64>().sqrt();
    // What rounding leaves of a parallel is no direction.
    has_first && left > 1e-9 * had && unit(second)
}

/// Turns the axes within their plane: to lie nearest to those before, or, at first, along the largest variance.
fn turn(axes: &mut [f64], before: Option<&[f64]>, rows: &[&[f32]], middle: &[f64], d: usize) {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let [c, s, flip] = match before {
        // The 2 x 2 orthogonal Procrustes problem: the better of the best rotation and the best reflection.
        Some(before) => {
            let m = |i: usize, j: usize| dot(&before[i * d..(i + 1) * d], &axes[j * d..(j + 1) * d]);
            let (rotation, reflection) =
                ((m(0, 0) + m(1, 1), m(0, 1) - m(1, 0)), (m(0, 0) - m(1, 1), m(0, 1) + m(1, 0)));
            let is_flipped = reflection.0.hypot(reflection.1) > rotation.0.hypot(rotation.1);
            let (c, s) = if is_flipped { reflection } else { rotation };
            let length = c.hypot(s);
            if length <= 0.0 {
                return;
            }
            [c / length, s / length, if is_flipped { -1.0 } else { 1.0 }]
        }
        None => {
            let (through, along) = spread(rows, middle, axes, d);
            let angle = 0.5 * (2.0 * dot(&through[..d], &axes[d..])).atan2(along[0] - along[1]);
            [angle.cos(), angle.sin(), 1.0]
        }
    };
    let (first, second) = axes.split_at_mut(d);
    for (a, b) in first.iter_mut().zip(second) {
        (*a, *b) = (c * *a + s * *b, flip * (c * *b - s * *a));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const D: usize = 12;

    /// Rows that spread by 3 along one direction, by `second` along another, and hardly along the others.
    fn cloud(n: usize, second: f64, seed: u32) -> Vec<f32> {
        let mut draw = seed;
        let mut uniform = || {
            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            f64::from(draw >> 8) / f64::from(1 << 24) - 0.5
        };
        let mut rows = Vec::new();
        for _ in 0..n {
            let (x, y) = (3.0 * uniform(), second * uniform());
            for i in 0..D {
                let (u, v) = ((i as f64 * 0.9).cos(), (i as f64 * 0.9).sin());
                rows.push((7.0 + x * u + y * v + 0.05 * uniform()) as f32);
            }
        }
        rows
    }

    fn places(plane: &Plane, rows: &[f32]) -> Vec<[f32; 2]> {
        rows.chunks_exact(D).map(|row| plane.place(row).unwrap()).collect()
    }

    #[test]
    fn the_plane_holds_nearly_all_of_what_spreads_in_two_directions() {
        let mut plane = Plane::new(D);
        assert_eq!(plane.place(&[0.0; D]), None);
        plane.fit(&cloud(300, 1.0, 1));
        let [first, second] = plane.shares();
        assert!(first + second > 0.98 && first > 4.0 * second, "{first} {second}");
    }

    #[test]
    fn it_hardly_turns_though_both_directions_spread_alike_and_rows_come_and_go() {
        let rows = cloud(600, 3.0, 5);
        let mut plane = Plane::new(D);
        plane.fit(&rows[..400 * D]);
        let shown = places(&plane, &rows[..400 * D]);
        let radius = shown.iter().map(|p| p[0].hypot(p[1])).fold(0.0, f32::max);
        for gone in 1..=200 {
            plane.fit(&rows[gone * D..(400 + gone) * D]);
        }
        let moved = places(&plane, &rows[..400 * D]);
        let far = shown.iter().zip(&moved).map(|(a, b)| (a[0] - b[0]).hypot(a[1] - b[1])).fold(0.0, f32::max);
        assert!(far < 0.15 * radius, "moved by {far} of {radius}");
    }

    #[test]
    fn turned_axes_are_turned_back() {
        let rows = cloud(300, 2.0, 9);
        let mut plane = Plane::new(D);
        plane.fit(&rows);
        let shown = places(&plane, &rows);
        let (first, second) = plane.axes.split_at(D);
        let kept = plane.axes.clone();
        // As another iteration might find the same plane: turned by 70° and mirrored.
        let (c, s) = (70.0_f64.to_radians().cos(), 70.0_f64.to_radians().sin());
        let mut axes: Vec<f64> = first.iter().zip(second).map(|(a, b)| c * a + s * b).collect();
        axes.extend(first.iter().zip(second).map(|(a, b)| s * a - c * b));
        let all: Vec<&[f32]> = rows.chunks_exact(D).collect();
        turn(&mut axes, Some(&kept), &all, &plane.middle, D);
        plane.axes = axes;
        for (a, b) in shown.iter().zip(places(&plane, &rows)) {
            assert!((a[0] - b[0]).abs() < 1e-4 && (a[1] - b[1]).abs() < 1e-4, "{a:?} {b:?}");
        }
    }

    #[test]
    fn what_spans_no_plane_changes_nothing() {
        let mut plane = Plane::new(D);
        for rows in [vec![1.0; 50 * D], vec![f32::NAN; 50 * D], Vec::new(), vec![1.0; D]] {
            plane.fit(&rows);
            assert_eq!(plane.place(&[1.0; D]), None);
        }
        let line: Vec<f32> = (0..50).flat_map(|t| [t as f32; D]).collect();
        plane.fit(&line);
        assert_eq!(plane.place(&[1.0; D]), None, "a line is no plane");
        plane.fit(&cloud(50, 1.0, 3));
        let before = plane.place(&[1.0; D]);
        plane.fit(&line);
        assert_eq!(plane.place(&[1.0; D]), before);
        assert_eq!(plane.place(&[f32::NAN; D]), None);
        let mut narrow = Plane::new(1);
        narrow.fit(&[1.0, 2.0, 3.0]);
        assert_eq!(narrow.place(&[1.0]), None);
    }
}
