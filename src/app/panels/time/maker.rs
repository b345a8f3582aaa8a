//! What a tile shows and in which colours. Scales are found once, from a sample of all frames, so that tiles of one kind fit together.

use std::cell::OnceCell;

use egui::{ColorImage, Theme};
use ndarray::{Array2, ArrayView2, Axis};

use super::super::data::ColorScale;
use super::content::{Content, FrameLook, Key, Source};
use super::paint;
use crate::app::Palette;
use crate::metrics::timeline::{
    Neighbours, TILE_BINS, Tile, commonest, mean_features, rms, spread, squared_errors,
};
use crate::rvq::Rvq;

/// Rows of a picture of features at the most; of more dimensions several share one.
const MOST_FEATURE_ROWS: usize = 128;
/// Frames that the scales of errors and margins are taken from.
const SCALE_FRAMES: usize = 2048;

/// Makes tiles of a source.
pub struct Maker {
    source: Source,
    palettes: [Palette; 2],
    features: OnceCell<ColorScale>,
    loudest: OnceCell<f32>,
    /// By layer, of the roots of errors: silence is far below, and would leave speech no colours on a logarithmic scale.
    errors: OnceCell<Vec<ColorScale>>,
    margins: OnceCell<ColorScale>,
    neighbours: OnceCell<Option<Neighbours>>,
}

impl Maker {
    /// Nothing is computed yet.
    #[must_use]
    pub fn new(source: Source) -> Self {
        Self {
            source,
            palettes: [Theme::Light, Theme::Dark].map(Palette::of),
            features: OnceCell::new(),
            loudest: OnceCell::new(),
            errors: OnceCell::new(),
            margins: OnceCell::new(),
            neighbours: OnceCell::new(),
        }
    }

    /// A tile as it is drawn, a column a bin; `None` where the source has nothing of the kind.
    #[must_use]
    pub fn tile(&mut self, key: Key) -> Option<ColorImage> {
        let Key { content, tile, is_dark } = key;
        let palette = &self.palettes[usize::from(is_dark)];
        match content {
            Content::Norms => {
                let frames = self.frames()?;
                Some(paint::bars(&rms(frames, tile), self.loudest(frames), palette.train))
            }
            Content::Features => {
                let frames = self.frames()?;
                let scale = *self.features.get_or_init(|| self.feature_scale());
                let means = mean_features(frames, tile, MOST_FEATURE_ROWS);
                // Dimension 0 is the lowest row.
                let upwards = means.slice(ndarray::s![..;-1, ..]);
                Some(paint::ramp(upwards, palette, |_, value| scale.share(value)))
            }
            Content::Codes => {
                let tokens = self.source.codes()?;
                let codes = commonest(tokens.values.view(), &tokens.num_codes, tile);
                Some(paint::codes(codes.view(), palette))
            }
            Content::Error => {
                let scales = self.error_scales()?;
                let errors = self.errors_of(&self.sampled(tile)?)?;
                let means = tile.means(self.num_coded()?, errors.view());
                let share = |layer: usize, value: f32| scales[layer].share(value.sqrt());
                Some(paint::ramp(means.view(), palette, share))
            }
            Content::Margin => {
                let scale = self.margin_scale()?;
                let margins = self.margins_of(&self.sampled(tile)?)?;
                let means = tile.means(self.num_coded()?, margins.view());
                Some(paint::ramp(means.view(), palette, |_, value| scale.share(value)))
            }
        }
    }

    /// What is to be known of one frame.
    #[must_use]
    pub fn look(&mut self, frame: usize) -> Option<FrameLook> {
        let (frames, codes) = self.gather(&[frame])?;
        let sq_errors = squared_errors(self.rvq()?, frames.view(), codes.view()).ok()?;
        let nearby = self.neighbours()?.find(frames.view(), codes.view()).ok()?;
        Some(FrameLook { frame, sq_errors: sq_errors.iter().copied().collect(), nearby })
    }

    fn frames(&self) -> Option<ArrayView2<'_, f32>> {
        self.source.dataset.as_ref().map(|dataset| dataset.0.set.matrix.view())
    }

    fn rvq(&self) -> Option<&Rvq> {
        self.source.rvq.as_ref().map(|rvq| rvq.0.as_ref())
    }

    /// Frames that have codes.
    fn num_coded(&self) -> Option<usize> {
        Some(self.source.codes()?.values.ncols())
    }

    fn sampled(&self, tile: Tile) -> Option<Vec<usize>> {
        Some(tile.sampled(self.num_coded()?))
    }

    /// Some frames, `(num_frames, dim)`, and their codes, `(num_layers, num_frames)`.
    fn gather(&self, at: &[usize]) -> Option<(Array2<f32>, Array2<u32>)> {
        let (frames, codes) = (self.frames()?, self.source.codes()?.values.view());
        let most = frames.nrows().min(codes.ncols());
        let fits = at.iter().all(|&frame| frame < most);
        fits.then(|| (frames.select(Axis(0), at), codes.select(Axis(1), at)))
    }

    fn errors_of(&self, at: &[usize]) -> Option<Array2<f64>> {
        let (frames, codes) = self.gather(at)?;
        squared_errors(self.rvq()?, frames.view(), codes.view()).ok()
    }

    fn margins_of(&self, at: &[usize]) -> Option<Array2<f64>> {
        let (frames, codes) = self.gather(at)?;
        Some(self.neighbours()?.find(frames.view(), codes.view()).ok()?.margins())
    }

    fn neighbours(&self) -> Option<&Neighbours> {
        let make = || self.source.rvq.as_ref().map(|rvq| Neighbours::new(rvq.0.clone()));
        self.neighbours.get_or_init(make).as_ref()
    }

    fn feature_scale(&self) -> ColorScale {
        let matrix = self.source.dataset.as_ref().map(|dataset| &dataset.0.set.matrix);
        matrix.map_or(ColorScale { low: 0.0, high: 0.0 }, ColorScale::of)
    }

    /// The largest loudness of the coarsest tile, or of a bin of it that was sampled.
    fn loudest(&self, frames: ArrayView2<'_, f32>) -> f32 {
        *self.loudest.get_or_init(|| {
            let sample: Vec<usize> = spread(0..frames.nrows(), SCALE_FRAMES).collect();
            let sample = frames.select(Axis(0), &sample);
            let top = Tile { level: 0, index: 0 };
            let rows = sample.axis_chunks_iter(Axis(0), TILE_BINS);
            rows.flat_map(|rows| rms(rows, top)).fold(0.0, f32::max)
        })
    }

    fn error_scales(&self) -> Option<&[ColorScale]> {
        let sample: Vec<usize> = spread(0..self.num_coded()?, SCALE_FRAMES).collect();
        if let Some(scales) = self.errors.get() {
            return Some(scales);
        }
        let errors = self.errors_of(&sample)?;
        let scale = |row: ndarray::ArrayView1<'_, f64>| {
            ColorScale::of_sample(row.iter().map(|&error| error.sqrt() as f32).collect())
        };
        Some(self.errors.get_or_init(|| errors.rows().into_iter().map(scale).collect()))
    }

    fn margin_scale(&self) -> Option<ColorScale> {
        if let Some(scale) = self.margins.get() {
            return Some(*scale);
        }
        let sample: Vec<usize> = spread(0..self.num_coded()?, SCALE_FRAMES).collect();
        let margins = self.margins_of(&sample)?;
        let known = margins.iter().filter(|margin| !margin.is_nan()).map(|&margin| margin as f32);
        let high = ColorScale::of_sample(known.collect()).high.max(f32::MIN_POSITIVE);
        Some(*self.margins.get_or_init(|| ColorScale { low: 0.0, high }))
    }
}
