//! Goldens of real classes, and a plain encoder to hold the fast one against.
#![allow(dead_code, reason = "shared by test programs that use parts of it")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use ndarray::{Array1, Array2, ArrayD, ArrayView1, ArrayView2, Axis, Ix2, s};
use rvqscope::io::{self, FileError, LoadedModel, ModelOptions, Opened};
use rvqscope::rvq::{LayerSpan, Metric, Projection, Rvq};
use rvqscope::task::{Cancel, Task};
use safetensors::{Dtype, SafeTensors};

/// Codes count as equal where the f64 distances of the two candidates differ by less than this, relative to the larger.
const TIE: f64 = 1e-6;

/// What a real class computed.
pub struct Golden {
    /// `(num_frames, dim)`
    pub x: Array2<f32>,
    /// `(num_layers, num_frames)`
    pub codes: Array2<u32>,
    /// `(num_frames, dim)`
    pub x_hat: Array2<f32>,
}

pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/families")
}

pub fn load(path: &Path) -> Result<LoadedModel, FileError> {
    load_at(path, None)
}

/// What has to be said of a fixture for it to be read.
pub fn said_of(path: &Path) -> Option<ModelOptions> {
    let is_named = path.file_stem().is_some_and(|name| name == "by-name");
    let rows = "somebody.{i}.rows".to_owned();
    let codebook = Some(io::CodebookNames { rows, ..io::CodebookNames::default() });
    is_named.then(|| ModelOptions { codebook, ..ModelOptions::default() })
}

pub fn load_at(path: &Path, quantizer: Option<&str>) -> Result<LoadedModel, FileError> {
    let said = said_of(path);
    let wanted = io::Wanted { quantizer, model: said.as_ref(), ..io::Wanted::default() };
    match io::open_as(path, wanted, &Task::silent(&Cancel::default()))? {
        Opened::Model(model) => Ok(model),
        _ => panic!("{} is no model", path.display()),
    }
}

/// The real numbers of a `.safetensors` file.
pub fn floats(path: &Path) -> BTreeMap<String, ArrayD<f32>> {
    let bytes = std::fs::read(path).unwrap();
    let file = SafeTensors::deserialize(&bytes).unwrap();
    let mut floats = BTreeMap::new();
    for (name, view) in file.tensors() {
        let values: Vec<f32> = match view.dtype() {
            Dtype::F32 => view.data().as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect(),
            Dtype::F16 => {
                view.data().as_chunks::<2>().0.iter().map(|b| half::f16::from_le_bytes(*b).to_f32()).collect()
            }
            _ => continue,
        };
        floats.insert(name, ArrayD::from_shape_vec(view.shape(), values).unwrap());
    }
    floats
}

impl Golden {
    pub fn path_of(model: &Path) -> PathBuf {
        model.with_extension("golden.safetensors")
    }

    /// The golden beside a fixture, or the file itself where it is one; codes may be `[T, n_q]` there.
    pub fn read(model: &Path) -> Self {
        let is_golden = model.to_string_lossy().contains(".golden.");
        let path = if is_golden { model.to_owned() } else { Self::path_of(model) };
        let bytes = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let codes = file.tensor("codes").unwrap();
        let values = codes.data().as_chunks::<4>().0.iter().map(|b| u32::from_le_bytes(*b)).collect();
        let codes = Array2::from_shape_vec((codes.shape()[0], codes.shape()[1]), values).unwrap();
        let mut floats = floats(&path);
        let mut matrix = |name: &str| floats.remove(name).unwrap().into_dimensionality::<Ix2>().unwrap();
        let (x, x_hat) = (matrix("x"), matrix("x_hat"));
        let codes = if is_golden { codes.reversed_axes() } else { codes };
        Self { x, codes, x_hat }
    }
}

/// Holds `rvq` against a golden; the share of right codes, ties included. The reconstruction of the golden's own codes must be within
/// `tolerance` of the largest number of frames and reconstructions.
pub fn check_golden(what: &str, rvq: &Rvq, golden: &Golden, tolerance: f32) -> f64 {
    let numbers = golden.x.iter().chain(&golden.x_hat);
    let largest = numbers.fold(1f32, |most, v| most.max(v.abs()));
    let decoded = rvq.decode(golden.codes.view(), 0).unwrap();
    let worst = (&decoded - &golden.x_hat).iter().fold(0f32, |most, v| most.max(v.abs()));
    assert!(worst <= tolerance * largest, "{what}: the reconstruction is {worst} off, of {largest}");
    let codes = rvq.encode(golden.x.view(), LayerSpan::ALL).unwrap();
    assert_eq!(codes.dim(), golden.codes.dim(), "{what}");
    let found = oracle(rvq, golden.x.view());
    let (mut right, mut total) = (0, 0);
    for frame in 0..codes.ncols() {
        for layer in 0..codes.nrows() {
            total += 1;
            let (ours, theirs) = (codes[[layer, frame]], golden.codes[[layer, frame]]);
            if ours == theirs {
                right += 1;
                continue;
            }
            let dists = &found.dists[layer][frame];
            let (a, b) = (dists[ours as usize], dists[theirs as usize]);
            if (a - b).abs() <= TIE * a.max(b)
                && codes.column(frame).slice(s![..layer]) == golden.codes.column(frame).slice(s![..layer])
            {
                // Behind a tie the two go different ways, and both are right.
                right += codes.nrows() - layer;
                total += codes.nrows() - layer - 1;
                break;
            }
        }
    }
    f64::from(right as u32) / f64::from(total.max(1) as u32)
}

/// What the plain encoder finds.
pub struct Plain {
    /// `(num_layers, num_frames)`
    pub codes: Array2<u32>,
    /// `sum ||x - outputs so far||²` behind each layer.
    pub energies: Vec<f64>,
    /// The squared distance to every row, by layer, frame and code.
    pub dists: Vec<Vec<Vec<f64>>>,
}

/// Encodes frame by frame in f64, as the classes' own words have it.
pub fn oracle(rvq: &Rvq, frames: ArrayView2<'_, f32>) -> Plain {
    let num_frames = frames.nrows();
    let frames = frames.mapv(f64::from);
    let mut left = frames.clone();
    let mut plain = Plain {
        codes: Array2::zeros((rvq.num_layers(), num_frames)),
        energies: Vec::new(),
        dists: Vec::new(),
    };
    for chain in rvq.chains() {
        let seen = frames.slice(s![.., chain.columns()]).to_owned();
        let mut residual = match chain.projection() {
            Some(p) => through(seen.view(), p, true),
            None => seen,
        };
        for (nth, layer) in rvq.layers()[chain.layers()].iter().enumerate() {
            let mut pooled = Array2::zeros((num_frames.div_ceil(layer.stride), residual.ncols()));
            for (group, mut mean) in pooled.rows_mut().into_iter().enumerate() {
                let rows = group * layer.stride..((group + 1) * layer.stride).min(num_frames);
                mean.assign(&residual.slice(s![rows, ..]).mean_axis(Axis(0)).unwrap());
            }
            let mut input = match &layer.projection {
                Some(p) => through(pooled.view(), p, true),
                None => pooled,
            };
            let stored = layer.codebook.embed().mapv(f64::from);
            let mut rows = stored.clone();
            if rvq.metric().is_cosine() {
                normalize(&mut input);
                normalize(&mut rows);
            }
            let used = if rvq.metric() == Metric::CosineRaw { &stored } else { &rows };
            let outputs = match &layer.projection {
                Some(p) => through(used.view(), p, false),
                None => used.clone(),
            };
            let mut dists = Vec::new();
            for frame in 0..num_frames {
                let seen = input.row(frame / layer.stride);
                let of = |row: ArrayView1<'_, f64>| {
                    seen.iter().zip(row).map(|(a, b)| (a - b).powi(2)).sum::<f64>()
                };
                let all: Vec<f64> = rows.rows().into_iter().map(of).collect();
                let best = (0..all.len()).min_by(|&a, &b| all[a].total_cmp(&all[b])).unwrap();
                plain.codes[[chain.layers().start + nth, frame]] = best as u32;
                let output = outputs.row(best).to_owned();
                let outer = match chain.projection() {
                    Some(p) => {
                        let weight = p.out_weight.mapv(f64::from);
                        let bias = p.out_bias.mapv(|v| if nth == 0 { f64::from(v) } else { 0.0 });
                        weight.dot(&output) + bias
                    }
                    None => output.clone(),
                };
                let mut row = residual.row_mut(frame);
                row -= &output;
                let mut row = left.slice_mut(s![frame, chain.columns()]);
                row -= &outer;
                dists.push(all);
            }
            plain.dists.push(dists);
            plain.energies.push(left.iter().map(|v| v * v).sum());
        }
    }
    plain
}

fn through(rows: ArrayView2<'_, f64>, p: &Projection, inward: bool) -> Array2<f64> {
    let (weight, bias): (Array2<f64>, Array1<f64>) = if inward {
        (p.in_weight.mapv(f64::from), p.in_bias.mapv(f64::from))
    } else {
        (p.out_weight.mapv(f64::from), p.out_bias.mapv(f64::from))
    };
    rows.dot(&weight.t()) + bias
}

fn normalize(rows: &mut Array2<f64>) {
    for mut row in rows.rows_mut() {
        let norm = row.iter().map(|v| v * v).sum::<f64>().sqrt().max(1e-12);
        row /= norm;
    }
}
