//! Which arrays of a file belong together: all of them, a clip each, or those of one field of its records.

use std::collections::{BTreeMap, BTreeSet};

use super::Kind;
use super::axis;
use super::codes::MOST_LAYERS;
use super::wanted::Wanted;
use crate::io::Problem;
use crate::io::order::natural_order;
use crate::io::tensors::TensorInfo;
use crate::text::{Message, msg};

/// Names of fields that hold codes, the surest first.
pub(super) const CODE_FIELDS: &[&str] =
    &["codes", "audio_codes", "code", "tokens", "units", "hubert", "indices", "ids", "semantic"];

/// Names of fields that hold features.
pub(super) const FEATURE_FIELDS: &[&str] = &[
    "feat",
    "feats",
    "features",
    "feature",
    "hidden_states",
    "last_hidden_state",
    "embeddings",
    "embedding",
    "x",
    "mel",
    "ssl",
];

/// What is looked for, and which arrays can be it.
type Way<'a> = (Kind, &'a dyn Fn(&TensorInfo) -> bool);

/// Arrays that belong together.
pub(super) struct Chosen<'a> {
    pub(super) names: Vec<&'a String>,
    /// What else the file holds and is not read.
    pub(super) left_out: Vec<&'a String>,
}

/// The arrays that are read, and as what.
///
/// # Errors
/// Every clip has several arrays that could be it.
pub(super) fn choose<'a>(
    infos: &'a BTreeMap<String, TensorInfo>,
    wanted: &Wanted<'_>,
) -> Result<Option<(Kind, Chosen<'a>)>, Problem> {
    let count = |info: &TensorInfo| info.shape.iter().product::<usize>();
    let floats = |info: &TensorInfo| info.dtype.is_float() && info.shape.len() > 1;
    let ints = |info: &TensorInfo| info.dtype.is_int() && !info.shape.is_empty() && count(info) > 0;
    let numbers = |info: &TensorInfo| floats(info) || (info.dtype.is_int() && info.shape.len() > 1);
    let any = |info: &TensorInfo| (info.dtype.is_float() || info.dtype.is_int()) && !info.shape.is_empty();
    let of = |kind: Kind, is: &dyn Fn(&TensorInfo) -> bool| {
        let fields = if kind == Kind::Codes { CODE_FIELDS } else { FEATURE_FIELDS };
        Ok(group(infos, kind, is, fields)?.map(|chosen| (kind, chosen)))
    };
    // The first way in which there is something.
    let first_of = |(kind, is): Way<'_>, (other, is_too): Way<'_>| match of(kind, is)? {
        Some(chosen) => Ok(Some(chosen)),
        None => of(other, is_too),
    };
    if let [(_, only)] = *infos.iter().collect::<Vec<_>>() {
        // One array is what its type says, unless something else is wanted.
        let is_codes = wanted.wants_codes() || (only.dtype.is_int() && !wanted.wants_frames());
        let kind = if is_codes { Kind::Codes } else { Kind::Features };
        let chosen = Chosen { names: infos.keys().collect(), left_out: Vec::new() };
        return Ok((only.dtype.is_int() || only.dtype.is_float()).then_some((kind, chosen)));
    }
    if wanted.wants_codes() {
        return first_of((Kind::Codes, &ints), (Kind::Codes, &any));
    }
    if wanted.wants_frames() {
        return first_of((Kind::Features, &floats), (Kind::Features, &numbers));
    }
    let names_codes = infos.keys().any(|name| CODE_FIELDS.contains(&field_of(name)));
    match names_codes {
        true => first_of((Kind::Codes, &ints), (Kind::Features, &floats)),
        false => first_of((Kind::Features, &floats), (Kind::Codes, &ints)),
    }
}

/// What the arrays of a record are told apart by: the last part of their names.
fn field_of(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

/// The arrays of one kind that make one corpus: all of them, or those of one field.
///
/// # Errors
/// Every clip has several of them, of one shape, and no field has a name that is known.
fn group<'a>(
    infos: &'a BTreeMap<String, TensorInfo>,
    kind: Kind,
    is: &dyn Fn(&TensorInfo) -> bool,
    fields: &[&str],
) -> Result<Option<Chosen<'a>>, Problem> {
    let mut names: Vec<&String> = infos.iter().filter(|(_, info)| is(info)).map(|(name, _)| name).collect();
    names.sort_by(|a, b| natural_order(a, b));
    let all: BTreeSet<&String> = infos.keys().collect();
    let chosen = |names: Vec<&'a String>| {
        let taken: BTreeSet<&String> = names.iter().copied().collect();
        Chosen { left_out: all.difference(&taken).copied().collect(), names }
    };
    if names.is_empty() {
        return Ok(None);
    }
    let mut by_field: BTreeMap<&str, Vec<&String>> = BTreeMap::new();
    for &name in &names {
        by_field.entry(field_of(name)).or_default().push(name);
    }
    let are_records = are_records(&by_field);
    let is_named = by_field.keys().any(|field| fields.contains(field));
    if !(are_records && is_named)
        && (are_alike(infos, kind, &names) || (kind == Kind::Codes && are_rates(infos, &names)))
    {
        if are_records && are_versions(infos, &names) {
            let names = listed(&by_field.into_keys().collect::<Vec<_>>());
            return Err(Problem::Unsupported(match kind {
                Kind::Codes => msg!("array-versions-of-codes", names = names),
                Kind::Features => msg!("array-versions-of-features", names = names),
            }));
        }
        return Ok(Some(chosen(names)));
    }
    by_field
        .retain(|_, names| are_alike(infos, kind, names) || (kind == Kind::Codes && are_rates(infos, names)));
    let named = fields.iter().find_map(|field| by_field.remove(field));
    let only = if by_field.len() == 1 { by_field.into_values().next() } else { None };
    Ok(named.or(only).map(chosen))
}

/// Whether the arrays are fields of records: the same few names below each of several others. Numbers count clips or layers.
fn are_records(by_field: &BTreeMap<&str, Vec<&String>>) -> bool {
    let records = |(field, names): (&&str, &Vec<&String>)| {
        let is_word = field.parse::<u64>().is_err();
        let above: BTreeSet<String> = names
            .iter()
            .filter_map(|name| name.rsplit_once('.'))
            .map(|(above, _)| above.to_owned())
            .collect();
        (is_word && above.len() > 1).then_some(above)
    };
    let mut all = by_field.iter().map(records);
    let Some(Some(first)) = all.next() else { return false };
    by_field.len() > 1 && all.all(|records| records.as_ref() == Some(&first))
}

/// Whether all arrays of a record have one shape, as several versions of its codes do, and clips by the same speaker do not.
fn are_versions(infos: &BTreeMap<String, TensorInfo>, names: &[&String]) -> bool {
    let mut shapes: BTreeMap<&str, &Vec<usize>> = BTreeMap::new();
    names.iter().all(|name| {
        let (Some((record, _)), Some(info)) = (name.rsplit_once('.'), infos.get(*name)) else { return false };
        *shapes.entry(record).or_insert(&info.shape) == &info.shape
    })
}

/// Whether arrays can be clips of one corpus: as many axes, and one axis of a common length.
fn are_alike(infos: &BTreeMap<String, TensorInfo>, kind: Kind, names: &[&String]) -> bool {
    let mut shapes = names.iter().filter_map(|name| infos.get(*name)).map(|info| &info.shape);
    let Some(first) = shapes.next() else { return false };
    let shape = |shape: &Vec<usize>| {
        let kept = axis::kept_axes(shape, 2, kind == Kind::Features);
        kept.iter().filter_map(|&axis| shape.get(axis).copied()).collect::<Vec<_>>()
    };
    let first = shape(first);
    if names.len() == 1 {
        return first.len() > 1 || kind == Kind::Codes;
    }
    if first.len() > 2 {
        return false;
    }
    let (mut rows, mut columns) = (true, true);
    for other in shapes.map(shape) {
        if other.len() != first.len() {
            return false;
        }
        rows &= other.first() == first.first();
        columns &= other.get(1) == first.get(1);
    }
    // Of one axis each is a clip of one layer.
    rows || columns || first.len() == 1
}

/// Whether arrays are layers at different rates, as SNAC gives them: a numbered list, each a multiple of the first by a power of two.
pub(super) fn are_rates(infos: &BTreeMap<String, TensorInfo>, names: &[&String]) -> bool {
    const LEAST: usize = 2;
    let is_numbered = names.iter().all(|name| field_of(name).parse::<u32>().is_ok());
    let lens: Option<Vec<usize>> =
        names.iter().map(|name| infos.get(*name).and_then(|info| flat_len(&info.shape))).collect();
    // Every layer becomes as long as the longest: of thousands the file's size would be squared.
    let Some(lens) = lens.filter(|lens| is_numbered && (2..=MOST_LAYERS).contains(&lens.len())) else {
        return false;
    };
    let Some(&first) = lens.first().filter(|&&len| len >= LEAST) else { return false };
    let is_multiple = |len: &usize| len.is_multiple_of(first) && (len / first).is_power_of_two();
    lens.iter().all(is_multiple)
        && lens.windows(2).all(|pair| matches!(pair, [a, b] if a <= b))
        && lens.last() > Some(&first)
}

/// The length of an array of which all other axes have the length 1.
fn flat_len(shape: &[usize]) -> Option<usize> {
    let long: Vec<usize> = shape.iter().copied().filter(|&len| len != 1).collect();
    match *long {
        [] => Some(1),
        [len] if len > 0 => Some(len),
        _ => None,
    }
}

/// A few names, for a sentence.
pub(super) fn listed(names: &[impl AsRef<str>]) -> Message {
    const SHOWN: usize = 3;
    const NAME_CHARS: usize = 60;
    let shown: Vec<String> =
        names.iter().take(SHOWN).map(|name| name.as_ref().chars().take(NAME_CHARS).collect()).collect();
    let shown = shown.join(", ");
    match names.len() {
        len if len > SHOWN => msg!("array-names-more", names = shown, n = len - SHOWN),
        _ => Message::verbatim(shown),
    }
}
