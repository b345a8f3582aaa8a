//! Least and greatest samples over stretches of ever greater length, so that an hour of audio is drawn as fast as a second.

use std::sync::{Arc, OnceLock};

use egui_plot::PlotPoint;

use crate::app::memo::ByPtr;
use crate::app::plot::Visible;
use crate::jobs::{AudioClip, Dataset};

/// Samples of a stretch of the lowest level.
const BASE: usize = 64;
/// Stretches of a level that make one of the next.
const FACTOR: usize = 4;

/// The pyramid of one clip. Level `l` has a least and a greatest sample for each `BASE * FACTOR^l` samples.
#[derive(Debug, Default)]
struct Levels {
    levels: Vec<Vec<[f32; 2]>>,
}

/// The clips' audio on a common time axis.
#[derive(Debug)]
pub struct Waveform {
    dataset: Arc<Dataset>,
    levels: Vec<Levels>,
    /// Where each clip starts and ends on the time axis, in seconds.
    spans: Vec<(f64, f64)>,
    /// The greatest absolute sample.
    peak: f32,
}

/// A waveform that is being made on a thread of its own.
#[derive(Default)]
pub struct Preparing {
    made: Option<(ByPtr<Dataset>, Arc<OnceLock<Waveform>>)>,
}

impl Preparing {
    /// The waveform of `dataset`, once it is there. The first call for a dataset starts it; `done` is called at its end.
    pub fn get(&mut self, dataset: &Arc<Dataset>, done: impl FnOnce() + Send + 'static) -> Option<&Waveform> {
        let key = ByPtr(dataset.clone());
        let kept = self.made.take().filter(|(kept, _)| *kept == key);
        let (_, place) = self.made.insert(kept.unwrap_or_else(|| {
            let place = Arc::new(OnceLock::new());
            let (theirs, dataset) = (place.clone(), dataset.clone());
            let started = std::thread::Builder::new().name("rvq-waveform".to_owned()).spawn(move || {
                // Nobody else fills this place.
                let _ = theirs.set(Waveform::new(dataset));
                done();
            });
            // Without a thread there is no picture, but everything else.
            drop(started);
            (key, place)
        }));
        place.get()
    }
}

impl Levels {
    fn new(samples: &[f32]) -> Self {
        let ends = |pieces: &mut dyn Iterator<Item = [f32; 2]>| {
            pieces.fold([f32::INFINITY, f32::NEG_INFINITY], |[low, high], [a, b]| [low.min(a), high.max(b)])
        };
        let base: Vec<[f32; 2]> =
            samples.chunks(BASE).map(|chunk| ends(&mut chunk.iter().map(|&v| [v, v]))).collect();
        let mut levels = vec![base];
        while let Some(last) = levels.last().filter(|last| last.len() > FACTOR) {
            let next = last.chunks(FACTOR).map(|chunk| ends(&mut chunk.iter().copied())).collect();
            levels.push(next);
        }
        Self { levels }
    }

    /// The least and greatest of samples `from..to`, widened to whole stretches of the level that suits the length.
    fn ends(&self, samples: &[f32], from: usize, to: usize) -> Option<[f32; 2]> {
        let widen = |[low, high]: [f32; 2], [a, b]: [f32; 2]| [low.min(a), high.max(b)];
        let (from, to) = (from.min(samples.len()), to.min(samples.len()));
        if from >= to {
            return None;
        }
        if to - from < 2 * BASE {
            return samples[from..to].iter().map(|&v| [v, v]).reduce(widen);
        }
        let (mut level, mut length) = (0, BASE);
        while level + 1 < self.levels.len() && length * FACTOR * 2 <= to - from {
            (level, length) = (level + 1, length * FACTOR);
        }
        let stretches = self.levels.get(level)?;
        let last = to.div_ceil(length).min(stretches.len());
        stretches.get(from / length..last)?.iter().copied().reduce(widen)
    }
}

impl Waveform {
    fn new(dataset: Arc<Dataset>) -> Self {
        let levels: Vec<Levels> = dataset.audio.iter().map(|clip| Levels::new(&clip.samples)).collect();
        let rate = dataset.set.frame_rate_hz.unwrap_or(1.0);
        let spans = dataset
            .set
            .clips
            .iter()
            .map(|clip| (clip.frames.start as f64 / rate, clip.frames.end as f64 / rate))
            .collect();
        let top = levels.iter().filter_map(|l| l.levels.last()).flatten();
        let peak = top.fold(0.0f32, |peak, [low, high]| peak.max(-low).max(*high));
        Self { dataset, levels, spans, peak }
    }

    /// The greatest absolute sample.
    #[must_use]
    pub fn peak(&self) -> f64 {
        f64::from(self.peak)
    }

    /// The points of the line to be drawn: samples where they are far apart, the least and greatest of each pixel otherwise.
    #[must_use]
    pub fn points(&self, visible: Visible) -> Vec<PlotPoint> {
        let end = self.spans.last().map_or(0.0, |(_, end)| *end);
        let (from, to) = (visible.from.max(0.0), visible.to.min(end));
        let per_pixel = (to - from) / visible.pixels.max(1) as f64;
        let mut points = Vec::new();
        if per_pixel <= 0.0 {
            return points;
        }
        let first = self.spans.partition_point(|(_, end)| *end <= from);
        for (index, (start, end)) in self.spans.iter().enumerate().skip(first) {
            if *start >= to {
                break;
            }
            let (Some(clip), Some(levels)) = (self.dataset.audio.get(index), self.levels.get(index)) else {
                break;
            };
            clip_points(clip, levels, *start, (from.max(*start), to.min(*end)), per_pixel, &mut points);
        }
        points
    }

    /// The least and the greatest sample between two times of one clip.
    #[must_use]
    pub fn extremes(&self, from: f64, to: f64) -> Option<[f32; 2]> {
        let index = self.spans.partition_point(|(_, end)| *end <= from);
        let (clip, (start, _)) = (self.dataset.audio.get(index)?, self.spans.get(index)?);
        let range = sample_range(clip, *start, from, to);
        self.levels.get(index)?.ends(&clip.samples, range.start, range.end)
    }

    /// The samples between two times, each with its time; `None` where there are more than `most`.
    #[must_use]
    pub fn samples(&self, from: f64, to: f64, most: usize) -> Option<Vec<(f64, f32)>> {
        let mut found = Vec::new();
        for (clip, (start, end)) in self.dataset.audio.iter().zip(&self.spans) {
            let rate = f64::from(clip.sample_rate_hz);
            let (a, b) = (from.max(*start), to.min(*end));
            if a >= b {
                continue;
            }
            let range = sample_range(clip, *start, a, b);
            if found.len() + range.len() > most {
                return None;
            }
            found.extend(range.map(|i| (start + i as f64 / rate, clip.samples[i])));
        }
        Some(found)
    }
}

/// The samples of a clip that starts at `start` between two times.
fn sample_range(clip: &AudioClip, start: f64, from: f64, to: f64) -> std::ops::Range<usize> {
    let rate = f64::from(clip.sample_rate_hz);
    let index = |time: f64| ((time - start) * rate).max(0.0);
    let end = (index(to).ceil() as usize).min(clip.samples.len());
    (index(from).floor() as usize).min(end)..end
}

fn clip_points(
    clip: &AudioClip,
    levels: &Levels,
    start: f64,
    (from, to): (f64, f64),
    per_pixel: f64,
    points: &mut Vec<PlotPoint>,
) {
    let rate = f64::from(clip.sample_rate_hz);
    let range = sample_range(clip, start, from, to);
    let each = rate * per_pixel;
    if each <= 2.0 {
        points.extend(range.map(|i| PlotPoint::new(start + i as f64 / rate, f64::from(clip.samples[i]))));
        return;
    }
    // Pixels at whole multiples, so that the picture does not flicker while it moves.
    let mut at = (range.start as f64 / each).floor() * each;
    while at < range.end as f64 {
        let next = at + each;
        if let Some([low, high]) =
            levels.ends(&clip.samples, at as usize, (next as usize).max(at as usize + 1))
        {
            let time = start + (at + each / 2.0) / rate;
            points.push(PlotPoint::new(time, f64::from(low)));
            points.push(PlotPoint::new(time, f64::from(high)));
        }
        at = next;
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;
    use crate::features::{FeatureMatrix, FeatureSet};
    use crate::jobs::{Builtin, Source};

    fn waveform(samples: Vec<f32>) -> Waveform {
        let frames = (samples.len() / 160).max(1);
        let matrix = FeatureMatrix::new(Array2::zeros((frames, 2))).unwrap();
        let set = Arc::new(FeatureSet::single("clip", matrix, Some(100.0)));
        let clip = AudioClip { name: "clip".to_owned(), samples, sample_rate_hz: 16_000 };
        let source = Source::Builtin(Builtin::Demo);
        let summary = crate::text::Phrase::NONE.into();
        Waveform::new(Arc::new(Dataset { source, set, audio: vec![clip], time_axis: None, summary }))
    }

    #[test]
    fn a_click_is_seen_from_afar() {
        let mut samples = vec![0.0f32; 16_000 * 60];
        samples[555_555] = 0.9;
        samples[100] = -0.7;
        let wave = waveform(samples);
        assert_eq!(wave.peak(), f64::from(0.9f32));
        let points = wave.points(Visible::all(500));
        assert!(points.len() <= 1004, "{}", points.len());
        let greatest = points.iter().max_by(|a, b| a.y.total_cmp(&b.y)).unwrap();
        assert!((greatest.x - 555_555.0 / 16_000.0).abs() < 0.2, "{greatest:?}");
        assert!(points.iter().any(|p| p.y < -0.69));
    }

    #[test]
    fn near_by_every_sample_is_there() {
        let wave = waveform((0..16_000).map(|i| (i as f32 * 0.01).sin()).collect());
        let visible = Visible { from: 0.5, to: 0.51, pixels: 400 };
        let points = wave.points(visible);
        assert_eq!(points.len(), 160);
        assert!((points[0].y - f64::from((8000f32 * 0.01).sin())).abs() < 1e-6);
        assert_eq!(wave.samples(0.5, 0.51, 1000).unwrap().len(), 160);
        assert!(wave.samples(0.0, 1.0, 1000).is_none());
    }

    #[test]
    fn levels_give_what_a_plain_look_gives() {
        let samples: Vec<f32> = (0..10_000).map(|i| ((i * 7919) % 1009) as f32 / 1009.0 - 0.5).collect();
        let levels = Levels::new(&samples);
        for (from, to) in [(0, 10_000), (64, 192), (4096, 8192), (9_900, 20_000), (5, 5)] {
            let plain = samples[from.min(10_000)..to.min(10_000)].iter().copied();
            let wanted = plain.clone().reduce(f32::min).zip(plain.reduce(f32::max)).map(|(a, b)| [a, b]);
            let found = levels.ends(&samples, from, to);
            // Whole stretches may reach a little further.
            match (found, wanted) {
                (Some([a, b]), Some([low, high])) => assert!(a <= low && b >= high),
                (found, wanted) => assert_eq!(found, wanted),
            }
        }
    }
}
