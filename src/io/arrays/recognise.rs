//! The features or codes of a file of named arrays, read once it is known which arrays those are.

use std::collections::BTreeMap;

use ndarray::ArrayD;

use super::Kind;
use super::as_stored::AsStored;
use super::clean::cleaned;
use super::codes::{Codes, RawCodes};
use super::features::RawFeatures;
use super::records::{CODE_FIELDS, Chosen, FEATURE_FIELDS, are_rates, choose, listed};
use super::wanted::{Cleaning, Wanted};
use super::{axis, own};
use crate::io::tensors::{TensorInfo, Tensors};
use crate::io::{Opened, Problem};
use crate::task::Task;
use crate::text::{Message, msg};

/// How names of parameters end: a file of them is a model, of whatever kind.
const PARAMETERS: &[&str] = &[
    "weight",
    "bias",
    "embed",
    "embed_avg",
    "cluster_size",
    "running_mean",
    "running_var",
    "weight_g",
    "weight_v",
];

/// The features or codes that a container holds; `None` if its arrays are neither.
///
/// # Errors
/// They are there and cannot be read, or are not what is wanted.
pub(in crate::io) fn of_tensors(
    tensors: &dyn Tensors,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<Option<Opened>, Problem> {
    let infos = tensors.infos();
    if looks_like_parameters(infos) && !(wanted.wants_codes() || wanted.read_as.is_some()) {
        return Ok(None);
    }
    let Some((kind, chosen)) = choose(infos, wanted)? else { return Ok(None) };
    if !(wanted.wants_codes() || wanted.wants_frames())
        && chosen.left_out.iter().any(|name| is_data(name, infos))
    {
        let (names, left_out) = (listed(&chosen.names), listed(&chosen.left_out));
        return Err(Problem::Unsupported(msg!("array-other-data", names = names, left_out = left_out)));
    }
    let mut opened = match kind {
        Kind::Features => Opened::Features(features(tensors, &chosen, wanted, task)?),
        Kind::Codes => Opened::Codes(codes(tensors, &chosen, wanted, task)?),
    };
    if !chosen.left_out.is_empty() {
        let (names, left_out) = (listed(&chosen.names), listed(&chosen.left_out));
        let notice = msg!("array-left-out", names = names, left_out = left_out);
        match &mut opened {
            Opened::Features(features) => features.notices.push(notice),
            Opened::Codes(codes) => codes.notices.push(notice),
            Opened::Audio(_) | Opened::Model(_) => {}
        }
    }
    Ok(Some(opened))
}

/// Whether an array that is left out could be what is wanted of the file.
fn is_data(name: &str, infos: &BTreeMap<String, TensorInfo>) -> bool {
    /// What EnCodec gives beside its codes: the loudness of each segment.
    const SCALES: [&str; 3] = ["audio_scales", "scales", "scale"];
    let is_large = infos.get(name).is_some_and(|info| {
        let is_number = info.dtype.is_float() || info.dtype.is_int();
        is_number && info.shape.iter().filter(|&&len| len > 1).count() > 1
    });
    is_large && !SCALES.iter().any(|scale| name.split('.').any(|part| part == *scale))
}

/// Whether the names are those of a model's parameters.
fn looks_like_parameters(infos: &BTreeMap<String, TensorInfo>) -> bool {
    let is_parameter = |name: &String| PARAMETERS.contains(&name.rsplit('.').next().unwrap_or(name));
    infos.keys().any(is_parameter)
}

fn features(
    tensors: &dyn Tensors,
    chosen: &Chosen<'_>,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<RawFeatures, Problem> {
    let infos = tensors.infos();
    let rate = own::rate(tensors.metadata());
    let is_whole = chosen.names.iter().filter_map(|name| infos.get(*name)).all(|info| info.dtype.is_int());
    let read = |name: &String| -> Result<ArrayD<f32>, Problem> {
        task.check()?;
        match infos.get(name) {
            Some(info) if info.dtype.is_int() => Ok(tensors.codes(name, task)?.mapv(|v| v as f32)),
            _ => tensors.floats(name, task),
        }
    };
    let mut features = match *chosen.names {
        [name] => RawFeatures::new(read(name)?, wanted.time_axis, rate)?,
        _ => {
            let names: Vec<String> = chosen.names.iter().map(|name| clip_name(name, &chosen.names)).collect();
            let shapes: Vec<(usize, usize)> = chosen
                .names
                .iter()
                .filter_map(|name| infos.get(*name))
                .map(|info| matrix_shape(&info.shape))
                .collect();
            RawFeatures::of_clips(&names, &shapes, wanted.time_axis, rate, |nth| {
                read(chosen.names.get(nth).ok_or_else(missing)?)
            })?
        }
    };
    features.notices.extend(notice_of_whole(&features, is_whole, wanted));
    features.as_stored = AsStored::of(chosen.names.iter().filter_map(|name| infos.get(*name)));
    Ok(features)
}

fn missing() -> Problem {
    Problem::malformed(msg!("array-missing"))
}

/// What is told of whole numbers that were taken for features although they may be codes.
pub(in crate::io) fn notice_of_whole(
    features: &RawFeatures,
    is_whole: bool,
    wanted: &Wanted<'_>,
) -> Option<Message> {
    if wanted.read_as.is_some() {
        return None;
    }
    if is_whole {
        return Some(msg!("array-whole-wanted"));
    }
    features.look_like_codes().then(|| msg!("array-whole"))
}

fn codes(
    tensors: &dyn Tensors,
    chosen: &Chosen<'_>,
    wanted: &Wanted<'_>,
    task: &Task<'_>,
) -> Result<Codes, Problem> {
    let infos = tensors.infos();
    let read = |name: &String| -> Result<ArrayD<i32>, Problem> {
        task.check()?;
        match infos.get(name) {
            Some(info) if info.dtype.is_float() => whole(tensors.floats(name, task)?),
            _ => tensors.codes(name, task),
        }
    };
    let metadata = tensors.metadata();
    let is_stated = own::states_axes(metadata);
    let mut codes = match *chosen.names {
        [name] => RawCodes::new(read(name)?, wanted, is_stated)?,
        _ if are_rates(infos, &chosen.names) => {
            let layers: Result<Vec<Vec<i32>>, Problem> =
                chosen.names.iter().map(|name| Ok(read(name)?.into_iter().collect())).collect();
            RawCodes::of_rates(&layers?)?
        }
        _ => {
            let names: Vec<String> = chosen.names.iter().map(|name| clip_name(name, &chosen.names)).collect();
            let shapes: Vec<Vec<usize>> = chosen
                .names
                .iter()
                .filter_map(|name| infos.get(*name))
                .map(|info| info.shape.clone())
                .collect();
            RawCodes::of_clips(&names, &shapes, wanted, |nth| {
                read(chosen.names.get(nth).ok_or_else(missing)?)
            })?
        }
    };
    codes.is_own = is_stated;
    codes.as_stored = AsStored::of(chosen.names.iter().filter_map(|name| infos.get(*name)));
    codes.stated = own::stated(metadata, codes.values.nrows());
    codes.clips.extend(own::clips(metadata, codes.values.ncols()));
    finished(codes, wanted)
}

/// Codes as they are handed on: cleaned as is wanted.
///
/// # Errors
/// As for [`cleaned`].
pub(in crate::io) fn finished(codes: RawCodes, wanted: &Wanted<'_>) -> Result<Codes, Problem> {
    let none = Cleaning::default();
    let stated = codes.stated.codebook_sizes.clone();
    let sizes = if stated.is_empty() { wanted.codebook_sizes } else { &stated };
    cleaned(codes, wanted.cleaning.unwrap_or(&none), sizes)
}

/// Real numbers that are whole, as whole numbers.
fn whole(values: ArrayD<f32>) -> Result<ArrayD<i32>, Problem> {
    const MOST: f32 = (1 << 24) as f32;
    match values.iter().position(|v| v.fract() != 0.0 || v.abs() > MOST) {
        None => Ok(values.mapv(|v| v as i32)),
        Some(at) => {
            let value = values.iter().nth(at).copied().unwrap_or_default().to_string();
            Err(Problem::Value(msg!("array-real-code", at = at, value = value)))
        }
    }
}

/// A clip's name: that of its array, without the field that all of them share.
fn clip_name(name: &str, all: &[&String]) -> String {
    let field = name.rsplit_once('.').map(|(_, field)| field);
    let is_shared = all.len() > 1
        && field.is_some_and(|field| {
            all.iter().all(|other| other.rsplit_once('.').map(|(_, f)| f) == Some(field))
        })
        && field.is_some_and(|field| CODE_FIELDS.contains(&field) || FEATURE_FIELDS.contains(&field));
    match name.rsplit_once('.') {
        Some((clip, _)) if is_shared => clip.to_owned(),
        _ => name.to_owned(),
    }
}

fn matrix_shape(shape: &[usize]) -> (usize, usize) {
    let kept = axis::kept_axes(shape, 2, true);
    let len = |place: usize| kept.get(place).and_then(|&axis| shape.get(axis)).copied().unwrap_or(1);
    (len(0), len(1))
}
