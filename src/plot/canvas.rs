//! Pixels: lines with smooth edges and letters.
//!
//! Owns the pixels of one picture. Invariant: what lies outside is left out, never an error.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

/// Red, green, blue.
pub type Colour = [u8; 3];

/// What pictures are drawn on and with.
pub(super) const PAPER: Colour = [255; 3];
pub(super) const INK: Colour = [40; 3];
pub(super) const FAINT: Colour = [120; 3];
pub(super) const GRID: Colour = [228; 3];

const FONT: (FontWeight, RasterHeight) = (FontWeight::Regular, RasterHeight::Size16);

/// A picture that is drawn on.
#[derive(Clone, Debug)]
pub struct Canvas {
    width: usize,
    height: usize,
    /// `[height, width, 3]`.
    pixels: Vec<u8>,
    /// `[height, width]`: how much of each pixel the line at work covers; zero between lines.
    cover: Vec<f32>,
}

impl Canvas {
    /// Height of a line of text.
    pub const LINE: f32 = 18.0;

    /// An empty picture of one colour.
    #[must_use]
    pub fn new(width: usize, height: usize, colour: Colour) -> Self {
        Self { width, height, pixels: colour.repeat(width * height), cover: vec![0.0; width * height] }
    }

    /// Width of a text in pixels.
    #[must_use]
    pub fn text_width(text: &str) -> f32 {
        (text.chars().count() * get_raster_width(FONT.0, FONT.1)) as f32
    }

    /// Lays a colour over a pixel, as dense as `cover` says, from 0 to 1.
    fn blend(&mut self, x: usize, y: usize, colour: Colour, cover: f32) {
        if x >= self.width || y >= self.height {
            return;
        }
        let from = 3 * (y * self.width + x);
        for (old, new) in self.pixels[from..from + 3].iter_mut().zip(colour) {
            *old = (f32::from(*old) + (f32::from(new) - f32::from(*old)) * cover.clamp(0.0, 1.0)).round() as u8;
        }
    }

    /// Fills the rectangle `[x, y, width, height]`.
    pub fn fill(&mut self, [x, y, width, height]: [f32; 4], colour: Colour) {
        for row in y.max(0.0) as usize..((y + height).max(0.0) as usize).min(self.height) {
            for column in x.max(0.0) as usize..((x + width).max(0.0) as usize).min(self.width) {
                self.blend(column, row, colour, 1.0);
            }
        }
    }

    /// Draws a line through points; each pixel is covered by as much as the nearest piece of the line covers it.
    pub fn line(&mut self, points: &[(f32, f32)], thickness: f32, colour: Colour) {
        let reach = thickness / 2.0 + 1.0;
        // A pixel where two pieces meet is covered once, by the nearer: else joints would be dark.
        let mut touched = Vec::new();
        for piece in points.windows(2) {
            let [(ax, ay), (bx, by)] = [piece[0], piece[1]];
            if ![ax, ay, bx, by].iter().all(|v| v.is_finite()) {
                continue;
            }
            let (dx, dy) = (bx - ax, by - ay);
            let length = (dx * dx + dy * dy).max(1e-12);
            let rows =
                (ay.min(by) - reach).max(0.0) as usize..((ay.max(by) + reach).max(0.0) as usize + 1).min(self.height);
            let columns =
                (ax.min(bx) - reach).max(0.0) as usize..((ax.max(bx) + reach).max(0.0) as usize + 1).min(self.width);
            for row in rows {
                for column in columns.clone() {
                    let (x, y) = (column as f32 + 0.5 - ax, row as f32 + 0.5 - ay);
                    let along = ((x * dx + y * dy) / length).clamp(0.0, 1.0);
                    let (off_x, off_y) = (x - along * dx, y - along * dy);
                    let distance = (off_x * off_x + off_y * off_y).sqrt();
                    let here = (thickness / 2.0 + 0.5 - distance).clamp(0.0, 1.0);
                    let pixel = row * self.width + column;
                    if here > self.cover[pixel] {
                        if self.cover[pixel] == 0.0 {
                            touched.push(pixel);
                        }
                        self.cover[pixel] = here;
                    }
                }
            }
        }
        for pixel in touched {
            let cover = std::mem::take(&mut self.cover[pixel]);
            self.blend(pixel % self.width, pixel / self.width, colour, cover);
        }
    }

    /// Writes text whose upper left corner is at `x`, `y`; a letter that the font lacks becomes a question mark.
    pub fn text(&mut self, x: f32, y: f32, text: &str, colour: Colour) {
        let width = get_raster_width(FONT.0, FONT.1);
        for (place, letter) in text.chars().enumerate() {
            let raster = get_raster(letter, FONT.0, FONT.1).or_else(|| get_raster('?', FONT.0, FONT.1));
            let Some(raster) = raster else { continue };
            for (row, line) in raster.rows().enumerate() {
                for (column, &cover) in line.iter().enumerate() {
                    let (x, y) = (x + (place * width + column) as f32, y + row as f32);
                    if x >= 0.0 && y >= 0.0 && cover > 0 {
                        self.blend(x as usize, y as usize, colour, f32::from(cover) / 255.0);
                    }
                }
            }
        }
    }

    /// The picture as a PNG file.
    ///
    /// # Errors
    /// If it has no pixel, or more than a PNG can hold.
    pub fn to_png(&self) -> Result<Vec<u8>, png::EncodingError> {
        let size = |pixels: usize| u32::try_from(pixels).unwrap_or(u32::MAX);
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, size(self.width), size(self.height));
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header()?;
        writer.write_image_data(&self.pixels)?;
        writer.finish()?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dark(canvas: &Canvas) -> usize {
        canvas.pixels.chunks(3).filter(|pixel| pixel[0] < 128).count()
    }

    #[test]
    fn lines_are_as_thick_as_they_should_be_and_joints_are_not_darker() {
        let drawn = |points: &[(f32, f32)]| {
            let mut canvas = Canvas::new(40, 20, [255; 3]);
            canvas.line(points, 2.0, [0; 3]);
            canvas
        };
        let straight = drawn(&[(5.0, 10.0), (35.0, 10.0)]);
        // Two rows of thirty pixels, and at each end half a disc.
        assert_eq!(dark(&straight), 2 * 30 + 4);
        assert_eq!(drawn(&[(5.0, 10.0), (20.0, 10.0), (35.0, 10.0)]).pixels, straight.pixels);
        assert_eq!(dark(&drawn(&[(-50.0, f32::NAN), (1e9, 5.0)])), 0);
        assert_eq!(dark(&drawn(&[(-50.0, 10.0), (1e9, 10.0)])), 2 * 40);
    }

    #[test]
    fn text_is_there_and_stays_inside() {
        let mut canvas = Canvas::new(60, 20, [255; 3]);
        canvas.text(1.0, 1.0, "µV ± × 脳", [0; 3]);
        canvas.text(-5.0, 15.0, "outside", [0; 3]);
        assert!(dark(&canvas) > 40);
        let bytes = canvas.to_png().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        reader.next_frame(&mut pixels).unwrap();
        assert_eq!(pixels, canvas.pixels);
    }
}
