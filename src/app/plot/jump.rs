//! Bringing every plot over time to a stretch that was asked for elsewhere, whichever of them is drawn next.

use egui::{Context, Id};

/// A stretch of the time axis that plots are to show.
#[derive(Debug, Clone, Copy)]
struct Jump {
    from: f64,
    to: f64,
    /// The pass in which plots did; a plot that is hidden until then still does when it is drawn.
    done_in: Option<u64>,
}

fn memory() -> Id {
    Id::unique("stretch of time to jump to") // not a text
}

/// Asks plots over time to show the axis between two places.
pub fn jump_to(ctx: &Context, from: f64, to: f64) {
    if from < to {
        ctx.data_mut(|data| data.insert_temp(memory(), Jump { from, to, done_in: None }));
    }
}

/// The stretch that a plot over time which is drawn now is to show, where one was asked for.
pub(super) fn wanted(ctx: &Context) -> Option<(f64, f64)> {
    let jump: Jump = ctx.data(|data| data.get_temp(memory()))?;
    let now = ctx.cumulative_pass_nr();
    if jump.done_in.is_some_and(|pass| pass != now) {
        ctx.data_mut(|data| data.remove::<Jump>(memory()));
        return None;
    }
    // All plots of one pass go there together: they share their axis.
    ctx.data_mut(|data| data.insert_temp(memory(), Jump { done_in: Some(now), ..jump }));
    Some((jump.from, jump.to))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_plots_of_one_pass_jump_and_none_of_the_next() {
        let ctx = Context::default();
        let pass = |look: &dyn Fn(&Context)| {
            // Nobody draws here, so textures go nowhere.
            ctx.run_ui(egui::RawInput::default(), |ui| look(ui.ctx())).textures_delta.clear();
        };
        pass(&|ctx| assert_eq!(wanted(ctx), None));
        pass(&|ctx| jump_to(ctx, 2.0, 3.0));
        pass(&|_| ());
        pass(&|ctx| assert_eq!([wanted(ctx), wanted(ctx)], [Some((2.0, 3.0)); 2]));
        pass(&|ctx| assert_eq!(wanted(ctx), None));
        pass(&|ctx| jump_to(ctx, 3.0, 3.0));
        pass(&|ctx| assert_eq!(wanted(ctx), None));
    }
}
