//! Matrix products on strided slices: the only unsafe numeric code.
//!
//! Owns nothing; runs on the calling thread alone. Invariant: every matrix is checked to lie inside its slice before a
//! pointer is made of it.

#![expect(unsafe_code, reason = "the gemm crate takes raw pointers; bounds are asserted in safe code first")]

/// A matrix laid over a slice: element `(i, j)` is `values[i * row + j * column]`.
#[derive(Clone, Copy, Debug)]
pub struct Strided<'a> {
    /// The slice.
    pub values: &'a [f32],
    /// Distance between rows.
    pub row: usize,
    /// Distance between columns.
    pub column: usize,
}

impl<'a> Strided<'a> {
    /// Rows of `width` values one after the other.
    #[must_use]
    pub fn rows(values: &'a [f32], width: usize) -> Self {
        Self { values, row: width, column: 1 }
    }

    /// The same matrix with rows and columns exchanged.
    #[must_use]
    pub fn transposed(self) -> Self {
        Self { row: self.column, column: self.row, ..self }
    }
}

/// What a product does with what lies where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Onto {
    /// It is added.
    Sum,
    /// It is put in place of it.
    Fresh,
}

/// `out[m, n] = a[m, k] * b[k, n]` or `out += a * b`, where rows of `out` lie `out_row` apart and do not overlap.
///
/// # Panics
/// If one of the matrices does not lie inside its slice.
pub fn product(onto: Onto, out: &mut [f32], out_row: usize, size: [usize; 3], a: Strided<'_>, b: Strided<'_>) {
    let [m, n, k] = size;
    if m == 0 || n == 0 {
        return;
    }
    if k == 0 {
        if onto == Onto::Fresh {
            out.chunks_mut(out_row).take(m).for_each(|row| row[..n].fill(0.0));
        }
        return;
    }
    let reach = |rows: usize, columns: usize, row: usize, column: usize| (rows - 1) * row + (columns - 1) * column;
    assert!(out_row >= n || m == 1, "rows of the result overlap");
    assert!(out.len() > reach(m, n, out_row, 1), "the result lies outside its slice");
    assert!(a.values.len() > reach(m, k, a.row, a.column), "the left matrix lies outside its slice");
    assert!(b.values.len() > reach(k, n, b.row, b.column), "the right matrix lies outside its slice");
    // SAFETY: the three matrices lie inside their slices (asserted above), strides are below `isize::MAX` because the
    // slices are, `out` is borrowed mutably and so overlaps neither `a` nor `b`, and its rows do not overlap each other.
    unsafe {
        gemm::gemm(
            m,
            n,
            k,
            out.as_mut_ptr(),
            1,
            out_row as isize,
            onto == Onto::Sum,
            a.values.as_ptr(),
            a.column as isize,
            a.row as isize,
            b.values.as_ptr(),
            b.column as isize,
            b.row as isize,
            1.0f32,
            1.0f32,
            false,
            false,
            false,
            gemm::Parallelism::None,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn multiplies_overlapping_rows_and_transposes() {
        // Rows of three that start two apart: [1 2 3], [3 4 5].
        let x = [1.0, 2.0, 3.0, 4.0, 5.0];
        let a = Strided { values: &x, row: 2, column: 1 };
        let w = [1.0, 0.0, 10.0, 1.0, 100.0, 0.0];
        let mut y = [0.5; 4];
        product(Onto::Sum, &mut y, 2, [2, 2, 3], a, Strided::rows(&w, 2));
        assert_eq!(y, [321.5, 2.5, 543.5, 4.5]);
        let mut gram = [0.0; 9];
        product(Onto::Sum, &mut gram, 3, [3, 3, 2], a.transposed(), a);
        assert_eq!(gram, [10.0, 14.0, 18.0, 14.0, 20.0, 26.0, 18.0, 26.0, 34.0]);
        product(Onto::Fresh, &mut gram, 3, [3, 3, 0], a.transposed(), a);
        assert_eq!(gram, [0.0; 9], "an empty sum");
    }

    #[test]
    #[should_panic(expected = "left matrix lies outside")]
    fn refuses_a_matrix_that_leaves_its_slice() {
        product(Onto::Sum, &mut [0.0; 4], 2, [2, 2, 3], Strided::rows(&[0.0; 5], 3), Strided::rows(&[0.0; 6], 2));
    }
}
