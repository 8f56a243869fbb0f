//! Where electrodes sit, for the spread of sources over channels.
//!
//! Owns the table of the 10-20 system (Jasper 1958, names of ACNS 2016); runs on no thread of its own. Invariant:
//! positions lie inside the unit disc: nose at (0, 1), right ear at (1, 0), vertex at (0, 0), equidistant azimuthal.

/// A place on the scalp seen from above.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Place {
    pub x: f64,
    pub y: f64,
}

impl Place {
    pub const fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    pub fn distance(self, other: Self) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// How much of a source at `centre` arrives here: a Gaussian of its distance, the blur of volume conduction.
    pub fn spread(self, centre: Self, width: f64) -> f64 {
        (-0.5 * (self.distance(centre) / width).powi(2)).exp()
    }
}

/// The 16 channels of the default montage, then the rest of the 10-20 system.
const TABLE: [(&str, Place); 19] = [
    ("Fp1", Place::new(-0.25, 0.76)),
    ("Fp2", Place::new(0.25, 0.76)),
    ("F7", Place::new(-0.65, 0.47)),
    ("F3", Place::new(-0.33, 0.41)),
    ("Fz", Place::new(0.0, 0.4)),
    ("F4", Place::new(0.33, 0.41)),
    ("F8", Place::new(0.65, 0.47)),
    ("T7", Place::new(-0.8, 0.0)),
    ("C3", Place::new(-0.4, 0.0)),
    ("Cz", Place::new(0.0, 0.0)),
    ("C4", Place::new(0.4, 0.0)),
    ("T8", Place::new(0.8, 0.0)),
    ("P3", Place::new(-0.33, -0.41)),
    ("P4", Place::new(0.33, -0.41)),
    ("O1", Place::new(-0.25, -0.76)),
    ("O2", Place::new(0.25, -0.76)),
    ("Pz", Place::new(0.0, -0.4)),
    ("P7", Place::new(-0.65, -0.47)),
    ("P8", Place::new(0.65, -0.47)),
];

/// Name and place of a channel: the table, then `E20`, `E21`, … spread evenly over the scalp.
pub(super) fn electrode(channel: usize) -> (String, Place) {
    match TABLE.get(channel) {
        Some((name, place)) => ((*name).to_owned(), *place),
        None => (format!("E{}", channel + 1), scattered(channel)),
    }
}

/// A place that is far from those of the numbers before it (the R2 sequence, Roberts 2018).
pub(super) fn scattered(number: usize) -> Place {
    let n = number as f64 + 1.0;
    let radius = 0.8 * (n * 0.754_877_666_2).fract().sqrt();
    let angle = std::f64::consts::TAU * (n * 0.569_840_291_0).fract();
    Place::new(radius * angle.cos(), radius * angle.sin())
}
