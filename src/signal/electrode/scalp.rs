//! Electrodes of the 10-20, 10-10 and 10-5 systems.
//!
//! Pure. Invariant: one name, one place, whatever a recording adds to the name.

use super::label::plain_label;
use super::table::TABLE;

/// Degrees of arc from the vertex to the rim of the disc.
const ARC: f64 = 130.0;

/// An electrode of the 10-5 system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Electrode {
    /// Its name as the system spells it (`Fp1`, `POz`).
    pub name: &'static str,
    /// Where it lies, seen from above: the vertex at (0, 0), the nose in the direction of (0, 1), the right ear of (1, 0);
    /// 130° of arc from the vertex are 1 (equidistant azimuthal), so that even the ear lobes lie inside the unit disc.
    pub position: [f32; 2],
}

impl Electrode {
    /// The electrode that a label means, if it means one; old names (`T3`) too.
    #[must_use]
    pub fn of(label: &str) -> Option<Self> {
        let wanted = plain_label(label);
        let capitals = |name: &'static str| name.bytes().map(|b| b.to_ascii_uppercase());
        let found = TABLE.binary_search_by(|(name, ..)| capitals(name).cmp(wanted.bytes())).ok()?;
        let (name, x, y) = TABLE[found];
        Some(Self { name, position: [x, y] })
    }
}

/// Where a place in the disc lies on the unit sphere: x to the right, y to the nose, z up.
#[must_use]
pub fn on_sphere([x, y]: [f32; 2]) -> [f32; 3] {
    let distance = f64::from(x).hypot(f64::from(y));
    let angle = (distance * ARC).to_radians();
    let across = if distance > 0.0 { angle.sin() / distance } else { 0.0 };
    [(f64::from(x) * across) as f32, (f64::from(y) * across) as f32, angle.cos() as f32]
}

/// Where a point lies in the disc, seen from the origin, in any unit: x to the right, y to the nose, z up. What lies lower
/// than the rim lies on it; none where the point says no direction.
#[must_use]
pub fn in_disc(point: [f64; 3]) -> Option<[f32; 2]> {
    let [x, y, z] = point;
    let (across, far) = (x.hypot(y), x.hypot(y).hypot(z));
    if !(far.is_finite() && far > 0.0) {
        return None;
    }
    let distance = (across.atan2(z).to_degrees() / ARC).min(1.0);
    let along = |side: f64| if across > 0.0 { (side / across * distance) as f32 } else { 0.0 };
    Some([along(x), along(y)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_table_is_found_and_lies_in_the_disc() {
        for (name, x, y) in TABLE {
            let electrode = Electrode::of(&format!("EEG {}-Ref", name.to_lowercase())).unwrap();
            assert_eq!((electrode.name, electrode.position), (name, [x, y]));
            assert!(x.hypot(y) <= 1.0);
        }
        assert_eq!(Electrode::of("T3"), Electrode::of("T7"));
        for label in ["", "E1", "C33", "Fpz-Cz", "nose"] {
            assert_eq!(Electrode::of(label), None, "{label}");
        }
    }

    #[test]
    fn the_nose_is_ahead_and_the_right_ear_on_the_right() {
        let at = |name| Electrode::of(name).unwrap().position;
        assert_eq!(at("Cz"), [0.0, 0.0]);
        assert!(at("Fpz")[1] > 0.6 && at("Oz")[1] < -0.6 && at("T8")[0] > 0.6 && at("T7")[0] < -0.6);
        assert_eq!(on_sphere(at("Cz")), [0.0, 0.0, 1.0]);
        let [x, y, z] = on_sphere(at("Fpz"));
        assert!(x.abs() < 0.01 && y > 0.99 && z.abs() < 0.1, "86° from the vertex on the measured head");
        let [c3, c4] = ["C3", "C4"].map(|name| on_sphere(at(name)));
        assert!((c3[0] + 0.71).abs() < 0.02 && (c4[0] - 0.71).abs() < 0.02 && (c3[2] - 0.7).abs() < 0.02);
        for (name, x, y) in TABLE {
            // In metres, and out of the brain's own frame by as little as it is rounded.
            let there = in_disc(on_sphere([x, y]).map(|side| f64::from(side) * 0.095)).unwrap();
            assert!((there[0] - x).hypot(there[1] - y) < 1e-5, "{name}: {there:?}");
            let length: f32 = on_sphere(at(name)).iter().map(|x| x * x).sum();
            assert!((length - 1.0).abs() < 1e-5, "{name}");
        }
        for nowhere in [[0.0; 3], [f64::NAN, 1.0, 1.0], [f64::INFINITY, 0.0, 0.0]] {
            assert_eq!(in_disc(nowhere), None);
        }
        let low = in_disc([0.0, -1.0, -9.0]).unwrap();
        assert!(low[0] == 0.0 && low[1] == -1.0, "under the rim: {low:?}");
    }
}
