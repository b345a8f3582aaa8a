//! What every piece of a drawing is made of: a frame to place it in, and text that no value can break out of.

use std::fmt::Write as _;

pub use crate::markup::xml as escape;

pub(super) const FONT_PX: f64 = 13.0;

/// The rectangle inside the axes, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Frame {
    /// The pixel at `share` of the width.
    pub(super) fn x(&self, share: f64) -> f64 {
        self.left + share * self.width
    }

    /// The pixel at `share` of the height, counted from below.
    pub(super) fn y(&self, share: f64) -> f64 {
        self.top + (1.0 - share) * self.height
    }
}

/// Writes one line of text.
pub(super) fn text(out: &mut String, x: f64, y: f64, anchor: &str, class: &str, words: &str) {
    let words = escape(words);
    let _ = write!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" class=\"{class}\">{words}</text>"
    );
}

/// About how wide `words` come out.
pub(super) fn text_width(words: &str) -> f64 {
    words.chars().count() as f64 * FONT_PX * 0.53
}
