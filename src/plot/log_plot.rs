//! Curves on two logarithmic axes.
//!
//! A plain value that draws itself. Invariant: a decade is as long across as it is up, so that a straight line at 45 degrees is
//! what grows in proportion.

use super::canvas::{FAINT, GRID, INK, PAPER};
use super::{Canvas, Colour, PlotError};

/// Pixels of a decade, and the margins at the left, above and below.
const DECADE: f32 = 160.0;
const LEFT: f32 = 90.0;
const TOP: f32 = 64.0;
const BELOW: f32 = 64.0;
/// Half the size of the square on a point.
const POINT: f32 = 3.0;

/// One curve.
#[derive(Clone, Debug)]
pub struct LogCurve {
    /// What it is of.
    pub name: String,
    /// Across and up, above zero.
    pub points: Vec<(f64, f64)>,
    /// Its colour.
    pub colour: Colour,
}

/// Curves over the same axes.
#[derive(Clone, Debug)]
pub struct LogPlot {
    /// What stands above it all.
    pub title: String,
    /// What lies across.
    pub across: String,
    /// What goes up.
    pub up: String,
    /// Curves, with their names above.
    pub curves: Vec<LogCurve>,
}

impl LogPlot {
    /// Draws it and gives the bytes of a PNG file. Points that are not above zero are left out.
    ///
    /// # Errors
    /// If it is too large for one.
    pub fn to_png(&self) -> Result<Vec<u8>, PlotError> {
        let is_drawn = |point: &&(f64, f64)| [point.0, point.1].iter().all(|v| v.is_finite() && *v > 0.0);
        let all: Vec<(f64, f64)> = self.curves.iter().flat_map(|c| c.points.iter().filter(is_drawn)).copied().collect();
        let [across, up] = [decades(all.iter().map(|p| p.0)), decades(all.iter().map(|p| p.1))];
        let [wide, high] = [across, up].map(|(from, to)| (to - from) as f32 * DECADE);
        let x = |value: f64| LEFT + (value.log10() - f64::from(across.0)) as f32 * DECADE;
        let y = |value: f64| TOP + high - (value.log10() - f64::from(up.0)) as f32 * DECADE;
        let names = self.curves.iter().map(|c| Canvas::text_width(&c.name) + 24.0).sum::<f32>();
        let width = (LEFT + wide.max(names).max(Canvas::text_width(&self.title) - 60.0) + 40.0) as usize;
        let mut canvas = Canvas::new(width, (TOP + high + BELOW) as usize, PAPER);
        canvas.text(16.0, 8.0, &self.title, INK);
        for power in across.0..=across.1 {
            let at = x(10f64.powi(power));
            canvas.fill([at.round(), TOP, 1.0, high + 5.0], GRID);
            let text = power_in_words(power);
            canvas.text(at - Canvas::text_width(&text) / 2.0, TOP + high + 8.0, &text, FAINT);
        }
        for power in up.0..=up.1 {
            let at = y(10f64.powi(power));
            canvas.fill([LEFT - 5.0, at.round(), wide + 5.0, 1.0], GRID);
            let text = power_in_words(power);
            canvas.text(LEFT - 10.0 - Canvas::text_width(&text), at - 9.0, &text, FAINT);
        }
        canvas.text(LEFT, TOP + high + 8.0 + 1.4 * Canvas::LINE, &self.across, INK);
        canvas.text(16.0, TOP - 1.4 * Canvas::LINE, &self.up, INK);
        let mut left = LEFT;
        for curve in &self.curves {
            canvas.text(left, TOP - 1.4 * Canvas::LINE, &curve.name, curve.colour);
            left += Canvas::text_width(&curve.name) + 24.0;
            let points: Vec<(f32, f32)> =
                curve.points.iter().filter(is_drawn).map(|point| (x(point.0), y(point.1))).collect();
            canvas.line(&points, 2.0, curve.colour);
            for (x, y) in points {
                canvas.fill([x - POINT, y - POINT, 2.0 * POINT, 2.0 * POINT], curve.colour);
            }
        }
        Ok(canvas.to_png()?)
    }
}

/// The powers of ten that enclose values: one decade at least.
fn decades(values: impl Iterator<Item = f64> + Clone) -> (i32, i32) {
    let least = values.clone().fold(f64::INFINITY, f64::min);
    let most = values.fold(0.0, f64::max);
    if !(least.is_finite() && most > 0.0) {
        return (0, 1);
    }
    // Values without end would make a picture without end.
    let from = least.log10().floor().clamp(-20.0, 20.0) as i32;
    (from, (most.log10().ceil().clamp(-20.0, 20.0) as i32).max(from + 1))
}

/// `0.01`, `100`, `10k`, `1M`.
fn power_in_words(power: i32) -> String {
    match power {
        0..=3 => format!("{}", 10i64.pow(power.unsigned_abs())),
        4..=5 => format!("{}k", 10i64.pow(power.unsigned_abs() - 3)),
        6..=8 => format!("{}M", 10i64.pow(power.unsigned_abs() - 6)),
        9.. => format!("1e{power}"),
        -3..0 => format!("{}", 10f64.powi(power)),
        _ => format!("1e{power}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn curves_are_drawn_where_their_values_are_and_odd_ones_left_out() {
        let curve = |points: &[(f64, f64)]| LogCurve { name: "c".into(), points: points.to_vec(), colour: [255, 0, 0] };
        let plot = |points: &[(f64, f64)]| LogPlot {
            title: "t".into(),
            across: "a".into(),
            up: "u".into(),
            curves: vec![curve(points)],
        };
        let png = |points: &[(f64, f64)]| plot(points).to_png().unwrap();
        let line = png(&[(10.0, 1.0), (1000.0, 100.0)]);
        assert_eq!(line, png(&[(10.0, 1.0), (1000.0, 100.0), (0.0, 5.0), (f64::NAN, 1.0), (1.0, f64::INFINITY)]));
        let mut reader = png::Decoder::new(std::io::Cursor::new(&line)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        let width = reader.info().width as usize;
        let at = |x: f32, y: f32| &pixels[3 * (y as usize * width + x as usize)..][..3];
        // Up and across by two decades: the corners and the middle.
        for decade in [0.0, 1.0, 2.0] {
            let (x, y) = (LEFT + decade * DECADE - 1.0, TOP + (2.0 - decade) * DECADE);
            assert_eq!(at(x, y), [255, 0, 0], "{decade}");
        }
        assert_ne!(png(&[(10.0, 1.0), (1000.0, 50.0)]), line);
        assert!(!png(&[]).is_empty() && !png(&[(1e-300, 1e300)]).is_empty());
    }

    #[test]
    fn powers_are_short() {
        let texts = [-5, -2, 0, 3, 4, 6, 9].map(power_in_words);
        assert_eq!(texts, ["1e-5", "0.01", "1", "1000", "10k", "1M", "1e9"]);
    }
}
