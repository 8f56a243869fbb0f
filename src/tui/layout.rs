//! Where each panel lies.
//!
//! Owns [`Places`]; a pure function of the size. Invariant: rectangles lie inside the area and do not overlap; a
//! panel without room is an empty rectangle, and the traces are the last panel to go.

use super::keys::Arrangement;
use ratatui::layout::Rect;

/// From this width on one line holds all that is always on screen.
const WIDE: u16 = 150;
/// From this height on there is a line of keys.
const KEYS: u16 = 26;
/// From this height of the body on there are panels besides the traces.
const ROOMY: u16 = 25;
/// Height of the row of panels below the traces, and on tall screens.
const ROW: u16 = 11;
const TALL_ROW: u16 = 15;
/// From this height of the body on the row is tall.
const TALL: u16 = 52;
/// What a panel in that row needs at least.
const PANEL: u16 = 38;
/// From this width on there is a column beside the traces, this wide.
const BROAD: u16 = 110;
const COLUMN: [u16; 2] = [37, 56];
/// What the panels in that column need at least.
const SPECTRUM: u16 = 8;
const SCALP: u16 = 11;
const BANDS: u16 = 7;
/// Width of the bands beside a large spectrum.
const BESIDE: u16 = 40;
/// Width of the legend beside the map.
const LEGEND: u16 = 32;

/// Width of the figures of health.
const HEALTH: u16 = 62;

/// The parts of the screen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Places {
    /// Mode, source, recording; on wide screens the status as well.
    pub(super) header: Rect,
    /// Losses, delay, model, trainer; empty where the header holds them.
    pub(super) status: Rect,
    /// The line of keys.
    pub(super) keys: Rect,
    /// The traces.
    pub(super) traces: Rect,
    /// The spectrum of the selected channel.
    pub(super) spectrum: Rect,
    /// The same over time.
    pub(super) waterfall: Rect,
    /// Its bands.
    pub(super) bands: Rect,
    /// The map of embeddings.
    pub(super) map: Rect,
    /// What its characters mean.
    pub(super) legend: Rect,
    /// Where power lies on the scalp.
    pub(super) scalp: Rect,
    /// The trainer.
    pub(super) trainer: Rect,
    /// Every figure of the trainer's health.
    pub(super) health: Rect,
    /// Flow and latency.
    pub(super) flow: Rect,
    /// The events.
    pub(super) events: Rect,
}

impl Places {
    /// The places on a screen of this size; `events_large` gives the events the room of the trainer and the flow.
    pub(super) fn of(area: Rect, arrangement: Arrangement, events_large: bool) -> Self {
        let mut places = Self::default();
        let mut body = area;
        places.header = take_top(&mut body, 1);
        if area.height >= KEYS {
            places.keys = take_bottom(&mut body, 1);
        }
        if area.width < WIDE {
            places.status = take_bottom(&mut body, 1);
        }
        match arrangement {
            Arrangement::Learning => places.learning(body, events_large),
            Arrangement::Map => places.map(body, events_large),
            Arrangement::Spectrum => places.spectrum(body, events_large),
            Arrangement::Traces if !events_large => places.traces = body,
            Arrangement::Traces | Arrangement::All => places.everything(body, area, events_large),
        }
        places
    }

    /// Figures at the left, where a loss over its steps has the rest, above what was decided.
    fn learning(&mut self, mut body: Rect, events_large: bool) {
        let beside = body.width - HEALTH.min(body.width * 3 / 5);
        let rest = take_right(&mut body, beside);
        self.health = body;
        self.trainer = rest;
        let events = if events_large { rest.height / 2 } else { rest.height / 3 };
        self.events = take_bottom(&mut self.trainer, events);
    }

    /// The spectrum above its waterfall, so that they share their axis of hertz, and the bands at the right.
    fn spectrum(&mut self, mut body: Rect, events_large: bool) {
        if events_large {
            let events = body.height / 3;
            self.events = take_bottom(&mut body, events);
        }
        if body.width >= 2 * BESIDE {
            self.scalp = take_right(&mut body, BESIDE);
            self.bands = take_top(&mut self.scalp, BANDS);
        }
        let above = (body.height * 9 / 20).max(SPECTRUM);
        self.spectrum = take_top(&mut body, above);
        self.waterfall = body;
    }

    fn map(&mut self, mut body: Rect, events_large: bool) {
        if events_large {
            let events = body.height / 3;
            self.events = take_bottom(&mut body, events);
        }
        if body.width >= 2 * LEGEND {
            self.legend = take_right(&mut body, LEGEND);
        }
        self.map = body;
    }

    fn everything(&mut self, mut body: Rect, area: Rect, events_large: bool) {
        if body.height >= ROOMY {
            let height = if body.height >= TALL { TALL_ROW } else { ROW };
            let row = take_bottom(&mut body, height);
            self.fill_row(row, events_large);
            if area.width >= BROAD {
                let column = take_right(&mut body, (area.width / 4).clamp(COLUMN[0], COLUMN[1]));
                self.fill_column(column);
            }
        } else if events_large {
            self.events = take_bottom(&mut body, area.height / 2);
        }
        self.traces = body;
    }

    /// The bands go first, then the scalp, the spectrum at last.
    fn fill_column(&mut self, mut column: Rect) {
        if column.height >= SPECTRUM + SCALP + BANDS {
            self.bands = take_bottom(&mut column, BANDS);
        }
        if column.height >= SPECTRUM + SCALP {
            let scalp = (column.height * 11 / 20).max(SCALP);
            self.scalp = take_top(&mut column, scalp);
        }
        self.spectrum = column;
    }

    fn fill_row(&mut self, mut row: Rect, events_large: bool) {
        let panels = row.width / PANEL;
        if events_large {
            self.events = row;
            return;
        }
        if panels >= 3 {
            let third = row.width / 3;
            self.events = take_right(&mut row, third);
        }
        if panels >= 2 {
            let half = row.width / 2;
            self.flow = take_right(&mut row, half);
        }
        self.trainer = row;
    }
}

/// How many channels a panel of traces with this many rows shows at once.
///
/// Below one row a channel a trace cannot be read; with more channels than rows, pages of one and a half rows each
/// read better than full ones.
pub(super) fn channels_on_page(rows: u16, channels: usize) -> usize {
    let rows = usize::from(rows);
    if channels <= rows { channels.max(1) } else { (rows * 2 / 3).max(1) }
}

/// Rows for traces inside a panel: its frame and its time axis take the rest.
pub(super) fn trace_rows(panel: Rect) -> u16 {
    let inner = panel.height.saturating_sub(2);
    if inner >= 5 { inner - 1 } else { inner }
}

fn take_top(from: &mut Rect, height: u16) -> Rect {
    let height = height.min(from.height);
    let taken = Rect { height, ..*from };
    from.y += height;
    from.height -= height;
    taken
}

fn take_bottom(from: &mut Rect, height: u16) -> Rect {
    let height = height.min(from.height);
    from.height -= height;
    Rect { y: from.y + from.height, height, ..*from }
}

fn take_right(from: &mut Rect, width: u16) -> Rect {
    let width = width.min(from.width);
    from.width -= width;
    Rect { x: from.x + from.width, width, ..*from }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(p: Places) -> [Rect; 14] {
        [
            p.header,
            p.status,
            p.keys,
            p.traces,
            p.spectrum,
            p.waterfall,
            p.bands,
            p.map,
            p.legend,
            p.scalp,
            p.trainer,
            p.health,
            p.flow,
            p.events,
        ]
    }

    #[test]
    fn parts_tile_the_screen_at_any_size() {
        for (width, height, large) in
            (0..=300).step_by(7).flat_map(|w| (0..=100).flat_map(move |h| [(w, h, false), (w, h, true)]))
        {
            let area = Rect::new(0, 0, width, height);
            for arrangement in Arrangement::ALL {
                let parts = parts(Places::of(area, arrangement, large));
                let cells: u32 = parts.iter().map(|r| r.area()).sum();
                assert_eq!(cells, area.area(), "{width}x{height}");
                for (place, part) in parts.iter().enumerate() {
                    assert_eq!(area.intersection(*part).area(), part.area(), "{width}x{height}");
                    assert!(
                        parts[..place].iter().all(|other| other.intersection(*part).is_empty()),
                        "{width}x{height}"
                    );
                }
            }
        }
    }

    #[test]
    fn panels_leave_in_order() {
        let present = |w, h| {
            let p = Places::of(Rect::new(0, 0, w, h), Arrangement::All, false);
            [p.traces, p.trainer, p.flow, p.spectrum, p.scalp, p.bands, p.events, p.status].map(|r| !r.is_empty())
        };
        assert_eq!(present(200, 60), [true, true, true, true, true, true, true, false]);
        assert_eq!(present(120, 40), [true, true, true, true, true, true, true, true]);
        assert_eq!(present(112, 40), [true, true, true, true, true, true, false, true]);
        assert_eq!(present(112, 36), [true, true, true, true, true, false, false, true]);
        assert_eq!(present(112, 28), [true, true, true, true, false, false, false, true]);
        assert_eq!(present(100, 40), [true, true, true, false, false, false, false, true]);
        assert_eq!(present(60, 40), [true, true, false, false, false, false, false, true]);
        assert_eq!(present(80, 24), [true, false, false, false, false, false, false, true]);
    }

    #[test]
    fn pages_have_one_and_a_half_rows_a_channel() {
        assert_eq!(channels_on_page(24, 16), 16);
        assert_eq!(channels_on_page(24, 256), 16);
        assert_eq!(channels_on_page(0, 8), 1);
        assert_eq!(channels_on_page(9, 0), 1);
    }
}
