//! The tiles that are there: what is drawn of them, what is asked for, and what is dropped.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::sync::Arc;

use egui::{ColorImage, Pos2, Rect, TextureHandle, TextureId, Ui, pos2};

use super::content::{Content, FrameLook, Key, Source};
use super::worker::{Reply, Request, Worker};
use crate::app::drawing;
use crate::metrics::timeline::{Tile, tiles_over, top_level};

/// Texels that are kept beyond those of the last picture: 16 MiB at four bytes each.
const MOST_TEXELS: usize = 4 << 20;
/// Frames that are remembered once they were looked at.
const MOST_LOOKS: usize = 64;

/// A part of a picture.
#[derive(Debug, Clone, PartialEq)]
pub struct Piece {
    /// The picture that it is cut out of.
    pub texture: TextureId,
    /// Where it lies in there.
    pub uv: Rect,
    /// The frames that it shows.
    pub frames: Range<usize>,
}

struct Held {
    /// `None` where there is nothing to draw.
    texture: Option<TextureHandle>,
    texels: usize,
    /// When it was drawn last.
    used: u64,
}

/// The tiles of one panel.
#[derive(Default)]
pub struct Tiles {
    source: Source,
    worker: Option<Worker>,
    made: HashMap<Key, Held>,
    looks: VecDeque<Arc<FrameLook>>,
    pass: u64,
    /// What the picture under way misses, most wanted first.
    missing: Vec<Key>,
}

impl Tiles {
    /// Begins a picture of `source`: takes in what was made, and forgets what was made of something else.
    pub fn begin(&mut self, source: Source, ui: &Ui) {
        self.pass += 1;
        self.missing.clear();
        if self.source != source || self.worker.is_none() {
            let same_frames = self.source.dataset == source.dataset;
            let same_codes =
                same_frames && self.source.tokens == source.tokens && self.source.rvq == source.rvq;
            self.made.retain(|key, _| match key.content {
                Content::Norms | Content::Features => same_frames,
                Content::Codes | Content::Error | Content::Margin => same_codes,
            });
            self.looks.clear();
            self.worker = Some(Worker::new(source.clone(), ui.ctx().clone()));
            self.source = source;
        }
        let news = self.worker.as_mut().map(Worker::news).unwrap_or_default();
        for reply in news {
            match reply {
                Reply::Tile(key, image) => self.keep(key, image, ui),
                Reply::Frame(_, look) => self.looks.extend(look.map(Arc::new)),
            }
        }
        while self.looks.len() > MOST_LOOKS {
            self.looks.pop_front();
        }
    }

    /// What there is to draw of `frames` at a level, where there are `num_frames`. What is not there yet is drawn from a coarser tile, and asked for.
    pub fn pieces(
        &mut self,
        (content, is_dark): (Content, bool),
        level: u32,
        frames: Range<usize>,
        num_frames: usize,
    ) -> Vec<Piece> {
        let top = Tile { level: top_level(num_frames), index: 0 };
        let key = |tile| Key { content, tile, is_dark };
        // The coarsest comes first, so that there is something to draw, and stays.
        if !self.touch(key(top)) {
            self.missing.insert(0, key(top));
        }
        let wanted: Vec<Tile> = tiles_over(level.min(top.level), frames, num_frames).collect();
        let middle = wanted.len() / 2;
        let mut missing: Vec<(usize, Key)> = Vec::new();
        let mut pieces = Vec::with_capacity(wanted.len());
        for (nth, &tile) in wanted.iter().enumerate() {
            if !self.touch(key(tile)) {
                missing.push((nth.abs_diff(middle), key(tile)));
            }
            let mut from = tile;
            while !self.touch(key(from)) && from.level < top.level {
                from = from.parent();
            }
            if let Some(texture) = self.made.get(&key(from)).and_then(|held| held.texture.as_ref()) {
                let uv = part(from, tile, num_frames);
                pieces.push(Piece { texture: texture.id(), uv, frames: tile.frames(num_frames) });
            }
        }
        missing.sort_by_key(|(away, _)| *away);
        self.missing.extend(missing.into_iter().map(|(_, key)| key));
        pieces
    }

    /// Ends the picture: asks for what it missed, and drops what was not drawn for the longest time.
    pub fn end(&mut self) {
        if let Some(worker) = &mut self.worker {
            self.missing.iter().for_each(|&key| worker.ask(Request::Tile(key)));
        }
        let mut texels: usize = self.made.values().map(|held| held.texels).sum();
        if texels <= MOST_TEXELS {
            return;
        }
        let mut old: Vec<(u64, Key)> = self.made.iter().map(|(key, held)| (held.used, *key)).collect();
        old.retain(|(used, _)| *used < self.pass);
        old.sort_by_key(|(used, _)| *used);
        for (_, key) in old {
            if texels <= MOST_TEXELS {
                return;
            }
            texels -= self.made.remove(&key).map_or(0, |held| held.texels);
        }
    }

    /// What is known of single frames.
    pub fn looks(&self) -> &VecDeque<Arc<FrameLook>> {
        &self.looks
    }

    /// Has a frame looked at, unless that was done.
    pub fn look_at(&mut self, frame: usize) {
        if self.source.rvq.is_none() || self.looks.iter().any(|look| look.frame == frame) {
            return;
        }
        if let Some(worker) = &mut self.worker {
            worker.ask(Request::Frame(frame));
        }
    }

    fn keep(&mut self, key: Key, image: Option<ColorImage>, ui: &Ui) {
        let texels = image.as_ref().map_or(0, |image| image.pixels.len());
        let texture = image.map(|image| drawing::load(ui.ctx(), "time", image));
        self.made.insert(key, Held { texture, texels, used: self.pass });
    }

    /// Whether a tile is there; it is in use then.
    fn touch(&mut self, key: Key) -> bool {
        let pass = self.pass;
        self.made.get_mut(&key).map(|held| held.used = pass).is_some()
    }
}

/// Where the frames of `tile` lie in the picture of `from`, which holds them. The last bin of all may have fewer frames than its column stands for.
fn part(from: Tile, tile: Tile, num_frames: usize) -> Rect {
    let (all, frames) = (from.frames(num_frames), tile.frames(num_frames));
    let across = (from.bins(num_frames).len().max(1) * from.bin_frames()) as f64;
    let x = |frame: usize| (frame.saturating_sub(all.start) as f64 / across) as f32;
    Rect::from_min_max(Pos2::new(x(frames.start), 0.0), pos2(x(frames.end), 1.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tile_is_all_of_itself_and_a_part_of_those_above() {
        let num_frames = 5000;
        let of = |from: (u32, usize), tile: (u32, usize)| {
            let tiles = [from, tile].map(|(level, index)| Tile { level, index });
            let uv = part(tiles[0], tiles[1], num_frames);
            (uv.min.x, uv.max.x)
        };
        assert_eq!(of((1, 3), (1, 3)), (0.0, 1.0));
        assert_eq!(of((2, 1), (1, 3)), (0.5, 1.0));
        assert_eq!(of((3, 0), (1, 3)), (0.75, 1.0));
        // 5000 frames are 157 bins of 32, the last of 8 frames.
        let (left, right) = of((5, 0), (5, 0));
        assert_eq!(left, 0.0);
        assert!((f64::from(right) - 5000.0 / (157.0 * 32.0)).abs() < 1e-6);
    }
}
