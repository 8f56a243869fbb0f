//! Figures for pages, as SVG that stands in HTML.
//!
//! Pure functions of plain values. Invariant: a figure needs nothing but itself, says in words what its colours say, and is the same
//! text for the same values.

use super::ticks;
use std::fmt::Write;

/// Points of one name.
#[derive(Clone, Debug)]
pub struct Series {
    /// What they are.
    pub name: String,
    /// From left to right for a curve.
    pub points: Vec<[f64; 2]>,
}

/// Colours that eyes of all kinds tell apart (Okabe and Ito, 2008), and what marks points of each: a text reader sees the names.
const COLOURS: [&str; 7] = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"];
const SIZE: [f64; 2] = [520.0, 340.0];
/// Left, top, right and bottom of the frame.
const FRAME: [f64; 4] = [58.0, 14.0, 508.0, 296.0];

/// The same text where `<`, `>`, `&` and quotes would be read as HTML.
#[must_use]
pub fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            // Neither HTML nor SVG has a place for these.
            letter if letter.is_control() && letter != '\n' && letter != '\t' => out.push(' '),
            letter => out.push(letter),
        }
    }
    out
}

/// The range of finite values, a little wider; none of none.
fn range(values: impl Iterator<Item = f64>) -> Option<[f64; 2]> {
    let [low, high] = values
        .filter(|v| v.is_finite())
        .fold([f64::INFINITY, f64::NEG_INFINITY], |[low, high], v| [low.min(v), high.max(v)]);
    let more = if high > low { 0.04 * (high - low) } else { 0.5 * (1.0 + high.abs()) };
    (low <= high).then_some([low - more, high + more])
}

fn begun(title: &str, size: [f64; 2]) -> String {
    let title = escaped(title);
    let [width, height] = size;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-label=\"{title}\">\
         <title>{title}</title>\n"
    )
}

/// Axes with round numbers, and where a point lies between them.
fn axes(out: &mut String, xs: [f64; 2], ys: [f64; 2], names: [&str; 2]) -> impl Fn([f64; 2]) -> [f64; 2] + use<> {
    let [left, top, right, bottom] = FRAME;
    let place = move |[x, y]: [f64; 2]| {
        let across = (x - xs[0]) / (xs[1] - xs[0]);
        [left + across * (right - left), bottom - (y - ys[0]) / (ys[1] - ys[0]) * (bottom - top)]
    };
    let _ = writeln!(
        out,
        "<rect x=\"{left}\" y=\"{top}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"#888\"/>",
        right - left,
        bottom - top
    );
    for tick in ticks(xs[0], xs[1], 5) {
        let [x, _] = place([tick, ys[0]]);
        let _ = writeln!(out, "<path d=\"M{x:.1} {bottom}v4\" stroke=\"#888\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
            bottom + 17.0,
            rounded(tick)
        );
    }
    for tick in ticks(ys[0], ys[1], 5) {
        let [_, y] = place([xs[0], tick]);
        let _ = writeln!(out, "<path d=\"M{left} {y:.1}H{right}\" stroke=\"#ddd\"/>");
        let _ = writeln!(
            out,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\">{}</text>",
            left - 6.0,
            y + 4.0,
            rounded(tick)
        );
    }
    let middle = f64::midpoint(left, right);
    let _ = writeln!(
        out,
        "<text x=\"{middle}\" y=\"{:.1}\" text-anchor=\"middle\">{}</text>",
        bottom + 36.0,
        escaped(names[0])
    );
    let high = f64::midpoint(top, bottom);
    let turned = format!("rotate(-90 14 {high})");
    let _ = writeln!(
        out,
        "<text x=\"14\" y=\"{high}\" text-anchor=\"middle\" transform=\"{turned}\">{}</text>",
        escaped(names[1])
    );
    place
}

/// A number with as many digits as it needs.
fn rounded(value: f64) -> String {
    let text = format!("{value:.6}");
    let text = text.trim_end_matches('0').trim_end_matches('.');
    if text == "-0" { "0".to_owned() } else { text.to_owned() }
}

/// Names with their colours, below the frame of a figure.
fn legend(series: &[Series]) -> String {
    let items: Vec<String> = series
        .iter()
        .zip(COLOURS.iter().cycle())
        .map(|(series, colour)| format!("<span><i style=\"background:{colour}\"></i>{}</span>", escaped(&series.name)))
        .collect();
    format!("<p class=\"legend\">{}</p>", items.join(" "))
}

/// A figure with axes and names, in which `draw` draws the finite points of each series, placed, in its colour; none where there is no
/// finite point.
fn drawn(
    title: &str,
    names: [&str; 2],
    series: &[Series],
    draw: impl Fn(&mut String, &Series, &[[f64; 2]], &str),
) -> Option<String> {
    let along = |axis: usize| range(series.iter().flat_map(move |s| s.points.iter().map(move |point| point[axis])));
    let mut out = begun(title, SIZE);
    let place = axes(&mut out, along(0)?, along(1)?, names);
    for (series, colour) in series.iter().zip(COLOURS.iter().cycle()) {
        let finite = series.points.iter().filter(|point| point.iter().all(|v| v.is_finite()));
        draw(&mut out, series, &finite.map(|point| place(*point)).collect::<Vec<_>>(), colour);
    }
    out.push_str("</svg>");
    Some(out + &legend(series))
}

/// Curves over one axis; none where there is no finite point.
#[must_use]
pub fn curves(title: &str, names: [&str; 2], series: &[Series]) -> Option<String> {
    drawn(title, names, series, |out, _, points, colour| {
        let placed: Vec<String> = points.iter().map(|[x, y]| format!("{x:.1},{y:.1}")).collect();
        let placed = placed.join(" ");
        let _ = writeln!(out, "<polyline fill=\"none\" stroke=\"{colour}\" stroke-width=\"2\" points=\"{placed}\"/>");
        if let [[x, y]] = points {
            let _ = writeln!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\" fill=\"{colour}\"/>");
        }
    })
}

/// Points in a plane, a colour for each name; none where there is no finite point.
#[must_use]
pub fn points(title: &str, names: [&str; 2], series: &[Series]) -> Option<String> {
    drawn(title, names, series, |out, series, points, colour| {
        let name = escaped(&series.name);
        let _ = writeln!(out, "<g fill=\"{colour}\" fill-opacity=\"0.6\"><title>{name}</title>");
        for [x, y] in points {
            let _ = write!(out, "<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3\"/>");
        }
        out.push_str("</g>\n");
    })
}

/// Counts `[is, told]` as a table of shaded cells, each with its count and the share of its row.
#[must_use]
pub fn confusion(title: &str, classes: &[String], counts: &[Vec<u64>]) -> String {
    const CELL: [f64; 2] = [84.0, 44.0];
    const EDGE: [f64; 2] = [130.0, 46.0];
    let size = [EDGE[0] + CELL[0] * classes.len() as f64, EDGE[1] + CELL[1] * classes.len() as f64];
    let mut out = begun(title, size);
    let short = |name: &str| {
        let cut: String = name.chars().take(12).collect();
        escaped(&if cut.len() < name.len() { cut + "…" } else { cut })
    };
    let _ = writeln!(out, "<text x=\"4\" y=\"18\">is ↓  told →</text>");
    for (at, class) in classes.iter().enumerate() {
        let (x, y) = (EDGE[0] + CELL[0] * (at as f64 + 0.5), EDGE[1] + CELL[1] * (at as f64 + 0.5) + 4.0);
        let _ = writeln!(out, "<text x=\"{x}\" y=\"38\" text-anchor=\"middle\">{}</text>", short(class));
        let _ = writeln!(out, "<text x=\"{}\" y=\"{y}\" text-anchor=\"end\">{}</text>", EDGE[0] - 8.0, short(class));
    }
    for (is, row) in counts.iter().enumerate() {
        let all = row.iter().sum::<u64>().max(1) as f64;
        for (told, count) in row.iter().enumerate() {
            let share = *count as f64 / all;
            let (x, y) = (EDGE[0] + CELL[0] * told as f64, EDGE[1] + CELL[1] * is as f64);
            let ink = if share > 0.6 { "#fff" } else { "#222" };
            let _ = writeln!(
                out,
                "<rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" fill=\"#0072b2\" fill-opacity=\"{share:.3}\" stroke=\"#fff\"/>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" style=\"fill:{ink}\">{count}</text>\
                 <text x=\"{}\" y=\"{}\" text-anchor=\"middle\" style=\"fill:{ink}\">{:.0} %</text>",
                CELL[0],
                CELL[1],
                x + CELL[0] / 2.0,
                y + 18.0,
                x + CELL[0] / 2.0,
                y + 34.0,
                100.0 * share
            );
        }
    }
    out + "</svg>"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_hold_their_points_and_names_and_nothing_that_is_no_number() {
        let series = [
            Series { name: "a & <b>".into(), points: vec![[0.0, 1.0], [1.0, f64::NAN], [2.0, 3.0]] },
            Series { name: "one".into(), points: vec![[1.0, 2.0]] },
        ];
        let figure = curves("loss", ["step", "loss"], &series).unwrap();
        assert!(
            figure.contains("a &amp; &lt;b&gt;") && !figure.contains("NaN") && figure.matches("<polyline").count() == 2
        );
        assert!(figure.contains(">0.4<") && figure.contains(">3<"), "{figure}");
        assert_eq!(points("map", ["", ""], &series).unwrap().matches("<circle").count(), 3);
        let nothing = [Series { name: "n".into(), points: vec![[f64::NAN, 0.0]] }];
        assert!(curves("none", ["", ""], &nothing).is_none() && points("none", ["", ""], &[]).is_none());
        let table =
            confusion("told", &["rest".into(), "a very long name of a class".into()], &[vec![3, 1], vec![0, 0]]);
        assert!(table.contains(">75 %<") && table.contains("a very long …") && table.contains(">0 %<"), "{table}");
    }
}
