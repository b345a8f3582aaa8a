//! The cursor that plots share: where the pointer stands, snapped to the data, marked in every plot along the same thing.

use egui::{Context, Id};

/// What a plot has along its x axis. Plots along the same thing have one cursor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Along {
    /// Training steps.
    Steps,
    /// Layers, from 1.
    Layers,
    /// Codes of the selected layer, by number.
    Codes,
    /// Codes from the most to the least chosen, from 1.
    Ranks,
    /// The corpus, in the unit of its time axis.
    Time,
}

/// Where a plot has put the cursor.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Cursor {
    x: f64,
    source: Id,
    /// The pass of drawing in which the pointer was there.
    pass: u64,
}

impl Along {
    fn id(self) -> Id {
        Id::unique(("cursor", self))
    }
}

/// Puts the cursor where the pointer is in the plot `source`.
pub fn put(ctx: &Context, along: Along, x: f64, source: Id) {
    let cursor = Cursor { x, source, pass: ctx.cumulative_pass_nr() };
    let before: Option<Cursor> = ctx.data(|data| data.get_temp(along.id()));
    ctx.data_mut(|data| data.insert_temp(along.id(), cursor));
    if before.is_none_or(|before| (before.x, before.source) != (x, source)) {
        // Plots that were drawn before this one follow in the next frame.
        ctx.request_repaint();
    }
}

/// Takes the cursor away, where the plot `source` had put it.
pub fn take_away(ctx: &Context, along: Along, source: Id) {
    let is_ours =
        ctx.data(|data| data.get_temp::<Cursor>(along.id())).is_some_and(|cursor| cursor.source == source);
    if is_ours {
        ctx.data_mut(|data| data.remove::<Cursor>(along.id()));
        ctx.request_repaint();
    }
}

/// Where the cursor is, and the plot that put it there. One of a plot that is no longer drawn does not count.
#[must_use]
pub fn find(ctx: &Context, along: Along) -> Option<(f64, Id)> {
    let cursor: Cursor = ctx.data(|data| data.get_temp(along.id()))?;
    (cursor.pass + 1 >= ctx.cumulative_pass_nr()).then_some((cursor.x, cursor.source))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_seen_along_the_same_thing_until_its_plot_is_gone() {
        let ctx = Context::default();
        let (a, b) = (Id::unique("a"), Id::unique("b"));
        let pass = |draw: &dyn Fn(&Context)| {
            let mut output = ctx.run_ui(egui::RawInput::default(), |ui| draw(ui.ctx()));
            output.textures_delta.clear();
        };
        pass(&|ctx| put(ctx, Along::Steps, 7.0, a));
        pass(&|ctx| {
            assert_eq!(find(ctx, Along::Steps), Some((7.0, a)));
            assert_eq!(find(ctx, Along::Codes), None);
            take_away(ctx, Along::Steps, b);
            assert_eq!(find(ctx, Along::Steps), Some((7.0, a)), "only its own plot takes it away");
        });
        pass(&|_| {});
        pass(&|ctx| assert_eq!(find(ctx, Along::Steps), None, "its plot is no longer drawn"));
    }
}
