//! The frames that chose a code: the nearest, the farthest and some between, each with the code that it would have chosen instead.

#![allow(clippy::needless_pass_by_value, reason = "views are passed like slices")]

use ndarray::{Array2, ArrayView1, ArrayView2, Axis};
use rayon::prelude::*;

use crate::random::{self, Purpose};
use crate::rvq::{Rvq, RvqError};
use crate::text::msg;

/// Frames of each kind that are told of.
pub const TOLD: usize = 8;

/// Multiplications and additions that the distances of a code's frames are worth: some hundredths of a second.
const WORK: usize = 60_000_000;
/// However long one takes, so many frames are looked at; and no more than these, however short.
const LEAST: usize = 256;
const MOST: usize = 16_384;
/// Frames that one task looks at.
const BLOCK: usize = 512;

/// The frames that chose a code.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Members {
    /// How many there are; where frames share a code, how many groups.
    pub total: usize,
    /// How many distances were looked at: all, or as many as are quickly done, drawn at random.
    pub looked_at: usize,
    /// The nearest to the code's row, the nearest first.
    pub nearest: Vec<Member>,
    /// The farthest of the others, the farthest first.
    pub farthest: Vec<Member>,
    /// Some of what is left, drawn at random, in the order of time.
    pub random: Vec<Member>,
}

/// A frame that chose the code.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Member {
    /// Which it is; the first of its group where frames share a code.
    pub frame: usize,
    /// The distance of what the layer sees of it to the code's row, in the space in which the layer searches.
    pub distance: f64,
    /// The nearest other code; `None` where there is only one code.
    pub runner_up: Option<RunnerUp>,
}

/// The code that a frame would have chosen instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RunnerUp {
    /// Which it is; the lowest of several at the same distance.
    pub code: u32,
    /// The frame's distance to it.
    pub distance: f64,
}

/// What is to be looked at.
#[derive(Debug, Clone, Copy)]
pub struct MembersOf<'a> {
    /// The quantizer.
    pub rvq: &'a Rvq,
    /// The layer, from 0.
    pub layer_idx: usize,
    /// The code.
    pub code_idx: usize,
    /// All frames, `(num_frames, dim)`.
    pub frames: ArrayView2<'a, f32>,
    /// Their codes, `(num_layers, num_frames or fewer)`.
    pub codes: ArrayView2<'a, u32>,
    /// The frames that chose the code, in order.
    pub chosen: &'a [u32],
}

impl Member {
    /// How much farther away the runner-up is. Below zero only where several paths were searched, so that a layer need not take its nearest code.
    #[must_use]
    pub fn margin(&self) -> Option<f64> {
        self.runner_up.map(|other| other.distance - self.distance)
    }
}

impl Members {
    /// Looks at the frames. `seed` decides which are drawn; the result does not depend on the number of threads.
    ///
    /// # Errors
    /// There is no such layer or code, or the frames, the codes and the quantizer do not fit together.
    pub fn of(of: MembersOf<'_>, seed: u64) -> Result<Self, RvqError> {
        let MembersOf { rvq, layer_idx, code_idx, chosen, .. } = of;
        let have = rvq.num_layers();
        let layer = rvq.layers().get(layer_idx).ok_or(RvqError::NoSuchLayer { asked: layer_idx, have })?;
        let rows = layer.searched_rows(rvq.metric());
        let (code, num_codes) = (code_idx as u32, rows.nrows());
        if code_idx >= num_codes {
            return Err(RvqError::NoSuchCode { layer: layer_idx, code, num_codes });
        }
        let mut rng = random::layer_stream(seed, Purpose::Examples, code_idx as u64, layer_idx);
        let most = (WORK / ((layer_idx + 1) * rvq.dim() * layer.stride).max(1)).clamp(LEAST, MOST);
        let looked = if chosen.len() <= most {
            chosen.to_vec()
        } else {
            let mut drawn: Vec<u32> =
                random::choose(&mut rng, chosen.len(), most).into_iter().map(|nth| chosen[nth]).collect();
            drawn.sort_unstable();
            drawn
        };
        let row = rows.row(code_idx);
        let blocks: Result<Vec<Vec<(f64, u32)>>, RvqError> = looked
            .par_chunks(BLOCK)
            .map(|block| {
                let input = of.input(block)?;
                Ok(input
                    .rows()
                    .into_iter()
                    .map(|seen| distance(seen, row))
                    .zip(block.iter().copied())
                    .collect())
            })
            .collect();
        let mut order: Vec<(f64, u32)> = blocks?.into_iter().flatten().collect();
        order.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let near = order.len().min(TOLD);
        let far = order.len() - (order.len() - near).min(TOLD);
        let between = &order[near..far];
        let mut some: Vec<(f64, u32)> = random::choose(&mut rng, between.len(), TOLD.min(between.len()))
            .into_iter()
            .map(|nth| between[nth])
            .collect();
        some.sort_by_key(|(_, frame)| *frame);
        let tell = |picked: &[(f64, u32)]| of.tell(picked, rows.view());
        let mut farthest = tell(&order[far..])?;
        farthest.reverse();
        Ok(Self {
            total: chosen.len(),
            looked_at: looked.len(),
            nearest: tell(&order[..near])?,
            farthest,
            random: tell(&some)?,
        })
    }
}

impl MembersOf<'_> {
    /// What the layer searches for, of frames or groups of frames that begin at `starts`.
    fn input(&self, starts: &[u32]) -> Result<Array2<f32>, RvqError> {
        search_inputs(self.rvq, self.layer_idx, self.frames, self.codes, starts)
    }

    /// The frames at these distances with their runners-up.
    fn tell(&self, picked: &[(f64, u32)], rows: ArrayView2<'_, f32>) -> Result<Vec<Member>, RvqError> {
        let one = |&(distance, frame): &(f64, u32)| {
            let input = self.input(&[frame])?;
            let runner_up = runner_up(input.row(0), rows, self.code_idx);
            Ok(Member { frame: frame as usize, distance, runner_up })
        };
        picked.par_iter().map(one).collect()
    }
}

/// What layer `layer_idx` searches for, of frames or groups of frames that begin at `starts`, which ascend: a row for each.
pub(super) fn search_inputs(
    rvq: &Rvq,
    layer_idx: usize,
    frames: ArrayView2<'_, f32>,
    codes: ArrayView2<'_, u32>,
    starts: &[u32],
) -> Result<Array2<f32>, RvqError> {
    let stride = rvq.layers().get(layer_idx).map_or(1, |layer| layer.stride);
    let end = frames.nrows().min(codes.ncols());
    let group = |&start: &u32| (start as usize..end).take(stride);
    let picked: Vec<usize> = starts.iter().flat_map(group).collect();
    if starts.last().is_some_and(|&last| last as usize >= end) {
        return Err(RvqError::Shape(msg!("err-fewer-sorted", n = end)));
    }
    rvq.search_input(layer_idx, frames.select(Axis(0), &picked).view(), codes.select(Axis(1), &picked).view())
}

/// The nearest row to `seen` that is not `code_idx`.
fn runner_up(seen: ArrayView1<'_, f32>, rows: ArrayView2<'_, f32>, code_idx: usize) -> Option<RunnerUp> {
    let others = rows.rows().into_iter().enumerate().filter(|(code, _)| *code != code_idx);
    let far = others.map(|(code, row)| RunnerUp { code: code as u32, distance: distance(seen, row) });
    far.min_by(|a, b| a.distance.total_cmp(&b.distance).then(a.code.cmp(&b.code)))
}

/// The distance between two rows, added up in f64.
pub(super) fn distance(a: ArrayView1<'_, f32>, b: ArrayView1<'_, f32>) -> f64 {
    a.iter().zip(b).map(|(&a, &b)| (f64::from(a) - f64::from(b)).powi(2)).sum::<f64>().sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::over_time::OverTime;
    use crate::metrics::portrait::{FramesByCode, worst_frames};
    use crate::rvq::encoder::Encoder;
    use crate::rvq::search::Search;
    use crate::rvq::{ChainParts, Codebook, Layer, LayerSpan, Metric, Projection};
    use crate::task::{Cancel, Task};

    fn draw(index: u64, shape: (usize, usize), scale: f64) -> Array2<f32> {
        let mut rng = random::stream(3, Purpose::Data, index);
        Array2::from_shape_simple_fn(shape, || ((random::unit(&mut rng) - 0.5) * scale) as f32)
    }

    fn layer(index: u64, num_codes: usize, dim: usize, scale: f64) -> Layer {
        Codebook::from_rows(draw(index, (num_codes, dim), scale)).unwrap().into()
    }

    fn projected(index: u64, layer: Layer, dim: usize) -> Layer {
        let inner = layer.codebook.dim();
        let projection = Projection {
            in_weight: draw(index, (inner, dim), 1.0),
            in_bias: draw(index + 1, (1, inner), 1.0).row(0).to_owned(),
            out_weight: draw(index + 2, (dim, inner), 1.0),
            out_bias: draw(index + 3, (1, dim), 1.0).row(0).to_owned(),
        };
        Layer { projection: Some(projection), ..layer }
    }

    /// Quantizers of every kind: plain, by angle, behind projections, with strides, in chains over columns.
    fn quantizers() -> Vec<Rvq> {
        let plain = || vec![layer(1, 9, 6, 3.0), layer(2, 7, 6, 2.0), layer(3, 5, 6, 1.0)];
        let inner = vec![projected(20, layer(4, 9, 2, 2.0), 6), projected(30, layer(5, 6, 3, 2.0), 6)];
        let strides =
            vec![Layer { stride: 4, ..layer(6, 5, 6, 1.0) }, Layer { stride: 2, ..layer(7, 5, 6, 1.0) }];
        let part = |columns, layers| ChainParts { layers, columns: Some(columns), projection: None };
        let chains = vec![
            part(0..4, vec![layer(8, 5, 4, 2.0)]),
            part(4..6, vec![layer(9, 6, 2, 2.0), layer(10, 4, 2, 1.0)]),
        ];
        vec![
            Rvq::new(plain()).unwrap(),
            Rvq::with_metric(plain(), Metric::Cosine).unwrap(),
            Rvq::with_metric(inner.clone(), Metric::CosineRaw).unwrap(),
            Rvq::new(inner).unwrap(),
            Rvq::new(strides).unwrap(),
            Rvq::of_chains(6, chains, Metric::Euclidean).unwrap(),
        ]
    }

    #[test]
    fn distances_are_those_of_the_encoder_and_the_runner_up_is_the_second_nearest() {
        let frames = draw(50, (611, 6), 4.0);
        for (nth, rvq) in quantizers().iter().enumerate() {
            let encoded =
                Encoder::new(rvq, LayerSpan::ALL).unwrap().encode(frames.view(), Search::Greedy).unwrap();
            let codes = encoded.to_matrix();
            for (layer_idx, layer) in rvq.layers().iter().enumerate() {
                let num_codes = layer.codebook.num_codes();
                let over = OverTime {
                    codes: codes.row(layer_idx),
                    num_codes,
                    clips: &[0..611],
                    stride: layer.stride,
                };
                let index = FramesByCode::of(over);
                let worst = worst_frames(
                    rvq,
                    layer_idx,
                    frames.view(),
                    codes.view(),
                    over,
                    &Task::silent(&Cancel::default()),
                );
                let worst = worst.unwrap();
                assert_eq!(worst.len(), num_codes);
                for code_idx in 0..num_codes {
                    let chosen = index.frames(code_idx);
                    let sq_dist = |frame: usize| encoded.sq_dists[frame * rvq.num_layers() + layer_idx];
                    let farthest = chosen
                        .iter()
                        .map(|&frame| sq_dist(frame as usize))
                        .fold(None, |far, d| Some(far.map_or(d, |far: f32| far.max(d))));
                    let told = worst[code_idx].map(|worst| (worst.distance, sq_dist(worst.frame).sqrt()));
                    assert_eq!(told.is_some(), farthest.is_some());
                    if let (Some((distance, of_frame)), Some(farthest)) = (told, farthest) {
                        assert!((distance - f64::from(farthest.sqrt())).abs() < 1e-4 * (1.0 + distance));
                        assert!((distance - f64::from(of_frame)).abs() < 1e-4 * (1.0 + distance));
                    }
                    let of = MembersOf {
                        rvq,
                        layer_idx,
                        code_idx,
                        frames: frames.view(),
                        codes: codes.view(),
                        chosen,
                    };
                    let members = Members::of(of, 7).unwrap();
                    assert_eq!((members.total, members.looked_at), (chosen.len(), chosen.len()));
                    let all = members.nearest.iter().chain(&members.farthest).chain(&members.random);
                    for member in all {
                        let wanted =
                            f64::from(encoded.sq_dists[member.frame * rvq.num_layers() + layer_idx]).sqrt();
                        let at = format!("quantizer {nth}, layer {layer_idx}, {member:?}, {wanted}");
                        assert!((member.distance - wanted).abs() < 1e-4 * (1.0 + wanted), "{at}");
                        assert!(member.margin().unwrap() > -1e-4, "{at}");
                        assert_ne!(member.runner_up.unwrap().code as usize, code_idx);
                    }
                }
            }
        }
    }

    #[test]
    fn the_nearest_and_the_farthest_are_those_of_a_full_sort() {
        let rvq = &quantizers()[0];
        let frames = draw(51, (700, 6), 4.0);
        let codes = rvq.encode(frames.view(), LayerSpan::ALL).unwrap();
        let over = OverTime { codes: codes.row(1), num_codes: 7, clips: &[0..700], stride: 1 };
        let index = FramesByCode::of(over);
        let code_idx = (0..7).max_by_key(|&code| index.frames(code).len()).unwrap();
        let chosen = index.frames(code_idx);
        let of =
            MembersOf { rvq, layer_idx: 1, code_idx, frames: frames.view(), codes: codes.view(), chosen };
        let members = Members::of(of, 1).unwrap();
        let residual = rvq.residual_behind(0, frames.view()).unwrap();
        let row = rvq.layers()[1].codebook.row(code_idx).unwrap();
        let mut sorted: Vec<(f64, usize)> =
            chosen.iter().map(|&t| (distance(residual.row(t as usize), row), t as usize)).collect();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let frames_of = |members: &[Member]| members.iter().map(|member| member.frame).collect::<Vec<_>>();
        assert_eq!(frames_of(&members.nearest), sorted[..TOLD].iter().map(|s| s.1).collect::<Vec<_>>());
        assert_eq!(
            frames_of(&members.farthest),
            sorted.iter().rev().take(TOLD).map(|s| s.1).collect::<Vec<_>>()
        );
        let mut told = [members.nearest, members.farthest, members.random].concat();
        told.sort_by_key(|member| member.frame);
        told.dedup_by_key(|member| member.frame);
        assert_eq!(told.len(), 3 * TOLD.min(chosen.len() / 3), "no frame is told of twice");
    }

    #[test]
    fn few_frames_are_told_once_and_many_are_drawn_by_the_seed() {
        let rvq = Rvq::new(vec![layer(1, 1, 6, 1.0)]).unwrap();
        let frames = draw(52, (20_000, 6), 1.0);
        let codes = Array2::zeros((1, 20_000));
        let all: Vec<u32> = (0..20_000).collect();
        let of = |chosen| MembersOf {
            rvq: &rvq,
            layer_idx: 0,
            code_idx: 0,
            frames: frames.view(),
            codes: codes.view(),
            chosen,
        };
        let few = Members::of(of(&all[..11]), 0).unwrap();
        assert_eq!((few.nearest.len(), few.farthest.len(), few.random.len()), (8, 3, 0));
        assert!(few.nearest[0].runner_up.is_none(), "there is only one code");
        let many = Members::of(of(&all), 0).unwrap();
        assert_eq!((many.total, many.looked_at), (20_000, MOST));
        assert_eq!(many, Members::of(of(&all), 0).unwrap());
        assert_ne!(many.random, Members::of(of(&all), 1).unwrap().random);
        assert_eq!(Members::of(of(&[]), 0).unwrap(), Members::default());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let rvq = &quantizers()[0];
        let (frames, codes) = (draw(53, (4, 6), 1.0), Array2::zeros((3, 4)));
        let of = MembersOf {
            rvq,
            layer_idx: 1,
            code_idx: 0,
            frames: frames.view(),
            codes: codes.view(),
            chosen: &[0, 3],
        };
        assert!(Members::of(of, 0).is_ok());
        assert!(Members::of(MembersOf { layer_idx: 9, ..of }, 0).is_err());
        assert!(Members::of(MembersOf { code_idx: 99, ..of }, 0).is_err());
        assert!(Members::of(MembersOf { chosen: &[4], ..of }, 0).is_err());
        let wide = draw(54, (4, 7), 1.0);
        assert!(Members::of(MembersOf { frames: wide.view(), ..of }, 0).is_err());
        let beyond = Array2::from_elem((3, 4), 1000);
        assert!(Members::of(MembersOf { codes: beyond.view(), ..of }, 0).is_err());
    }
}
